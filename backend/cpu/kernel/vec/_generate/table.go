package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
)

// table is memory of vectors of eight equal words, one a constant.
type table struct {
	memory Mem
	at     map[formula.Word]int
}

func newTable() *table {
	return &table{memory: NewDataAddr(NewStaticSymbol("constants"), 0), at: map[formula.Word]int{}}
}

func (t *table) address(w formula.Word) Mem {
	offset, ok := t.at[w]
	if !ok {
		offset = 32 * len(t.at)
		t.at[w] = offset
	}
	return t.memory.Offset(offset)
}

// write emits the table; after the functions that use it.
func (t *table) write() {
	GLOBL("constants", RODATA|NOPTR)
	words := make([]formula.Word, len(t.at))
	for w, offset := range t.at {
		words[offset/32] = w
	}
	for i, w := range words {
		for lane := range 8 {
			DATA(32*i+4*lane, U32(w))
		}
	}
}
