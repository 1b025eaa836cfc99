package cpu_test

import (
	"math"
	"math/rand/v2"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// generator makes small random graphs of benign functions: their results stay within bounds, and do not jump where arguments differ by
// a rounding.
type generator struct {
	*rand.Rand
	g     *ir.Graph
	reals []*ir.Value // float32
	exact map[*ir.Value]bool
	flags []*ir.Value
	ints  []*ir.Value // indices of any axis
	count []*ir.Value // other integers
}

// randomGraph has the dimensions B and N, inputs of several ranks, and some of its values as outputs.
func randomGraph(r *rand.Rand, size int) *ir.Graph {
	scope := sym.NewScope()
	b, n := scope.Named("B").Expr(), scope.Named("N").Expr()
	c := sym.Int(1 + r.IntN(20))
	m := &generator{Rand: r, g: ir.NewGraph("random", scope), exact: map[*ir.Value]bool{}}
	for i, dims := range [][]sym.Expr{{b, n, c}, {b, n, c}, {n, c}, {c}, {b, sym.Int(1), c}, {}} {
		v := m.g.AddInput(string(rune('a'+i)), ir.TensorType(tensor.Float32, dims...))
		m.reals, m.exact[v] = append(m.reals, v), true
	}
	m.flags = append(m.flags, m.g.AddInput("mask", ir.TensorType(tensor.Bool, n, c)))
	m.ints = append(m.ints, m.g.AddInput("index", ir.TensorType(tensor.Int64, n)))
	m.count = append(m.count, m.ints[0], m.g.Const(tensor.Scalar(int64(3))))
	for range size {
		m.step()
	}
	var outs []ir.Output
	for _, values := range [][]*ir.Value{m.reals, m.flags, m.count} {
		for k := range values {
			if v := values[len(values)-1-k]; k == 0 || r.IntN(8) == 0 {
				outs = append(outs, ir.Output{Name: "out", Value: v})
			}
		}
	}
	outs = append(outs, outs[r.IntN(len(outs))])
	m.g.SetOutputs(outs...)
	return m.g
}

func (m *generator) real() *ir.Value { return m.reals[max(m.IntN(len(m.reals)), m.IntN(len(m.reals)))] }

func (m *generator) flag() *ir.Value { return m.flags[m.IntN(len(m.flags))] }

func (m *generator) int() *ir.Value { return m.ints[m.IntN(len(m.ints))] }

func (m *generator) exactReal() *ir.Value {
	for {
		if v := m.reals[m.IntN(len(m.reals))]; m.exact[v] {
			return v
		}
	}
}

func (m *generator) list(n ...int64) *ir.Value { return m.g.Const(tensor.Must(n, len(n))) }

func (m *generator) weights(shape ...int) *ir.Value {
	return m.g.Const(randomTensor(m.Rand, 0.3, shape...))
}

func randomTensor(r *rand.Rand, scale float64, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, shape...)
	for i, x := 0, tensor.Data[float32](t); i < len(x); i++ {
		x[i] = float32(r.NormFloat64() * scale)
	}
	return t
}

// add adds a node if its inputs fit it, and keeps its results for later nodes.
func (m *generator) add(o ir.Op, in ...*ir.Value) {
	n, err := m.g.Add(o, in...)
	if err != nil {
		return
	}
	exact := true
	for _, v := range in {
		exact = exact && (v == nil || v.Type.Elem != tensor.Float32 || m.exact[v] || v.Const != nil)
	}
	switch o.(type) {
	case *op.Transpose, *op.Slice, *op.Split, *op.Concat, *op.Expand, *op.Tile, *op.Gather, *op.Reshape, *op.Unsqueeze, *op.Flatten, *op.Identity, *op.Where, *op.Pad:
	default:
		exact = false
	}
	for _, v := range n.Out() {
		switch v.Type.Elem {
		case tensor.Float32:
			m.reals, m.exact[v] = append(m.reals, v), exact
		case tensor.Bool:
			m.flags = append(m.flags, v)
		case tensor.Int64:
			m.count = append(m.count, v)
			if _, ok := o.(*op.Unsqueeze); ok {
				m.ints = append(m.ints, v)
			}
		}
	}
}

