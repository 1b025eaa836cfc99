package gocompile_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/export"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// net builds the graph of a model with random weights.
type net struct {
	tb      testing.TB
	g       *ir.Graph
	r       *rand.Rand
	outputs []ir.Output
}

func newNet(tb testing.TB) *net {
	return &net{tb: tb, g: ir.NewGraph("g", sym.NewScope()), r: rand.New(rand.NewPCG(7, 7))}
}

func (n *net) dim(name string) sym.Expr { return n.g.Scope.Named(name).Expr() }

func (n *net) input(name string, elem tensor.DType, dims ...sym.Expr) *ir.Value {
	return n.g.AddInput(name, ir.TensorType(elem, dims...))
}

func (n *net) output(name string, v *ir.Value) {
	n.outputs = append(n.outputs, ir.Output{Name: name, Value: v})
}

func (n *net) weight(shape ...int) *ir.Value {
	t := tensor.New(tensor.Float32, shape...)
	for i := range t.Len() {
		t.SetFloat64(i, n.r.NormFloat64()/2)
	}
	return n.g.Const(t)
}

func (n *net) ints(i ...int64) *ir.Value { return n.g.Const(tensor.Must(i, len(i))) }

func (n *net) scalar(x float32) *ir.Value { return n.g.Const(tensor.Scalar(x)) }

func (n *net) adds(o ir.Op, in ...*ir.Value) []*ir.Value {
	node, err := n.g.Add(o, in...)
	if err != nil {
		n.tb.Fatal(err)
	}
	return node.Out()
}

func (n *net) add(o ir.Op, in ...*ir.Value) *ir.Value { return n.adds(o, in...)[0] }

func (n *net) linear(x *ir.Value, from, to int) *ir.Value {
	return n.add(&op.MatMul{}, x, n.weight(from, to))
}

func (n *net) dims(e ...sym.Expr) *ir.Value {
	return n.add(&ir.Dims{Elem: tensor.Int64, Shape: []int{len(e)}, Exprs: e})
}

// onnx is the graph as a model file.
func (n *net) onnx() []byte {
	n.tb.Helper()
	n.g.SetOutputs(n.outputs...)
	m, err := export.Model(n.g, export.Options{})
	if err != nil {
		n.tb.Fatal(err)
	}
	return m.Encode()
}

func (n *net) compile(options ...gocompile.Option) *gocompile.Model {
	n.tb.Helper()
	m, err := gocompile.Compile(n.onnx(), options...)
	if err != nil {
		n.tb.Fatal(err)
	}
	n.tb.Cleanup(func() { m.Close() })
	return m
}

const vocabulary = 50

// decoder is a decoder of two layers with a cache each. What kind says is how it knows where keys are.
func decoder(tb testing.TB, kind string) *net {
	const heads, groups, size = 4, 2, 8
	n := newNet(tb)
	b, s := n.dim("batch"), n.dim("sequence")
	ids := n.input("input_ids", tensor.Int64, b, s)
	total, past := n.dim("total"), n.dim("past")
	var mask, start, slopes *ir.Value
	x := n.add(&op.Gather{}, n.weight(vocabulary, heads*size), ids)
	switch kind {
	case "mask": // positions as an input, keys masked by an input whose length says where queries stand
		m := n.input("attention_mask", tensor.Int64, b, total)
		positions := n.input("position_ids", tensor.Int64, b, s)
		x = n.add(&op.Binary{Fn: op.Add}, x, n.add(&op.Gather{}, n.weight(300, heads*size), positions))
		m = n.add(&op.Reshape{AllowZero: true}, m, n.dims(b, sym.Int(1), sym.Int(1), total))
		mask = n.add(&op.Binary{Fn: op.Greater}, m, n.g.Const(tensor.Scalar(int64(0))))
		start = n.add(&ir.Dims{Elem: tensor.Int64, Exprs: []sym.Expr{total.Sub(s)}})
	case "bias": // a bias for each query and key, made from the lengths
		one, zero := n.g.Const(tensor.Scalar(int64(1))), n.g.Const(tensor.Scalar(int64(0)))
		count := func(e sym.Expr) *ir.Value {
			return n.add(&op.Range{}, zero, n.add(&ir.Dims{Elem: tensor.Int64, Exprs: []sym.Expr{e}}), one)
		}
		rows := n.add(&op.Reshape{AllowZero: true}, n.add(&op.Binary{Fn: op.Add}, count(s), n.add(&ir.Dims{Elem: tensor.Int64, Exprs: []sym.Expr{past}})), n.dims(s, sym.Int(1)))
		distance := n.add(&op.Cast{To: tensor.Float32}, n.add(&op.Binary{Fn: op.Sub}, rows, count(past.Add(s))))
		mask = n.add(&op.Unary{Fn: op.Sin}, distance) // that is no structure
	case "slopes":
		slopes = n.g.Const(tensor.Must([]float32{0.5, 0.25, 0.125, 0}, heads))
	}
	for l := range 2 {
		p := past
		if l > 0 && kind != "bias" {
			p = n.dim(fmt.Sprintf("past.%d", l)) // exporters give each its own
		}
		h := n.add(&op.RMSNorm{Axis: -1, Epsilon: 1e-5}, x, n.weight(heads*size))
		q, k, v := n.linear(h, heads*size, heads*size), n.linear(h, heads*size, groups*size), n.linear(h, heads*size, groups*size)
		y := n.cached(kind, l, q, k, v, []sym.Expr{b, sym.Int(groups), p, sym.Int(size)}, mask, start, slopes)
		x = n.add(&op.Binary{Fn: op.Add}, x, n.linear(y, heads*size, heads*size))
	}
	n.output("logits", n.linear(n.add(&op.RMSNorm{Axis: -1, Epsilon: 1e-5}, x, n.weight(heads*size)), heads*size, vocabulary))
	return n
}

