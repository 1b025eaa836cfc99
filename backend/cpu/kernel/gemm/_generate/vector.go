package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dots generates the products of one row of A with rows of B, four at a time.
func (w *width) dots() {
	name := "dots" + w.suffix
	TEXT(name, NOSPLIT, "func(k, n int, a, b *float32, ld int, out *float32)")
	Pragma("noescape")
	Doc(name + " sets out[j] to the sum of a[p]·b[j*ld+p] over p < k, for j < n, a positive multiple of 4.")
	depth, n := Load(Param("k"), GP64()), Load(Param("n"), GP64())
	row, rows := Load(Param("a"), GP64()), Load(Param("b"), GP64())
	ld, out := Load(Param("ld"), GP64()), Load(Param("out"), GP64())
	SHLQ(Imm(2), ld)
	ld3 := tripled(ld)
	lanes, bytes := U32(uint32(w.lanes)), U32(uint32(w.bytes()))

	Label("four")
	k, a, b := GP64(), GP64(), GP64()
	MOVQ(depth, k)
	MOVQ(row, a)
	MOVQ(rows, b)
	sums, more := w.zeros(4), w.zeros(4)
	SUBQ(2*lanes, k)
	JLT(LabelRef("vector"))
	Label("loop")
	for u, s := range [][]VecVirtual{sums, more} {
		x := w.new()
		VMOVUPS(Mem{Base: a, Disp: w.bytes() * u}, x)
		for j := range 4 {
			VFMADD231PS(strided(b, ld, ld3, j, w.bytes()*u), x, s[j])
		}
	}
	ADDQ(2*bytes, a)
	ADDQ(2*bytes, b)
	SUBQ(2*lanes, k)
	JGE(LabelRef("loop"))
	Label("vector")
	ADDQ(lanes, k)
	JLT(LabelRef("rest"))
	x := w.new()
	VMOVUPS(Mem{Base: a}, x)
	for j := range 4 {
		VFMADD231PS(strided(b, ld, ld3, j, 0), x, sums[j])
	}
	ADDQ(bytes, a)
	ADDQ(bytes, b)
	SUBQ(lanes, k)
	Label("rest") // k is a vector less than what is left
	ADDQ(lanes, k)
	JE(LabelRef("add"))
	mask := w.first(k, 1)[0]
	x = w.new()
	w.load(Mem{Base: a}, mask, x)
	for j := range 4 {
		y := w.new()
		w.load(strided(b, ld, ld3, j, 0), mask, y)
		VFMADD231PS(y, x, sums[j])
	}
	Label("add")
	half := make([]Register, 4) // eight lanes each
	for j := range sums {
		VADDPS(more[j], sums[j], sums[j])
		half[j] = sums[j].AsY()
		if w.wide() {
			high := YMM()
			VEXTRACTF32X8(Imm(1), sums[j], high)
			VADDPS(high, sums[j].AsY(), sums[j].AsY())
		}
	}
	VHADDPS(half[1], half[0], half[0])
	VHADDPS(half[3], half[2], half[2])
	VHADDPS(half[2], half[0], half[0])
	high := XMM()
	VEXTRACTF128(Imm(1), half[0], high)
	VADDPS(high, sums[0].AsX(), high)
	VMOVUPS(high, Mem{Base: out})
	ADDQ(Imm(16), out)
	LEAQ(Mem{Base: rows, Index: ld, Scale: 4}, rows)
	SUBQ(Imm(4), n)
	JGT(LabelRef("four"))
	VZEROUPPER()
	RET()
}

