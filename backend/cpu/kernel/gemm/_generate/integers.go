package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// integers is a format of B in which element (p, j) is (q−zero)·scale, with q of 8 or 4 bits, and scale and zero of the group of rows that p is in.
type integers struct {
	name string
	bits int
}

var integerFormats = []integers{{"Bytes", 8}, {"Nibbles", 4}}

// rowBytes is the size of a row of a panel, which is two vectors wide.
func (f *integers) rowBytes(w *width) int { return 2 * w.lanes * f.bits / 8 }

// mostRows is how many rows kernels have at most: as many as there are registers for.
func (f *integers) mostRows(w *width) int {
	if w.wide() {
		return 8
	}
	return 4
}

// integerMultiplies generates the kernels for few rows and a B of integers, and what makes panels of B float32.
func (w *width) integerMultiplies() {
	for _, f := range integerFormats {
		for rows := 1; rows <= f.mostRows(w); rows++ {
			w.integerMultiply(f, rows, false)
			w.integerMultiply(f, rows, true)
		}
		w.widenIntegers(f)
	}
}

// reader loads rows of a panel of integers as numbers: two vectors.
type reader struct {
	w     *width
	f     integers
	table VecVirtual // AVX-512, 4 bits: the numbers of all patterns
}

func (w *width) reader(f integers) *reader {
	r := &reader{w: w, f: f}
	if f.bits == 4 && w.wide() {
		r.table = w.new()
		VMOVUPS(w.nibbles, r.table)
	}
	return r
}

// load makes a row, of which the second half of the columns lies in the high bits if there are 4, two vectors.
func (r *reader) load(at Mem) [2]VecVirtual {
	low, high := r.w.new(), r.w.new()
	if r.f.bits == 8 {
		second := at
		second.Disp += r.w.lanes
		VPMOVSXBD(at, low)
		VPMOVSXBD(second, high)
		VCVTDQ2PS(low, low)
		VCVTDQ2PS(high, high)
		return [2]VecVirtual{low, high}
	}
	both := r.w.new()
	VPMOVSXBD(at, both)
	if r.w.wide() {
		VPERMPS(r.table, both, low) // which looks at the lowest 4 bits
		VPSRAD(Imm(4), both, high)
		VPERMPS(r.table, high, high)
		return [2]VecVirtual{low, high}
	}
	VPSRAD(Imm(4), both, high)
	VPSLLD(Imm(28), both, low)
	VPSRAD(Imm(28), low, low)
	VCVTDQ2PS(low, low)
	VCVTDQ2PS(high, high)
	return [2]VecVirtual{low, high}
}

// nibbleTable is the number of each pattern of 4 bits, in two's complement.
func nibbleTable() Mem {
	m := GLOBL("nibbleNumbers", RODATA|NOPTR)
	for i := range 16 {
		x := float32(i)
		if i >= 8 {
			x -= 16
		}
		DATA(4*i, U32(math.Float32bits(x)))
	}
	return m
}

// groups generates a loop over groups of rows, with the scales in registers, and in each over its rows, some at a time.
func (w *width) groups(k, group, scales Register, each func(scale [2]VecVirtual, unroll int), next func()) {
	Label("group")
	left := nextGroup(k, group)
	var scale [2]VecVirtual
	for v := range scale {
		scale[v] = w.new()
		VMOVUPS(Mem{Base: scales, Disp: v * w.bytes()}, scale[v])
	}
	SUBQ(Imm(unroll), left)
	JLT(LabelRef("tail"))
	Label("loop")
	each(scale, unroll)
	SUBQ(Imm(unroll), left)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(unroll), left)
	JE(LabelRef("end"))
	Label("one")
	each(scale, 1)
	DECQ(left)
	JNE(LabelRef("one"))
	Label("end")
	ADDQ(U32(uint32(2*w.bytes())), scales)
	next()
	TESTQ(k, k)
	JNE(LabelRef("group"))
}

// nextGroup takes the rows of a group from those that are left.
func nextGroup(k, group Register) (rows GPVirtual) {
	rows = GP64()
	MOVQ(group, rows)
	CMPQ(k, rows)
	CMOVQLT(k, rows)
	SUBQ(rows, k)
	return rows
}

