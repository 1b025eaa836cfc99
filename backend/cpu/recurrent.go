package cpu

import (
	"fmt"
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/backend/cpu/kernel/recurrent"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(_ *op.LSTM, n *ir.Node, p *Program) kernel { return lowerRecurrent(n, p) })
	lowerBy(func(_ *op.GRU, n *ir.Node, p *Program) kernel { return lowerRecurrent(n, p) })
	lowerBy(func(_ *op.RNN, n *ir.Node, p *Program) kernel { return lowerRecurrent(n, p) })
}

// recurrence is LSTM, GRU or RNN over float32, and over float16 and bfloat16, which it computes in float32. Constant weights are packed
// when the program is compiled.
type recurrence struct {
	elem       tensor.DType
	cells      []recurrent.Cell // one a direction
	layers     []*recurrent.Layer
	hidden     int // 0: what the weights say
	reverse    [2]bool
	batchFirst bool
	stacked    bool
	timeFirst  struct{ X, Y bool } // see [orderedByTime]
	level      level.Level
}

// lowerRecurrent makes the kernel of a node.
func lowerRecurrent(n *ir.Node, p *Program) kernel {
	k, weights := recurrenceOf(n)
	if k == nil {
		return nil // Eval says what is wrong
	}
	k.level = p.level
	k.timeFirst.X, k.timeFirst.Y = orderedByTime(n.Input(0)), orderedByTime(n.Out()[0])
	if weights != nil {
		key := packedLayers{weights: *weights, directions: len(k.cells)}
		copy(key.cells[:], k.cells)
		k.layers = packed(p.packs, key, func() []*recurrent.Layer { return k.pack(weights, p) })
	}
	return k
}

// packedLayers is the key of the layers of a recurrent node, one a direction.
type packedLayers struct {
	weights    constantWeights
	cells      [2]recurrent.Cell
	directions int
}

// pack makes the layers of a node whose weights are known.
func (k *recurrence) pack(constants *constantWeights, p *Program) []*recurrent.Layer {
	w, r := constants[1].q, constants[2].q
	weights := constants.evaluated()
	var layers []*recurrent.Layer
	for d, cell := range k.cells {
		layers = append(layers, recurrent.NewLayer(cell, w.Dim(2), r.Dim(2), weights.of(k, d), p.weights, p.level, p.packs.memory()))
	}
	p.spent(w)
	p.spent(r)
	return layers
}

// recurrenceOf is the kernel of a recurrent node, still without level and layers, nil if there is none, and its weights, nil unless all are known.
func recurrenceOf(n *ir.Node) (*recurrence, *constantWeights) {
	elem := n.Input(0).Type.Elem
	if elem != tensor.Float32 && elem != tensor.Float16 && elem != tensor.BFloat16 {
		return nil, nil
	}
	k := &recurrence{elem: elem}
	var cell recurrent.Cell
	var direction string
	var layout int
	var fns []op.ActivationFn
	var err error
	switch o := n.Op.(type) {
	case *op.LSTM:
		cell = recurrent.Cell{Kind: recurrent.LSTM, Clip: o.Clip, InputForget: o.InputForget}
		k.hidden, direction, layout, k.stacked = o.HiddenSize, o.Direction, o.Layout, o.Stacked
		fns, err = o.Functions()
	case *op.GRU:
		cell = recurrent.Cell{Kind: recurrent.GRU, Clip: o.Clip, LinearBeforeReset: o.LinearBeforeReset}
		k.hidden, direction, layout, k.stacked = o.HiddenSize, o.Direction, o.Layout, o.Stacked
		fns, err = o.Functions()
	case *op.RNN:
		cell = recurrent.Cell{Kind: recurrent.RNN, Clip: o.Clip}
		k.hidden, direction, layout, k.stacked = o.HiddenSize, o.Direction, o.Layout, o.Stacked
		fns, err = o.Functions()
	default:
		return nil, nil
	}
	if err != nil {
		return nil, nil
	}
	k.batchFirst, k.reverse = layout == 1, [2]bool{direction == "reverse", true}
	dirs := 1
	if direction == "bidirectional" {
		dirs = 2
	}
	for d := range dirs {
		for i, f := range fns[d*len(fns)/dirs : (d+1)*len(fns)/dirs] {
			name, ok := recurrent.ParseName(f.Name)
			if !ok {
				return nil, nil
			}
			cell.Functions[i] = recurrent.Function{Name: name, Alpha: float32(f.Alpha), Beta: float32(f.Beta)}
		}
		k.cells = append(k.cells, cell)
	}
	weights := constantWeightsOf(n)
	if weights == nil && elem != tensor.Float32 || weights != nil && !weights.fit(k) {
		return nil, nil
	}
	return k, weights
}

