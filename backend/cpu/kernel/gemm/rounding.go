package gemm

import (
	"encoding/binary"
	"math"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Products with integers that permit it ([Integers.RoundA]) round A to integers too, group by group of each row, and multiply integers, exactly:
//
//	C[i, j] = Σ over groups g: scaleA[i, g] · scaleB[g, j] · Σ over p in g: a[i, p] · (q[p, j] − zero[g, j])
//
// with a = A / scaleA rounded to the nearest integer, ties to even, and scaleA = (greatest |A| of the group) / 127. The error of a product is at most
// Σ over p: scaleA/2 · |B[p, j]|, beside that of sums in float32. A group with a NaN or an infinity makes its row NaN; one whose elements
// are all below 2^-100 counts as zeros.
//
// The inner sums are taken of unsigned integers q + bias, and begin with what that adds to them: −bias · Σ a.

// A record is a rounded group: the int32 that sums begin with, the integers as bytes, as many as a step of kernels reads, zeros behind
// them; scaleA and Σ a, both float32; and 4 bytes that are not used.
const recordExtra = 16

// quadRows is the rows of B that kernels read in a step; groups are filled up to a multiple of it.
const quadRows = 16

const (
	least    = 1.0 / (1 << 100)
	quadMost = 127
)

// bias is what makes integers of a format unsigned.
func (f Format) bias() int {
	if f == Int4 {
		return 8
	}
	return 128
}

// filled is rows made whole steps of kernels.
func filled(rows int) int { return (rows + quadRows - 1) &^ (quadRows - 1) }

// roundedMatrix is A, rounded: records side by side, row by row.
type roundedMatrix struct {
	rounding
	data []byte
	row  int // bytes of a row
}

// rounding says what is rounded and how.
type rounding struct {
	first      *float32
	m, k, lda  int
	trans      bool
	group, add int // add is the bias of the integers that the rounded ones multiply
}

// at is the records of row i from row p of B on, where a group begins.
func (r *roundedMatrix) at(i, p int) []byte { return r.data[i*r.row+p/r.group*(r.group+recordExtra):] }

// recordsLen is the size of a rounded row.
func recordsLen(k, group int) int {
	whole, rest := k/group, k%group
	size := whole * (group + recordExtra)
	if rest > 0 {
		size += filled(rest) + recordExtra
	}
	return size
}

// rounds tells whether a product rounds A.
func (args *Args) rounds() bool { return args.Packed != nil && args.Packed.quads }

// rounding is that of a product that rounds A.
func (args *Args) rounding() rounding {
	b := args.Packed
	return rounding{&args.A[0], args.M, args.K, args.LDA, args.TransA, b.group, b.format.bias()}
}

// round rounds A for a product, with all threads, in memory of x that is used until [Ctx.unround]. A that was rounded so for the product before is
// not rounded again.
func (x *Ctx) round(args *Args) roundedMatrix {
	how := args.rounding()
	if x.rounded.rounding == how {
		return x.rounded
	}
	r := roundedMatrix{rounding: how, row: recordsLen(args.K, how.group)}
	r.data, x.records, x.recordsUsed = part(x.records, x.recordsUsed, args.M*r.row)
	x.rounded, x.args = r, *args
	x.spread(args.M, args.M*args.K*packWork, x.byRow)
	x.args = Args{}
	return r
}

// part is n bytes of a buffer of which some are used, or of a larger one that takes its place.
func part(buffer []byte, used, n int) (some, after []byte, usedAfter int) {
	if len(buffer)-used < n {
		buffer, used = make([]byte, max(n, 2*len(buffer))), 0
	}
	return buffer[used:][:n], buffer, used + n
}

// unround lets go of what was rounded.
func (x *Ctx) unround() { x.rounded, x.recordsUsed = roundedMatrix{}, 0 }

func (x *Ctx) roundRows(s int) {
	r := &x.rounded
	for i, ok := x.take(r.m); ok; i, ok = x.take(r.m) {
		r.roundRow(i, x.args.A, &x.slots[s].row, x.level)
	}
}

// round is [Ctx.round] by one thread.
func (w *slot) round(args *Args, l level.Level) roundedMatrix {
	r := roundedMatrix{rounding: args.rounding()}
	r.row = recordsLen(args.K, r.group)
	r.data, w.bytes, _ = part(w.bytes, 0, args.M*r.row)
	for i := range args.M {
		r.roundRow(i, args.A, &w.row, l)
	}
	return r
}

// roundRow rounds row i; buffer is for one that does not lie in one piece.
func (r *roundedMatrix) roundRow(i int, a []float32, buffer *[]float32, l level.Level) {
	dst := r.data[i*r.row:][:r.row]
	if !r.trans {
		roundRow(dst, a[i*r.lda:][:r.k], r.group, r.add, l)
		return
	}
	if len(*buffer) < r.k {
		*buffer = make([]float32, r.k)
	}
	row := (*buffer)[:r.k]
	for p := range row {
		row[p] = a[p*r.lda+i]
	}
	roundRow(dst, row, r.group, r.add, l)
}

// roundRow writes the records of a row to dst.
func roundRow(dst []byte, a []float32, group, bias int, l level.Level) {
	whole := len(a) / group
	if whole > 0 && nativeRound(dst, a[:whole*group], group, bias, l) {
		a, dst = a[whole*group:], dst[whole*(group+recordExtra):]
	}
	for len(a) > 0 {
		n := min(group, len(a))
		roundGroup(dst[:filled(n)+recordExtra], a[:n], bias)
		a, dst = a[n:], dst[filled(n)+recordExtra:]
	}
}

// roundGroup writes the record of a group.
func roundGroup(dst []byte, a []float32, bias int) {
	q := dst[4 : len(dst)-recordExtra+4]
	greatest := uint32(0) // of magnitudes as integers, which are in their order, NaN last
	for _, x := range a {
		greatest = max(greatest, math.Float32bits(x)&^(1<<31))
	}
	scale, factor := float32(0), float32(0)
	switch most := math.Float32frombits(greatest); {
	case most-most != 0:
		scale = float32(math.NaN())
	case most >= least:
		scale, factor = most/quadMost, quadMost/most
	}
	sum := int32(0)
	clear(q)
	if factor != 0 {
		for i, x := range a {
			v := int8(math.RoundToEven(float64(x * factor)))
			q[i] = byte(v)
			sum += int32(v)
		}
	}
	record{-int32(bias) * sum, scale, float32(sum)}.put(dst)
}

// record is what a record has beside the integers.
type record struct {
	start      int32
	scale, sum float32
}

func (r record) put(dst []byte) {
	end := dst[len(dst)-recordExtra+4:]
	binary.LittleEndian.PutUint32(dst, uint32(r.start))
	binary.LittleEndian.PutUint32(end, math.Float32bits(r.scale))
	binary.LittleEndian.PutUint32(end[4:], math.Float32bits(r.sum))
	binary.LittleEndian.PutUint32(end[8:], 0)
}

// recordOf reads a record with n integers.
func recordOf(src []byte, n int) record {
	end := src[4+n:]
	return record{int32(binary.LittleEndian.Uint32(src)), math.Float32frombits(binary.LittleEndian.Uint32(end)), math.Float32frombits(binary.LittleEndian.Uint32(end[4:]))}
}
