package recurrent

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/tensor"
)

// Weights are the operands of one direction in the layouts of ONNX.
type Weights struct {
	W []float32 // [gates·hidden, input]
	R []float32 // [gates·hidden, hidden]
	// In place of W and R; nil: there are none. Only [NewLayer] takes them.
	IntegerW, IntegerR *Integers
	B                  []float32 // [2·gates·hidden]: the biases of W, then of R; nil: zero
	P                  []float32 // LSTM: peepholes [3·hidden] of the gates i, o, f; nil: none
}

// Layer is one direction of a recurrent operator with its weights in the order of the kernels. It is read-only and may be shared, unless
// it is set again.
type Layer struct {
	cell          Cell
	input, hidden int
	kernel        *Kernel // nil: the general way
	padded        int     // hidden units, filled up to whole panels
	w             operand // [input, columns]
	wBuffer       []float32
	bias          []float32
	format        gemm.Format
	r             []float32 // panels of the kernel
	narrow        []uint16  // r in a 16-bit format
	small         []int8    // r as integers
	scale         []float32 // of their rows, in the order of columns
	candidate     []float32 // [padded] GRU: bias of R for the candidate gate, if it is not in bias
	rGates        operand   // the general way: all gates that need the states only
	rCandidate    operand   // the general way: the candidate gate of a GRU
	peepholes     []float32
	level         level.Level
}

// operand is the right side of a product: packed, or as it is.
type operand struct {
	k, n   int
	packed *gemm.Packed
	data   []float32
	trans  bool // data is [n, k], not [k, n]
}

func (b *operand) pack(f gemm.Format, m *gemm.Memory) {
	if b.packed != nil {
		return
	}
	ld := b.n
	if b.trans {
		ld = b.k
	}
	b.packed = gemm.PackBAs(f, b.data, b.k, b.n, ld, b.trans, m)
	b.data = nil
}

// args is the product of m rows of a, which are lda apart, with b.
func (b *operand) args(m int, a []float32, lda int, c []float32, ldc int, e *gemm.Epilogue) gemm.Args {
	args := gemm.Args{M: m, N: b.n, K: b.k, A: a, LDA: lda, Packed: b.packed, C: c, LDC: ldc, Epilogue: e}
	if b.packed == nil {
		args.B, args.LDB, args.TransB = b.data, b.n, b.trans
		if b.trans {
			args.LDB = b.k
		}
	}
	return args
}

// NewLayer packs weights for level l in memory of m, rounded to a format unless they are integers; they are not needed afterwards.
func NewLayer(c Cell, input, hidden int, w Weights, f gemm.Format, l level.Level, m *gemm.Memory) *Layer {
	layer := new(Layer)
	layer.begin(c, input, hidden, w, l)
	if layer.kernel != nil && w.IntegerR == nil && f == gemm.Float32 { // else it does not last
		layer.r = m.Floats(hidden * c.Kind.Gates() * layer.padded)
	}
	layer.set(w, true)
	layer.setIntegers(w)
	if layer.kernel != nil && w.IntegerW == nil {
		layer.w.packed = gemm.PackLines(f, w.W, input, layer.lines(), layer.kernel.Lanes, m)
	}
	if layer.kernel == nil {
		layer.rGates.pack(f, m)
		if c.Kind == GRU {
			layer.rCandidate.pack(f, m)
		}
		layer.peepholes = append([]float32(nil), layer.peepholes...)
	}
	layer.w.pack(f, m)
	if layer.format == gemm.Float32 && f.Holds(layer.r) && f != gemm.Float32 {
		layer.format, layer.narrow = f, m.Halves(len(layer.r))
		f.Round(layer.narrow, layer.r)
		layer.r = nil
	}
	return layer
}

// Set makes l a layer of other weights, which it may refer to until it is set again; it is for weights that change from run to run. In
// the memory that it has already it allocates nothing.
func (l *Layer) Set(c Cell, input, hidden int, w Weights, lv level.Level) {
	if w.IntegerW != nil || w.IntegerR != nil {
		panic("BUG: weights of integers that change from run to run")
	}
	l.begin(c, input, hidden, w, lv)
	l.set(w, false)
}

