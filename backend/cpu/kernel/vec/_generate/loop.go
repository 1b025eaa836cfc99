package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// block is one vector of elements within a loop.
type block struct {
	u     *unit
	index int      // among the vectors of an unrolled iteration
	mask  Register // nil but for the last elements, fewer than a vector
}

// load reads the block's elements from a slice; those that a mask leaves out are 0.
func (b *block) load(p Register) Register {
	v, m := b.u.new(), Mem{Base: p, Disp: b.index * b.u.bytes()}
	switch {
	case b.mask == nil:
		VMOVUPS(m, v)
	case b.u.wide:
		VMOVUPS_Z(m, b.mask, v)
	default:
		VMASKMOVPS(m, b.mask, v)
	}
	return v
}

func (b *block) store(v, p Register) {
	m := Mem{Base: p, Disp: b.index * b.u.bytes()}
	switch {
	case b.mask == nil:
		VMOVUPS(v, m)
	case b.u.wide:
		VMOVUPS(v, b.mask, m)
	default:
		VMASKMOVPS(v, b.mask, m)
	}
}

// only is v with 0 for the elements that the mask leaves out.
func (b *block) only(v Register) Register {
	if b.mask == nil {
		return v
	}
	w := b.u.new()
	if b.u.wide {
		VMOVAPS_Z(v, b.mask, w)
	} else {
		VANDPS(b.mask, v, w)
	}
	return w
}

// named is loop in a function that has several, with names for them.
func (u *unit) named(name string, n Register, pointers []Register, unroll int, body func(b *block)) {
	u.prefix = name
	u.loop(n, pointers, unroll, body)
	u.prefix = ""
}

// loop walks n elements of the slices at pointers, which it advances; body does a vector.
func (u *unit) loop(n Register, pointers []Register, unroll int, body func(b *block)) {
	advance := func(vectors int) {
		for _, p := range pointers {
			ADDQ(U32(uint32(vectors*u.bytes())), p)
		}
	}
	lanes := U32(uint32(u.lanes))
	if unroll > 1 {
		many := U32(uint32(unroll * u.lanes))
		SUBQ(many, n)
		JLT(LabelRef(u.prefix + "few"))
		Label(u.prefix + "many")
		for i := range unroll {
			body(&block{u: u, index: i})
		}
		advance(unroll)
		SUBQ(many, n)
		JGE(LabelRef(u.prefix + "many"))
		Label(u.prefix + "few")
		ADDQ(many, n)
	}
	SUBQ(lanes, n)
	JLT(LabelRef(u.prefix + "rest"))
	Label(u.prefix + "one")
	body(&block{u: u})
	advance(1)
	SUBQ(lanes, n)
	JGE(LabelRef(u.prefix + "one"))
	Label(u.prefix + "rest")
	ADDQ(lanes, n)
	JE(LabelRef(u.prefix + "done"))
	body(&block{u: u, mask: u.mask(n)})
	advance(1)
	Label(u.prefix + "done")
}

// mask selects the first n lanes, 0 < n < lanes; it changes n.
func (u *unit) mask(n Register) Register {
	if u.wide {
		bits, k := GP32(), K()
		MOVL(^U32(0), bits)
		BZHIL(n.(GP).As32(), bits, bits)
		KMOVW(bits, k)
		return k
	}
	m, base := YMM(), GP64()
	LEAQ(u.masks, base)
	NEGQ(n)
	VMOVUPS(Mem{Base: base, Index: n, Scale: 4, Disp: 32}, m)
	return m
}

// function begins a function.
func (u *unit) function(name, signature, doc string) {
	TEXT(name+u.name, NOSPLIT, "func"+signature)
	Pragma("noescape")
	Doc(doc)
}

// finish ends a function whose result, if it has one, is stored.
func finish() {
	VZEROUPPER()
	RET()
}

// unary writes dst[i] = body(x[i]). Prepare, which emits what precedes the loop, returns the body.
func (u *unit) unary(name, parameters, formula string, unroll int, prepare func() func(x Register) Register) {
	u.function(name, "(dst, x *float32, n int"+parameters+")", name+u.name+": for i := range n { dst[i] = "+formula+" }")
	body := prepare()
	dst, x, n := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	u.loop(n, []Register{dst, x}, unroll, func(b *block) { b.store(body(b.load(x)), dst) })
	finish()
}
