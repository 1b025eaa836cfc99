package x86

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Buffer encodes instructions one after another. The zero Buffer is empty.
type Buffer struct {
	code   []byte
	insts  []Inst
	labels []int // where each label is, −1 before it is bound
	fixes  []fix
	pool   []uint32
}

// fix is a place for the distance from the end of an instruction to a label or a vector of the pool.
type fix struct {
	at, end int
	to      Operand
}

// Word is a vector of the pool that has a word in each of its eight lanes.
func (b *Buffer) Word(w uint32) Pool {
	k := slices.Index(b.pool, w)
	if k < 0 {
		k = len(b.pool)
		b.pool = append(b.pool, w)
	}
	return Pool(k)
}

// Reset forgets all but the pool.
func (b *Buffer) Reset() { *b = Buffer{pool: b.pool} }

// NewLabel is a label that is not bound yet.
func (b *Buffer) NewLabel() Label {
	b.labels = append(b.labels, -1)
	return Label(len(b.labels) - 1)
}

// Bind makes a label the place of the next instruction.
func (b *Buffer) Bind(l Label) { b.labels[l] = len(b.code) }

// Len is the number of bytes so far, without the pool.
func (b *Buffer) Len() int { return len(b.code) }

// Add encodes an instruction. Operands that the operation does not take are a programmer's bug.
func (b *Buffer) Add(op Op, args ...Operand) {
	i := Inst{op, args}
	b.insts = append(b.insts, i)
	switch t := &table[op]; t.form {
	case plain:
		if op == RET {
			b.code = append(b.code, 0xc3)
		} else {
			b.code = append(b.code, 0xc5, 0xf8, 0x77)
		}
	case general:
		b.general(i, t)
	case jump:
		b.code = append(b.code, 0x0f, t.code)
		b.fixes = append(b.fixes, fix{len(b.code), len(b.code) + 4, args[0].(Label)})
		b.code = append(b.code, 0, 0, 0, 0)
	default:
		b.vector(i, t)
	}
}

// vector encodes an instruction with a VEX prefix.
func (b *Buffer) vector(i Inst, t *info) {
	f := i.place()
	r, x, base := f.reg>>3, uint8(0), uint8(0)
	switch o := f.rm.(type) {
	case Mem:
		if o.Scale != 0 {
			x = uint8(o.Index) >> 3
		}
		base = uint8(o.Base) >> 3
	case Pool:
	default:
		base = number(o) >> 3
	}
	last := (^f.vvvv&15)<<3 | t.prefix
	if f.long {
		last |= 4
	}
	if x|base == 0 && t.escape == 1 {
		b.code = append(b.code, 0xc5, (r^1)<<7|last)
	} else {
		b.code = append(b.code, 0xc4, (r^1)<<7|(x^1)<<6|(base^1)<<5|t.escape, last)
	}
	b.code = append(b.code, t.code)
	b.modrm(f.reg, f.rm, len(f.tail))
	b.code = append(b.code, f.tail...)
}

// general encodes an instruction on general registers.
func (b *Buffer) general(i Inst, t *info) {
	reg, rm, imm := t.ext, i.Args[0], Operand(nil)
	if v, ok := i.Args[1].(Imm); ok {
		imm = v
	} else {
		reg, rm = number(i.Args[0]), i.Args[1]
	}
	rex := 0x48 | reg>>3<<2
	if m, ok := rm.(Mem); ok {
		rex |= uint8(m.Base) >> 3
		if m.Scale != 0 {
			rex |= uint8(m.Index) >> 3 << 1
		}
	} else {
		rex |= number(rm) >> 3
	}
	b.code = append(b.code, rex, t.code)
	b.modrm(reg, rm, 0)
	if imm != nil {
		b.code = binary.LittleEndian.AppendUint32(b.code, uint32(imm.(Imm)))
	}
}

// modrm encodes a register and a register or memory, which bytes of the instruction follow.
func (b *Buffer) modrm(reg uint8, rm Operand, follow int) {
	reg = reg & 7 << 3
	switch o := rm.(type) {
	case Pool:
		b.code = append(b.code, reg|5)
		b.fixes = append(b.fixes, fix{len(b.code), len(b.code) + 4 + follow, o})
		b.code = append(b.code, 0, 0, 0, 0)
	case Mem:
		b.memory(reg, o)
	default:
		b.code = append(b.code, 0xc0|reg|number(o)&7)
	}
}

func (b *Buffer) memory(reg uint8, m Mem) {
	base := uint8(m.Base) & 7
	mode := uint8(0x80)
	switch {
	case m.Disp == 0 && base != 5: // a base of 5 without distance means the instruction's address
		mode = 0
	case int32(int8(m.Disp)) == m.Disp:
		mode = 0x40
	}
	switch {
	case m.Scale != 0:
		if m.Index == RSP {
			panic("BUG: x86: rsp as an index")
		}
		scale := map[uint8]uint8{1: 0, 2: 1, 4: 2, 8: 3}[m.Scale]
		b.code = append(b.code, mode|reg|4, scale<<6|uint8(m.Index)&7<<3|base)
	case base == 4:
		b.code = append(b.code, mode|reg|4, 0x24)
	default:
		b.code = append(b.code, mode|reg|base)
	}
	switch mode {
	case 0x40:
		b.code = append(b.code, uint8(m.Disp))
	case 0x80:
		b.code = binary.LittleEndian.AppendUint32(b.code, uint32(m.Disp))
	}
}

// Finish is the code with the pool behind it, at a multiple of 32 bytes. It may lie anywhere in memory, at a multiple of 32. Nothing can be
// added afterwards.
func (b *Buffer) Finish() []byte {
	code := b.code
	for len(code)%32 != 0 {
		code = append(code, 0xcc)
	}
	start := len(code)
	for _, w := range b.pool {
		for range 8 {
			code = binary.LittleEndian.AppendUint32(code, w)
		}
	}
	for _, f := range b.fixes {
		to := 0
		switch o := f.to.(type) {
		case Pool:
			to = start + 32*int(o)
		case Label:
			if to = b.labels[o]; to < 0 {
				panic(fmt.Sprintf("BUG: x86: %v is not bound", o))
			}
		}
		binary.LittleEndian.PutUint32(code[f.at:], uint32(to-f.end))
	}
	b.code = nil
	return code
}

// String lists the instructions, a line each.
func (b *Buffer) String() string {
	var s strings.Builder
	for _, i := range b.insts {
		s.WriteString(i.String())
		s.WriteByte('\n')
	}
	return s.String()
}