// dotsOfRows generates the products of several rows of A with rows of B, each of which is read once: as many at a time as there are sums of them in a vector, so that adding up lanes
// is mostly done for all sums together.
func (w *width) dotsOfRows(rows int) {
	group := w.lanes / rows // rows of B at a time
	if rows == 3 {
		group = w.lanes / 4
	}
	name := fmt.Sprintf("dots%dRows%s", rows, w.suffix)
	TEXT(name, NOSPLIT, "func(k, n int, a *float32, lda int, b *float32, ld int, out *float32, ldOut int)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets out[i*ldOut+j] to the sum of a[i*lda+p]·b[j*ld+p] over p < k, for i < %d and j < n, a positive multiple of %d.", name, rows, group))
	depth, n := Load(Param("k"), GP64()), Load(Param("n"), GP64())
	first, lda := Load(Param("a"), GP64()), Load(Param("lda"), GP64())
	rest, ld := Load(Param("b"), GP64()), Load(Param("ld"), GP64())
	out, ldOut := Load(Param("out"), GP64()), Load(Param("ldOut"), GP64())
	distance := GP64() // how far to fetch ahead, in bytes: not at all where rows of B do not follow one another
	XORQ(distance, distance)
	CMPQ(ld, depth)
	JNE(LabelRef("apart"))
	MOVQ(I32(ahead), distance)
	Label("apart")
	for _, step := range []Register{lda, ld, ldOut} {
		SHLQ(Imm(2), step)
	}
	var lda3 Register
	if rows > 3 {
		lda3 = tripled(lda)
	}
	ld3 := tripled(ld)
	lanes, bytes := U32(uint32(w.lanes)), U32(uint32(w.bytes()))

	k, a, b, fetched := GP64(), GP64(), GP64(), GP64()
	Label("group")
	MOVQ(rest, fetched)
	ADDQ(distance, fetched)
	sums := w.zeros(rows * group)
	for from := 0; from < group; from += 4 {
		label := func(name string) string { return fmt.Sprint(name, from) }
		MOVQ(depth, k)
		MOVQ(first, a)
		MOVQ(rest, b)
		step := func(mask Register) {
			x := make([]VecVirtual, rows)
			for i := range x {
				x[i] = w.new()
				w.load(strided(a, lda, lda3, i, 0), mask, x[i])
			}
			for j := range 4 {
				at := strided(b, ld, ld3, j, 0)
				if rows == 1 && mask == nil {
					VFMADD231PS(at, x[0], sums[from+j])
					continue
				}
				y := w.new()
				w.load(at, mask, y)
				for i := range x {
					VFMADD231PS(y, x[i], sums[i*group+from+j])
				}
			}
		}
		SUBQ(lanes, k)
		JLT(LabelRef(label("rest")))
		Label(label("loop"))
		step(nil)
		for line := 0; line < 4*w.bytes(); line += 64 {
			PREFETCHT0(Mem{Base: fetched, Disp: line})
		}
		ADDQ(U32(uint32(4*w.bytes())), fetched)
		ADDQ(bytes, a)
		ADDQ(bytes, b)
		SUBQ(lanes, k)
		JGE(LabelRef(label("loop")))
		Label(label("rest"))
		ADDQ(lanes, k)
		JE(LabelRef(label("next")))
		step(w.first(k, 1)[0])
		Label(label("next"))
		LEAQ(Mem{Base: rest, Index: ld, Scale: 4}, rest)
	}
	all := w.transposedSum(sums, group)
	for i := range rows {
		w.storePart(all, i, group, out)
		if i+1 < rows {
			ADDQ(ldOut, out)
		}
	}
	if rows > 1 {
		back := GP64()
		IMUL3Q(Imm(uint64(rows-1)), ldOut, back)
		SUBQ(back, out)
	}
	ADDQ(Imm(uint64(4*group)), out)
	SUBQ(Imm(uint64(group)), n)
	JGT(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// transposedSum adds up the lanes of each vector of sums: lane i of the result is the sum of sums[i], if there is one.
func (w *width) transposedSum(sums []VecVirtual, group int) VecVirtual {
	v := make([]VecVirtual, w.lanes)
	for i := range v {
		v[i] = sums[min(i, len(sums)-1)]
	}
	pair := func(a, b VecVirtual, shuffle func(high bool, a, b, to VecVirtual)) VecVirtual {
		low, high := w.new(), w.new()
		shuffle(false, a, b, low)
		shuffle(true, a, b, high)
		VADDPS(high, low, low)
		return low
	}
	quarters := func(high bool, a, b, to VecVirtual) { // of 128 bits each
		if high {
			VSHUFF32X4(Imm(0xdd), b, a, to)
		} else {
			VSHUFF32X4(Imm(0x88), b, a, to)
		}
	}
	halves := func(high bool, a, b, to VecVirtual) {
		switch {
		case w.wide() && high:
			VSHUFF32X4(Imm(0xee), b, a, to)
		case w.wide():
			VSHUFF32X4(Imm(0x44), b, a, to)
		case high:
			VPERM2F128(Imm(0x31), b, a, to)
		default:
			VPERM2F128(Imm(0x20), b, a, to)
		}
	}
	singles := func(high bool, a, b, to VecVirtual) {
		if high {
			VUNPCKHPS(b, a, to)
		} else {
			VUNPCKLPS(b, a, to)
		}
	}
	doubles := func(high bool, a, b, to VecVirtual) {
		if high {
			VUNPCKHPD(b, a, to)
		} else {
			VUNPCKLPD(b, a, to)
		}
	}
	// Lane 4·q+i is lane i of quarter q, into which the sums of vectors go whose numbers are 4 apart.
	four := make([]VecVirtual, 4)
	for i := range four {
		if w.wide() {
			four[i] = pair(pair(v[i], v[4+i], halves), pair(v[8+i], v[12+i], halves), quarters)
		} else {
			four[i] = pair(v[i], v[4+i], halves)
		}
	}
	return pair(pair(four[0], four[1], singles), pair(four[2], four[3], singles), doubles)
}

// storePart writes the i-th group of lanes of v.
func (w *width) storePart(v VecVirtual, i, group int, at Register) {
	to := Mem{Base: at}
	switch {
	case group == w.lanes:
		VMOVUPS(v, to)
	case i == 0 && group == 8:
		VMOVUPS(v.AsY(), to)
	case i == 0:
		VMOVUPS(v.AsX(), to)
	case group == 8:
		VEXTRACTF32X8(Imm(uint64(i)), v, to)
	case w.wide():
		VEXTRACTF32X4(Imm(uint64(i)), v, to)
	default:
		VEXTRACTF128(Imm(uint64(i)), v, to)
	}
}

// axpy generates the addition of four multiples of rows of B to a row of C.
func (w *width) axpy() {
	name := "axpy4" + w.suffix
	TEXT(name, NOSPLIT, "func(n int, c, x, b *float32, ld int)")
	Pragma("noescape")
	Doc(name + " adds x[p]·b[p*ld+j] for p < 4 to c[j], for j < n.")
	n, c, b := Load(Param("n"), GP64()), Load(Param("c"), GP64()), Load(Param("b"), GP64())
	ld := Load(Param("ld"), GP64())
	SHLQ(Imm(2), ld)
	ld3 := tripled(ld)
	factors := Load(Param("x"), GP64())
	x := make([]VecVirtual, 4)
	for p := range x {
		x[p] = w.new()
		VBROADCASTSS(Mem{Base: factors, Disp: 4 * p}, x[p])
	}
	vector := func(disp int) {
		y := w.new()
		VMOVUPS(Mem{Base: c, Disp: disp}, y)
		for p := range x {
			VFMADD231PS(strided(b, ld, ld3, p, disp), x[p], y)
		}
		VMOVUPS(y, Mem{Base: c, Disp: disp})
	}
	lanes, bytes := U32(uint32(w.lanes)), U32(uint32(w.bytes()))
	SUBQ(4*lanes, n)
	JLT(LabelRef("few"))
	Label("loop")
	for i := range 4 {
		vector(i * w.bytes())
	}
	ADDQ(4*bytes, c)
	ADDQ(4*bytes, b)
	SUBQ(4*lanes, n)
	JGE(LabelRef("loop"))
	Label("few")
	ADDQ(3*lanes, n)
	JLT(LabelRef("rest"))
	Label("one")
	vector(0)
	ADDQ(bytes, c)
	ADDQ(bytes, b)
	SUBQ(lanes, n)
	JGE(LabelRef("one"))
	Label("rest") // n is a vector less than what is left
	ADDQ(lanes, n)
	JE(LabelRef("done"))
	mask, y := w.first(n, 1)[0], w.new()
	w.load(Mem{Base: c}, mask, y)
	for p := range x {
		v := w.new()
		w.load(strided(b, ld, ld3, p, 0), mask, v)
		VFMADD231PS(v, x[p], y)
	}
	w.store(y, mask, Mem{Base: c})
	Label("done")
	VZEROUPPER()
	RET()
}