// begin makes l a layer of that cell and those sizes, and chooses its kernel.
func (l *Layer) begin(c Cell, input, hidden int, w Weights, lv level.Level) {
	rows := c.Kind.Gates() * hidden
	if !w.IntegerW.fits(w.W, rows, input) || !w.IntegerR.fits(w.R, rows, hidden) || w.B != nil && len(w.B) != 2*rows || w.P != nil && len(w.P) != 3*hidden {
		panic(fmt.Sprintf("BUG: recurrent weights of %d, %d, %d, %d elements for input %d and hidden size %d", len(w.W), len(w.R), len(w.B), len(w.P), input, hidden))
	}
	l.cell, l.input, l.hidden, l.level = c, input, hidden, lv
	l.kernel, l.padded = choose(&c, w.P != nil, lv), hidden
	if l.kernel != nil {
		lanes := l.kernel.Lanes
		l.padded = (hidden + lanes - 1) / lanes * lanes
	}
}

// set leaves out the matrices that are integers, and, if l lasts, W where a kernel is chosen: it is packed as it lies.
func (l *Layer) set(w Weights, lasts bool) {
	if l.kernel == nil {
		l.setGeneral(w)
		return
	}
	input, hidden, gates, lanes := l.input, l.hidden, l.cell.Kind.Gates(), l.kernel.Lanes
	rows := gates * hidden
	l.w, l.format = operand{k: input, n: gates * l.padded}, gemm.Float32
	copies := w.IntegerW == nil && !lasts
	if copies {
		l.wBuffer = grow(l.wBuffer, input*gates*l.padded)
		l.w.data = l.wBuffer
	}
	if w.IntegerR == nil {
		l.r = grow(l.r, hidden*gates*l.padded)
	}
	l.bias, l.candidate = grow(l.bias, gates*l.padded), grow(l.candidate, l.padded)
	clear(l.bias)
	clear(l.candidate)
	if l.padded > hidden { // else everything is written
		clear(l.w.data)
		clear(l.r)
	}
	for g := range gates {
		for panel := range l.padded / lanes {
			u := panel * lanes
			from, units := g*hidden+u, min(lanes, hidden-u)
			at := (panel*gates + g) * lanes
			if input > 0 && copies {
				move.Transpose(l.w.data[at:], l.w.n, w.W[from*input:], input, input, units)
			}
			if w.IntegerR == nil {
				move.Transpose(l.r[(panel*hidden*gates+g)*lanes:], gates*lanes, w.R[from*hidden:], hidden, hidden, units)
			}
			if w.B == nil {
				continue
			}
			copy(l.bias[at:][:units], w.B[from:])
			if l.cell.Kind == GRU && g == 2 {
				copy(l.candidate[u:][:units], w.B[rows+from:])
				continue
			}
			for i, v := range w.B[rows+from:][:units] {
				l.bias[at+i] += v
			}
		}
	}
}

// lines is which rows of W and R are the columns of products: of each panel those of one gate after another.
func (l *Layer) lines() []gemm.Lines {
	var all []gemm.Lines
	lanes := l.kernel.Lanes
	for u := 0; u < l.padded; u += lanes {
		for g := range l.cell.Kind.Gates() {
			all = append(all, gemm.Lines{First: g*l.hidden + u, Count: min(lanes, l.hidden-u)})
		}
	}
	return all
}

// setGeneral keeps the order of ONNX.
func (l *Layer) setGeneral(w Weights) {
	h, rows := l.hidden, l.cell.Kind.Gates()*l.hidden
	l.w = operand{k: l.input, n: rows, data: w.W, trans: true}
	l.rGates = operand{k: h, n: rows, data: w.R, trans: true}
	l.bias, l.candidate = grow(l.bias, rows), grow(l.candidate, h)
	clear(l.bias)
	clear(l.candidate)
	l.peepholes = w.P
	if l.cell.Kind == GRU {
		l.rGates.n, l.rCandidate = 2*h, operand{k: h, n: h, trans: true}
		if w.IntegerR == nil {
			l.rGates.data, l.rCandidate.data = w.R[:2*h*h], w.R[2*h*h:]
		}
	}
	if w.B == nil {
		return
	}
	copy(l.bias, w.B[:rows])
	for i, v := range w.B[rows:] {
		if l.cell.Kind == GRU && i >= 2*h && l.cell.LinearBeforeReset {
			l.candidate[i-2*h] = v
		} else {
			l.bias[i] += v
		}
	}
}

// columns is the length of a row of products with W.
func (l *Layer) columns() int { return l.w.n }

// panels is how many groups of units a step can be divided into.
func (l *Layer) panels() int { return l.padded / l.kernel.Lanes }

// grow is s with length n and any contents, in the memory of s if that is enough.
func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		return tensor.Data[float32](tensor.New(tensor.Float32, n))
	}
	return s[:n]
}
