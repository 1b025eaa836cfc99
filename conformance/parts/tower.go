package main

import (
	"fmt"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// The sizes of a tower. They are small, since the passes look at weights only where they are less than a few thousand elements.
const (
	towerWidth = 16
	towerHeads = 2
	towerSize  = towerWidth / towerHeads
)

// tower is a model of so many blocks of a decoder as an exporter that traces writes them: norms, rotary embeddings, attention and gates spelled by
// primitives, with the arithmetic of shapes, 79 nodes a block. All blocks share their weights.
func tower(blocks int) *proto.Model {
	t := &builder{}
	for name, x := range map[string]*tensor.Tensor{
		"w": square(1), "wq": square(2), "wk": square(3), "wv": square(4), "gain": tensor.New(tensor.Float32, towerWidth),
		"two": tensor.Scalar[float32](2), "epsilon": tensor.Scalar[float32](1e-6), "root": tensor.Scalar[float32](2.828427),
		"cos": doubled(1), "sin": doubled(2), "half": tensor.Must([]int64{towerSize / 2}, 1), "end": tensor.Must([]int64{1 << 62}, 1),
		"i0": tensor.Must([]int64{0}, 1), "i1": tensor.Must([]int64{1}, 1), "last": tensor.Must([]int64{-1}, 1),
		"s0": tensor.Scalar[int64](0), "s1": tensor.Scalar[int64](1),
		"heads": tensor.Must([]int64{towerHeads}, 1), "size": tensor.Must([]int64{towerSize}, 1), "width": tensor.Must([]int64{towerWidth}, 1),
	} {
		t.initial = append(t.initial, proto.FromTensor(name, x))
	}
	x := "x"
	for range blocks {
		n := t.norm(x)
		q, k, v := t.split(t.op("MatMul", n, "wq")), t.split(t.op("MatMul", n, "wk")), t.split(t.op("MatMul", n, "wv"))
		q, k = t.turn(q), t.turn(k)
		scores := t.op("Div", t.op("MatMul", q, t.swap(k, 0, 1, 3, 2)), "root")
		y := t.swap(t.op("MatMul", t.op("Softmax", scores), v), 0, 2, 1, 3)
		y = t.op("Reshape", y, t.op("Concat", t.dim(n, "s0"), t.dim(n, "s1"), "width"))
		x = t.op("Add", x, t.op("MatMul", y, "w"))
		n = t.norm(x)
		gate := t.op("MatMul", n, "w")
		gate = t.op("Mul", gate, t.op("Sigmoid", gate))
		x = t.op("Add", x, t.op("MatMul", t.op("Mul", gate, t.op("MatMul", n, "w")), "w"))
	}
	rows := proto.Dim{Value: towerRows, HasValue: true}
	shape := &proto.Type{Kind: proto.TypeTensor, Elem: int32(tensor.Float32), HasShape: true, Dims: []proto.Dim{{Param: "batch"}, rows, {Value: towerWidth, HasValue: true}}}
	return &proto.Model{IRVersion: 10, OpsetImports: []proto.OperatorSet{{Version: 17}}, Graph: &proto.Graph{Name: "tower", Nodes: t.nodes, Initializers: t.initial,
		Inputs: []*proto.ValueInfo{{Name: "x", Type: shape}}, Outputs: []*proto.ValueInfo{{Name: x, Type: shape}}}}
}

const towerRows = 4

func square(x float64) *tensor.Tensor {
	t := tensor.New(tensor.Float32, towerWidth, towerWidth)
	for i := range towerWidth {
		t.SetFloat64(i*towerWidth+i, x)
	}
	return t
}

// doubled is a table of angles, each twice in a row.
func doubled(step float32) *tensor.Tensor {
	t := tensor.New(tensor.Float32, towerRows, towerSize)
	for i := range t.Len() {
		t.SetFloat64(i, float64(step)*float64(i/towerSize)/float64(1+i%(towerSize/2)))
	}
	return t
}

// builder collects nodes whose results have numbers as names.
type builder struct {
	nodes   []*proto.Node
	initial []*proto.Tensor
}

func (t *builder) op(kind string, in ...string) string { return t.node(kind, nil, in...) }

func (t *builder) node(kind string, attributes []*proto.Attribute, in ...string) string {
	out := fmt.Sprintf("v%d", len(t.nodes))
	if kind == "Concat" && attributes == nil {
		attributes = []*proto.Attribute{{Name: "axis", Type: proto.AttrInt, I: 0}}
	}
	t.nodes = append(t.nodes, &proto.Node{Name: "/" + out + "/" + kind, OpType: kind, Inputs: in, Outputs: []string{out}, Attributes: attributes})
	return out
}

func (t *builder) swap(x string, perm ...int64) string {
	return t.node("Transpose", []*proto.Attribute{{Name: "perm", Type: proto.AttrInts, Ints: perm}}, x)
}

// dim is one dimension of x as a vector of one element.
func (t *builder) dim(x, axis string) string {
	return t.op("Unsqueeze", t.op("Gather", t.op("Shape", x), axis), "i0")
}

// split gives each head rows of its own.
func (t *builder) split(x string) string {
	return t.swap(t.op("Reshape", x, t.op("Concat", t.dim(x, "s0"), t.dim(x, "s1"), "heads", "size")), 0, 2, 1, 3)
}

func (t *builder) norm(x string) string {
	mean := t.node("ReduceMean", []*proto.Attribute{{Name: "axes", Type: proto.AttrInts, Ints: []int64{-1}}}, t.op("Pow", x, "two"))
	return t.op("Mul", t.op("Div", x, t.op("Sqrt", t.op("Add", mean, "epsilon"))), "gain")
}

// turn is the rotary embedding of x in halves.
func (t *builder) turn(x string) string {
	a, b := t.op("Slice", x, "i0", "half", "last"), t.op("Slice", x, "half", "end", "last")
	turned := t.node("Concat", []*proto.Attribute{{Name: "axis", Type: proto.AttrInt, I: -1}}, t.op("Neg", b), a)
	return t.op("Add", t.op("Mul", x, "cos"), t.op("Mul", turned, "sin"))
}
