package cpu

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/conv"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.Conv, n *ir.Node, _ *Program) kernel {
		rank, ok := n.Input(0).Type.Rank()
		if !ok || n.Input(0).Type.Elem != tensor.Float32 || rank < 3 || rank > 2+conv.MaxAxes {
			return nil
		}
		k := &convolution{window: &o.Window, groups: max(1, o.Group)}
		if w := n.Input(1).Const; w != nil && w.Len() > 0 && w.Dim(0)%k.groups == 0 {
			k.weights = conv.NewWeights(tensor.Data[float32](w), k.groups, w.Dim(0)/k.groups, w.Len()/w.Dim(0))
		}
		return k
	})
}

// convolver returns the session's context for convolutions, which it makes at the first call.
func (x *exec) convolver() *conv.Ctx {
	if x.conv == nil {
		lv, _ := level.Current() // an error ended the compilation of the program
		x.conv = conv.NewCtx(x.pool, lv, x.gemm)
	}
	return x.conv
}

// convolution convolves float32 images of up to three axes. Constant weights are packed at the first run.
type convolution struct {
	window  *op.Window
	groups  int
	weights *conv.Weights
}

func (k *convolution) run(x *exec, in, out []*tensor.Tensor) error {
	data, w, y := in[0], in[1], out[0]
	var buffer [conv.MaxAxes]op.WindowAxis
	window, err := k.window.AppendOver(buffer[:0], data.Shape()[2:], w.Shape()[2:])
	if err != nil {
		return err
	}
	c := x.convolver()
	for i, a := range window {
		c.Axes[i] = conv.Axis{In: a.In, Out: a.Out, Kernel: a.Kernel, Stride: a.Stride, Dilation: a.Dilation, Before: a.Before}
	}
	args := conv.Args{X: tensor.Data[float32](data), Y: tensor.Data[float32](y), Weights: k.weights, W: tensor.Data[float32](w)}
	args.Shape = conv.Shape{Batch: data.Dim(0), Groups: k.groups, In: w.Dim(1), Out: w.Dim(0) / k.groups, Axes: c.Axes[:len(window)]}
	if len(in) > 2 && in[2] != nil {
		args.Bias = tensor.Data[float32](in[2])
	}
	conv.Run(c, args)
	return nil
}
