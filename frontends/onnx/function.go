package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
)

type functionKey struct{ domain, name, overload string }

// normalDomain spells the default domain one way.
func normalDomain(d string) string {
	if d == "ai.onnx" {
		return ""
	}
	return d
}

// function returns the model-local function that a node calls, nil if it calls none.
func (m *model) function(n *proto.Node) *proto.Function {
	return m.functions[functionKey{normalDomain(n.Domain), n.OpType, n.Overload}]
}

// inline imports the body of a model-local function in place of the node that calls it. Inside, only the function's inputs
// are visible, and operators have the versions that the function imports.
func (c *call) inline(f *proto.Function) ([]*ir.Value, error) {
	if c.model.depth++; c.model.depth > maxDepth {
		return nil, fmt.Errorf("functions call each other more than %d deep, or without end", maxDepth)
	}
	defer func() { c.model.depth-- }()
	if len(c.in) > len(f.Inputs) {
		return nil, fmt.Errorf("function %q takes %d inputs, got %d", f.Name, len(f.Inputs), len(c.in))
	}
	s := &scope{model: c.model, graph: c.graph, opsets: opsetMap(f.OpsetImports), values: map[string]*ir.Value{}, attrs: map[string]*proto.Attribute{}}
	for d, v := range c.model.opsets { // domains that the function leaves out
		if _, ok := s.opsets[d]; !ok {
			s.opsets[d] = v
		}
	}
	for _, a := range f.AttributeProtos {
		s.attrs[a.Name] = a
	}
	for name, a := range c.attrs {
		s.attrs[name] = a
	}
	for i, name := range f.Inputs {
		s.values[name] = c.input(i) // nil: absent
	}
	if err := s.addFunctionNodes(f); err != nil {
		return nil, fmt.Errorf("in function %q: %w", f.Name, err)
	}
	out := make([]*ir.Value, len(f.Outputs))
	for i, name := range f.Outputs {
		if v, err := s.find(name); v != nil && err == nil {
			out[i] = v
		} else if c.wants(i) {
			return nil, fmt.Errorf("function %q does not define its output %q", f.Name, name)
		}
	}
	return out, nil
}

func (s *scope) addFunctionNodes(f *proto.Function) error {
	for i, n := range f.Nodes {
		// An input of the function that its caller leaves out is absent in the nodes that use it.
		m := *n
		m.Inputs = append([]string(nil), n.Inputs...)
		for k, name := range m.Inputs {
			if v, ok := s.values[name]; ok && v == nil {
				m.Inputs[k] = ""
			}
		}
		if err := s.addNode(&m); err != nil {
			return nodeError(n, i, s.version(n.Domain), err)
		}
	}
	return nil
}

func opsetMap(imports []proto.OperatorSet) map[string]int64 {
	m := make(map[string]int64, len(imports))
	for _, o := range imports {
		m[normalDomain(o.Domain)] = o.Version
	}
	return m
}