// layouts are the orders in which states have the axes of [batch, heads, positions, size], for keys and for values, by kind of decoder.
var layouts = map[string][2][]int{
	"rows":   {{0, 2, 1, 3}, {0, 2, 1, 3}}, // positions before heads
	"first":  {{2, 0, 1, 3}, {2, 0, 1, 3}}, // positions first
	"turned": {{0, 1, 3, 2}, {0, 1, 2, 3}}, // positions last, of keys
}

// cached is an attention with a cache of the shape dims, in the layout of a kind.
func (n *net) cached(kind string, l int, q, k, v *ir.Value, dims []sym.Expr, mask, start, slopes *ir.Value) *ir.Value {
	groups, _ := dims[1].IsConst()
	attention := &op.Attention{Heads: 2 * int(groups), KVHeads: int(groups), Causal: true, Append: true}
	name := func(when string, i int) string {
		return fmt.Sprintf("%s.%d.%s", when, l, [...]string{"key", "value"}[i])
	}
	if kind == "stacked" {
		past := n.input(fmt.Sprintf("past.%d", l), tensor.Float32, append([]sym.Expr{sym.Int(2)}, dims...)...)
		part := func(i int64) *ir.Value { return n.add(&op.Gather{}, past, n.g.Const(tensor.Scalar(i))) }
		y := n.adds(attention, q, k, v, mask, part(0), part(1))
		n.output(fmt.Sprintf("present.%d", l), n.add(&op.Concat{}, n.add(&op.Unsqueeze{}, y[1], n.ints(0)), n.add(&op.Unsqueeze{}, y[2], n.ints(0))))
		return y[0]
	}
	layout, other := layouts[kind]
	if !other {
		keys, values := n.input(name("past_key_values", 0), tensor.Float32, dims...), n.input(name("past_key_values", 1), tensor.Float32, dims...)
		y := n.adds(attention, q, k, v, mask, keys, values, nil, start, nil, slopes)
		n.output(name("present", 0), y[1])
		n.output(name("present", 1), y[2])
		return y[0]
	}
	in := []*ir.Value{q, k, v}
	for i, perm := range layout {
		order, back := make([]sym.Expr, 4), make([]int, 4)
		for to, from := range perm {
			order[to], back[from] = dims[from], to
		}
		past := n.input(name("past_key_values", i), tensor.Float32, order...)
		x := n.add(&op.Reshape{}, in[1+i], n.ints(0, 0, groups, -1))
		x = n.add(&op.Transpose{Perm: []int{0, 2, 1, 3}}, x)
		all := n.add(&op.Concat{Axis: back[2]}, past, n.add(&op.Transpose{Perm: perm}, x))
		n.output(name("present", i), all)
		in[1+i] = n.add(&op.Transpose{Perm: back}, all)
	}
	q4 := n.add(&op.Transpose{Perm: []int{0, 2, 1, 3}}, n.add(&op.Reshape{}, q, n.ints(0, 0, 2*groups, -1)))
	attention.Append = false
	at := n.add(&ir.Dims{Elem: tensor.Int64, Exprs: []sym.Expr{dims[2]}})
	y := n.add(attention, q4, in[1], in[2], mask, nil, nil, nil, at)
	return n.add(&op.Reshape{}, n.add(&op.Transpose{Perm: []int{0, 2, 1, 3}}, y), n.ints(0, 0, -1))
}

// recurrent is a language model of two LSTM layers whose states are stacked, under names that say nothing.
func recurrent(tb testing.TB) *net {
	const size = 16
	n := newNet(tb)
	b, s := n.dim("batch"), n.dim("seq")
	ids := n.input("ids", tensor.Int64, b, s)
	h, c := n.input("one", tensor.Float32, sym.Int(2), b, sym.Int(size)), n.input("two", tensor.Float32, sym.Int(2), b, sym.Int(size))
	x := n.add(&op.Transpose{Perm: []int{1, 0, 2}}, n.add(&op.Gather{}, n.weight(vocabulary, size), ids))
	var last [2][]*ir.Value
	for l := range int64(2) {
		part := func(v *ir.Value) *ir.Value { return n.add(&op.Slice{}, v, n.ints(l), n.ints(l+1), n.ints(0)) }
		y := n.adds(&op.LSTM{HiddenSize: size}, x, n.weight(1, 4*size, size), n.weight(1, 4*size, size), n.weight(1, 8*size), nil, part(h), part(c))
		x = n.add(&op.Squeeze{}, y[0], n.ints(1))
		last[0], last[1] = append(last[0], y[1]), append(last[1], y[2])
	}
	n.output("three", n.add(&op.Concat{}, last[1]...))
	n.output("four", n.add(&op.Concat{}, last[0]...))
	n.output("logits", n.linear(n.add(&op.Transpose{Perm: []int{1, 0, 2}}, x), size, vocabulary))
	return n
}

// filter is a running mean, whose state only its names say.
func filter(tb testing.TB) *net {
	n := newNet(tb)
	x, state := n.input("x", tensor.Float32, n.dim("n")), n.input("mean_state", tensor.Float32, n.dim("n"))
	half := n.scalar(0.5)
	y := n.add(&op.Binary{Fn: op.Add}, n.add(&op.Binary{Fn: op.Mul}, x, half), n.add(&op.Binary{Fn: op.Mul}, state, half))
	n.output("new_mean_state", y)
	n.output("y", n.add(&op.Unary{Fn: op.Neg}, y))
	return n
}
