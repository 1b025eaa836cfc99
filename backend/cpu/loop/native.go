package loop

import (
	"math"
	"sync"
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/loop/code"
)

// nativeTile is the number of elements that machine code computes in a call if all operands lie in place.
const nativeTile = 8 * Tile

// native is machine code of a program, by which of its leaves are the same for all elements of a tile.
type native struct {
	mu       sync.Mutex
	variants map[uint]*code.Code // nil if it cannot be had
}

// Compile makes machine code of the program if that is faster than interpreting it and both the processor and the system allow it. It
// comes after Return, and before anything else uses the program.
func (p *Program) Compile() {
	if use, _ := level.Current(); use >= level.AVX2 && p.pays(use) {
		p.compile()
	}
}

// compile is Compile on a processor that has AVX2, whether it is faster or not.
func (p *Program) compile() {
	n := &native{variants: map[uint]*code.Code{}}
	if n.variant(p, 0) != nil {
		p.native = n
	}
}

// Native reports whether the program is machine code; else it is interpreted.
func (p *Program) Native() bool { return p.native != nil }

// variant is the code for a set of leaves that are the same for all elements, or nil.
func (n *native) variant(p *Program, scalars uint) *code.Code {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c, ok := n.variants[scalars]; ok {
		return c
	}
	var c *code.Code
	if text, err := p.emit(scalars); err == nil {
		c, _ = code.New(text)
	}
	n.variants[scalars] = c
	return c
}

// source is where machine code finds a leaf.
type source struct {
	mode     mode // in place, in a register, or one for all elements
	register int
	bools    bool
}

// bindNative resolves the walk for machine code, if there is some.
func (w *Walk) bindNative(p *Program) bool {
	if p.native == nil {
		return false
	}
	scalars := uint(0)
	w.sources = make([]source, 0, w.leaves)
	for v := range p.code {
		i := &p.code[v]
		if i.kind != leaf {
			continue
		}
		s := source{mode: w.mode(i.n), bools: i.bool}
		switch s.mode {
		case scalar:
			scalars |= 1 << i.n
		case inRegister:
			s.register = w.load(i)
		}
		w.sources = append(w.sources, s)
	}
	if w.text = p.native.variant(p, scalars); w.text == nil {
		w.ops, w.sources, w.regs = nil, nil, 0
		return false
	}
	if len(w.ops) == 0 && w.lines == 0 {
		w.tile = nativeTile
	}
	return true
}

// callNative computes a tile by machine code.
func (w *Walk) callNative(f *Frame) {
	for k := range w.ops {
		w.fetch(f, &w.ops[k])
	}
	a := &f.native
	rest := f.n % lanes
	a.n = f.n - rest
	if a.rest = min(rest, 1); rest > 0 {
		clear(a.mask[rest:])
		fill(a.mask[:rest], ^uint32(0))
	}
	for k, s := range w.sources {
		if s.bools {
			a.bools(f, k, s, rest)
		} else {
			a.numbers(f, k, s)
		}
	}
	if !w.flags {
		a.dst = unsafe.Pointer(unsafe.SliceData(f.numbers(-1)))
		w.text.Call(unsafe.Pointer(a))
		return
	}
	dst := f.bools(-1)
	a.dst = unsafe.Pointer(unsafe.SliceData(dst))
	w.text.Call(unsafe.Pointer(a))
	copy(dst[a.n:], a.result[:])
}

// numbers sets leaf k.
func (a *arguments) numbers(f *Frame, k int, s source) {
	if s.mode == scalar {
		fill(a.scalars[k][:], math.Float32bits(f.leaves[k].Numbers[f.at[k]]))
		return
	}
	a.leaves[k] = unsafe.Pointer(unsafe.SliceData(f.vector(s.operand(k))))
}

// bools sets leaf k, of whose elements some are the rest.
func (a *arguments) bools(f *Frame, k int, s source, rest int) {
	x := f.flags(s.operand(k))
	if s.mode == scalar {
		bits := uint32(0)
		if x[0] {
			bits = ^bits
		}
		fill(a.scalars[k][:], bits)
		return
	}
	a.leaves[k] = unsafe.Pointer(unsafe.SliceData(x))
	copy(a.flags[k][:], x[len(x)-rest:])
}

// operand is where the interpreter would find leaf k.
func (s source) operand(k int) operand {
	if s.mode == inRegister {
		return operand{mode: inRegister, i: s.register}
	}
	return operand{mode: s.mode, i: k}
}

// forget drops the addresses of operands.
func (a *arguments) forget() {
	a.dst = nil
	clear(a.leaves[:])
}
