package cpu

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/conv"
	"github.com/gocompile/gocompile/backend/cpu/kernel/pooling"
	"github.com/gocompile/gocompile/backend/cpu/kernel/quant"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.MaxPool, n *ir.Node, _ *Program) kernel {
		if len(n.Out()) > 1 && n.Out()[1].Used() {
			return nil
		}
		if rank, ok := n.Input(0).Type.Rank(); ok && isByte(n.Input(0).Type.Elem) && rank >= 3 && rank <= 2+conv.MaxAxes {
			return &maximaOfBytes{window: &o.Window}
		}
		if !poolable(n) {
			return nil
		}
		return &pooled{window: &o.Window}
	})
	lowerBy(func(o *op.AveragePool, n *ir.Node, _ *Program) kernel {
		if !poolable(n) {
			return nil
		}
		return &pooled{window: &o.Window, mean: true, pads: o.CountPads}
	})
}

// poolable reports whether input 0 of a pooling is one that the kernels take.
func poolable(n *ir.Node) bool {
	rank, ok := n.Input(0).Type.Rank()
	return ok && n.Input(0).Type.Elem == tensor.Float32 && rank >= 3 && rank <= 2+pooling.MaxAxes
}

// pooled takes maxima or means of float32 images of up to three axes.
type pooled struct {
	window     *op.Window
	mean, pads bool
}

func (k *pooled) run(x *exec, in, out []*tensor.Tensor) error {
	data, y := in[0], out[0]
	var buffer [pooling.MaxAxes]op.WindowAxis
	window, err := k.window.AppendOver(buffer[:0], data.Shape()[2:], k.window.Kernel)
	if err != nil {
		return err
	}
	args := pooling.Args{Planes: data.Dim(0) * data.Dim(1), X: tensor.Data[float32](data), Y: tensor.Data[float32](y), Mean: k.mean, Pads: k.pads}
	for i := range args.Axes {
		args.Axes[i] = pooling.Unit
		if j := i - (pooling.MaxAxes - len(window)); j >= 0 {
			a := &window[j]
			args.Axes[i] = pooling.Axis{In: a.In, Out: a.Out, Kernel: a.Kernel, Stride: a.Stride, Dilation: a.Dilation, Before: a.Before, After: a.After}
		}
	}
	if x.pooling == nil {
		x.pooling = pooling.NewCtx(x.pool)
	}
	pooling.Run(x.pooling, args)
	return nil
}

// maximaOfBytes takes maxima of images of bytes of up to three axes.
type maximaOfBytes struct{ window *op.Window }

func (k *maximaOfBytes) run(x *exec, in, out []*tensor.Tensor) error {
	data := in[0]
	var axes [conv.MaxAxes]conv.Axis
	window, err := appendWindow(axes[:0], k.window, data, k.window.Kernel)
	if err != nil {
		return err
	}
	quant.MaxPool(x.quant, quant.MaxPoolArgs{Planes: data.Dim(0) * data.Dim(1), Axes: window, X: data.Bytes(), Y: out[0].Bytes(), Signed: data.DType() == tensor.Int8})
	return nil
}
