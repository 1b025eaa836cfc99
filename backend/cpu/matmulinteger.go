package cpu

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/quant"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(_ *op.MatMulInteger, n *ir.Node, p *Program) kernel {
		return lowerIntegerProduct(n, p, integerOperands{a: 0, b: 1, zeroA: 2, zeroB: 3, scaleA: -1})
	})
	lowerBy(func(_ *op.QLinearMatMul, n *ir.Node, p *Program) kernel {
		return lowerIntegerProduct(n, p, integerOperands{a: 0, scaleA: 1, zeroA: 2, b: 3, scaleB: 4, zeroB: 5, scaleY: 6, zeroY: 7})
	})
}

// integerOperands are the numbers of the inputs of a product of 8 bit integers. Without scales (scaleA < 0) the result is i32.
type integerOperands struct{ a, b, scaleA, scaleB, scaleY, zeroA, zeroB, zeroY int }

// lowerIntegerProduct takes matrices whose scales and zero points are single numbers or vectors: of the rows for the zero point of A, of the
// columns for B.
func lowerIntegerProduct(n *ir.Node, p *Program, o integerOperands) kernel {
	a, b := n.Input(o.a).Type, n.Input(o.b).Type
	if !ranked(n) || !isByte(a.Elem) || !isByte(b.Elem) || len(a.Dims) < 2 || len(b.Dims) < 2 || !isRow(n.Input(o.zeroA)) || !isRow(n.Input(o.zeroB)) {
		return nil
	}
	if o.scaleA >= 0 && (!isByte(n.Out()[0].Type.Elem) || !isRow(n.Input(o.scaleB)) ||
		!isSingle(n.Input(o.scaleA)) || !isSingle(n.Input(o.scaleY)) || !isSingle(n.Input(o.zeroY))) {
		return nil
	}
	k := &integerMatMul{integerOperands: o}
	if w := n.Input(o.b).Const; w != nil && w.Rank() == 2 {
		k.packed = packed(p.packs, packedBytes{w}, func() *quant.Packed {
			defer p.spent(w)
			return quant.PackB(w.Bytes(), w.Dim(0), w.Dim(1), b.Elem == tensor.Uint8, p.level, p.packs.memory().Take)
		})
	}
	return k
}

// packedBytes is the key of a packed matrix of integers of 8 bits.
type packedBytes struct{ weights *tensor.Tensor }

// isRow reports whether a value is absent or has at most one axis.
func isRow(v *ir.Value) bool { return v == nil || len(v.Type.Dims) < 2 }

// isSingle reports whether a value has one element.
func isSingle(v *ir.Value) bool {
	n, ok := v.Type.NumElements().IsConst()
	return ok && n == 1
}

// integerMatMul multiplies matrices of bytes, [B…, M, K] by [B…, K, N]. A constant right operand is packed when the program is
// compiled.
type integerMatMul struct {
	integerOperands
	packed         *quant.Packed
	float          bool // the result is made float32 numbers, scaled and added to
	factor, biased int  // inputs, 0 for none
}

// integerUnit takes what follows a product of bytes into it: the conversion to float32, a factor (one, or one for each column) and a
// bias of the columns.
func (p *Program) integerUnit(n *ir.Node, taken map[*ir.Node]*unit) *unit {
	if _, ok := n.Op.(*op.MatMulInteger); !ok {
		return nil
	}
	k, _ := lower(n, p).(*integerMatMul)
	if k == nil {
		return nil
	}
	u := &unit{nodes: []*ir.Node{n}, in: append([]*ir.Value{}, n.In()...), kernel: k}
	u.grow(taken, k.take)
	if len(u.nodes) == 1 {
		return nil
	}
	return u
}

// take makes a node part of the product, if it can be.
func (k *integerMatMul) take(u *unit, n *ir.Node) bool {
	v := u.last().Out()[0]
	dims := v.Type.Dims
	if len(n.Out()) != 1 || !sameShape(v.Type, n.Out()[0].Type) {
		return false
	}
	if o, ok := n.Op.(*op.Cast); ok && !k.float {
		k.float = o.To == tensor.Float32
		return k.float
	}
	o, ok := n.Op.(*op.Binary)
	if !ok || !k.float {
		return false
	}
	other := otherInput(n, v)
	if other == nil {
		return false
	}
	columns := other.Type.Ranked && len(other.Type.Dims) <= len(dims) && isVector(other.Type, dims[len(dims)-1])
	switch {
	case o.Fn == op.Mul && k.factor == 0 && k.biased == 0 && (columns || other.Type.Ranked && len(other.Type.Dims) <= len(dims) && isSingle(other)):
		k.factor = len(u.in)
	case o.Fn == op.Add && k.biased == 0 && columns:
		k.biased = len(u.in)
	default:
		return false
	}
	u.in = append(u.in, other)
	return true
}

