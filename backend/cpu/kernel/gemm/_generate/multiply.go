package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	unroll = 4
	few    = 8    // up to so many rows, multiplying is so fast that B must be fetched ahead within the call
	ahead  = 8192 // how far, in bytes
)

// multiplies generates the kernels for 2 to most rows of so many vectors of columns.
func (w *width) multiplies(most, vectors int) {
	for rows := 2; rows <= most; rows++ {
		w.multiply(rows, vectors, false, float32s)
		w.multiply(rows, vectors, true, float32s)
	}
}

// broadMultiplies generates the kernels for 2 to 6 rows of twice as many columns as others, for a B that is read in place.
func (w *width) broadMultiplies() {
	for rows := 2; rows <= 6; rows++ {
		w.multiply(rows, 4, false, float32s)
	}
}

const mostNarrow = 4 // rows of kernels that widen B themselves

// narrowMultiplies generates the kernels for few rows and so many vectors of columns of a B in 16-bit formats.
func (w *width) narrowMultiplies(vectors int) {
	for rows := 1; rows <= mostNarrow; rows++ {
		w.multiply(rows, vectors, false, float16s)
		w.multiply(rows, vectors, false, bfloat16s)
	}
}

// format is that of the elements of B.
type format struct {
	suffix string
	shift  uint64 // log₂ of the bytes of an element
	tile   int    // the field that has B
	load   func(at Mem, v Register)
}

var (
	float32s  = format{"", 2, tileB, func(at Mem, v Register) { VMOVUPS(at, v) }}
	float16s  = format{"Half", 1, tileNarrow, func(at Mem, v Register) { VCVTPH2PS(at, v) }}
	bfloat16s = format{"Brain", 1, tileNarrow, func(at Mem, v Register) {
		VPMOVZXWD(at, v)
		VPSLLD(Imm(16), v, v)
	}}
)

// bytes is the size of a vector of elements.
func (f *format) bytes(w *width) int { return w.lanes << f.shift }

// sets is how many independent sums each element has, so that the latency of the multiply-adds is hidden.
func sets(rows, vectors int) int { return max(1, min(4, 8/(rows*vectors))) }

// multiply generates the kernel for a strip of the given number of rows. A lies row after row, or, if columns, column
// after column.
func (w *width) multiply(rows, vectors int, columns bool, f format) {
	t := w.begin(rows, vectors, 1, columns, f)
	next := load(t, tileNext)
	Label("strip")
	if rows > few {
		w.fetchC(t, rows, vectors)
	}
	k := load(t, tileK)
	at, advance := addressA(t, rows, columns)
	b, bStep := load(t, f.tile), load(t, tileBStep)
	SHLQ(Imm(f.shift), bStep)
	bStep3 := tripled(bStep)
	sums := make([][]VecVirtual, sets(rows, vectors))
	for s := range sums {
		sums[s] = w.zeros(vectors * rows)
	}

	step := func(u int) {
		sum := sums[u%len(sums)]
		line := make([]VecVirtual, vectors)
		for v := range line {
			line[v] = w.new()
			f.load(strided(b, bStep, bStep3, u, v*f.bytes(w)), line[v])
		}
		for i := range rows {
			x := w.new()
			VBROADCASTSS(at(i, u), x)
			for v := range line {
				VFMADD231PS(line[v], x, sum[i*vectors+v])
			}
		}
	}
	SUBQ(Imm(unroll), k)
	JLT(LabelRef("tail"))
	Label("loop")
	for u := range unroll {
		step(u)
	}
	if rows <= few {
		for line := 0; line < unroll*vectors*f.bytes(w); line += 64 {
			PREFETCHT0(Mem{Base: b, Disp: ahead + line})
		}
	}
	for line := range 4 {
		PREFETCHT1(Mem{Base: next, Disp: 64 * line})
	}
	ADDQ(Mem{Base: t, Disp: tileNextStep}, next)
	advance(unroll)
	LEAQ(Mem{Base: b, Index: bStep, Scale: 4}, b)
	SUBQ(Imm(unroll), k)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(unroll), k)
	JE(LabelRef("done"))
	Label("one")
	step(0)
	advance(1)
	ADDQ(bStep, b)
	DECQ(k)
	JNE(LabelRef("one"))
	Label("done")
	w.finish(t, added(sums), vectors, 0, "strip")
}

