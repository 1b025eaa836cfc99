// Command _generate writes the kernels of package recurrent.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of recurrent.tile.
const (
	tileR      = 0
	tileH      = 24
	tileOwn    = 48
	tileNext   = 72
	tileC      = 96
	tileXW     = 120
	tileBias   = 144
	tileXWRow  = 168
	tileStride = 176
	tileK      = 184
	tilePanels = 192
	tileNarrow = 200
	tileSmall  = 224
	tileScale  = 248
)

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, lanes = range []int{8, 16} {
		for _, f := range []format{float32s, int8s} {
			for rows := 1; rows <= lanes/8*3; rows++ {
				kernel("lstm", 4, rows, f, lstm)
			}
			for rows := 1; rows <= lanes/8*4; rows++ {
				kernel("gru", 3, rows, f, gru)
			}
		}
		for _, f := range []format{float16s, bfloat16s} {
			kernel("lstm", 4, 1, f, lstm)
			kernel("gru", 3, 1, f, gru)
		}
	}
	writeConstants()
	Generate()
}

// lanes is how many numbers the vectors of the kernel at work have: 8 with AVX2, 16 with AVX-512.
var lanes int

// vector is a virtual register of so many numbers.
func vector() VecVirtual {
	if lanes == 16 {
		return ZMM()
	}
	return YMM()
}

// operands are the registers that walk through a tile.
type operands struct {
	xw, own, next, c, bias, stride Register
	scale                          Register // of integers
	sums                           cursor   // what products leaves in xw
}

