package onnx

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importScan8: the Scan of opset 8 has a batch axis in front of everything, scans axis 1, and may have a length for each sample. It
// becomes a scan over the batch whose body is the scan of one sample.
func importScan8(c *call) ([]*ir.Value, error) {
	g := c.subgraph("body")
	scanned := int(c.int("num_scan_inputs", 0))
	if c.err != nil {
		return nil, c.err
	}
	if len(c.in) < 1 || scanned < 1 || scanned > len(c.in)-1 {
		return nil, fmt.Errorf("attribute %q is %d, with %d inputs", "num_scan_inputs", scanned, len(c.in))
	}
	in := c.in[1:]
	if c.in[0] != nil {
		in = c.in // the lengths are cut like all others
	}
	caps := &captures{}
	body := ir.NewGraph(g.Name+" of a sample", c.graph.Scope)
	s := &scope{model: c.model, graph: body, opsets: c.opsets, values: map[string]*ir.Value{}, pending: map[string]*proto.Tensor{},
		sparse: map[string]*proto.SparseTensor{}, attrs: c.scope.attrs, outer: c.scope}
	s.capture = func(name string, v *ir.Value) {
		caps.names, caps.values = append(caps.names, name), append(caps.values, v)
	}
	sample := make([]*ir.Value, len(in))
	for i, v := range in {
		if v == nil {
			return nil, fmt.Errorf("input %d is required but absent", i+1)
		}
		if r, ok := v.Type.Rank(); !ok || r < 1 {
			return nil, fmt.Errorf("input %d must have a batch axis, got %v", i+1, v.Type)
		}
		sample[i] = body.AddInput("", v.Type.WithDims(v.Type.Dims[1:]...))
	}
	inner := &call{scope: s, node: c.node, version: c.version, attrs: c.attrs}
	o := &op.Scan{States: len(c.in) - 1 - scanned, Scanned: scanned, InputBackward: flags(c.ints("directions"))}
	var out []*ir.Value
	var err error
	if c.in[0] == nil {
		out, err = inner.scan(o, g, sample)
	} else {
		out, err = inner.scanPart(o, g, sample[0], sample[1:])
	}
	if err != nil {
		return nil, err
	}
	results := make([]ir.Output, len(out))
	for i, v := range out {
		results[i] = ir.Output{Name: fmt.Sprint("result ", i), Value: v}
	}
	body.SetOutputs(results...)
	return c.add(&op.Scan{Scanned: len(in), Body: body}, slices.Concat(in, caps.values)...)
}

// scanPart scans the first elements only, as many as the scalar length says, and adds zeros to what was stacked.
func (c *call) scanPart(o *op.Scan, g *proto.Graph, length *ir.Value, in []*ir.Value) ([]*ir.Value, error) {
	b := &builder{call: c}
	all := b.dim(in[o.States], 0)
	end := b.add(&op.Reshape{}, b.add(&op.Cast{To: tensor.Int64}, length), b.num(1))
	zero := b.num(0)
	part := slices.Clone(in)
	for i := o.States; i < len(in); i++ {
		part[i] = b.add(&op.Slice{}, in[i], zero, end, zero)
	}
	if b.err != nil {
		return nil, b.err
	}
	out, err := c.scan(o, g, part)
	if err != nil {
		return nil, err
	}
	out = slices.Clone(out)
	for i := o.States; i < len(out); i++ {
		pads := b.add(&op.Concat{}, zero, b.binary(op.Sub, all, end))
		out[i] = b.add(&op.Pad{Mode: "constant"}, out[i], pads, nil, zero)
	}
	return out, b.err
}
