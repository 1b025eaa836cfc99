package randomgraph

import (
	"fmt"
	"math/rand/v2"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// maker holds a graph in the making.
type maker struct {
	*rand.Rand
	g     *ir.Graph
	reals []*ir.Value        // float32
	exact map[*ir.Value]bool // reals that are computed without rounding, which may be compared
	flags []*ir.Value
	ints  []*ir.Value // indices of any axis
	count []*ir.Value // other integers

	batch, rows, past sym.Expr
	keep              *ir.Value   // bool [batch, rows], whose first column is true
	pairs             *ir.Value   // float32 [rows, rows]
	wanted            []*ir.Value // outputs, whatever uses them

	trials []*trial
}

// New makes a graph of that many steps, each a node or a few that belong together. Its dimensions are B, N and P; what nothing uses is an output, mostly, and one
// output stands there twice.
func New(r *rand.Rand, steps int) *ir.Graph {
	scope := sym.NewScope()
	dim := func(name string) sym.Expr { return scope.Named(name).Expr() }
	m := &maker{Rand: r, g: ir.NewGraph("random", scope), exact: map[*ir.Value]bool{}, batch: dim("B"), rows: dim("N"), past: dim("P")}
	m.trials = []*trial{newTrial(r, 2, 7, 3), newTrial(r, 3, 4, 0)}
	b, n, c := m.batch, m.rows, sym.Int(1+r.IntN(20))
	for i, dims := range [][]sym.Expr{{b, n, c}, {b, n, c}, {n, c}, {c}, {b, sym.Int(1), c}, {}} {
		v := m.input(string(rune('a'+i)), ir.TensorType(tensor.Float32, dims...))
		m.reals, m.exact[v] = append(m.reals, v), true
	}
	m.flags = append(m.flags, m.input("mask", ir.TensorType(tensor.Bool, n, c)))
	m.ints = append(m.ints, m.input("index", ir.TensorType(tensor.Int64, n)))
	m.keep = m.input("keep", ir.TensorType(tensor.Bool, b, n))
	m.pairs = m.input("pairs", ir.TensorType(tensor.Float32, n, n))
	m.count = append(m.count, m.ints[0], m.g.Const(tensor.Scalar(int64(3))))
	for range steps {
		if r.IntN(4) == 0 {
			m.motif()
		} else {
			m.step()
		}
	}
	m.g.SetOutputs(m.outputs()...)
	return m.g
}

// outputs are most values that nothing uses, and some others.
func (m *maker) outputs() []ir.Output {
	var outs []ir.Output
	for n := range m.g.Nodes() {
		for _, v := range n.Out() {
			if _, isConst := n.Op.(*ir.Const); !isConst && (v.Used() && m.coin(32) || !v.Used() && !m.coin(8)) {
				outs = append(outs, ir.Output{Name: fmt.Sprint("out", len(outs)), Value: v})
			}
		}
	}
	for _, v := range m.wanted {
		outs = append(outs, ir.Output{Name: fmt.Sprint("out", len(outs)), Value: v})
	}
	if outs == nil {
		outs = []ir.Output{{Name: "in", Value: m.reals[0]}}
	}
	return append(outs, ir.Output{Name: "twice", Value: outs[m.IntN(len(outs))].Value})
}

// A motif is several nodes that mean one thing, in one of its spellings. It returns nil where the values at hand do not fit it.
var motifs = []func(*maker) *ir.Value{
	(*maker).attention, (*maker).attention, (*maker).attention, (*maker).norm, (*maker).norm, (*maker).activation, (*maker).activation, (*maker).gated,
	(*maker).rotated, (*maker).recurrent, (*maker).einsum, (*maker).reshaped, (*maker).shapeArithmetic, (*maker).branch, (*maker).residual,
	(*maker).someRows, (*maker).consecutive, (*maker).pieces,
	(*maker).chosen, (*maker).chosen, (*maker).cells,
}

// misfit is what expr panics with where an operator does not take its inputs.
type misfit struct{ error }

// motif adds a random motif.
func (m *maker) motif() {
	defer func() {
		if e := recover(); e != nil {
			if _, ok := e.(misfit); !ok {
				panic(e)
			}
		}
	}()
	if v := motifs[m.IntN(len(motifs))](m); v != nil {
		m.reals = append(m.reals, v)
	}
}

// expr adds a node with one result.
func (m *maker) expr(o ir.Op, in ...*ir.Value) *ir.Value { return m.exprs(o, in...)[0] }

// exprs adds a node.
func (m *maker) exprs(o ir.Op, in ...*ir.Value) []*ir.Value {
	n, err := m.node(o, in...)
	if err != nil {
		panic(misfit{err})
	}
	return n.Out()
}

// add adds a node if its inputs fit it, and keeps its results for later nodes.
func (m *maker) add(o ir.Op, in ...*ir.Value) {
	n, err := m.node(o, in...)
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

// real is one of the values, later ones more often.
func (m *maker) real() *ir.Value { return m.reals[max(m.IntN(len(m.reals)), m.IntN(len(m.reals)))] }

func (m *maker) flag() *ir.Value { return m.flags[m.IntN(len(m.flags))] }

func (m *maker) int() *ir.Value { return m.ints[m.IntN(len(m.ints))] }

func (m *maker) exactReal() *ir.Value {
	for {
		if v := m.reals[m.IntN(len(m.reals))]; m.exact[v] {
			return v
		}
	}
}

// sequence is a value [batch, rows, width] whose width is known; nil if a few attempts find none.
func (m *maker) sequence() *ir.Value {
	for range 20 {
		if v := m.real(); len(v.Type.Dims) == 3 && m.width(v) > 0 && v.Type.Dims[0].Equal(m.batch) && v.Type.Dims[1].Equal(m.rows) {
			return v
		}
	}
	return nil
}

// width is the last dimension of v, 0 if it is not known.
func (m *maker) width(v *ir.Value) int {
	if len(v.Type.Dims) == 0 {
		return 0
	}
	n, _ := v.Type.Dims[len(v.Type.Dims)-1].IsConst()
	return int(n)
}

// coin is true once in n times.
func (m *maker) coin(n int) bool { return m.IntN(n) == 0 }

func (m *maker) list(n ...int64) *ir.Value { return m.g.Const(tensor.Must(n, len(n))) }

func (m *maker) whole(n int64) *ir.Value { return m.g.Const(tensor.Scalar(n)) }

func (m *maker) number(x float64) *ir.Value { return m.g.Const(tensor.Scalar(float32(x))) }

func (m *maker) weights(shape ...int) *ir.Value { return m.g.Const(Tensor(m.Rand, 0.3, shape...)) }

// binary applies a function; operands of sums and products change places at random.
func (m *maker) binary(fn op.BinaryFn, a, b *ir.Value) *ir.Value {
	if (fn == op.Add || fn == op.Mul) && m.coin(2) {
		a, b = b, a
	}
	return m.expr(&op.Binary{Fn: fn}, a, b)
}

func (m *maker) unary(fn op.UnaryFn, x *ir.Value) *ir.Value {
	return m.expr(&op.Unary{Fn: fn, Alpha: 1}, x)
}

func (m *maker) plus(a, b *ir.Value) *ir.Value { return m.binary(op.Add, a, b) }

func (m *maker) times(a, b *ir.Value) *ir.Value { return m.binary(op.Mul, a, b) }

func (m *maker) minus(a, b *ir.Value) *ir.Value { return m.binary(op.Sub, a, b) }

// scaled is x·k, spelled as a product or a quotient.
func (m *maker) scaled(x *ir.Value, k float64) *ir.Value {
	if m.coin(2) {
		return m.binary(op.Div, x, m.number(1/k))
	}
	return m.times(x, m.number(k))
}

func (m *maker) transpose(x *ir.Value, perm ...int) *ir.Value {
	return m.expr(&op.Transpose{Perm: perm}, x)
}

func (m *maker) reshape(x *ir.Value, shape ...int64) *ir.Value {
	return m.expr(&op.Reshape{}, x, m.list(shape...))
}

func (m *maker) unsqueeze(x *ir.Value, axes ...int64) *ir.Value {
	return m.expr(&op.Unsqueeze{}, x, m.list(axes...))
}

func (m *maker) cast(x *ir.Value, to tensor.DType) *ir.Value {
	return m.expr(&op.Cast{To: to, Saturate: true}, x)
}

// size is dimension i of x, an i64 scalar.
func (m *maker) size(x *ir.Value, i int) *ir.Value {
	if m.coin(2) {
		return m.expr(&op.Squeeze{}, m.expr(&op.Shape{Start: i, End: i + 1, HasEnd: true}, x))
	}
	return m.expr(&op.Gather{}, m.expr(&op.Shape{}, x), m.whole(int64(i)))
}

// slice is x[start:end] along an axis.
func (m *maker) slice(x *ir.Value, axis, start, end, step int64) *ir.Value {
	return m.expr(&op.Slice{}, x, m.list(start), m.list(end), m.list(axis), m.list(step))
}

// join is a vector of scalars.
func (m *maker) join(scalars ...*ir.Value) *ir.Value {
	for i, s := range scalars {
		scalars[i] = m.unsqueeze(s, 0)
	}
	return m.expr(&op.Concat{}, scalars...)
}

// count0 is 0, 1, …, n−1 of a scalar n.
func (m *maker) count0(n *ir.Value) *ir.Value {
	return m.expr(&op.Range{}, m.whole(0), n, m.whole(1))
}

// project is x·W, perhaps with a bias, [.., width].
func (m *maker) project(x *ir.Value, width int) *ir.Value {
	k := m.width(x)
	switch m.IntN(4) {
	case 0: // as a matrix, the weight transposed
		flat := m.reshape(x, -1, int64(k))
		y := m.expr(&op.Gemm{Alpha: 1, Beta: 1, TransB: true}, flat, m.weights(width, k), m.weights(width))
		return m.expr(&op.Reshape{}, y, m.join(m.size(x, 0), m.size(x, 1), m.whole(int64(width))))
	case 1:
		return m.plus(m.expr(&op.MatMul{}, x, m.weights(k, width)), m.weights(width))
	case 2:
		return m.expr(&op.MatMul{}, x, m.transpose(m.weights(width, k), 1, 0))
	}
	return m.expr(&op.MatMul{}, x, m.weights(k, width))
}