// kernel generates the step of rows sequences: for each panel the products of R with their states, then the gates.
func kernel(name string, gates, rows int, f format, epilogue func(p *operands, rows int)) {
	name = fmt.Sprintf("%s%dx%d%s", name, rows, lanes, f.suffix)
	TEXT(name, NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s advances %d sequences by a step for the hidden units of the panels of t, %d a panel.", name, rows, lanes))
	t := Load(Param("t"), GP64())
	r, panels := load(t, f.tile), load(t, tilePanels)
	p := &operands{xw: load(t, tileXW), next: load(t, tileNext), stride: load(t, tileStride)}
	if gates == 4 {
		p.c = load(t, tileC)
	} else {
		p.own, p.bias = load(t, tileOwn), load(t, tileBias)
	}
	if f.scaled {
		p.scale = load(t, tileScale)
	}
	SHLQ(Imm(2), p.stride)
	Label("panel")
	products(t, r, p, gates, rows, f)
	epilogue(p, rows)
	for _, at := range []Register{p.next, p.c, p.own, p.bias} {
		if at != nil {
			ADDQ(Imm(uint64(4*lanes)), at)
		}
	}
	ADDQ(U32(uint32(4*lanes*gates)), p.xw)
	if f.scaled {
		ADDQ(U32(uint32(4*lanes*gates)), p.scale)
	}
	DECQ(panels)
	JNE(LabelRef("panel"))
	VZEROUPPER()
	RET()
}

// format is that of the elements of R.
type format struct {
	suffix string
	bytes  int
	tile   int             // the field that has R
	read   func(at Mem) Op // a vector of elements as float32
	scaled bool            // whether sums are of integers, which are then multiplied by the scale of their row of R
}

// register is a vector of elements in a register.
func (f format) register(at Mem) VecVirtual {
	v, ok := f.read(at).(VecVirtual)
	if !ok {
		v = vector()
		VMOVUPS(at, v)
	}
	return v
}

var (
	float32s = format{"", 4, tileR, func(at Mem) Op { return at }, false}
	float16s = format{"Half", 2, tileNarrow, func(at Mem) Op {
		v := vector()
		VCVTPH2PS(at, v)
		return v
	}, false}
	bfloat16s = format{"Brain", 2, tileNarrow, func(at Mem) Op {
		v := vector()
		VPMOVZXWD(at, v)
		VPSLLD(Imm(16), v, v)
		return v
	}, false}
	int8s = format{"Byte", 1, tileSmall, func(at Mem) Op {
		v := vector()
		VPMOVSXBD(at, v)
		VCVTDQ2PS(v, v)
		return v
	}, true}
)

// products adds the products of a panel of R with the states to xw; those of the candidate gate of a GRU are left in place of the
// state that comes next instead, plus their own bias.
func products(t, r Register, p *operands, gates, rows int, f format) {
	k, h := load(t, tileK), load(t, tileH)
	bases := []Register{h} // of rows 0, 3, 6
	for len(bases) < (rows+2)/3 {
		next := GP64()
		LEAQ(Mem{Base: bases[len(bases)-1], Index: p.stride, Scale: 2}, next)
		ADDQ(p.stride, next)
		bases = append(bases, next)
	}
	sets, unroll := 1, 2
	if rows == 1 {
		sets, unroll = 2, 4
	}
	sums := make([][][]VecVirtual, sets)
	for s := range sums {
		for range rows {
			sums[s] = append(sums[s], zeros(gates))
		}
	}
	step := func(u int) {
		at := func(g int) Mem { return Mem{Base: r, Disp: f.bytes * lanes * (gates*u + g)} }
		state := func(i int) Mem {
			m := Mem{Base: bases[i/3], Disp: 4 * u}
			if i%3 > 0 {
				m.Index, m.Scale = p.stride, uint8(i%3)
			}
			return m
		}
		sum := sums[u%sets]
		switch {
		case rows == 1:
			x := broadcast(state(0))
			for g := range gates {
				VFMADD231PS(f.read(at(g)), x, sum[0][g])
			}
		case gates <= rows:
			b := make([]VecVirtual, gates)
			for g := range b {
				b[g] = f.register(at(g))
			}
			for i := range rows {
				x := broadcast(state(i))
				for g := range b {
					VFMADD231PS(b[g], x, sum[i][g])
				}
			}
		default:
			x := make([]VecVirtual, rows)
			for i := range x {
				x[i] = broadcast(state(i))
			}
			for g := range gates {
				b := f.register(at(g))
				for i := range x {
					VFMADD231PS(b, x[i], sum[i][g])
				}
			}
		}
	}
	advance := func(steps int) {
		for _, base := range bases {
			ADDQ(Imm(uint64(4*steps)), base)
		}
	}
	SUBQ(Imm(uint64(unroll)), k)
	JLT(LabelRef("tail"))
	Label("loop")
	for u := range unroll {
		step(u)
	}
	ADDQ(U32(uint32(f.bytes*lanes*gates*unroll)), r)
	advance(unroll)
	SUBQ(Imm(uint64(unroll)), k)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(uint64(unroll)), k)
	JE(LabelRef("summed"))
	Label("one")
	step(0)
	ADDQ(U32(uint32(f.bytes*lanes*gates)), r)
	advance(1)
	DECQ(k)
	JNE(LabelRef("one"))
	Label("summed")
	for _, more := range sums[1:] {
		for i := range more {
			for g := range more[i] {
				VADDPS(more[i][g], sums[0][i][g], sums[0][i][g])
			}
		}
	}
	xwRow := load(t, tileXWRow)
	SHLQ(Imm(2), xwRow)
	var scales []VecVirtual
	if f.scaled {
		for g := range gates {
			scales = append(scales, cursor{at: p.scale}.load(1, g)...)
		}
	}
	row, next := cursor{p.xw, xwRow}.copied(), cursor{p.next, p.stride}.copied()
	for i := range rows {
		for g, sum := range sums[0][i] {
			to, more := row.vector(0, g), row.vector(0, g)
			if g == 2 && gates == 3 {
				to, more = next.vector(0, 0), Mem{Base: p.bias}
			}
			if f.scaled {
				VFMADD213PS(more, scales[g], sum)
			} else {
				VADDPS(more, sum, sum)
			}
			VMOVUPS(sum, to)
		}
		if i+1 < rows {
			ADDQ(row.stride, row.at)
			ADDQ(next.stride, next.at)
		}
	}
	p.sums = cursor{p.xw, xwRow}
}

// load reads a field of the struct behind t.
func load(t Register, offset int) GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: t, Disp: offset}, r)
	return r
}

func broadcast(m Mem) VecVirtual {
	x := vector()
	VBROADCASTSS(m, x)
	return x
}

// zeros clears n registers.
func zeros(n int) []VecVirtual {
	v := make([]VecVirtual, n)
	for i := range v {
		v[i] = vector()
		VXORPS(v[i], v[i], v[i])
	}
	return v
}
