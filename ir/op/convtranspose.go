package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// ConvTranspose is the transpose of a convolution as a linear map: every element of X `[N, C, spatial…]` is multiplied with the weights W
// `[C, M/Group, kernel…]` and added where the window of that position lies in the result, `[N, M, …]`, from which padding is cut off. An
// optional bias is of `[M]`.
//
// The result has Stride·(in − 1) + (kernel − 1)·Dilation + 1 + OutputPads − padding elements an axis. OutputShape, if it is set, states that
// number, and so does AutoPad: in·Stride; the padding is then what is too much, the odd element before the axis unless AutoPad is SameUpper.
type ConvTranspose struct {
	Window
	Group       int
	OutputPads  []int
	OutputShape []int
}

func (o *ConvTranspose) check(axes int) error {
	if err := o.Window.check(axes); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		v    []int
	}{{"output padding", o.OutputPads}, {"output shape", o.OutputShape}} {
		if f.v != nil && len(f.v) != axes {
			return fmt.Errorf("%s %v must have %d numbers", f.name, f.v, axes)
		}
		for _, n := range f.v {
			if n < 0 || n > maxWindow {
				return fmt.Errorf("%s %v must be from 0 to %d", f.name, f.v, maxWindow)
			}
		}
	}
	return nil
}

// Infer implements [ir.Op].
func (o *ConvTranspose) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 3); err != nil {
		return nil, err
	}
	x, w := c.Type(0), c.Type(1)
	if !x.Elem.IsFloat() || x.Elem != w.Elem || c.Has(2) && c.Type(2).Elem != x.Elem {
		return nil, fmt.Errorf("takes floats of one type, got %v, %v, %v", x, w, c.Type(2))
	}
	if err := spatial(x); err != nil {
		return nil, err
	}
	if !x.Ranked || !w.Ranked {
		return []ir.Fact{ir.Of(ir.UnrankedType(x.Elem))}, nil
	}
	if len(x.Dims) != len(w.Dims) {
		return nil, fmt.Errorf("data %v and weights %v must be of one rank", x, w)
	}
	if _, err := sameDim(x.Dims[1], w.Dims[0]); err != nil {
		return nil, fmt.Errorf("channels of data %v and weights %v: %w", x, w, err)
	}
	if err := o.check(len(x.Dims) - 2); err != nil {
		return nil, err
	}
	kernel, err := o.kernelDims(w.Dims[2:])
	if err != nil {
		return nil, err
	}
	dims := []sym.Expr{x.Dims[0], w.Dims[1].Mul(sym.Int(groups(o.Group)))}
	if c.Has(2) {
		if err := checkVector(c.Type(2), dims[1], "bias"); err != nil {
			return nil, err
		}
	}
	for i, n := range x.Dims[2:] {
		stride := sym.Int(numberOr(o.Strides, i, 1))
		var d sym.Expr
		switch {
		case o.OutputShape != nil:
			d = sym.Int(o.OutputShape[i])
		case o.AutoPad != "":
			d = n.Mul(stride)
		default:
			span := kernel[i].Sub(sym.Const(1)).Mul(sym.Int(numberOr(o.Dilations, i, 1)))
			d = n.Sub(sym.Const(1)).Mul(stride).Add(span).Add(sym.Int(1 + numberOr(o.OutputPads, i, 0) - o.before(i) - o.after(i)))
		}
		if k, ok := d.IsConst(); ok && k < 0 {
			return nil, fmt.Errorf("spatial axis %d would have %d elements", i, k)
		}
		dims = append(dims, d)
	}
	return []ir.Fact{ir.Of(x.WithDims(dims...))}, nil
}

// Transposed returns the windows of the convolution whose transpose this is: they slide over the result, and their positions are the
// elements of the input, of the given spatial sizes.
func (o *ConvTranspose) Transposed(in, kernel []int) ([]WindowAxis, error) {
	if err := o.check(len(in)); err != nil {
		return nil, err
	}
	if len(kernel) != len(in) {
		return nil, fmt.Errorf("a kernel of %v does not suit %d spatial axes", kernel, len(in))
	}
	axes := make([]WindowAxis, len(in))
	for i, n := range in {
		a := WindowAxis{Out: n, Kernel: kernel[i], Stride: numberOr(o.Strides, i, 1), Dilation: numberOr(o.Dilations, i, 1), Before: o.before(i), After: o.after(i)}
		if a.Kernel < 1 || a.Kernel > maxWindow || o.Kernel != nil && o.Kernel[i] != a.Kernel {
			return nil, fmt.Errorf("a kernel of %v does not suit window %v", kernel, o.Kernel)
		}
		whole := a.Stride*(n-1) + (a.Kernel-1)*a.Dilation + 1 + numberOr(o.OutputPads, i, 0)
		a.In = whole - a.Before - a.After
		if o.OutputShape != nil || o.AutoPad != "" {
			a.In = n * a.Stride
			if o.OutputShape != nil {
				a.In = o.OutputShape[i]
			}
			total := max(0, whole-a.In)
			a.Before, a.After = total-total/2, total/2
			if o.AutoPad == SameUpper {
				a.Before, a.After = a.After, a.Before
			}
		}
		if a.In < 0 {
			return nil, fmt.Errorf("spatial axis %d would have %d elements", i, a.In)
		}
		axes[i] = a
	}
	return axes, nil
}

// Eval implements [ir.Op].
func (o *ConvTranspose) Eval(c *ir.EvalContext) error {
	x, w := c.Tensor(0), c.Tensor(1)
	batch, channels, space := spatialShape(x.Shape())
	first, out, kernel := spatialShape(w.Shape())
	g := groups(o.Group)
	if first != channels || channels%g != 0 {
		return fmt.Errorf("data of shape %v and weights of shape %v do not fit together in %d groups", x.Shape(), w.Shape(), g)
	}
	axes, err := o.Transposed(space, kernel)
	if err != nil {
		return err
	}
	y := c.New(0, x.DType(), append([]int{batch, out * g}, sizes(axes, inSize)...)...)
	bias := biasOf(c.Tensor(2), out*g)
	if y.Len() == 0 {
		return nil
	}
	size, ysize, taps := volume(space), y.Len()/(batch*out*g), volume(kernel)
	sum := tensor.Data[float64](c.Temp(tensor.Float64, y.Len()))
	for i := range sum {
		sum[i] = bias[i/ysize%(out*g)]
	}
	a, b := tensor.Float64s(x), tensor.Float64s(w)
	if x.Len() > 0 {
		windowWalk(axes, func(pos int, _ []int, meet []tap) {
			for i := range batch * channels {
				v, ch := a[i*size+pos], i%channels
				to := sum[(i/channels*g+ch/(channels/g))*out*ysize:]
				for m := range out {
					for _, t := range meet {
						to[m*ysize+t.in] += v * b[(ch*out+m)*taps+t.kernel]
					}
				}
			}
		})
	}
	for i, v := range sum {
		y.SetFloat64(i, v)
	}
	return nil
}

func init() { ir.Register[ConvTranspose]() }
