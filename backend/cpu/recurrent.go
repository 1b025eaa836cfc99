package cpu

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/recurrent"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.LSTM, n *ir.Node, p *Program) kernel {
		fns, err := o.Functions()
		if err != nil {
			return nil
		}
		return lowerRecurrent(n, p, recurrent.Cell{Kind: recurrent.LSTM, Clip: o.Clip, InputForget: o.InputForget}, o.HiddenSize, o.Direction, o.Layout, fns)
	})
	lowerBy(func(o *op.GRU, n *ir.Node, p *Program) kernel {
		fns, err := o.Functions()
		if err != nil {
			return nil
		}
		return lowerRecurrent(n, p, recurrent.Cell{Kind: recurrent.GRU, Clip: o.Clip, LinearBeforeReset: o.LinearBeforeReset}, o.HiddenSize, o.Direction, o.Layout, fns)
	})
	lowerBy(func(o *op.RNN, n *ir.Node, p *Program) kernel {
		fns, err := o.Functions()
		if err != nil {
			return nil
		}
		return lowerRecurrent(n, p, recurrent.Cell{Kind: recurrent.RNN, Clip: o.Clip}, o.HiddenSize, o.Direction, o.Layout, fns)
	})
}

// recurrence is LSTM, GRU or RNN over float32. Constant weights are packed when the program is compiled.
type recurrence struct {
	cells      []recurrent.Cell // one a direction
	layers     []*recurrent.Layer
	hidden     int // 0: what the weights say
	reverse    [2]bool
	batchFirst bool
	level      level.Level
}

// lowerRecurrent makes the kernel of a node; cell lacks the functions, of which fns has equally many for each direction.
func lowerRecurrent(n *ir.Node, p *Program, cell recurrent.Cell, hidden int, direction string, layout int, fns []op.ActivationFn) kernel {
	if n.Input(0).Type.Elem != tensor.Float32 {
		return nil
	}
	k := &recurrence{hidden: hidden, batchFirst: layout == 1, level: p.level, reverse: [2]bool{direction == "reverse", true}}
	dirs := 1
	if direction == "bidirectional" {
		dirs = 2
	}
	for d := range dirs {
		for i, f := range fns[d*len(fns)/dirs : (d+1)*len(fns)/dirs] {
			name, ok := recurrent.ParseName(f.Name)
			if !ok {
				return nil
			}
			cell.Functions[i] = recurrent.Function{Name: name, Alpha: float32(f.Alpha), Beta: float32(f.Beta)}
		}
		k.cells = append(k.cells, cell)
	}
	in := make([]*tensor.Tensor, len(n.In()))
	for i, v := range n.In() {
		if v == nil || i == 0 || i >= 4 && i <= 6 {
			continue
		}
		if in[i] = v.Const; in[i] == nil {
			return k
		}
	}
	for d := range dirs {
		w, input, hidden, err := k.weights(in, d)
		if err != nil {
			return nil // Eval says what is wrong
		}
		k.layers = append(k.layers, recurrent.NewLayer(k.cells[d], input, hidden, w, p.level))
	}
	return k
}

// weights is the part of a direction of the weights among the inputs.
func (k *recurrence) weights(in []*tensor.Tensor, d int) (w recurrent.Weights, input, hidden int, err error) {
	if in[1].Rank() != 3 || in[2].Rank() != 3 {
		return w, 0, 0, fmt.Errorf("weights must be of rank 3, got shapes %v and %v", in[1].Shape(), in[2].Shape())
	}
	input, hidden = in[1].Dim(2), in[2].Dim(2)
	dirs, rows := len(k.cells), k.cells[0].Kind.Gates()*hidden
	part := func(i, size int) []float32 {
		if i >= len(in) || in[i] == nil || err != nil {
			return nil
		}
		if in[i].Len() != dirs*size {
			err = fmt.Errorf("input %d must have %d elements, got shape %v", i, dirs*size, in[i].Shape())
			return nil
		}
		return f32(in[i])[d*size:][:size]
	}
	w = recurrent.Weights{W: part(1, rows*input), R: part(2, rows*hidden), B: part(3, 2*rows), P: part(7, 3*hidden)}
	return w, input, hidden, err
}

func (k *recurrence) run(x *exec, in, out []*tensor.Tensor) error {
	layout := 0
	if k.batchFirst {
		layout = 1
	}
	s, err := op.ShapeOfRecurrent(in, k.cells[0].Kind.Gates(), len(k.cells), layout)
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
		if layers, err = k.dynamic(x, in); err != nil {
			return err
		}
	}
	args := recurrent.Args{Seq: s.Seq, Batch: s.Batch, BatchFirst: k.batchFirst, Layers: layers, Reverse: k.reverse, X: f32(in[0]),
		H0: floats(in, 5), C0: floats(in, 6), Y: floats(out, 0), YH: floats(out, 1), YC: floats(out, 2)}
	if len(in) > 4 && in[4] != nil {
		args.Lengths = tensor.Data[int32](in[4])
		for _, n := range args.Lengths {
			if n < 0 || int(n) > s.Seq {
				return fmt.Errorf("sequence lengths must be from 0 to %d, got %v", s.Seq, in[4])
			}
		}
	}
	recurrent.Run(x.recurrent, args)
	return nil
}

// dynamic sets the layers of the session to weights that are computed in this run.
func (k *recurrence) dynamic(x *exec, in []*tensor.Tensor) ([]*recurrent.Layer, error) {
	layers := x.recurrent.Dynamic(len(k.cells))
	for d, l := range layers {
		w, input, hidden, err := k.weights(in, d)
		if err != nil {
			return nil, err
		}
		l.Set(k.cells[d], input, hidden, w, k.level)
	}
	return layers, nil
}

// floats is the data of operand i, nil if it is absent.
func floats(t []*tensor.Tensor, i int) []float32 {
	if i >= len(t) || t[i] == nil {
		return nil
	}
	return f32(t[i])
}
