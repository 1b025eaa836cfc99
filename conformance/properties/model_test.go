package properties

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// model is an ONNX model in the making, node by node, as an exporter writes it.
type model struct {
	testing.TB
	graph proto.Graph
	names int
	made  map[string]string // by once
}

func newModel(t testing.TB) *model { return &model{TB: t, graph: proto.Graph{Name: "g"}} }

// input declares an input; dimensions are names or sizes.
func (m *model) input(name string, elem tensor.DType, dims ...any) string {
	t := &proto.Type{Kind: proto.TypeTensor, Elem: int32(elem), HasShape: true}
	for _, d := range dims {
		switch d := d.(type) {
		case string:
			t.Dims = append(t.Dims, proto.Dim{Param: d})
		case int:
			t.Dims = append(t.Dims, proto.Dim{Value: int64(d), HasValue: true})
		}
	}
	m.graph.Inputs = append(m.graph.Inputs, &proto.ValueInfo{Name: name, Type: t})
	return name
}

func (m *model) fresh() string {
	m.names++
	return fmt.Sprint("v", m.names)
}

// constant adds an initializer.
func (m *model) constant(x *tensor.Tensor) string {
	name := m.fresh()
	m.graph.Initializers = append(m.graph.Initializers, proto.FromTensor(name, x))
	return name
}

func (m *model) float(x float64) string { return m.constant(tensor.Scalar(float32(x))) }

func (m *model) int(n int64) string { return m.constant(tensor.Scalar(n)) }

func (m *model) ints(n ...int64) string { return m.constant(tensor.Must(n, len(n))) }

// op adds a node with one result. Its name may have a domain before a colon; arguments are attributes and names of inputs, "" for an absent one.
func (m *model) op(kind string, arguments ...any) string { return m.ops(1, kind, arguments...)[0] }

// ops is op with n results.
func (m *model) ops(n int, kind string, arguments ...any) []string {
	node := &proto.Node{OpType: kind}
	if domain, name, ok := cut(kind); ok {
		node.Domain, node.OpType = domain, name
	}
	for _, a := range arguments {
		switch a := a.(type) {
		case string:
			node.Inputs = append(node.Inputs, a)
		case *proto.Attribute:
			node.Attributes = append(node.Attributes, a)
		default:
			m.Fatalf("argument %v of %s is a %T", a, kind, a)
		}
	}
	for range n {
		node.Outputs = append(node.Outputs, m.fresh())
	}
	m.graph.Nodes = append(m.graph.Nodes, node)
	return node.Outputs
}

func cut(kind string) (domain, name string, ok bool) {
	for i := range kind {
		if kind[i] == ':' {
			return kind[:i], kind[i+1:], true
		}
	}
	return "", kind, false
}

func attrInt(name string, n int64) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttrInt, I: n}
}

func attrInts(name string, n ...int64) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttrInts, Ints: n}
}

func attrString(name, s string) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttrString, S: []byte(s)}
}

func (m *model) transpose(x string, perm ...int64) string {
	return m.op("Transpose", x, attrInts("perm", perm...))
}

func (m *model) reshape(x string, shape ...int64) string {
	return m.op("Reshape", x, m.ints(shape...))
}

// size is dimension i of x as an i64 scalar, as TorchScript exporters spell it.
func (m *model) size(x string, i int64) string {
	return m.op("Gather", m.op("Shape", x), m.int(i), attrInt("axis", 0))
}

// slice is x[start:end:step] along an axis.
func (m *model) slice(x string, axis, start, end, step int64) string {
	return m.op("Slice", x, m.ints(start), m.ints(end), m.ints(axis), m.ints(step))
}

// compile compiles the model with these outputs, which get the names y0, y1, …, and checks how many nodes of some operators it has.
func (m *model) compile(want map[string]int, outputs ...string) *program {
	m.Helper()
	for i, o := range outputs {
		name := fmt.Sprint("y", i)
		m.graph.Nodes = append(m.graph.Nodes, &proto.Node{OpType: "Identity", Inputs: []string{o}, Outputs: []string{name}})
		m.graph.Outputs = append(m.graph.Outputs, &proto.ValueInfo{Name: name})
	}
	file := &proto.Model{IRVersion: 10, OpsetImports: []proto.OperatorSet{{Version: 23}, {Domain: "com.microsoft", Version: 1}}, Graph: &m.graph}
	c, err := gocompile.Compile(file.Encode())
	if err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { c.Close() })
	have := c.Graph().CountOps()
	for op, n := range want {
		if have[op] != n {
			m.Errorf("the program has %d %s, want %d; all are %v", have[op], op, n, have)
		}
	}
	return &program{TB: m.TB, model: c, session: c.NewSession()}
}

// program is a compiled model.
type program struct {
	testing.TB
	model   *gocompile.Model
	session *gocompile.Session
}

// run computes the first output of inputs in the model's order.
func (p *program) run(inputs ...tensor.Value) *tensor.Tensor {
	p.Helper()
	out, err := p.session.RunOrdered(context.Background(), inputs)
	if err != nil {
		p.Fatal(err)
	}
	return out[0].(*tensor.Tensor)
}

// normal is a tensor of normal random numbers.
func normal(r *rand.Rand, deviation float64, shape ...int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, shape...)
	for i := range x.Len() {
		x.SetFloat64(i, deviation*r.NormFloat64())
	}
	return x
}

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 8)) }

// difference is the largest difference of two tensors of one shape, relative to the peak of the second; NaN and infinities are infinitely far off.
func difference(t testing.TB, got, want *tensor.Tensor) float64 {
	t.Helper()
	if fmt.Sprint(got.Shape()) != fmt.Sprint(want.Shape()) {
		t.Fatalf("shape %v, want %v", got.Shape(), want.Shape())
	}
	peak, most := 0.0, 0.0
	for i := range want.Len() {
		peak = max(peak, math.Abs(want.Float64(i)))
	}
	for i := range want.Len() {
		d := math.Abs(got.Float64(i) - want.Float64(i))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		most = max(most, d)
	}
	return most / peak
}

// rounding is how far results may differ, relative to their peak, that are computed in float32 in another order.
const rounding = 2e-6
