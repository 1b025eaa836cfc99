package cpu

import (
	"fmt"
	"math"
	"strings"

	"github.com/gocompile/gocompile/backend/cpu/kernel/conv"
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/quant"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.ConvInteger, n *ir.Node, p *Program) kernel {
		x, w := n.Input(0), n.Input(1)
		rank, ok := x.Type.Rank()
		if !ok || rank < 3 || rank > 2+conv.MaxAxes || !isByte(x.Type.Elem) || !isByte(w.Type.Elem) || !isRow(n.Input(convZeroW)) {
			return nil
		}
		if zero := n.Input(convZeroX); zero != nil && !isSingle(zero) {
			return nil
		}
		k := &integerConvolution{window: &o.Window, groups: max(1, o.Group)}
		if w, zero := w.Const, n.Input(convZeroW); w != nil && w.Len() > 0 && w.Dim(0)%k.groups == 0 && (zero == nil || zero.Const != nil) {
			key := packedConvolution{weights: w, groups: k.groups}
			if zero != nil {
				key.zero = zero.Const
			}
			list, err := zeroPoints(nil, []*tensor.Tensor{key.zero}, 0, w.Dim(0))
			if err != nil {
				return nil
			}
			k.weights = packed(p.packs, key, func() *quant.ConvWeights {
				defer p.spent(w)
				return quant.PackConv(k.source(w, list), p.level)
			})
		}
		return k
	})
}

// Inputs of [op.ConvInteger].
const (
	convZeroX = 2
	convZeroW = 3
)

// packedConvolution is the key of packed weights of a convolution of integers.
type packedConvolution struct {
	weights, zero *tensor.Tensor
	groups        int
}

// integerConvolution convolves bytes. Constant weights are packed when the program is compiled.
type integerConvolution struct {
	window  *op.Window
	groups  int
	weights *quant.ConvWeights
	after   afterSums
}

// afterSums is what follows the exact sums: inputs of a unit, 0 for none.
type afterSums struct {
	offset         int  // integers that are added, one a channel
	float          bool // the result is made float32 numbers
	factor, biased int
	bounded        bool // by low and high
	low, high      float32
	step, zero     int // of bytes that the result is quantised to
}

func (k *integerConvolution) source(w *tensor.Tensor, zero []int32) quant.ConvSource {
	taps := 1
	for _, d := range w.Shape()[2:] {
		taps *= d
	}
	return quant.ConvSource{Groups: k.groups, Out: w.Dim(0) / k.groups, In: w.Dim(1), Taps: taps, W: w.Bytes(), Signed: w.DType() == tensor.Int8, Zero: zero}
}

// integerConvolutionUnit takes what follows a convolution of bytes into it: a bias of integers, the conversion to float32, a factor and a bias, limits, and
// the conversion to bytes. It returns nil for other nodes.
func (p *Program) integerConvolutionUnit(n *ir.Node, taken map[*ir.Node]*unit) *unit {
	if _, ok := n.Op.(*op.ConvInteger); !ok {
		return nil
	}
	k, _ := lower(n, p).(*integerConvolution)
	if k == nil || !n.Out()[0].Used() {
		return nil
	}
	in := make([]*ir.Value, 4, 8)
	copy(in, n.In())
	u := &unit{nodes: []*ir.Node{n}, in: in, kernel: k}
	u.grow(taken, k.after.take)
	return u
}

// take makes a node part of the convolution, if it can be.
func (a *afterSums) take(u *unit, n *ir.Node) bool {
	v := u.last().Out()[0]
	if len(n.Out()) != 1 || !sameShape(v.Type, n.Out()[0].Type) || a.step > 0 {
		return false
	}
	switch o := n.Op.(type) {
	case *op.Cast:
		if a.float || o.To != tensor.Float32 {
			return false
		}
		a.float = true
		return true
	case *op.Binary:
		return a.takeBinary(u, n, o.Fn, v)
	case *op.QuantizeLinear:
		return a.takeQuantizing(u, n, v)
	}
	f, low, high, ok := activation(n)
	switch {
	case !ok || !a.float || a.bounded:
		return false
	case f == gemm.Relu:
		low, high = 0, float32(math.Inf(1))
	case f != gemm.Clip || !(low <= high):
		return false
	}
	a.bounded, a.low, a.high = true, low, high
	return true
}

func (a *afterSums) takeBinary(u *unit, n *ir.Node, fn op.BinaryFn, v *ir.Value) bool {
	other := otherInput(n, v)
	if other == nil || a.bounded {
		return false
	}
	channels := isOfChannels(other.Type, v.Type)
	switch {
	case fn == op.Add && !a.float && a.offset == 0 && channels:
		a.offset = len(u.in)
	case fn == op.Add && a.float && a.biased == 0 && channels:
		a.biased = len(u.in)
	case fn == op.Mul && a.float && a.factor == 0 && a.biased == 0 && (channels || isSingle(other) && len(other.Type.Dims) <= len(v.Type.Dims)):
		a.factor = len(u.in)
	default:
		return false
	}
	u.in = append(u.in, other)
	return true
}

