package ir

import (
	"fmt"
	"iter"

	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Graph is a program: nodes in an order in which every value is defined before it is used. A graph is not safe for
// concurrent modification.
type Graph struct {
	Name     string
	Doc      string
	Scope    *sym.Scope        // the symbols of all graphs of one model
	Metadata map[string]string // the model's own metadata properties; nil in bodies
	Docs     map[string]string // what the model says of its inputs and outputs by name, and under "" of the graph; nil in bodies

	inputs  []*Value
	outputs []Output
	first   *Node
	last    *Node
	count   int
	owners  int // nodes that own bodies
	nextVal int
	nextNod int
}

// Output is a result of a graph under the name by which callers know it.
type Output struct {
	Name     string
	Value    *Value
	Declared Type // what the model says; a hint that nothing is built on, with dimensions of a scope of its own
}

// Value is defined once, by a node or as an input of its graph, and has a fact that only gets more precise.
type Value struct {
	Fact
	Name string // the model's own name, kept for messages; may be empty, need not be unique

	id    int
	graph *Graph
	def   *Node
	index int
	uses  []Use
	outs  int // how often the value is an output of its graph
}

// Use is one place where a value is consumed: input Index of Node.
type Use struct {
	Node  *Node
	Index int
}

// Node applies an operator to values.
type Node struct {
	Op   Op
	Name string // the model's own name of the node, or of the node that a pass made it from

	Origin Origin // what the node was made from; nil where nobody traces

	id         int
	graph      *Graph
	prev, next *Node
	in         []*Value
	place      []int // by input: where among the uses of the value this one is recorded
	out        []*Value
}

// NewGraph returns an empty graph whose dimensions are symbols of scope.
func NewGraph(name string, scope *sym.Scope) *Graph {
	return &Graph{Name: name, Scope: scope}
}

// ID identifies the value in its graph.
func (v *Value) ID() int { return v.id }

// Def returns the node that defines v, nil for an input of the graph.
func (v *Value) Def() *Node { return v.def }

// Index is the position of v among the results of its node, or among the inputs of the graph.
func (v *Value) Index() int { return v.index }

// Uses returns where v is consumed by nodes; the slice is the graph's own.
func (v *Value) Uses() []Use { return v.uses }

// IsGraphInput reports whether v is an input of its graph.
func (v *Value) IsGraphInput() bool { return v.def == nil }

// IsOutput reports whether v is a result of its graph.
func (v *Value) IsOutput() bool { return v.outs > 0 }

// Used reports whether anything needs v.
func (v *Value) Used() bool { return len(v.uses) > 0 || v.outs > 0 }

// String names the value as the text form does.
func (v *Value) String() string {
	if v == nil {
		return "_"
	}
	return fmt.Sprintf("%%%d", v.id)
}

// ID identifies the node in its graph.
func (n *Node) ID() int { return n.id }

// In returns the inputs, nil where an optional input is absent; the slice is the graph's own.
func (n *Node) In() []*Value { return n.in }

// Input returns input i, nil if it is absent.
func (n *Node) Input(i int) *Value {
	if i >= len(n.in) {
		return nil
	}
	return n.in[i]
}

// Out returns the results; the slice is the graph's own.
func (n *Node) Out() []*Value { return n.out }

// Graph returns the graph that the node is part of, nil after it was removed.
func (n *Node) Graph() *Graph { return n.graph }

// Next returns the node after n in program order, nil at the end.
func (n *Node) Next() *Node { return n.next }

// String describes the node for messages: its operator, and the model's name for it.
func (n *Node) String() string {
	if n.Name == "" {
		return OpName(n.Op)
	}
	return fmt.Sprintf("%s %q", OpName(n.Op), n.Name)
}

// Inputs returns the inputs of the graph; the slice is the graph's own.
func (g *Graph) Inputs() []*Value { return g.inputs }

// Outputs returns the results of the graph; the slice is the graph's own.
func (g *Graph) Outputs() []Output { return g.outputs }

// Len is the number of nodes, those in bodies not counted.
func (g *Graph) Len() int { return g.count }

// HasBodies reports whether a node owns bodies.
func (g *Graph) HasBodies() bool { return g.owners > 0 }

// Nodes yields the nodes in program order. The node at hand may be removed, and nodes may be inserted anywhere, while it runs;
// nodes inserted after the current one are visited.
func (g *Graph) Nodes() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for n := g.first; n != nil; {
			next := n.next
			if !yield(n) {
				return
			}
			if n.graph == g {
				next = n.next
			}
			for next != nil && next.graph != g { // removed meanwhile; a removed node still points onward
				next = next.next
			}
			n = next
		}
	}
}

// Backward yields the nodes from last to first; the node at hand may be removed.
func (g *Graph) Backward() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for n := g.last; n != nil; {
			prev := n.prev
			if !yield(n) {
				return
			}
			n = prev
		}
	}
}

// AddInput appends an input.
func (g *Graph) AddInput(name string, t Type) *Value {
	v := g.newValue(Of(t))
	v.Name, v.index = name, len(g.inputs)
	g.inputs = append(g.inputs, v)
	return v
}

// SetOutputs replaces the results of the graph.
func (g *Graph) SetOutputs(outs ...Output) {
	for _, o := range g.outputs {
		o.Value.outs--
	}
	g.outputs = append([]Output(nil), outs...)
	for _, o := range g.outputs {
		o.Value.outs++
	}
}

// Const adds a constant tensor at the end.
func (g *Graph) Const(t *tensor.Tensor) *Value {
	n, err := g.Add(&Const{Value: t})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return n.out[0]
}

func (g *Graph) newValue(f Fact) *Value {
	v := &Value{Fact: f, id: g.nextVal, graph: g}
	g.nextVal++
	return v
}

// CountOps counts the nodes by operator name, bodies included. Constants and dimension expressions ([Const] and [Dims]) are operands of operators and
// not counted.
func (g *Graph) CountOps() map[string]int {
	count := map[string]int{}
	g.Walk(func(n *Node) {
		switch n.Op.(type) {
		case *Const, *Dims:
		default:
			count[OpName(n.Op)]++
		}
	})
	return count
}

// Walk visits every node, and after it the nodes of its bodies, recursively.
func (g *Graph) Walk(visit func(*Node)) {
	for n := range g.Nodes() {
		visit(n)
		for _, b := range Bodies(n.Op) {
			b.Walk(visit)
		}
	}
}
