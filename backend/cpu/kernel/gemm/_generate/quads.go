package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The kernels of this file multiply integers of 8 bits and add four products at a time to a sum of 32 bits: B has four rows of a column side by side, without sign; A
// is rounded, with a sign, and lies in records.

const (
	recordEnd = 12 // bytes of a record behind the integers
	quadStep  = 4  // quads of rows that are multiplied at a time
)

// mostQuadRows is how many rows these kernels have at most.
func (w *width) mostQuadRows() int {
	if w.wide() {
		return 6
	}
	return 2
}

// quadConstants are the words that vectors are filled with.
type quadConstants struct{ low, signs, ones Mem }

func newQuadConstants() quadConstants {
	filled := func(name string, word uint32) Mem {
		m := GLOBL(name, RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, U32(word))
		}
		return m
	}
	return quadConstants{filled("lowNibbles", 0x0f0f0f0f), filled("signBits", 0x80808080), filled("wordOnes", 0x00010001)}
}

// quadMultiplies generates the kernels for a rounded A.
func (w *width) quadMultiplies() {
	c := newQuadConstants()
	for _, f := range integerFormats {
		for rows := 1; rows <= w.mostQuadRows(); rows++ {
			w.quadMultiply(f, c, rows, false)
			w.quadMultiply(f, c, rows, true)
		}
	}
}

// quadMultiply generates the kernel for a strip of the given number of rows and a panel of two vectors.
func (w *width) quadMultiply(f integers, constants quadConstants, rows int, zeros bool) {
	t := w.beginIntegers(f, rows, "Quads", "rounded", zeros)
	k, group := load(t, tileK), load(t, tileGroup)
	at, advance := rowsOf(load(t, tileRounded), load(t, tileRoundedRow), rows)
	b := load(t, tileSmall)
	d := w.dotter(f, constants, b)
	sums := w.zeros(2 * rows)
	dots := make([]VecVirtual, 2*rows)

	Label("group")
	left := nextGroup(k, group)
	ADDQ(Imm(4*quadStep-1), left)
	SHRQ(Imm(4), left)
	for i := range rows {
		for v := range 2 {
			dots[2*i+v] = w.new()
			d.start(at(i, 0), dots[2*i+v])
		}
	}
	advance(4)
	Label("loop")
	d.step(at, dots)
	read := func(bytes int) {
		for line := 0; line < bytes; line += 64 {
			PREFETCHT0(Mem{Base: b, Disp: ahead + line})
		}
		ADDQ(U32(uint32(bytes)), b)
	}
	read(d.stepBytes())
	advance(4 * quadStep)
	DECQ(left)
	JNE(LabelRef("loop"))
	var scale [2]VecVirtual
	for v := range scale {
		scale[v] = w.new()
		VMOVUPS(Mem{Base: b, Disp: v * w.bytes()}, scale[v])
	}
	for i := range rows {
		x := w.new()
		for v := range 2 {
			VCVTDQ2PS(dots[2*i+v], dots[2*i+v])
		}
		if zeros {
			VBROADCASTSS(at(i, 4), x)
			for v := range 2 {
				VFNMADD231PS(Mem{Base: b, Disp: (2 + v) * w.bytes()}, x, dots[2*i+v])
			}
		}
		VBROADCASTSS(at(i, 0), x)
		for v := range 2 {
			y := w.new()
			VMULPS(scale[v], x, y)
			VFMADD231PS(y, dots[2*i+v], sums[2*i+v])
		}
	}
	advance(recordEnd)
	if zeros {
		read(4 * w.bytes())
	} else {
		read(2 * w.bytes())
	}
	TESTQ(k, k)
	JNE(LabelRef("group"))
	w.finish(t, sums, 2, 0, "")
}

// dotter generates the sums of a group.
type dotter struct {
	w         *width
	f         integers
	b         Register
	low       VecVirtual
	constants quadConstants
}

func (w *width) dotter(f integers, constants quadConstants, b Register) *dotter {
	d := &dotter{w: w, f: f, b: b, constants: constants}
	if f.bits == 4 {
		d.low = w.new()
		if w.wide() {
			VPBROADCASTD(constants.low, d.low)
		} else {
			VMOVDQU(constants.low, d.low)
		}
	}
	return d
}

// stepBytes is the size of what a step reads of B.
func (d *dotter) stepBytes() int { return quadStep * 2 * d.w.bytes() * d.f.bits / 8 }