// added adds the sets of sums to the first one, which it returns.
func added(sums [][]VecVirtual) []VecVirtual {
	for _, more := range sums[1:] {
		for i := range more {
			VADDPS(more[i], sums[0][i], sums[0][i])
		}
	}
	return sums[0]
}

// begin declares the kernel for so many rows, and panels of so many vectors, and loads the address of its tile.
func (w *width) begin(rows, vectors, panels int, columns bool, f format) Register {
	order, doc := "Rows", "row after row: t.aStep is 1."
	if columns {
		order, doc = "Columns", "column after column: t.aRow is 1."
	}
	name := fmt.Sprintf("multiply%d%s%s", rows, order, w.suffix)
	if w.wide() {
		name = fmt.Sprintf("multiply%dx%d%s", rows, vectors*w.lanes, order)
	}
	name += f.suffix
	if panels > 1 {
		name += fmt.Sprintf("By%d", panels)
	}
	TEXT(name, NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes the tile at t, of %d rows and at most %d columns, with A %s", name, rows, panels*vectors*w.lanes, doc))
	return Load(Param("t"), GP64())
}

// fetchC fetches the rows of C, which are written when the sums are complete.
func (w *width) fetchC(t Register, rows, vectors int) {
	c, row := load(t, tileC), loadBytes(t, tileCRow)
	ADDQ(Mem{Base: t, Disp: tileCAt}, c)
	for i := range rows {
		for line := 0; line < vectors*w.bytes(); line += 64 {
			PREFETCHT0(Mem{Base: c, Disp: line})
		}
		if i+1 < rows {
			ADDQ(row, c)
		}
	}
}

// strided is the memory at base + u·step + disp, for u < 4; step3 is not read for u < 3.
func strided(base, step, step3 Register, u, disp int) Mem {
	switch u {
	case 0:
		return Mem{Base: base, Disp: disp}
	case 3:
		return Mem{Base: base, Index: step3, Scale: 1, Disp: disp}
	}
	return Mem{Base: base, Index: step, Scale: uint8(u), Disp: disp}
}

// addressA returns the address of element (i, p+u) of A, and how to advance p.
func addressA(t Register, rows int, columns bool) (at func(i, u int) Mem, advance func(steps int)) {
	a := load(t, tileA)
	ADDQ(Mem{Base: t, Disp: tileAAt}, a)
	if columns {
		step := loadBytes(t, tileAStep)
		step3 := tripled(step)
		at = func(i, u int) Mem { return strided(a, step, step3, u, 4*i) }
		return at, func(steps int) { LEAQ(Mem{Base: a, Index: step, Scale: uint8(steps)}, a) }
	}
	bytesAt, advanceBytes := rowsOf(a, loadBytes(t, tileARow), rows)
	return func(i, u int) Mem { return bytesAt(i, 4*u) }, func(steps int) { advanceBytes(4 * steps) }
}

// rowsOf returns the address of so many bytes after the place in row i, and how to advance the place.
func rowsOf(base, row Register, rows int) (at func(i, disp int) Mem, advance func(bytes int)) {
	var row3 Register
	if rows > 3 {
		row3 = tripled(row)
	}
	bases := []Register{base} // of every fourth row
	for i := 4; i < rows; i += 4 {
		next := GP64()
		LEAQ(Mem{Base: bases[len(bases)-1], Index: row, Scale: 4}, next)
		bases = append(bases, next)
	}
	at = func(i, disp int) Mem { return strided(bases[i/4], row, row3, i%4, disp) }
	return at, func(bytes int) {
		for _, b := range bases {
			ADDQ(Imm(uint64(bytes)), b)
		}
	}
}
