package cpu

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/backend/cpu/kernel/conv"
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.Conv, n *ir.Node, p *Program) kernel {
		rank, ok := n.Input(0).Type.Rank()
		if !ok || n.Input(0).Type.Elem != tensor.Float32 || rank < 3 || rank > 2+conv.MaxAxes {
			return nil
		}
		k := &convolution{window: &o.Window, groups: max(1, o.Group)}
		if w := n.Input(1).Const; w != nil && w.Len() > 0 && w.Dim(0)%k.groups == 0 {
			k.weights = conv.NewWeights(tensor.Data[float32](w), k.groups, w.Dim(0)/k.groups, w.Len()/w.Dim(0))
			k.weights.OnPacked(func() { p.spent(w) })
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
	window   *op.Window
	groups   int
	weights  *conv.Weights
	after    conv.After
	residual int // its input, 0 for none
}

// convolutionUnit takes what follows a convolution into it: a residual and an activation, in either order. It returns nil for other nodes.
func (p *Program) convolutionUnit(n *ir.Node, taken map[*ir.Node]*unit) *unit {
	if _, ok := n.Op.(*op.Conv); !ok {
		return nil
	}
	k, _ := lower(n, p).(*convolution)
	if k == nil || !n.Out()[0].Used() {
		return nil
	}
	in := make([]*ir.Value, 3, 4)
	copy(in, n.In())
	u := &unit{nodes: []*ir.Node{n}, in: in, kernel: k}
	u.grow(taken, k.take)
	return u
}

// take makes a node part of the convolution, if it can be.
func (k *convolution) take(u *unit, n *ir.Node) bool {
	v, a := u.last().Out()[0], &k.after
	if len(n.Out()) != 1 || !sameShape(v.Type, n.Out()[0].Type) || n.Out()[0].Type.Elem != tensor.Float32 {
		return false
	}
	if f, alpha, beta, ok := activation(n); ok {
		if a.Activation != gemm.Identity || k.residual > 0 && !a.ResidualFirst {
			return false
		}
		a.Activation, a.Alpha, a.Beta = f, alpha, beta
		return true
	}
	if o, ok := n.Op.(*op.Binary); !ok || o.Fn != op.Add || k.residual > 0 {
		return false
	}
	other := otherInput(n, v)
	if other == nil || !isResidual(v, other) {
		return false
	}
	a.ResidualFirst = a.Activation == gemm.Identity
	k.residual = len(u.in)
	u.in = append(u.in, other)
	return true
}

// String names what is done after the sum.
func (k *convolution) String() string {
	name, act := "conv", ""
	if k.after.Activation != gemm.Identity {
		act = "+" + k.after.Activation.String()
	}
	switch {
	case k.residual == 0:
		return name + act
	case k.after.ResidualFirst:
		return name + "+residual" + act
	}
	return name + act + "+residual"
}

func (k *convolution) run(x *exec, in, out []*tensor.Tensor) error {
	data, w, y := in[0], in[1], out[0]
	c := x.convolver()
	shape, err := shapeOfConvolution(c.Axes[:0], k.window, k.groups, data, w)
	if err != nil {
		return err
	}
	args := conv.Args{Shape: shape, X: tensor.Data[float32](data), Y: tensor.Data[float32](y), Weights: k.weights, W: tensor.Data[float32](w), After: k.after}
	if len(in) > 2 && in[2] != nil {
		args.Bias = tensor.Data[float32](in[2])
	}
	if k.residual > 0 {
		r := in[k.residual]
		if !slices.Equal(r.Shape(), y.Shape()) {
			return fmt.Errorf("a residual of shape %v for a convolution of shape %v", r.Shape(), y.Shape())
		}
		args.Residual = tensor.Data[float32](r)
	}
	conv.Run(c, args)
	return nil
}

// shapeOfConvolution is the shape of a convolution of data with weights w. Its axes are appended to a slice.
func shapeOfConvolution(axes []conv.Axis, window *op.Window, groups int, data, w *tensor.Tensor) (conv.Shape, error) {
	axes, err := appendWindow(axes, window, data, w.Shape()[2:])
	return conv.Shape{Batch: data.Dim(0), Groups: groups, In: w.Dim(1), Out: w.Dim(0) / groups, Axes: axes}, err
}

// appendWindow appends a window with such a kernel over images.
func appendWindow(axes []conv.Axis, window *op.Window, images *tensor.Tensor, kernel []int) ([]conv.Axis, error) {
	var buffer [conv.MaxAxes]op.WindowAxis
	all, err := window.AppendOver(buffer[:0], images.Shape()[2:], kernel)
	for _, a := range all {
		axes = append(axes, conv.Axis{In: a.In, Out: a.Out, Kernel: a.Kernel, Stride: a.Stride, Dilation: a.Dilation, Before: a.Before})
	}
	return axes, err
}
