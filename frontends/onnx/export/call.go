package export

import (
	"fmt"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// call is the writing of one node.
type call struct {
	*scope
	node  *ir.Node
	first int // number of nodes written before
}

// spelling writes a node.
type spelling func(c *call) error

var table = map[string]spelling{}

// spell says how the operator of a name is written.
func spell(name string, f spelling) {
	if _, dup := table[name]; dup {
		panic("BUG: two spellings of " + name)
	}
	table[name] = f
}

// same is the spelling of an operator as one ONNX operator with the same inputs and results.
func same[O ir.Op](name string, attributes func(o O) []*proto.Attribute) spelling {
	return func(c *call) error {
		var list []*proto.Attribute
		if attributes != nil {
			list = attributes(c.node.Op.(O))
		}
		c.as(name, list, c.ins()...)
		return nil
	}
}

func (c *call) write() error {
	switch o := c.node.Op.(type) {
	case *ir.Const:
		return c.writeConst(o)
	case *ir.Dims:
		return c.writeDims(o)
	}
	f, ok := table[ir.OpName(c.node.Op)]
	if !ok {
		return errUnknown
	}
	return f(c)
}

func (c *call) writeConst(o *ir.Const) error {
	v := c.node.Out()[0]
	if c.options.Contrib && onlyInNBits(v) {
		return nil
	}
	switch x := o.Value.(type) {
	case *tensor.Tensor:
		c.bind(v, c.constant(x, v.Name))
		return nil
	case *tensor.Sequence:
		if len(x.Items) == 0 {
			c.as("SequenceEmpty", attrs(integer("dtype", int(x.Elem))))
			return nil
		}
		var items []string
		for _, item := range x.Items {
			t, ok := item.(*tensor.Tensor)
			if !ok {
				return fmt.Errorf("a constant %v", ir.TypeOf(x))
			}
			items = append(items, c.constant(t, "item"))
		}
		c.as("SequenceConstruct", nil, items...)
		return nil
	}
	return fmt.Errorf("a constant %v", ir.TypeOf(o.Value))
}

// in is the name of input i, empty if it is absent.
func (c *call) in(i int) string {
	if v := c.node.Input(i); v != nil {
		return c.values[v]
	}
	return ""
}

func (c *call) ins() []string {
	list := make([]string, len(c.node.In()))
	for i := range list {
		list[i] = c.in(i)
	}
	return list
}

// typ is the type of input i.
func (c *call) typ(i int) ir.Type {
	if v := c.node.Input(i); v != nil {
		return v.Type
	}
	return ir.Type{}
}

// rank is that of input i.
func (c *call) rank(i int) (int, error) {
	r, ok := c.typ(i).Rank()
	if !ok {
		return 0, fmt.Errorf("the rank of input %d is not known", i)
	}
	return r, nil
}

func (c *call) used(i int) bool { return i < len(c.node.Out()) && c.node.Out()[i].Used() }

// out names result i and binds it; a result that nothing uses has no name but the first.
func (c *call) out(i int) string {
	v := c.node.Out()[i]
	if i > 0 && !v.Used() {
		return ""
	}
	name := v.Name
	if name == "" {
		name = ir.OpName(c.node.Op)
	}
	name = c.name(name)
	c.bind(v, name)
	if v.Type.IsTensor() && v.Type.Elem != tensor.Invalid && v.Type.Ranked {
		c.graph.ValueInfo = append(c.graph.ValueInfo, &proto.ValueInfo{Name: name, Type: typeOf(v.Type)})
	}
	return name
}

// as writes the node as one ONNX operator that gives all its results.
func (c *call) as(op string, list []*proto.Attribute, in ...string) {
	out := make([]string, len(c.node.Out()))
	for i := range out {
		out[i] = c.out(i)
	}
	c.scope.node(op, list, in, out, c.node.Name)
}

// give makes x result i, and returns how x is called from now on: if the last node of this call made it, that makes the result instead.
func (c *call) give(i int, x string) string {
	name := ""
	if i == 0 {
		name = c.node.Name
	}
	n := len(c.graph.Nodes)
	if n == c.first || len(c.graph.Nodes[n-1].Outputs) != 1 || c.graph.Nodes[n-1].Outputs[0] != x {
		c.scope.node("Identity", nil, []string{x}, []string{c.out(i)}, name)
		return x
	}
	last := c.graph.Nodes[n-1]
	last.Outputs[0] = c.out(i)
	delete(c.made, c.madeAs[x])
	if name != "" {
		last.Name = c.nodeName(name)
	}
	return last.Outputs[0]
}

// swap exchanges axes.
func (s *scope) swap(x string, perm ...int) string {
	return s.emit("Transpose", attrs(integers("perm", perm)), x)
}
