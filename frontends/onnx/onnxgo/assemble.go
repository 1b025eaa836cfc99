package onnxgo

import (
	"fmt"
	"math"
	"strings"

	gorgonia "gorgonia.org/tensor"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// value is what the nodes of one name stand for: onnx-go makes two of an input that is an output too.
type value struct {
	name  string
	nodes []*node
	maker *call // nil: an input or constant
	used  bool
	want  bool // to be computed by every run
}

// contents is what was set last.
func (v *value) contents() gorgonia.Tensor {
	last := v.nodes[0]
	for _, n := range v.nodes {
		if n.turn > last.turn {
			last = n
		}
	}
	return last.contents
}

// declared is the element type of the first contents, which onnx-go sets when it declares an input; Invalid if there were none.
func (v *value) declared() tensor.DType { return v.nodes[0].declared }

// set gives all nodes the same contents.
func (v *value) set(t gorgonia.Tensor) {
	for _, n := range v.nodes {
		n.contents, n.skipped = t, false
	}
}

// assembly is a graph on its way to a model.
type assembly struct {
	graph  *Graph
	values []*value
	of     map[*node]*value // nil for the absent value
	model  *proto.Model     // its inputs and their types are still missing
	inputs []*value
	wanted []*value
}

// assemble writes the graph as an ONNX model. Inputs are the values that are fed, in the order of their nodes.
func (g *Graph) assemble() (*assembly, error) {
	a := &assembly{graph: g, of: map[*node]*value{}, model: &proto.Model{IRVersion: 8, Graph: &proto.Graph{Name: "onnx-go"}}}
	a.name()
	for _, step := range []func() error{a.makers, a.connect, a.versions, a.leaves} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	a.outputs()
	return a, nil
}

// name makes values of nodes. A node without a name is a value of its own.
func (a *assembly) name() {
	byName := map[string]*value{}
	for _, n := range a.graph.nodes {
		if n.named && n.name != "" {
			byName[n.name] = nil
		}
	}
	for _, n := range a.graph.nodes {
		name := n.name
		if name == "" && n.named {
			continue
		}
		if name == "" {
			name = fmt.Sprintf("#%d", n.id)
			for _, taken := byName[name]; taken; _, taken = byName[name] {
				name = "#" + name
			}
		}
		v := byName[name]
		if v == nil {
			v = &value{name: name}
			byName[name] = v
			a.values = append(a.values, v)
		}
		v.nodes = append(v.nodes, n)
		a.of[n] = v
	}
}

// makers finds the operation that computes each value.
func (a *assembly) makers() error {
	for i := range a.graph.calls {
		c := &a.graph.calls[i]
		for _, r := range c.results {
			v := a.of[r]
			if v == nil {
				continue
			}
			if v.maker != nil {
				return fmt.Errorf("value %q is computed twice, by %s and %s", v.name, v.maker.op.Name, c.op.Name)
			}
			v.maker = c
		}
	}
	return nil
}

// connect writes the operations as nodes.
func (a *assembly) connect() error {
	for _, c := range a.graph.calls {
		n := &proto.Node{OpType: c.op.Name, Domain: a.graph.domainOf(c.op.Name)}
		var first *node
		for _, r := range c.results {
			v := a.of[r]
			if v == nil {
				n.Outputs = append(n.Outputs, "")
				continue
			}
			n.Outputs = append(n.Outputs, v.name)
			if first == nil {
				first = r
			}
		}
		if first == nil {
			continue // computes nothing
		}
		err := a.operands(n, first)
		if err == nil {
			n.Attributes, err = attributes(c.op.Attributes)
		}
		if err != nil {
			return fmt.Errorf("%s → %q: %w", c.op.Name, a.of[first].name, err)
		}
		a.model.Graph.Nodes = append(a.model.Graph.Nodes, n)
	}
	return nil
}

// operands writes the inputs of a node from the edges of its first result that is there.
func (a *assembly) operands(n *proto.Node, result *node) error {
	edges := result.sorted()
	for i, e := range edges {
		to := e.T.(*node)
		if i > 0 && edges[i-1].W == e.W {
			if edges[i-1].T == e.T {
				continue
			}
			return fmt.Errorf("two operands have the place %v", e.W)
		}
		v := a.of[to]
		if v == nil {
			n.Inputs = append(n.Inputs, "")
			continue
		}
		if len(edges) == 1 && v.invented() {
			return nil
		}
		v.used = true
		n.Inputs = append(n.Inputs, v.name)
	}
	for len(n.Inputs) > 0 && n.Inputs[len(n.Inputs)-1] == "" {
		n.Inputs = n.Inputs[:len(n.Inputs)-1]
	}
	return nil
}

// invented reports whether a value is the input that onnx-go adds to an operation without inputs.
func (v *value) invented() bool {
	for _, n := range v.nodes {
		if n.contents != nil || n.given > 0 || n.fed {
			return false
		}
	}
	return v.maker == nil && strings.HasSuffix(v.name, "/input")
}

// leaves makes the values that nothing computes inputs and constants.
//
// onnx-go declares inputs, values of the graph and outputs, in this order and with placeholders of zeros, and then sets initializers. So a value
// that was set once for each declaration, and comes before a declared result, is an input that nobody has fed.
func (a *assembly) leaves() error {
	last := int64(-1)
	for _, v := range a.values {
		for _, n := range v.nodes {
			if v.maker != nil && n.given > 0 && n.id > last {
				last = n.id
			}
		}
	}
	for _, v := range a.values {
		if v.maker != nil || !v.used {
			continue
		}
		fed, given := false, 0
		for _, n := range v.nodes {
			fed = fed || n.fed
			given += n.given
		}
		switch t := v.contents(); {
		case fed:
			a.inputs = append(a.inputs, v)
		case t == nil || given <= len(v.nodes) && v.nodes[0].id < last:
			return fmt.Errorf("input %q has no value: it needs one by SetInput or SetTensor", v.name)
		default:
			x, err := fromGorgonia(t)
			if err != nil {
				return fmt.Errorf("constant %q: %w", v.name, err)
			}
			a.model.Graph.Initializers = append(a.model.Graph.Initializers, proto.FromTensor(v.name, x))
		}
	}
	return nil
}

// outputs chooses what to compute. Declared outputs follow one another, after all other declared values, so that from the first on that is
// surely one all are.
func (a *assembly) outputs() {
	first := int64(math.MaxInt64)
	for _, v := range a.values {
		for _, n := range v.nodes {
			if v.maker != nil && !v.used && n.given > 0 {
				first = min(first, n.id)
			}
		}
	}
	for _, v := range a.values {
		if v.maker == nil {
			continue
		}
		v.want = !v.used
		for _, n := range v.nodes {
			v.want = v.want || n.given > 0 && n.id >= first || a.graph.asked[n]
		}
		if v.want {
			a.wanted = append(a.wanted, v)
			a.model.Graph.Outputs = append(a.model.Graph.Outputs, &proto.ValueInfo{Name: v.name})
		}
	}
}