// String names the parts.
func (k *integerMatMul) String() string {
	s := "integer matmul"
	if k.float {
		s += "+float"
	}
	if k.factor > 0 {
		s += "+scale"
	}
	if k.biased > 0 {
		s += "+bias"
	}
	return s
}

func (k *integerMatMul) run(x *exec, in, out []*tensor.Tensor) error {
	return bindAndRun(k, x, in, out)
}

func (k *integerMatMul) bind(*exec, []*tensor.Tensor, []*tensor.Tensor) (kernel, error) {
	return &integerProduct{integerMatMul: k}, nil
}

// integerProduct is an integerMatMul with what it keeps from run to run.
type integerProduct struct {
	*integerMatMul
	zeroA, zeroB []int32
	scale        []float32
}

var unscaled = []float32{1}

func (k *integerProduct) run(x *exec, in, out []*tensor.Tensor) error {
	o := k.integerOperands
	a, b, y := in[o.a], in[o.b], out[0]
	args := quant.Args{M: a.Dim(a.Rank() - 2), N: b.Dim(b.Rank() - 1), K: a.Dim(a.Rank() - 1), A: a.Bytes(), B: b.Bytes(), Packed: k.packed,
		SignedA: a.DType() == tensor.Int8, SignedB: b.DType() == tensor.Int8}
	var err error
	if k.zeroA, err = zeroPoints(k.zeroA, in, o.zeroA, args.M); err != nil {
		return err
	}
	if k.zeroB, err = zeroPoints(k.zeroB, in, o.zeroB, args.N); err != nil {
		return err
	}
	args.ZeroA, args.ZeroB = k.zeroA, k.zeroB
	switch {
	case k.float:
		args.Float, args.Scale = f32(y), unscaled
		if k.factor > 0 {
			args.Scale = f32(in[k.factor])
		}
		if k.biased > 0 {
			args.Bias = f32(in[k.biased])
		}
	case o.scaleA < 0:
		args.C = tensor.Data[int32](y)
	default:
		args.Out, args.SignedOut, args.Zero = y.Bytes(), y.DType() == tensor.Int8, int32(in[o.zeroY].Int64(0))
		scaleB := in[o.scaleB]
		if scaleB.Len() != 1 && scaleB.Len() != args.N {
			return fmt.Errorf("a scale of shape %v does not fit %d columns", scaleB.Shape(), args.N)
		}
		k.scale = k.scale[:0]
		for j := range scaleB.Len() {
			k.scale = append(k.scale, float32(in[o.scaleA].Float64(0))*float32(scaleB.Float64(j))/float32(in[o.scaleY].Float64(0)))
		}
		args.Scale = k.scale
	}
	if b.Rank() == 2 { // all matrices of A as one
		for _, d := range a.Shape()[:a.Rank()-2] {
			args.M *= d
		}
		quant.MatMul(x.quant, args)
		return nil
	}
	k.batches(x, a, b, y, args)
	return nil
}

func (k *integerProduct) batches(x *exec, a, b, y *tensor.Tensor, all quant.Args) {
	dims := y.Shape()[:y.Rank()-2]
	count := 1
	for _, d := range dims {
		count *= d
	}
	sizeA, sizeB, sizeC := all.M*all.K, all.K*all.N, all.M*all.N
	for i := range count {
		args := all
		args.A, args.B = all.A[matrixOf(i, dims, a)*sizeA:], all.B[matrixOf(i, dims, b)*sizeB:]
		switch {
		case all.Float != nil:
			args.Float = all.Float[i*sizeC:]
		case all.Out != nil:
			args.Out = all.Out[i*sizeC:]
		default:
			args.C = all.C[i*sizeC:]
		}
		quant.MatMul(x.quant, args)
	}
}

// matrixOf is the matrix of t that belongs to matrix i of a result whose batch has those dimensions.
func matrixOf(i int, dims []int, t *tensor.Tensor) int {
	shape := t.Shape()[:t.Rank()-2]
	at, step := 0, 1
	for k := len(dims) - 1; k >= 0; k-- {
		pos := i % dims[k]
		i /= dims[k]
		if j := k - (len(dims) - len(shape)); j >= 0 {
			if shape[j] != 1 {
				at += pos * step
			}
			step *= shape[j]
		}
	}
	return at
}

// zeroPoints reads input i into list: nothing, one number, or one for each of n rows or columns.
func zeroPoints(list []int32, in []*tensor.Tensor, i, n int) ([]int32, error) {
	list = list[:0]
	if i >= len(in) || in[i] == nil {
		return list, nil
	}
	t := in[i]
	if t.Len() != 1 && t.Len() != n {
		return list, fmt.Errorf("a zero point of shape %v does not fit %d rows or columns", t.Shape(), n)
	}
	for j := range t.Len() {
		list = append(list, int32(t.Int64(j)))
	}
	return list, nil
}
