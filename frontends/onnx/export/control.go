package export

import (
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// body writes a graph that the node owns. Its first formal inputs are inputs in ONNX too; the others are the outer values themselves, to be
// found from input first of the node on.
func (c *call) body(attr string, b *ir.Graph, formal, first int) *proto.Attribute {
	s := c.model.scope(c.scope, b)
	for i, v := range b.Inputs() {
		if i < formal {
			name := c.name(v.Name)
			s.bind(v, name)
			s.graph.Inputs = append(s.graph.Inputs, &proto.ValueInfo{Name: name, Type: typeOf(v.Type)})
		} else {
			s.bind(v, c.in(first+i-formal))
		}
	}
	s.nodes(b)
	for _, out := range b.Outputs() {
		s.output(c.name(out.Name), out.Value, out.Value.Type)
	}
	return &proto.Attribute{Name: attr, Type: proto.AttrGraph, G: s.graph}
}

func backward(name string, list []bool) *proto.Attribute {
	n := make([]int, len(list))
	for i, b := range list {
		if b {
			n[i] = 1
		}
	}
	return when(len(list) > 0, integers(name, n))
}

func init() {
	spell("If", func(c *call) error {
		o := c.node.Op.(*op.If)
		c.as("If", attrs(c.body("then_branch", o.Then, 0, 1), c.body("else_branch", o.Else, 0, 1)), c.in(0))
		return nil
	})
	spell("Loop", func(c *call) error {
		o := c.node.Op.(*op.Loop)
		c.as("Loop", attrs(c.body("body", o.Body, 2+o.Carried, 2+o.Carried)), c.ins()[:2+o.Carried]...)
		return nil
	})
	spell("Scan", func(c *call) error {
		o := c.node.Op.(*op.Scan)
		n := o.States + o.Scanned
		c.as("Scan", attrs(c.body("body", o.Body, n, n), integer("num_scan_inputs", o.Scanned),
			when(len(o.InputAxes) > 0, integers("scan_input_axes", o.InputAxes)), when(len(o.OutputAxes) > 0, integers("scan_output_axes", o.OutputAxes)),
			backward("scan_input_directions", o.InputBackward), backward("scan_output_directions", o.Backward)), c.ins()[:n]...)
		return nil
	})
}
