package properties

import (
	"math"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// attention is softmax(Q·Kᵀ/√size + bias)·V of q, k and v [batch, heads, rows, size].
type attention struct {
	q, k, v     string
	heads, size int
	bias        string // broadcasts to the scores; "": none
	causal      bool
}

// spelling is one way to write an attention.
type spelling struct {
	name  string
	write func(m *model, a attention) string
}

// spellings are those of the exporters of PyTorch and of hand-written models, and the operators of newer opsets and of onnxruntime.
var spellings = []spelling{
	{"torchscript", torchScript}, {"dynamo", dynamo}, {"einsum", einsum}, {"opset23", opset23}, {"contrib", contrib},
}

// torchScript divides the scores; causal is a triangle of ones, outside of which scores are replaced.
func torchScript(m *model, a attention) string {
	s := m.op("MatMul", a.q, m.transpose(a.k, 0, 1, 3, 2))
	s = m.op("Div", s, m.float(math.Sqrt(float64(a.size))))
	if a.bias != "" {
		s = m.op("Add", s, a.bias)
	}
	if a.causal {
		one := &proto.Attribute{Name: "value", Type: proto.AttrTensor, T: proto.FromTensor("", tensor.Must([]float32{1}, 1))}
		ones := m.op("ConstantOfShape", m.square(a), one)
		keep := m.op("Cast", m.op("Trilu", ones, attrInt("upper", 0)), attrInt("to", int64(tensor.Bool)))
		s = m.op("Where", keep, s, m.float(math.Inf(-1)))
	}
	return m.op("MatMul", m.op("Softmax", s, attrInt("axis", -1)), a.v)
}

// dynamo scales both sides by a root and exchanges axes of keys by way of three; causal compares positions, and rows of NaN are guarded against.
func dynamo(m *model, a attention) string {
	root := m.float(math.Pow(float64(a.size), -0.25))
	dims := func(from, to int64) string { return m.op("Shape", a.k, attrInt("start", from), attrInt("end", to)) }
	flat := m.op("Reshape", a.k, m.op("Concat", m.ints(-1), dims(2, 4), attrInt("axis", 0)))
	shape := m.op("Concat", dims(0, 2), m.ints(int64(a.size)), dims(2, 3), attrInt("axis", 0))
	kt := m.op("Reshape", m.transpose(flat, 0, 2, 1), shape)
	s := m.op("MatMul", m.op("Mul", a.q, root), m.op("Mul", kt, root))
	if a.bias != "" {
		s = m.op("Add", s, a.bias)
	}
	if a.causal {
		i := m.op("Unsqueeze", m.op("Range", m.int(0), m.size(a.q, 2), m.int(1)), m.ints(1))
		j := m.op("Unsqueeze", m.op("Range", m.int(0), m.size(a.k, 2), m.int(1)), m.ints(0))
		s = m.op("Add", s, m.op("Where", m.op("LessOrEqual", j, i), m.float(0), m.float(math.Inf(-1))))
	}
	p := m.op("Softmax", s, attrInt("axis", -1))
	return m.op("MatMul", m.op("Where", m.op("IsNaN", p), m.float(0), p), a.v)
}

// einsum takes the scale from the shape and divides the queries; causal adds a triangle of -Inf.
func einsum(m *model, a attention) string {
	root := m.op("Sqrt", m.op("Cast", m.size(a.q, 3), attrInt("to", int64(tensor.Float32))))
	s := m.op("Einsum", m.op("Div", a.q, root), a.k, attrString("equation", "bhid,bhjd->bhij"))
	if a.bias != "" {
		s = m.op("Add", a.bias, s)
	}
	if a.causal {
		none := m.op("Expand", m.float(math.Inf(-1)), m.square(a))
		s = m.op("Add", s, m.op("Trilu", none, m.int(1), attrInt("upper", 1)))
	}
	return m.op("Einsum", m.op("Softmax", s, attrInt("axis", 3)), a.v, attrString("equation", "bhij,bhjd->bhid"))
}

func opset23(m *model, a attention) string {
	return m.op("Attention", a.q, a.k, a.v, a.bias, attrInt("is_causal", flag(a.causal)))
}

// contrib is onnxruntime's operator, with heads side by side.
func contrib(m *model, a attention) string {
	heads := attrInt("num_heads", int64(a.heads))
	y := m.op("com.microsoft:MultiHeadAttention", m.join(a.q), m.join(a.k), m.join(a.v), "", "", a.bias, heads, attrInt("unidirectional", flag(a.causal)))
	return m.split(y, a.heads, a.size)
}

func flag(on bool) int64 {
	if on {
		return 1
	}
	return 0
}

// square is the shape [queries, keys].
func (m *model) square(a attention) string {
	rows := func(x string) string { return m.op("Unsqueeze", m.size(x, 2), m.ints(0)) }
	return m.op("Concat", rows(a.q), rows(a.k), attrInt("axis", 0))
}

// split makes [batch, heads, rows, size] of [batch, rows, heads·size].
func (m *model) split(x string, heads, size int) string {
	dim := func(i int64) string { return m.op("Unsqueeze", m.size(x, i), m.ints(0)) }
	shape := m.op("Concat", dim(0), dim(1), m.ints(int64(heads)), m.ints(int64(size)), attrInt("axis", 0))
	return m.transpose(m.op("Reshape", x, shape), 0, 2, 1, 3)
}

// join is the reverse of split.
func (m *model) join(x string) string {
	return m.reshape(m.transpose(x, 0, 2, 1, 3), 0, 0, -1)
}

// block is self-attention with what stands around it.
type block struct {
	spelling
	heads, size    int
	wq, wk, wv, wo *tensor.Tensor // factors from the right; nil: none
	bias           string
	causal         bool
	turn           func(x string) string // of queries and keys, [batch, heads, rows, size]; nil: none
}

// selfAttention is a block over x [batch, rows, heads·size].
func (m *model) selfAttention(x string, b block) string {
	project := func(x string, w *tensor.Tensor) string {
		if w == nil {
			return x
		}
		return m.op("MatMul", x, m.constant(w))
	}
	a := attention{heads: b.heads, size: b.size, bias: b.bias, causal: b.causal}
	a.q, a.k, a.v = m.split(project(x, b.wq), b.heads, b.size), m.split(project(x, b.wk), b.heads, b.size), m.split(project(x, b.wv), b.heads, b.size)
	if b.turn != nil {
		a.q, a.k = b.turn(a.q), b.turn(a.k)
	}
	return project(m.join(b.write(m, a)), b.wo)
}
