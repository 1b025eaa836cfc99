package cpu

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

func equalDims(a, b sym.Expr) bool { return a.Equal(b) }

// productUnit takes what follows a product into its epilogue: a factor, a bias of the columns, an activation and a residual, in the
// orders that [gemm.Epilogue] knows. It returns nil for other nodes.
func (p *Program) productUnit(n *ir.Node, taken map[*ir.Node]*unit) *unit {
	switch n.Op.(type) {
	case *op.MatMul, *op.Gemm:
	default:
		return nil
	}
	if u := p.partedProduct(n, taken); u != nil {
		return u
	}
	k, _ := lower(n, p).(*matmul)
	if k == nil || !n.Out()[0].Used() {
		return nil
	}
	u := &unit{nodes: []*ir.Node{n}, in: append([]*ir.Value{}, n.In()...), kernel: k}
	u.grow(taken, k.take)
	return u
}

// soleUser is the one node that uses the result of another, which is no output.
func soleUser(n *ir.Node) *ir.Node { return soleUserOf(n.Out()[0]) }

// soleUserOf is the one node that uses a value that is no output.
func soleUserOf(v *ir.Value) *ir.Node {
	if v.IsOutput() || len(v.Uses()) != 1 {
		return nil
	}
	return v.Uses()[0].Node
}

// take makes a node part of the epilogue, if it can be.
func (k *matmul) take(u *unit, n *ir.Node) bool {
	v := u.last().Out()[0]
	if len(n.Out()) != 1 || !sameShape(v.Type, n.Out()[0].Type) || n.Out()[0].Type.Elem != tensor.Float32 {
		return false
	}
	e := &k.epilogue
	if f, alpha, beta, ok := activation(n); ok {
		if e.Activation != gemm.Identity || k.residual > 0 && !e.ResidualFirst {
			return false
		}
		e.Activation, e.Alpha, e.Beta = f, alpha, beta
		return true
	}
	o, ok := n.Op.(*op.Binary)
	if !ok {
		return false
	}
	other := otherInput(n, v)
	switch {
	case other == nil:
		return false
	case o.Fn == op.Add:
		return k.takeAdd(u, v, other)
	case o.Fn == op.Mul || o.Fn == op.Div && n.Input(0) == v:
		return k.takeFactor(o.Fn, v, other)
	}
	return false
}

// otherInput is the input of a node of two that is not v, nil if both are.
func otherInput(n *ir.Node, v *ir.Value) *ir.Value {
	for _, x := range n.In() {
		if x != v {
			return x
		}
	}
	return nil
}

var activations = map[op.UnaryFn]gemm.Activation{
	op.Relu: gemm.Relu, op.Gelu: gemm.GeluErf, op.GeluTanh: gemm.GeluTanh, op.Silu: gemm.Silu, op.Tanh: gemm.Tanh, op.Sigmoid: gemm.Sigmoid,
	op.LeakyRelu: gemm.LeakyRelu, op.HardSwish: gemm.HardSwish, op.HardSigmoid: gemm.HardSigmoid,
}

// activation is what a node computes of each element, with the parameters of [gemm.Epilogue].
func activation(n *ir.Node) (f gemm.Activation, alpha, beta float32, ok bool) {
	switch o := n.Op.(type) {
	case *op.Unary:
		f, ok = activations[o.Fn]
		return f, o.Alpha, o.Beta, ok && (o.Fn != op.Silu || o.Alpha == 1)
	case *op.Clip:
		rank := len(n.Out()[0].Type.Dims)
		lo, ok1 := scalar(n.Input(1), rank)
		hi, ok2 := scalar(n.Input(2), rank)
		return gemm.Clip, lo, hi, ok1 && ok2
	}
	return gemm.Identity, 0, 0, false
}

func (k *matmul) takeFactor(fn op.BinaryFn, v, other *ir.Value) bool {
	f, ok := scalar(other, len(v.Type.Dims))
	if fn == op.Div {
		f = 1 / f
	}
	e := &k.epilogue
	if !ok || k.gemm || e.Scale != 0 || f == 0 || k.bias > 0 || k.residual > 0 || e.Activation != gemm.Identity || f-f != 0 {
		return false
	}
	e.Scale = f
	return true
}

// takeAdd takes a vector as bias of the columns, or a tensor of the shape of the result as residual.
func (k *matmul) takeAdd(u *unit, v, other *ir.Value) bool {
	e := &k.epilogue
	dims := v.Type.Dims
	if k.columns && len(dims) > 0 && other.Type.Ranked && isVector(other.Type, dims[len(dims)-1]) && len(other.Type.Dims) <= len(dims) {
		if k.bias > 0 || k.residual > 0 || e.Activation != gemm.Identity || k.gemm && len(u.nodes[0].In()) > 2 && u.nodes[0].Input(2) != nil {
			return false
		}
		k.bias = len(u.in)
		u.in = append(u.in, other)
		return true
	}
	if k.residual > 0 || !k.single || !isResidual(v, other) {
		return false
	}
	e.ResidualFirst = e.Activation == gemm.Identity
	k.residual = len(u.in)
	u.in = append(u.in, other)
	return true
}

// isResidual reports whether another value can be added to v, element by element, where v is computed.
func isResidual(v, other *ir.Value) bool {
	return sameShape(v.Type, other.Type) && (other.Def() == nil || !usesValue(other.Def(), v))
}

func usesValue(n *ir.Node, v *ir.Value) bool {
	for _, x := range n.In() {
		if x == v {
			return true
		}
	}
	return false
}

// isVector reports whether all axes but the last are 1, and the last has a size.
func isVector(t ir.Type, size sym.Expr) bool {
	last := len(t.Dims) - 1
	for i, d := range t.Dims {
		if n, ok := d.IsConst(); i < last && (!ok || n != 1) {
			return false
		}
	}
	return last >= 0 && t.Dims[last].Equal(size)
}