func (m *generator) lastDim(v *ir.Value) int {
	if len(v.Type.Dims) == 0 {
		return 0
	}
	n, _ := v.Type.Dims[len(v.Type.Dims)-1].IsConst()
	return int(n)
}

func (m *generator) perm(v *ir.Value) []int { return m.Perm(len(v.Type.Dims)) }

// step adds a random node.
func (m *generator) step() {
	x := m.real()
	rank := len(x.Type.Dims)
	axis := 0
	if rank > 0 {
		axis = m.IntN(2*rank) - rank
	}
	switch m.IntN(29) {
	case 0, 1:
		fns := []op.UnaryFn{op.Tanh, op.Sigmoid, op.Relu, op.Gelu, op.Abs, op.Neg, op.Erf, op.HardSwish, op.Softsign, op.Atan, op.Elu}
		m.add(&op.Unary{Fn: fns[m.IntN(len(fns))], Alpha: 1}, x)
	case 2, 3, 4:
		fns := []op.BinaryFn{op.Add, op.Sub, op.Add, op.Min, op.Max}
		m.add(&op.Binary{Fn: fns[m.IntN(len(fns))]}, x, m.real())
	case 5:
		m.add(&op.Binary{Fn: op.Mul}, x, m.g.Const(tensor.Scalar(float32(m.Float64()))))
	case 6:
		m.add(&op.Where{}, m.flag(), x, m.real())
	case 7:
		m.add(&op.Clip{}, x, m.g.Const(tensor.Scalar(float32(-1))), m.g.Const(tensor.Scalar(float32(1))))
	case 8:
		fns := []op.BinaryFn{op.Less, op.LessOrEqual, op.Greater, op.GreaterOrEqual, op.Equal}
		m.add(&op.Binary{Fn: fns[m.IntN(len(fns))]}, m.exactReal(), m.exactReal())
	case 9:
		m.add(&op.Binary{Fn: []op.BinaryFn{op.And, op.Or, op.Xor}[m.IntN(3)]}, m.flag(), m.flag())
		m.add(&op.Unary{Fn: op.Not}, m.flag())
	case 10, 11:
		if k := m.lastDim(x); k > 0 && rank > 1 {
			n := 1 + m.IntN(20)
			m.add(&op.MatMul{}, x, m.weights(k, n))
			m.add(&op.Binary{Fn: op.Add}, m.reals[len(m.reals)-1], m.weights(n))
		}
	case 12:
		m.add(&op.MatMul{TransB: true}, x, m.real())
		m.add(&op.Unary{Fn: op.Tanh}, m.reals[len(m.reals)-1])
	case 13:
		if k := m.lastDim(x); k > 0 && rank == 2 {
			m.add(&op.Gemm{Alpha: 0.5, Beta: float32(m.IntN(2)), TransB: true}, x, m.weights(5, k), m.weights(5))
		}
	case 14, 15:
		m.add(&op.Transpose{Perm: m.perm(x)}, x)
	case 16:
		m.add(&op.Slice{}, x, m.list(int64(m.IntN(3)-1)), m.list(int64(m.IntN(8))), m.list(int64(axis)), m.list([]int64{1, 1, 2, -1}[m.IntN(4)]))
	case 17:
		if rank > 0 {
			m.add(&op.Split{Axis: axis, Num: 1 + m.IntN(3)}, x)
		}
	case 18:
		if rank > 0 {
			m.add(&op.Concat{Axis: axis}, x, m.real())
			m.add(&op.Concat{Axis: axis}, x, x)
		}
	case 19:
		m.add(&op.Unsqueeze{}, x, m.list(int64(axis)))
		m.add(&op.Flatten{Axis: axis}, x)
	case 20:
		if rank > 0 {
			m.add(&op.Gather{Axis: axis}, x, m.int())
			m.add(&op.Gather{Axis: axis}, x, m.g.Const(tensor.Scalar(int64(0))))
		}
	case 21, 22:
		if rank > 0 {
			m.add(&op.Softmax{Axis: axis, Log: m.IntN(4) == 0}, x)
		}
	case 23:
		fns := []op.ReduceFn{op.ReduceMean, op.ReduceMax, op.ReduceMin, op.ReduceMean}
		m.add(&op.Reduce{Fn: fns[m.IntN(len(fns))], KeepDims: m.IntN(2) == 0}, x, m.list(int64(axis)))
	case 24:
		m.add(&op.Expand{}, x, m.list(2, 1, 1, 1))
		m.add(&op.Cast{To: tensor.Float32, Saturate: true}, m.flag())
	case 25:
		a, b := m.count[m.IntN(len(m.count))], m.count[m.IntN(len(m.count))]
		fns := []op.BinaryFn{op.Add, op.Sub, op.Mul, op.Div, op.Mod, op.Min, op.Max, op.Less, op.Equal, op.GreaterOrEqual, op.BitwiseXor}
		m.add(&op.Binary{Fn: fns[m.IntN(len(fns))]}, a, b)
		m.add(&op.Where{}, m.flag(), a, b)
	case 26:
		if rank > 0 {
			pads := make([]int64, 2*rank)
			for i := range pads {
				pads[i] = int64(m.IntN(3))
			}
			m.add(&op.Pad{Mode: "constant"}, x, m.list(pads...))
			m.add(&op.Cumulative{Exclusive: m.IntN(2) == 0, Reverse: m.IntN(2) == 0}, x, m.g.Const(tensor.Scalar(int64(axis))))
		}
	case 27:
		m.add(&op.GatherND{}, x, m.list(0))
		m.add(&op.GatherElements{Axis: axis}, x, m.int())
		m.add(&op.Unsqueeze{}, m.int(), m.list(0))
	default:
		m.add(&op.Cast{To: tensor.Float32, Saturate: true}, m.int())
		m.add(&op.Identity{}, x)
	}
}

