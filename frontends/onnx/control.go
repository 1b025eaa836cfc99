package onnx

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// captures collects the outer values that bodies use, in the order in which they become inputs.
type captures struct {
	names  []string
	values []*ir.Value
}

// body imports a graph attribute. Its formal inputs have the given types (and names of their own); what it uses from outside
// is captured: appended to its inputs, and noted in caps, which several bodies of one node share.
func (c *call) body(g *proto.Graph, types []ir.Type, caps *captures) (*ir.Graph, error) {
	if c.model.depth++; c.model.depth > maxDepth {
		return nil, fmt.Errorf("bodies are nested more than %d deep", maxDepth)
	}
	defer func() { c.model.depth-- }()
	b := ir.NewGraph(g.Name, c.graph.Scope)
	s := &scope{model: c.model, graph: b, opsets: c.opsets, values: map[string]*ir.Value{}, pending: map[string]*proto.Tensor{},
		sparse: map[string]*proto.SparseTensor{}, attrs: c.scope.attrs, outer: c.scope}
	s.addInitializers(g)
	if len(g.Inputs) > len(types) {
		return nil, fmt.Errorf("graph %q takes %d inputs, gets %d", g.Name, len(g.Inputs), len(types))
	}
	for i, t := range types {
		name := ""
		if i < len(g.Inputs) {
			name = g.Inputs[i].Name
		}
		in := b.AddInput(name, t)
		if name != "" {
			if _, err := s.define(name, in); err != nil {
				return nil, err
			}
		}
	}
	// Values that another body of the node uses are inputs of this one too, in the same place.
	for i, name := range caps.names {
		in := b.AddInput(name, caps.values[i].Type)
		in.Fact = caps.values[i].Fact
		if _, own := s.values[name]; !own {
			s.values[name] = in
		}
	}
	s.capture = func(name string, v *ir.Value) {
		caps.names, caps.values = append(caps.names, name), append(caps.values, v)
	}
	// The outer scope may itself be a body, so a name is looked up there only when it is needed.
	if err := s.addNodes(g.Nodes); err != nil {
		return nil, fmt.Errorf("in graph %q: %w", g.Name, err)
	}
	outs, err := s.outputs(g)
	if err != nil {
		return nil, err
	}
	b.SetOutputs(outs...)
	return b, nil
}

// importIf: both bodies take the union of what they capture.
func importIf(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	thenProto, elseProto := c.subgraph("then_branch"), c.subgraph("else_branch")
	if c.err != nil {
		return nil, c.err
	}
	caps := &captures{}
	thenBody, err := c.body(thenProto, nil, caps)
	if err != nil {
		return nil, err
	}
	before := len(caps.names)
	elseBody, err := c.body(elseProto, nil, caps)
	if err != nil {
		return nil, err
	}
	for i, v := range caps.values[before:] {
		thenBody.AddInput(caps.names[before+i], v.Type)
	}
	return c.add(&op.If{Then: thenBody, Else: elseBody}, append([]*ir.Value{c.in[0]}, caps.values...)...)
}

// generalise returns a type for a value that passes through iterations and is of type t after one: dimensions that change become
// data-dependent, a rank that changes unknown, and what is optional once is optional. It reports whether that is more general than
// before.
func generalise(sc *sym.Scope, before, t ir.Type) (ir.Type, bool) {
	switch {
	case before.Kind != t.Kind && t.Kind == ir.KindOptional:
		return t, true
	case before.Kind != t.Kind && before.Kind == ir.KindOptional && before.Item != nil:
		item, changed := generalise(sc, *before.Item, t)
		return ir.OptionalType(item), changed
	case before.Kind == t.Kind && before.Item != nil && t.Item != nil:
		item, changed := generalise(sc, *before.Item, *t.Item)
		before.Item = &item
		return before, changed
	case before.Kind != ir.KindTensor || t.Kind != ir.KindTensor:
		return before, false
	}
	changed := false
	if before.Elem == tensor.Invalid && t.Elem != tensor.Invalid {
		before.Elem, changed = t.Elem, true
	}
	if !before.Ranked {
		return before, changed
	}
	if !t.Ranked || len(t.Dims) != len(before.Dims) {
		return ir.UnrankedType(before.Elem), true
	}
	dims := slices.Clone(before.Dims)
	for i, d := range t.Dims {
		if dims[i].Equal(d) {
			continue
		}
		if _, isConst := dims[i].IsConst(); !isConst && dims[i].HasFresh() {
			continue // as general as it gets
		}
		dims[i], changed = sc.Fresh("carried").Expr(), true
	}
	return before.WithDims(dims...), changed
}

