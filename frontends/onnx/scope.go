package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
)

// model is what all graphs of one import share.
type model struct {
	source    *proto.Model
	functions map[functionKey]*proto.Function
	opsets    map[string]int64
	depth     int // of functions within functions and bodies within bodies
}

const maxDepth = 128

// scope resolves the names of one ONNX graph or function body while it is built.
type scope struct {
	model   *model
	graph   *ir.Graph
	opsets  map[string]int64
	values  map[string]*ir.Value
	pending map[string]*proto.Tensor           // initializers that nothing has used yet
	sparse  map[string]*proto.SparseTensor     // likewise
	attrs   map[string]*proto.Attribute        // attributes of the function that is inlined; nil outside
	outer   *scope                             // of a body: the graph around it
	capture func(name string, outer *ir.Value) // of a body: told of every outer value that becomes an input
}

// find returns the value of that name: of this graph, or captured from a graph around it. Nil if there is none.
func (s *scope) find(name string) (*ir.Value, error) {
	if v, ok := s.values[name]; ok {
		return v, nil
	}
	if t, ok := s.pending[name]; ok {
		delete(s.pending, name)
		x, err := s.model.source.Tensor(t)
		if err != nil {
			return nil, err
		}
		return s.define(name, s.graph.Const(x))
	}
	if t, ok := s.sparse[name]; ok {
		delete(s.sparse, name)
		x, err := s.model.source.Dense(t)
		if err != nil {
			return nil, err
		}
		return s.define(name, s.graph.Const(x))
	}
	if s.outer == nil {
		return nil, nil
	}
	v, err := s.outer.find(name)
	if v == nil || err != nil {
		return nil, err
	}
	if s.graph == s.outer.graph { // the graph is inlined
		return s.define(name, v)
	}
	if v.Const != nil {
		return s.define(name, s.graph.Const(v.Const))
	}
	in := s.graph.AddInput(name, v.Type)
	in.Fact = v.Fact
	s.capture(name, v)
	return s.define(name, in)
}

func (s *scope) define(name string, v *ir.Value) (*ir.Value, error) {
	if _, dup := s.values[name]; dup {
		return nil, fmt.Errorf("value %q is defined twice", name)
	}
	if v.Name == "" {
		v.Name = name
	}
	s.values[name] = v
	return v, nil
}

// addInitializers makes initializers known without converting them.
func (s *scope) addInitializers(g *proto.Graph) {
	for _, t := range g.Initializers {
		s.pending[t.Name] = t
	}
	for _, t := range g.SparseInitializers {
		if t.Values != nil {
			s.sparse[t.Values.Name] = t
		}
	}
}

// addNodes imports nodes in their order.
func (s *scope) addNodes(nodes []*proto.Node) error {
	for i, n := range nodes {
		if err := s.addNode(n); err != nil {
			return nodeError(n, i, s.version(n.Domain), err)
		}
	}
	return nil
}

func (s *scope) version(domain string) int64 { return s.opsets[normalDomain(domain)] }

func nodeError(n *proto.Node, i int, version int64, err error) error {
	name := n.Name
	if name == "" {
		name = fmt.Sprintf("#%d", i)
		if len(n.Outputs) > 0 {
			name = "→ " + n.Outputs[0]
		}
	}
	op := n.OpType
	if n.Domain != "" {
		op = n.Domain + "::" + op
	}
	if version == 0 {
		return fmt.Errorf("node %q (%s): %w", name, op, err)
	}
	return fmt.Errorf("node %q (%s, opset %d): %w", name, op, version, err)
}

func (s *scope) addNode(n *proto.Node) error {
	c := &call{scope: s, node: n, version: s.version(n.Domain), in: make([]*ir.Value, len(n.Inputs))}
	for i, name := range n.Inputs {
		if name == "" {
			continue
		}
		v, err := s.find(name)
		if err != nil {
			return fmt.Errorf("input %d: %w", i, err)
		}
		if v == nil {
			return fmt.Errorf("input %d (%q) is defined nowhere before this node", i, name)
		}
		c.in[i] = v
	}
	var err error
	if c.attrs, err = s.attributes(n); err != nil {
		return err
	}
	var out []*ir.Value
	if f := s.model.function(n); f != nil {
		out, err = c.inline(f)
	} else {
		build, ok := lookup(normalDomain(n.Domain), n.OpType, c.version)
		if !ok {
			return fmt.Errorf("the operator is not supported")
		}
		out, err = build(c)
	}
	if err == nil {
		err = c.err
	}
	if err != nil {
		return err
	}
	for i, name := range n.Outputs {
		if name == "" {
			continue
		}
		if i >= len(out) || out[i] == nil {
			return fmt.Errorf("has no output %d (%q)", i, name)
		}
		if _, err := s.define(name, out[i]); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	return nil
}

// attributes resolves references to the attributes of the function that is inlined.
func (s *scope) attributes(n *proto.Node) (map[string]*proto.Attribute, error) {
	attrs := make(map[string]*proto.Attribute, len(n.Attributes))
	for _, a := range n.Attributes {
		if _, dup := attrs[a.Name]; dup {
			return nil, fmt.Errorf("attribute %q is given twice", a.Name)
		}
		if a.RefAttrName != "" {
			ref := s.attrs[a.RefAttrName]
			if ref == nil {
				continue // not given to the function, and without a default: absent here too
			}
			attrs[a.Name] = ref
			continue
		}
		attrs[a.Name] = a
	}
	return attrs, nil
}