// beginIntegers declares the kernel for so many rows of A, which lies as doc says, and a panel of two vectors, and loads the address of its tile.
func (w *width) beginIntegers(f integers, rows int, kind, doc string, zeros bool) Register {
	name, points := fmt.Sprintf("multiply%d%s%s", rows, f.name, kind), "without zero points"
	if zeros {
		name, points = name+"Zero", "with zero points"
	}
	name += w.suffix
	TEXT(name, NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes the tile at t, of %d rows and at most %d columns, with A %s and B of integers of %d bits %s. t.k is not 0.",
		name, rows, 2*w.lanes, doc, f.bits, points))
	return Load(Param("t"), GP64())
}

// integerMultiply generates the kernel for a strip of the given number of rows, which lie row after row, and a panel of two vectors.
func (w *width) integerMultiply(f integers, rows int, zeros bool) {
	t := w.beginIntegers(f, rows, "", "row after row", zeros)
	k := load(t, tileK)
	at, advance := addressA(t, rows, false)
	b, scales, group := load(t, tileSmall), load(t, tileScales), load(t, tileGroup)
	var zero Register
	if zeros {
		zero = load(t, tileZeros)
	}
	read := w.reader(f)
	sums := make([][]VecVirtual, sets(rows, 2))
	for s := range sums {
		sums[s] = w.zeros(2 * rows)
	}
	w.groups(k, group, scales, func(scale [2]VecVirtual, unroll int) {
		for u := range unroll {
			sum, line := sums[u%len(sums)], read.load(Mem{Base: b, Disp: u * f.rowBytes(w)})
			for v := range line {
				if zeros {
					VSUBPS(Mem{Base: zero, Disp: v * w.bytes()}, line[v], line[v])
				}
				VMULPS(scale[v], line[v], line[v])
			}
			for i := range rows {
				x := w.new()
				VBROADCASTSS(at(i, u), x)
				for v := range line {
					VFMADD231PS(line[v], x, sum[2*i+v])
				}
			}
		}
		if unroll > 1 {
			for line := 0; line < unroll*f.rowBytes(w); line += 64 {
				PREFETCHT0(Mem{Base: b, Disp: ahead + line})
			}
		}
		advance(unroll)
		ADDQ(U32(uint32(unroll*f.rowBytes(w))), b)
	}, func() {
		if zeros {
			ADDQ(U32(uint32(2*w.bytes())), zero)
		}
	})
	w.finish(t, added(sums), 2, 0, "")
}

// widenIntegers generates what makes a panel of two vectors float32.
func (w *width) widenIntegers(f integers) {
	name := "widen" + f.name + w.suffix
	TEXT(name, NOSPLIT, "func(k, group int, src *byte, scales, zeros *float32, dst *float32)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets dst to k > 0 rows of a panel of %d columns of integers of %d bits, less the zero points, times the scales of their groups.", name, 2*w.lanes, f.bits))
	k, group := Load(Param("k"), GP64()), Load(Param("group"), GP64())
	src, scales, zero, dst := Load(Param("src"), GP64()), Load(Param("scales"), GP64()), Load(Param("zeros"), GP64()), Load(Param("dst"), GP64())
	read := w.reader(f)
	w.groups(k, group, scales, func(scale [2]VecVirtual, unroll int) {
		for u := range unroll {
			line := read.load(Mem{Base: src, Disp: u * f.rowBytes(w)})
			for v := range line {
				VSUBPS(Mem{Base: zero, Disp: v * w.bytes()}, line[v], line[v])
				VMULPS(scale[v], line[v], line[v])
				VMOVUPS(line[v], Mem{Base: dst, Disp: (2*u + v) * w.bytes()})
			}
		}
		ADDQ(U32(uint32(unroll*f.rowBytes(w))), src)
		ADDQ(U32(uint32(unroll*2*w.bytes())), dst)
	}, func() { ADDQ(U32(uint32(2*w.bytes())), zero) })
	VZEROUPPER()
	RET()
}