// orderedByTime tells whether the rows of a sequence of batches `[batch, seq, …]` lie in memory as `[seq, batch, …]`: steps of a recurrent layer read and write them
// so without copies, and nothing else sees them.
func orderedByTime(v *ir.Value) bool {
	if v == nil || v.Def() == nil || v.IsOutput() || v.Type.Elem != tensor.Float32 || len(v.Uses()) == 0 {
		return false
	}
	k, _ := recurrenceOf(v.Def())
	if k == nil || !k.batchFirst || !k.stacked || v != v.Def().Out()[0] {
		return false
	}
	for _, u := range v.Uses() {
		if k, _ := recurrenceOf(u.Node); k == nil || !k.batchFirst || u.Index != 0 {
			return false
		}
	}
	return true
}

func (k *recurrence) run(x *exec, in, out []*tensor.Tensor) error {
	layout := 0
	if k.batchFirst {
		layout = 1
	}
	s, err := op.ShapeOfRecurrent(in, k.cells[0].Kind.Gates(), len(k.cells), layout, k.stacked)
	if err != nil {
		return err
	}
	if k.hidden != 0 && k.hidden != s.Hidden {
		return fmt.Errorf("hidden size is %d, but the weights are of %d", k.hidden, s.Hidden)
	}
	if x.recurrent == nil {
		x.recurrent = recurrent.NewCtx(x.pool, x.gemm)
	}
	layers := k.layers
	if layers == nil {
		layers = k.dynamic(x, in, s)
	}
	w := widened{x: x, elem: k.elem}
	w.reserve(in[0], operand(in, 5), operand(in, 6))
	w.reserve(out...)
	args := recurrent.Args{Seq: s.Seq, Batch: s.Batch, BatchFirst: k.batchFirst, Stacked: k.stacked, Layers: layers, Reverse: k.reverse, TimeFirst: k.timeFirst, X: w.input(in[0]),
		H0: w.input(operand(in, 5)), C0: w.input(operand(in, 6)), Y: w.floats(operand(out, 0)), YH: w.floats(operand(out, 1)), YC: w.floats(operand(out, 2))}
	if len(in) > 4 && in[4] != nil {
		args.Lengths = tensor.Data[int32](in[4])
		for _, n := range args.Lengths {
			if n < 0 || int(n) > s.Seq {
				return fmt.Errorf("sequence lengths must be from 0 to %d, got %v", s.Seq, in[4])
			}
		}
	}
	recurrent.Run(x.recurrent, args)
	w.narrow(operand(out, 0), args.Y)
	w.narrow(operand(out, 1), args.YH)
	w.narrow(operand(out, 2), args.YC)
	return nil
}

// dynamic sets the layers of the session to weights that are computed in this run.
func (k *recurrence) dynamic(x *exec, in []*tensor.Tensor, s op.RecurrentShape) []*recurrent.Layer {
	layers := x.recurrent.Dynamic(len(k.cells))
	weights := recurrentWeights{in: in}
	for d, l := range layers {
		l.Set(k.cells[d], s.Input, s.Hidden, weights.of(k, d), k.level)
	}
	return layers
}

// widened sees tensors of a type of two bytes as float32, in scratch memory; float32 itself it sees where it is.
type widened struct {
	x    *exec
	elem tensor.DType
	need int
	free []float32
}

// reserve counts the elements of tensors that will be asked for; absent ones are nil.
func (w *widened) reserve(tensors ...*tensor.Tensor) {
	for _, t := range tensors {
		if t != nil && w.elem != tensor.Float32 {
			w.need += t.Len()
		}
	}
}

// floats is the elements of t, with any contents if they are in scratch memory.
func (w *widened) floats(t *tensor.Tensor) []float32 {
	switch {
	case t == nil:
		return nil
	case w.elem == tensor.Float32:
		return f32(t)
	case w.free == nil:
		w.free = w.x.floats(w.need)
	}
	s := w.free[:t.Len():t.Len()]
	w.free = w.free[t.Len():]
	return s
}

// input is the elements of t.
func (w *widened) input(t *tensor.Tensor) []float32 {
	s := w.floats(t)
	switch {
	case t == nil:
	case w.elem == tensor.Float16:
		move.WidenFloat16(s, halves(t))
	case w.elem == tensor.BFloat16:
		move.WidenBFloat16(s, halves(t))
	}
	return s
}

// narrow rounds what was computed in place of t.
func (w *widened) narrow(t *tensor.Tensor, s []float32) {
	switch {
	case t == nil:
	case w.elem == tensor.Float16:
		move.NarrowFloat16(halves(t), s)
	case w.elem == tensor.BFloat16:
		move.NarrowBFloat16(halves(t), s)
	}
}

// halves is the patterns of elements of two bytes.
func halves(t *tensor.Tensor) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(t.Bytes()))), t.Len())
}