// start sets a sum to what it begins with, in each lane. AVX2 multiplies bytes with their sign, so that they begin with 0.
func (d *dotter) start(at Mem, sum VecVirtual) {
	switch {
	case d.w.wide() || d.f.bits == 4:
		VPBROADCASTD(at, sum)
	default:
		VPXOR(sum, sum, sum)
	}
}

// step adds the products of a step.
func (d *dotter) step(at func(i, disp int) Mem, dots []VecVirtual) {
	switch {
	case d.w.wide():
		d.wideStep(at, dots)
	case d.f.bits == 4:
		d.nibbleStep(at, dots)
	default:
		d.byteStep(at, dots)
	}
}

// quad is vector v of quads q and, of 4 bits, q + 1.
func (d *dotter) quad(q, v int) Mem {
	if d.f.bits == 4 {
		q /= 2
	}
	return Mem{Base: d.b, Disp: (2*q + v) * d.w.bytes()}
}

// split takes integers of 4 bits apart.
func (d *dotter) split(at Mem) (low, high VecVirtual) {
	low, high = d.w.new(), d.w.new()
	if d.w.wide() {
		VMOVDQU32(at, low)
		VPSRLW(Imm(4), low, high)
		VPANDD(d.low, low, low)
		VPANDD(d.low, high, high)
	} else {
		VMOVDQU(at, low)
		VPSRLW(Imm(4), low, high)
		VPAND(d.low, low, low)
		VPAND(d.low, high, high)
	}
	return low, high
}

// wideStep is that of AVX512-VNNI.
func (d *dotter) wideStep(at func(i, disp int) Mem, dots []VecVirtual) {
	per := 8 / d.f.bits
	for q := 0; q < quadStep; q += per {
		var b [2][2]VecVirtual // by quad and vector
		for v := range 2 {
			if per == 2 {
				b[0][v], b[1][v] = d.split(d.quad(q, v))
			} else {
				b[0][v] = d.w.new()
				VMOVDQU32(d.quad(q, v), b[0][v])
			}
		}
		for u := range per {
			for i := 0; i < len(dots); i += 2 {
				x := d.w.new()
				VPBROADCASTD(at(i/2, 4*(q+u)), x)
				dotBytes(x, b[u][0], dots[i])
				dotBytes(x, b[u][1], dots[i+1])
			}
		}
	}
}

// nibbleStep is that of AVX2 for 4 bits: pairs of products, of at most 15·127 each, are added in 16 bits, four of them, before they are added in 32.
func (d *dotter) nibbleStep(at func(i, disp int) Mem, dots []VecVirtual) {
	for v := range 2 {
		var b [quadStep]VecVirtual
		for q := 0; q < quadStep; q += 2 {
			b[q], b[q+1] = d.split(d.quad(q, v))
		}
		for i := v; i < len(dots); i += 2 {
			pairs := d.w.new()
			for q := range b {
				x := d.w.new()
				VPBROADCASTD(at(i/2, 4*q), x)
				if q == 0 {
					VPMADDUBSW(x, b[q], pairs)
					continue
				}
				VPMADDUBSW(x, b[q], x)
				VPADDW(x, pairs, pairs)
			}
			d.add(pairs, dots[i])
		}
	}
}

// byteStep is that of AVX2 for 8 bits: the sign of the elements of B goes to those of A, so that a pair of products is at most 2·128·127.
func (d *dotter) byteStep(at func(i, disp int) Mem, dots []VecVirtual) {
	for q := range quadStep {
		for v := range 2 {
			b, size := d.w.new(), d.w.new()
			VMOVDQU(d.quad(q, v), b)
			VPXOR(d.constants.signs, b, b)
			VPABSB(b, size)
			for i := v; i < len(dots); i += 2 {
				x := d.w.new()
				VPBROADCASTD(at(i/2, 4*q), x)
				VPSIGNB(b, x, x)
				VPMADDUBSW(x, size, x)
				d.add(x, dots[i])
			}
		}
	}
}

// add adds pairs of words to a sum.
func (d *dotter) add(words, sum VecVirtual) {
	VPMADDWD(d.constants.ones, words, words)
	VPADDD(words, sum, sum)
}

// dotBytes is VPDPBUSD, which avo does not know: x has a sign, b has none.
func dotBytes(x, b, sum VecVirtual) {
	Instruction(&ir.Instruction{Opcode: "VPDPBUSD", Operands: []Op{x, b, sum}, Inputs: []Op{x, b, sum}, Outputs: []Op{sum}, ISA: []string{"AVX512VNNI"}})
}