func (a *afterSums) takeQuantizing(u *unit, n *ir.Node, v *ir.Value) bool {
	if _, ok := lower(n, nil).(binder); !ok || !a.float || n.Input(0) != v || !isSingle(n.Input(1)) || n.Input(2) != nil && !isSingle(n.Input(2)) {
		return false
	}
	a.step, a.zero = len(u.in), len(u.in)+1
	u.in = append(u.in, n.Input(1), n.Input(2))
	return true
}

// isOfChannels reports whether a value has one element for each channel of an image, and broadcasts so.
func isOfChannels(t, image ir.Type) bool {
	if !t.Ranked || len(t.Dims) > len(image.Dims) || len(t.Dims) < len(image.Dims)-1 {
		return false
	}
	channel := 1 - len(image.Dims) + len(t.Dims)
	for i, d := range t.Dims {
		if n, ok := d.IsConst(); i != channel && (!ok || n != 1) {
			return false
		}
	}
	return t.Dims[channel].Equal(image.Dims[1])
}

// String names the parts.
func (k *integerConvolution) String() string {
	a := &k.after
	parts := []string{"integer conv"}
	for _, p := range []struct {
		has  bool
		name string
	}{{a.offset > 0, "offset"}, {a.float, "float"}, {a.factor > 0, "scale"}, {a.biased > 0, "bias"}, {a.bounded, "clip"}, {a.step > 0, "quantize"}} {
		if p.has {
			parts = append(parts, p.name)
		}
	}
	return strings.Join(parts, "+")
}

func (k *integerConvolution) run(x *exec, in, out []*tensor.Tensor) error {
	return bindAndRun(k, x, in, out)
}

func (k *integerConvolution) bind(*exec, []*tensor.Tensor, []*tensor.Tensor) (kernel, error) {
	return &boundIntegerConvolution{integerConvolution: k}, nil
}

// boundIntegerConvolution is an integerConvolution with what it keeps from run to run.
type boundIntegerConvolution struct {
	*integerConvolution
	axes [conv.MaxAxes]conv.Axis
	zero []int32
	own  *quant.ConvWeights // of weights that are not constant
}

func (k *boundIntegerConvolution) run(x *exec, in, out []*tensor.Tensor) error {
	data, w, y := in[0], in[1], out[0]
	shape, err := shapeOfConvolution(k.axes[:0], k.window, k.groups, data, w)
	if err != nil {
		return err
	}
	args := quant.ConvArgs{Shape: shape, X: data.Bytes(), SignedX: data.DType() == tensor.Int8, Weights: k.weights}
	if len(in) > convZeroX && in[convZeroX] != nil {
		args.ZeroX = int32(in[convZeroX].Int64(0))
	}
	if k.weights == nil {
		if k.zero, err = zeroPoints(k.zero, in, convZeroW, w.Dim(0)); err != nil {
			return err
		}
		if k.own == nil {
			k.own = new(quant.ConvWeights)
		}
		k.own.Pack(k.source(w, k.zero), x.quant.Level())
		args.Weights = k.own
	}
	if err := k.after.load(&args, in, y, w.Dim(0)); err != nil {
		return err
	}
	quant.Conv(x.quant, args)
	return nil
}

// load puts what follows the sums of a convolution with so many channels into its arguments.
func (a *afterSums) load(args *quant.ConvArgs, in []*tensor.Tensor, y *tensor.Tensor, channels int) error {
	for _, i := range []int{a.offset, a.factor, a.biased} {
		if i > 0 && in[i].Len() != channels && (i != a.factor || in[i].Len() != 1) {
			return fmt.Errorf("a tensor of shape %v does not fit %d channels", in[i].Shape(), channels)
		}
	}
	if a.offset > 0 {
		args.Offset = tensor.Data[int32](in[a.offset])
	}
	f := &args.Finish
	*f = quant.Finish{Scale: unscaled, Low: float32(math.Inf(-1)), High: float32(math.Inf(1)), Step: 1}
	if a.bounded {
		f.Low, f.High = a.low, a.high
	}
	if a.factor > 0 {
		f.Scale = f32(in[a.factor])
	}
	if a.biased > 0 {
		f.Bias = f32(in[a.biased])
	}
	switch {
	case a.step > 0:
		f.Step, f.Signed, args.Bytes = f32(in[a.step])[0], y.DType() == tensor.Int8, y.Bytes()
		if zero := in[a.zero]; zero != nil {
			f.Zero = int32(zero.Int64(0))
		}
	case a.float:
		args.Float = f32(y)
	default:
		args.Sums = tensor.Data[int32](y)
	}
	return nil
}
