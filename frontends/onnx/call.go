package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// call is one node at the moment of its import. The attribute accessors remember the first attribute of a wrong kind, and the
// import of the node then fails, so importers need not check.
type call struct {
	*scope
	node    *proto.Node
	version int64                       // of the node's domain
	in      []*ir.Value                 // nil where an optional input is absent
	attrs   map[string]*proto.Attribute // references to attributes of functions resolved
	err     error
}

// add appends an operator named after the node and returns its results.
func (c *call) add(op ir.Op, in ...*ir.Value) ([]*ir.Value, error) {
	n, err := c.graph.Add(op, in...)
	if err != nil {
		return nil, err
	}
	n.Name = c.node.Name
	return n.Out(), nil
}

// one is add for operators with one result.
func (c *call) one(op ir.Op, in ...*ir.Value) (*ir.Value, error) {
	out, err := c.add(op, in...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// input returns input i, nil if it is absent.
func (c *call) input(i int) *ir.Value {
	if i >= len(c.in) {
		return nil
	}
	return c.in[i]
}

// wants reports whether the node names output i.
func (c *call) wants(i int) bool { return i < len(c.node.Outputs) && c.node.Outputs[i] != "" }

// constant makes a tensor a value.
func (c *call) constant(t *tensor.Tensor) *ir.Value { return c.graph.Const(t) }

// vector makes integers an i64 tensor of rank 1.
func (c *call) vector(v ...int64) *ir.Value {
	return c.constant(tensor.Must(append([]int64{}, v...), len(v)))
}

// scalar makes a number a tensor of rank 0 with the element type of like.
func (c *call) scalar(v float64, like *ir.Value) *ir.Value {
	t := tensor.New(like.Type.Elem)
	t.SetFloat64(0, v)
	return c.constant(t)
}

// axesInput returns input i, or attribute name as a vector where an older version has the axes there, or nil.
func (c *call) axesInput(i int, name string) *ir.Value {
	if v := c.input(i); v != nil {
		return v
	}
	if c.has(name) {
		return c.vector(c.ints(name)...)
	}
	return nil
}

func (c *call) attr(name string, want proto.AttributeType) *proto.Attribute {
	a := c.attrs[name]
	if a == nil {
		return nil
	}
	if a.Type != want {
		if c.err == nil {
			c.err = fmt.Errorf("attribute %q is %v, want %v", name, a.Type, want)
		}
		return nil
	}
	return a
}

// has reports whether the node has the attribute.
func (c *call) has(name string) bool { return c.attrs[name] != nil }

// require makes a missing attribute an error.
func (c *call) require(name string) {
	if !c.has(name) && c.err == nil {
		c.err = fmt.Errorf("attribute %q is required", name)
	}
}

func (c *call) int(name string, def int64) int64 {
	if a := c.attr(name, proto.AttrInt); a != nil {
		return a.I
	}
	return def
}

func (c *call) bool(name string, def bool) bool {
	n := int64(0)
	if def {
		n = 1
	}
	return c.int(name, n) != 0
}

func (c *call) float(name string, def float32) float32 {
	if a := c.attr(name, proto.AttrFloat); a != nil {
		return a.F
	}
	return def
}

func (c *call) string(name, def string) string {
	if a := c.attr(name, proto.AttrString); a != nil {
		return string(a.S)
	}
	return def
}

func (c *call) ints(name string) []int64 {
	if a := c.attr(name, proto.AttrInts); a != nil {
		return a.Ints
	}
	return nil
}

// intSlice is ints as a slice of int.
func (c *call) intSlice(name string) []int {
	v := c.ints(name)
	if v == nil {
		return nil
	}
	out := make([]int, len(v))
	for i, x := range v {
		out[i] = int(x)
	}
	return out
}

func (c *call) floats(name string) []float32 {
	if a := c.attr(name, proto.AttrFloats); a != nil {
		return a.Floats
	}
	return nil
}

func (c *call) strings(name string) []string {
	a := c.attr(name, proto.AttrStrings)
	if a == nil {
		return nil
	}
	out := make([]string, len(a.Strings))
	for i, s := range a.Strings {
		out[i] = string(s)
	}
	return out
}

func (c *call) tensor(name string) *tensor.Tensor {
	a := c.attr(name, proto.AttrTensor)
	if a == nil || a.T == nil {
		return nil
	}
	t, err := c.model.source.Tensor(a.T)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("attribute %q: %w", name, err)
	}
	return t
}

func (c *call) subgraph(name string) *proto.Graph {
	if a := c.attr(name, proto.AttrGraph); a != nil {
		return a.G
	}
	if c.err == nil {
		c.err = fmt.Errorf("attribute %q with a graph is required", name)
	}
	return nil
}

func (c *call) typeProto(name string) *proto.Type {
	if a := c.attr(name, proto.AttrType); a != nil {
		return a.TP
	}
	return nil
}

// dtype reads an element type, such as attribute to of Cast.
func (c *call) dtype(name string, def tensor.DType) tensor.DType {
	if !c.has(name) {
		return def
	}
	n := c.int(name, 0)
	d := tensor.DType(n)
	if (n < 0 || n > 255 || !d.Valid()) && c.err == nil {
		c.err = fmt.Errorf("attribute %q: element type %d is unknown", name, n)
	}
	return d
}

// expect checks the number of inputs: the first min must be present, at most max may be given (max < 0: any number).
func (c *call) expect(min, max int) error {
	if max >= 0 && len(c.in) > max {
		return fmt.Errorf("takes at most %d inputs, got %d", max, len(c.in))
	}
	for i := range min {
		if c.input(i) == nil {
			return fmt.Errorf("input %d is required but absent", i)
		}
	}
	return nil
}

// simple returns an importer for operators that need no more than their inputs: between min and max of them.
func simple(min, max int, make func(c *call) ir.Op) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(min, max); err != nil {
			return nil, err
		}
		op := make(c)
		if c.err != nil {
			return nil, c.err
		}
		return c.add(op, c.in...)
	}
}