const maxGeneralise = 6 // attempts at types that fit all iterations

// loopBody imports a body whose inputs from first on are carried to the outputs from firstOut on, with types that hold in every
// iteration.
func (c *call) loopBody(g *proto.Graph, types []ir.Type, first, firstOut, carried int) (*ir.Graph, *captures, error) {
	types = slices.Clone(types)
	for range maxGeneralise {
		caps := &captures{}
		b, err := c.body(g, types, caps)
		if err != nil {
			return nil, nil, err
		}
		if len(b.Outputs()) < firstOut+carried {
			return nil, nil, fmt.Errorf("graph %q has %d outputs, %d are needed", g.Name, len(b.Outputs()), firstOut+carried)
		}
		changed := false
		for i := range carried {
			t, more := generalise(c.graph.Scope, types[first+i], b.Outputs()[firstOut+i].Value.Type)
			if more {
				types[first+i], changed = t, true
			}
		}
		if !changed {
			return b, caps, nil
		}
	}
	for i := range carried {
		if t := types[first+i]; t.IsTensor() {
			types[first+i] = ir.UnrankedType(t.Elem)
		}
	}
	caps := &captures{}
	b, err := c.body(g, types, caps)
	return b, caps, err
}

func importLoop(c *call) ([]*ir.Value, error) {
	if len(c.in) < 2 {
		c.in = append(c.in, nil, nil)[:2]
	}
	g := c.subgraph("body")
	if c.err != nil {
		return nil, c.err
	}
	carried := len(c.in) - 2
	types := []ir.Type{ir.TensorType(tensor.Int64), ir.TensorType(tensor.Bool)}
	for i, v := range c.in[2:] {
		if v == nil {
			return nil, fmt.Errorf("input %d is required but absent", i+2)
		}
		types = append(types, v.Type)
	}
	b, caps, err := c.loopBody(g, types, 2, 1, carried)
	if err != nil {
		return nil, err
	}
	return c.add(&op.Loop{Carried: carried, Body: b}, append(slices.Clone(c.in), caps.values...)...)
}

func importScan(c *call) ([]*ir.Value, error) {
	if c.version < 9 {
		return importScan8(c)
	}
	g := c.subgraph("body")
	scanned := int(c.int("num_scan_inputs", 0))
	if c.err != nil {
		return nil, c.err
	}
	if err := c.expect(len(c.in), -1); err != nil {
		return nil, err
	}
	states := len(c.in) - scanned
	if scanned < 1 || states < 0 {
		return nil, fmt.Errorf("attribute %q is %d, with %d inputs", "num_scan_inputs", scanned, len(c.in))
	}
	o := &op.Scan{States: states, Scanned: scanned, InputAxes: c.intSlice("scan_input_axes"), OutputAxes: c.intSlice("scan_output_axes"),
		InputBackward: flags(c.ints("scan_input_directions")), Backward: flags(c.ints("scan_output_directions"))}
	return c.scan(o, g, c.in)
}

func flags(v []int64) []bool {
	var f []bool
	for _, x := range v {
		f = append(f, x != 0)
	}
	return f
}

func (c *call) scan(o *op.Scan, g *proto.Graph, in []*ir.Value) ([]*ir.Value, error) {
	types := make([]ir.Type, len(in))
	for i, v := range in {
		types[i] = v.Type
		if k := i - o.States; k >= 0 && v.Type.Ranked {
			axis := 0
			if k < len(o.InputAxes) {
				axis = o.InputAxes[k]
			}
			if axis < 0 {
				axis += len(v.Type.Dims)
			}
			if axis < 0 || axis >= len(v.Type.Dims) {
				return nil, fmt.Errorf("scan axis %d is out of range for input %d, %v", axis, i, v.Type)
			}
			types[i] = v.Type.WithDims(slices.Delete(slices.Clone(v.Type.Dims), axis, axis+1)...)
		}
	}
	b, caps, err := c.loopBody(g, types, 0, 0, o.States)
	if err != nil {
		return nil, err
	}
	o.Body = b
	return c.add(o, append(slices.Clone(in), caps.values...)...)
}

func init() {
	register(
		row{"", "If", 1, importIf},
		row{"", "Loop", 1, importLoop},
		row{"", "Scan", 8, importScan},
	)
}
