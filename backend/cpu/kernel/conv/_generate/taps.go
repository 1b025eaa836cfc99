package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of conv.taps.
const (
	tapsDst     = 0
	tapsSrc     = 24
	tapsOffsets = 48
	tapsCount   = 56
	tapsW       = 72
	tapsBias    = 96
	tapsN       = 104
	tapsRows    = 112
	tapsDstStep = 120
	tapsSrcStep = 128
)

const tapsVectors = 8 // that are summed up side by side

// taps generates sums of rows: as many vectors as there are registers for, then those that are left, the last one under a mask.
func (w *width) taps() {
	t := w.function("sumTaps", "does the sums at t.")
	offsets, count, weights := load(t, tapsOffsets), load(t, tapsCount), load(t, tapsW)
	mask := w.lastMask(load(t, tapsN))
	rowDst, rowSrc, rows := load(t, tapsDst), load(t, tapsSrc), load(t, tapsRows)
	dst, src, n := GP64(), GP64(), GP64()

	sums := &tapSums{width: w, offsets: offsets, weights: weights, count: count, dst: dst, src: src, bias: Mem{Base: t, Disp: tapsBias}}
	sums.add = func(v int, from Mem, mask, x Register, sum VecVirtual) {
		if mask != nil {
			VFMADD231PS(w.load(from, mask), x, sum)
		} else {
			VFMADD231PS(from, x, sum)
		}
	}

	Label("row")
	MOVQ(rowDst, dst)
	MOVQ(rowSrc, src)
	MOVQ(Mem{Base: t, Disp: tapsN}, n)
	sums.all(tapsVectors, n, func() Register { return mask }, func(last bool) {
		if !last {
			JMP(LabelRef("next"))
		}
	})
	Label("next")
	step := load(t, tapsDstStep)
	LEAQ(Mem{Base: rowDst, Index: step, Scale: 4}, rowDst)
	step = load(t, tapsSrcStep)
	LEAQ(Mem{Base: rowSrc, Index: step, Scale: 4}, rowSrc)
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// tapSums generates sums of elements times weights, for each vector of a row one over all elements of the kernel.
type tapSums struct {
	width                   *width
	offsets, weights, count Register // of the elements of the kernel
	dst, src                Register // advanced block by block
	bias                    Mem
	add                     func(v int, from Mem, mask, x Register, sum VecVirtual) // adds x times the elements at from; mask is nil but for a last vector
	step                    func(vectors int)                                       // emitted behind each element of the kernel; nil: nothing
}

// block sums up so many vectors at dst, the last one under a mask if there is one.
func (s *tapSums) block(vectors int, mask Register) {
	w := s.width
	name := fmt.Sprintf("taps%d", vectors)
	if mask == nil {
		name += "whole"
	}
	lastMask := func(v int) Register {
		if v == vectors-1 {
			return mask
		}
		return nil
	}
	sums := make([]VecVirtual, vectors)
	for v := range sums {
		sums[v] = w.new()
		VBROADCASTSS(s.bias, sums[v])
	}
	i := GP64()
	XORQ(i, i)
	Label(name)
	at, x := GP64(), w.new()
	MOVQ(Mem{Base: s.offsets, Index: i, Scale: 8}, at)
	VBROADCASTSS(Mem{Base: s.weights, Index: i, Scale: 4}, x)
	for v := range sums {
		s.add(v, Mem{Base: s.src, Index: at, Scale: 4, Disp: w.bytes() * v}, lastMask(v), x, sums[v])
	}
	if s.step != nil {
		s.step(vectors)
	}
	INCQ(i)
	CMPQ(i, s.count)
	JNE(LabelRef(name))
	for v := range sums {
		to := Mem{Base: s.dst, Disp: w.bytes() * v}
		if m := lastMask(v); m != nil {
			w.store(sums[v], m, to)
		} else {
			VMOVUPS(sums[v], to)
		}
	}
}

// all sums up n > 0 lanes: blocks of most vectors, then what is left, with the mask that last makes for its last vector. End is emitted behind that block, of
// each size; it goes on to what follows all of them unless it is the last.
func (s *tapSums) all(most int, n Register, last func() Register, end func(last bool)) {
	w := s.width
	Label("whole")
	CMPQ(n, U32(w.lanes*most))
	JLE(LabelRef("rest"))
	s.block(most, nil)
	ADDQ(U32(w.bytes()*most), s.dst)
	ADDQ(U32(w.bytes()*most), s.src)
	SUBQ(U32(w.lanes*most), n)
	JMP(LabelRef("whole"))
	Label("rest")
	mask := last()
	for vectors := 1; vectors <= most; vectors++ {
		next := fmt.Sprintf("over%d", vectors)
		if vectors < most {
			CMPQ(n, U32(w.lanes*vectors))
			JG(LabelRef(next))
		}
		s.block(vectors, mask)
		end(vectors == most)
		if vectors < most {
			Label(next)
		}
	}
}

// lastMask selects what the last vector of n > 0 lanes has. It changes n.
func (w *width) lastMask(n Register) Register {
	DECQ(n)
	ANDQ(Imm(uint64(w.lanes-1)), n)
	INCQ(n)
	return w.first(n)
}
