package cpu

import (
	"slices"

	"github.com/gocompile/gocompile/backend/cpu/kernel/quant"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// combineCost is nanoseconds an element.
const combineCost = 0.2

// bytesUnit takes the sum or the product of numbers that bytes stand for, and Relu of it, into the conversion of the result to bytes. It returns nil for other nodes.
func (p *Program) bytesUnit(n *ir.Node, taken map[*ir.Node]*unit) *unit {
	o, ok := n.Op.(*op.QuantizeLinear)
	if !ok || taken[n] != nil || !scaledBytes(n, n.Out()[0]) || o.BlockSize != 0 || o.Precision != tensor.Invalid {
		return nil
	}
	k := &bytesCombination{}
	nodes := []*ir.Node{n}
	f := solelyUsed(n.Input(0), taken)
	if f != nil {
		if o, ok := f.Op.(*op.Unary); ok && o.Fn == op.Relu {
			k.relu = true
			nodes = append(nodes, f)
			f = solelyUsed(f.Input(0), taken)
		}
	}
	if f == nil {
		return nil
	}
	b, ok := f.Op.(*op.Binary)
	if !ok || b.Fn != op.Add && b.Fn != op.Mul {
		return nil
	}
	k.mul = b.Fn == op.Mul
	nodes = append(nodes, f)
	u := &unit{kernel: k}
	for _, v := range f.In() {
		d := v.Def()
		if d == nil || taken[d] != nil || !sameShape(v.Type, n.Out()[0].Type) {
			return nil
		}
		if o, ok := d.Op.(*op.DequantizeLinear); !ok || o.BlockSize != 0 || v.Type.Elem != tensor.Float32 || !scaledBytes(d, d.Input(0)) {
			return nil
		}
		if solelyUsed(v, taken) != nil {
			nodes = append(nodes, d)
		}
		u.in = append(u.in, d.Input(0), d.Input(1), d.Input(2))
	}
	u.in = append(u.in, n.Input(1), n.Input(2))
	slices.Reverse(nodes)
	u.nodes = nodes
	return u
}

// solelyUsed is the node that computes v, if v has one use, is no output, and the node is in no unit yet.
func solelyUsed(v *ir.Value, taken map[*ir.Node]*unit) *ir.Node {
	if v.Def() == nil || v.IsOutput() || len(v.Uses()) != 1 || taken[v.Def()] != nil {
		return nil
	}
	return v.Def()
}

// scaledBytes reports whether v, the input or the result of n, is bytes that have one float32 scale and zero point, the other inputs of n.
func scaledBytes(n *ir.Node, v *ir.Value) bool {
	zero := n.Input(2)
	return isByte(v.Type.Elem) && n.Input(1).Type.Elem == tensor.Float32 && isSingle(n.Input(1)) && (zero == nil || isSingle(zero))
}

// bytesCombination combines two tensors of bytes with their scales and zero points.
type bytesCombination struct{ mul, relu bool }

// String names the parts.
func (k *bytesCombination) String() string {
	s := "bytes(add"
	if k.mul {
		s = "bytes(mul"
	}
	if k.relu {
		s += "+relu"
	}
	return s + ")"
}

func (k *bytesCombination) run(x *exec, in, out []*tensor.Tensor) error {
	return bindAndRun(k, x, in, out)
}

func (k *bytesCombination) bind(*exec, []*tensor.Tensor, []*tensor.Tensor) (kernel, error) {
	b := &boundBytes{bytesCombination: k}
	b.body = b.part
	return b, nil
}

// boundBytes is a bytesCombination with what it keeps from run to run.
type boundBytes struct {
	*bytesCombination
	combiner quant.Combiner
	x        *exec
	a, b     []byte
	out      []byte
	body     func(lo, hi int)
}

func (k *boundBytes) run(x *exec, in, out []*tensor.Tensor) error {
	if err := sameLen(in[0], in[3]); err != nil {
		return err
	}
	if err := sameLen(in[0], out[0]); err != nil {
		return err
	}
	scaled := func(t, scale, zero *tensor.Tensor) quant.Scaled {
		s := quant.Scaled{Scale: f32(scale)[0], Signed: t.DType() == tensor.Int8}
		if zero != nil {
			s.Zero = int32(zero.Int64(0))
		}
		return s
	}
	k.combiner.Set(quant.Combination{A: scaled(in[0], in[1], in[2]), B: scaled(in[3], in[4], in[5]), Out: scaled(out[0], in[6], in[7]), Mul: k.mul, Relu: k.relu})
	k.x, k.a, k.b, k.out = x, in[0].Bytes(), in[3].Bytes(), out[0].Bytes()
	x.divide(len(k.out), combineCost, k.body)
	return nil
}

func (k *boundBytes) part(lo, hi int) {
	k.combiner.Apply(k.x.quant.Level(), k.out[lo:hi], k.a[lo:hi], k.b[lo:hi])
}
