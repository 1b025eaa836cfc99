package onnx

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importFlexAttention: without graphs that change scores or weights this is an [op.Attention]. With them, it becomes two products and a
// softmax with the nodes of the graphs between. Query heads that share a head of keys are rows of one product.
func importFlexAttention(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 3); err != nil {
		return nil, err
	}
	q, k, v := c.in[0], c.in[1], c.in[2]
	precision := tensor.Float32
	if q.Type.Elem == tensor.Float64 {
		precision = tensor.Float64
	}
	precision = c.dtype("softmax_precision", precision)
	if !c.has("score_mod") && !c.has("prob_mod") {
		return c.exprs(&op.Attention{Scale: c.float("scale", 0), Precision: precision}, q, k, v)[:1], nil
	}
	heads, groups := c.axis(q, 1), c.axis(k, 1)
	rows, size := c.axis(q, 2), c.axis(q, 3)
	grouped := c.regroupBy(q, c.axis(q, 0), groups, c.vector(-1), size)
	scores := c.expr(&op.MatMul{TransB: true}, c.scaled(grouped, size), c.scaled(k, size))
	scores = c.to(c.regroupBy(scores, c.axis(q, 0), heads, rows, c.axis(k, 2)), precision)
	scores = c.modify("score_mod", scores)
	weights := c.modify("prob_mod", c.expr(&op.Softmax{Axis: -1}, scores))
	weights = c.regroupBy(weights, c.axis(q, 0), groups, c.vector(-1), c.axis(k, 2))
	y := c.to(c.expr(&op.MatMul{}, weights, c.to(v, precision)), q.Type.Elem)
	return []*ir.Value{c.regroupBy(y, c.axis(q, 0), heads, rows, c.axis(v, 3))}, nil
}

// regroupBy gives x a shape of vectors of one element.
func (c *call) regroupBy(x *ir.Value, dims ...*ir.Value) *ir.Value {
	return c.expr(&op.Reshape{}, x, c.join(dims...))
}

// scaled multiplies by the root of the scale, which is 1/√size by default.
func (c *call) scaled(x, size *ir.Value) *ir.Value {
	if c.err != nil {
		return nil
	}
	if scale := c.float("scale", 0); scale != 0 {
		return c.times(x, c.number(math.Sqrt(float64(scale)), x))
	}
	root := c.apply(op.Sqrt, c.apply(op.Sqrt, c.to(size, tensor.Float32)))
	return c.times(x, c.to(c.apply(op.Reciprocal, root), x.Type.Elem))
}

// modify puts the nodes of a graph attribute with one input and one output in place; without the attribute, x stays as it is.
func (c *call) modify(name string, x *ir.Value) *ir.Value {
	if !c.has(name) || c.err != nil {
		return x
	}
	out, err := c.inlineGraph(c.subgraph(name), x)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("attribute %q: %w", name, err)
	}
	if c.err != nil {
		return nil
	}
	if len(out) != 1 {
		c.fail("attribute %q: the graph has %d outputs instead of one", name, len(out))
		return nil
	}
	return out[0]
}

// inlineGraph imports the nodes of a graph attribute into the graph at hand and returns its outputs.
func (c *call) inlineGraph(g *proto.Graph, in ...*ir.Value) ([]*ir.Value, error) {
	if g == nil || len(g.Inputs) != len(in) {
		return nil, fmt.Errorf("wants a graph with %d inputs", len(in))
	}
	if c.model.depth++; c.model.depth > maxDepth {
		return nil, fmt.Errorf("bodies are nested more than %d deep", maxDepth)
	}
	defer func() { c.model.depth-- }()
	s := &scope{model: c.model, graph: c.graph, opsets: c.opsets, values: map[string]*ir.Value{}, pending: map[string]*proto.Tensor{},
		sparse: map[string]*proto.SparseTensor{}, attrs: c.scope.attrs, outer: c.scope}
	s.addInitializers(g)
	for i, x := range in {
		if _, err := s.define(g.Inputs[i].Name, x); err != nil {
			return nil, err
		}
	}
	if err := s.addNodes(g.Nodes); err != nil {
		return nil, fmt.Errorf("in graph %q: %w", g.Name, err)
	}
	outs, err := s.outputs(g)
	if err != nil {
		return nil, err
	}
	values := make([]*ir.Value, len(outs))
	for i, o := range outs {
		values[i] = o.Value
	}
	return values, nil
}

func init() {
	register(row{"ai.onnx.preview", "FlexAttention", 1, importFlexAttention})
}