// randomInputs are inputs of a random graph for some sizes. Indices are valid for any axis that is not empty.
func randomInputs(r *rand.Rand, g *ir.Graph, b, n int) []tensor.Value {
	binding := g.Scope.NewBinding()
	for _, s := range g.Scope.Symbols() {
		if s.Name() == "B" {
			_ = sym.Bind(binding, []sym.Expr{s.Expr()}, []int{b})
		} else if s.Name() == "N" {
			_ = sym.Bind(binding, []sym.Expr{s.Expr()}, []int{n})
		}
	}
	var in []tensor.Value
	for _, v := range g.Inputs() {
		shape := make([]int, len(v.Type.Dims))
		for i, d := range v.Type.Dims {
			k, err := d.Eval(binding)
			if err != nil {
				panic(err)
			}
			shape[i] = int(k)
		}
		t := tensor.New(v.Type.Elem, shape...)
		switch v.Type.Elem {
		case tensor.Float32:
			t = randomTensor(r, 1, shape...)
		case tensor.Bool:
			for i, x := 0, tensor.Data[bool](t); i < len(x); i++ {
				x[i] = r.IntN(2) == 0
			}
		case tensor.Int64:
			for i, x := 0, tensor.Data[int64](t); i < len(x); i++ {
				x[i] = -int64(r.IntN(2))
			}
		}
		in = append(in, t)
	}
	return in
}

// closeTo reports whether a result is what was expected but for roundings.
func closeTo(got, want *tensor.Tensor) bool {
	if got.DType() != want.DType() || got.Len() != want.Len() || len(got.Shape()) != len(want.Shape()) {
		return false
	}
	for i, d := range want.Shape() {
		if got.Dim(i) != d {
			return false
		}
	}
	if want.DType() != tensor.Float32 {
		return tensor.Equal(got, want)
	}
	peak := 1.0
	for _, x := range tensor.Data[float32](want) {
		if a := math.Abs(float64(x)); a > peak && !math.IsInf(a, 0) {
			peak = a
		}
	}
	for i, w := range tensor.Data[float32](want) {
		g := tensor.Data[float32](got)[i]
		if g != w && !(g != g && w != w) && !(math.Abs(float64(g)-float64(w)) <= 1e-4*peak) {
			return false
		}
	}
	return true
}
