package passes

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// phases spells transposed convolutions with constant weights as convolutions. Elements of the result that are a stride apart meet the same elements of the kernel:
// each such phase is a convolution of its own, and all of them together are one with so many times the channels, which are then put side by
// side. (Shi et al., 2016, Is the deconvolution layer the same as a convolutional layer?)
func phases(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		if len(n.Out()) == 0 || !n.Out()[0].Used() {
			continue
		}
		p := phasesOf(n)
		if p == nil || !r.rewrite() {
			continue
		}
		if err := p.build(g, n); err != nil {
			return err
		}
	}
	return nil
}

// phased is a transposed convolution that can be taken apart.
type phased struct {
	axes         []phasedAxis
	x            *ir.Value
	weights      *tensor.Tensor // [C, M/groups, kernel…]
	bias         *tensor.Tensor // [M], or nil
	groups, outs int            // outs: M
}

type phasedAxis struct {
	kernel, stride int
	taps           int // elements of the kernel that a phase meets, at most
	before, after  int // elements of the phases put side by side that are cut off
}

// phasesOf returns nil for what is no transposed convolution, or cannot be taken apart, or would compute much that is cut off.
func phasesOf(n *ir.Node) *phased {
	o, ok := n.Op.(*op.ConvTranspose)
	if !ok || o.AutoPad != "" || o.OutputShape != nil {
		return nil
	}
	x, w := n.Input(0), n.Input(1).Const
	p := &phased{x: x, weights: w, groups: max(1, o.Group)}
	if w == nil || w.DType() != tensor.Float32 || w.Rank() != 3 && w.Rank() != 4 || w.Len() == 0 || !x.Type.Ranked || len(x.Type.Dims) != w.Rank() {
		return nil
	}
	if b := n.Input(2); b != nil {
		if p.bias = b.Const; p.bias == nil {
			return nil
		}
	}
	p.outs = w.Dim(1) * p.groups
	at := func(list []int, i, otherwise int) int {
		if list == nil {
			return otherwise
		}
		return list[i]
	}
	for i, k := range w.Shape()[2:] {
		a := phasedAxis{kernel: k, stride: at(o.Strides, i, 1), before: at(o.Pads, i, 0)}
		if a.stride > k || at(o.Dilations, i, 1) != 1 {
			return nil
		}
		a.taps = (k + a.stride - 1) / a.stride
		a.after = a.taps*a.stride - k + at(o.Pads, w.Rank()-2+i, 0) - at(o.OutputPads, i, 0)
		if a.after < 0 {
			return nil
		}
		p.axes = append(p.axes, a)
	}
	return p
}

// kernel returns the weights of all phases `[M·strides…, C/groups, taps…]`: those of a phase are every stride-th element, in reverse order.
func (p *phased) kernel() *tensor.Tensor {
	whole := p.axes
	if len(whole) == 1 {
		whole = []phasedAxis{{kernel: 1, stride: 1, taps: 1}, whole[0]}
	}
	a, b := whole[0], whole[1]
	in, per := p.weights.Dim(0)/p.groups, p.weights.Dim(1)
	shape := []int{p.outs * a.stride * b.stride, in}
	for _, x := range p.axes {
		shape = append(shape, x.taps)
	}
	t := tensor.New(tensor.Float32, shape...)
	dst, src := tensor.Data[float32](t), tensor.Data[float32](p.weights)
	i := 0
	for m := range p.outs {
		for phase := range a.stride * b.stride {
			for c := range in {
				from := src[((m/per*in+c)*per+m%per)*a.kernel*b.kernel:]
				for j := range a.taps {
					for k := range b.taps {
						y, x := phase/b.stride+(a.taps-1-j)*a.stride, phase%b.stride+(b.taps-1-k)*b.stride
						if y < a.kernel && x < b.kernel {
							dst[i] = from[y*b.kernel+x]
						}
						i++
					}
				}
			}
		}
	}
	return t
}

// build computes what n does.
func (p *phased) build(g *ir.Graph, n *ir.Node) error {
	b := &builder{g: g, at: n}
	window := op.Window{Pads: make([]int, 2*len(p.axes))}
	count := 1
	for i, a := range p.axes {
		window.Pads[i], window.Pads[len(p.axes)+i] = a.taps-1, a.taps-1
		count *= a.stride
	}
	in := []*ir.Value{p.x, b.constant(p.kernel(), "")}
	if p.bias != nil {
		each := tensor.New(tensor.Float32, p.outs*count)
		for i := range each.Len() {
			tensor.Data[float32](each)[i] = tensor.Data[float32](p.bias)[i/count]
		}
		in = append(in, b.constant(each, ""))
	}
	y := b.add(&op.Conv{Window: window, Group: p.groups}, in...)
	if count > 1 {
		y = p.together(b, y)
	}
	y = p.cut(b, y)
	if b.err != nil {
		return b.err
	}
	y.Learn(n.Out()[0].Fact)
	g.ReplaceUses(n.Out()[0], y)
	ir.Credit(y.Def(), n)
	removeIfUnused(g, n)
	return nil
}

// together puts the phases, which are channels, side by side.
func (p *phased) together(b *builder, y *ir.Value) *ir.Value {
	dims := p.x.Type.Dims
	apart, joined := []sym.Expr{dims[0], sym.Int(p.outs)}, []sym.Expr{dims[0], sym.Int(p.outs)}
	perm, axes := []int{0, 1}, len(p.axes)
	for _, a := range p.axes {
		apart = append(apart, sym.Int(a.stride))
	}
	for i, a := range p.axes {
		length := dims[2+i].Add(sym.Int(a.taps - 1))
		apart, joined = append(apart, length), append(joined, length.Mul(sym.Int(a.stride)))
		perm = append(perm, 2+axes+i, 2+i)
	}
	shape := func(d []sym.Expr) *ir.Value {
		return b.add(&ir.Dims{Elem: tensor.Int64, Shape: []int{len(d)}, Exprs: d})
	}
	y = b.add(&op.Reshape{AllowZero: true}, y, shape(apart))
	y = b.add(&op.Transpose{Perm: perm}, y)
	return b.add(&op.Reshape{AllowZero: true}, y, shape(joined))
}

// cut cuts off what the padding says, and what was computed beyond the kernel.
func (p *phased) cut(b *builder, y *ir.Value) *ir.Value {
	var starts, ends, axes []int64
	for i, a := range p.axes {
		if a.before == 0 && a.after == 0 {
			continue
		}
		starts, axes = append(starts, int64(a.before)), append(axes, int64(2+i))
		if ends = append(ends, int64(-a.after)); a.after == 0 {
			ends[len(ends)-1] = math.MaxInt64
		}
	}
	if axes == nil {
		return y
	}
	list := func(n []int64) *ir.Value { return b.constant(tensor.Must(n, len(n)), "") }
	return b.add(&op.Slice{}, y, list(starts), list(ends), list(axes))
}
