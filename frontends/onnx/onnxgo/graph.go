package onnxgo

import (
	"fmt"
	"slices"

	"github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/simple"

	"github.com/gocompile/gocompile"
)

var _ backend.ComputationBackend = (*Graph)(nil)

// Graph holds one model of onnx-go and runs it. It is not safe for concurrent use. The zero Graph is empty and ready.
//
// A node is a value of the model, an onnx.Namer and onnx.DataCarrier, and an edge leads from a result to an operand; its weight is the place of
// the operand. A value without a maker that got its tensor before there were edges and operations is a constant, which is read when the model is
// compiled, by the first run; one that gets it later is an input, which every run reads. Tensors are not copied.
//
// A run computes the results that no operation uses and those that the file declares after one of them, since onnx-go does not say which values
// are outputs. GetTensor of another one computes it by a second run on the same inputs, and from then on every run does. It returns nil if
// that fails, and the next run says why.
type Graph struct {
	opsets  map[string]int64 // versions that were given, by domain; "" is ai.onnx
	compile []gocompile.Option

	nodes []*node // in the order of their addition
	byID  map[int64]*node
	next  int64 // ID of the next new node
	calls []call
	began bool           // there is an edge or an operation
	asked map[*node]bool // results that were asked for though the last run had not computed them
	edits int            // grows with every change that needs a new program
	turns int            // of SetTensor
	err   error          // the first failure of a method that returns none

	program *program
}

// call is an operation as it was applied.
type call struct {
	op      onnx.Operation
	results []*node
}

// Option changes what a graph does with its model.
type Option func(*Graph)

// WithOpset says which version of a domain the model uses, which onnx-go does not pass on; "" is ai.onnx. The package documentation says how
// versions are chosen that are not given.
func WithOpset(domain string, version int64) Option {
	if domain == "ai.onnx" {
		domain = ""
	}
	return func(g *Graph) { g.opsets[domain] = version }
}

// WithCompile passes options to the compiler.
func WithCompile(options ...gocompile.Option) Option {
	return func(g *Graph) { g.compile = append(g.compile, options...) }
}

// NewGraph returns an empty graph, to be the backend of one [onnx.NewModel].
func NewGraph(options ...Option) *Graph {
	g := &Graph{opsets: map[string]int64{}}
	for _, o := range options {
		o(g)
	}
	return g
}

// NewNode returns a node that is to be added by [Graph.AddNode]. IDs count from 0.
func (g *Graph) NewNode() graph.Node {
	g.next++
	return &node{graph: g, id: g.next - 1}
}

// AddNode adds a node that NewNode of this graph returned. Another one makes Run fail.
func (g *Graph) AddNode(n graph.Node) {
	own, ok := n.(*node)
	switch {
	case !ok || own == nil || own.graph != g:
		g.fail("AddNode: %v was not made by NewNode of this graph", n)
	case g.byID[own.id] != nil:
		g.fail("AddNode: node %d is added twice", own.id)
	default:
		if g.byID == nil {
			g.byID = map[int64]*node{}
		}
		g.nodes = append(g.nodes, own)
		g.byID[own.id] = own
		g.edits++
	}
}

// NewWeightedEdge returns an edge from a result to the operand at place weight.
func (g *Graph) NewWeightedEdge(from, to graph.Node, weight float64) graph.WeightedEdge {
	return simple.WeightedEdge{F: from, T: to, W: weight}
}

// SetWeightedEdge adds an edge between nodes of this graph. A value that is an operand twice has two edges. Nodes of another graph make
// Run fail.
func (g *Graph) SetWeightedEdge(e graph.WeightedEdge) {
	if e == nil {
		g.fail("SetWeightedEdge: no edge")
		return
	}
	from, to := g.own(e.From()), g.own(e.To())
	if from == nil || to == nil {
		g.fail("SetWeightedEdge: %v → %v: not nodes of this graph", e.From(), e.To())
		return
	}
	g.began = true
	from.operands = append(from.operands, simple.WeightedEdge{F: from, T: to, W: e.Weight()})
	to.users = append(to.users, from)
	g.edits++
}

// ApplyOperation says which operation computes results from what their edges lead to.
func (g *Graph) ApplyOperation(o onnx.Operation, results ...graph.Node) error {
	c := call{op: o, results: make([]*node, len(results))}
	for i, n := range results {
		if c.results[i] = g.own(n); c.results[i] == nil {
			return fmt.Errorf("onnxgo: operation %s: result %d is not a node of this graph", o.Name, i)
		}
	}
	g.began = true
	g.calls = append(g.calls, c)
	g.edits++
	return nil
}

// own is the node of this graph that n is, nil for others.
func (g *Graph) own(n graph.Node) *node {
	if own, ok := n.(*node); ok && own != nil && g.byID[own.id] == own {
		return own
	}
	return nil
}

func (g *Graph) fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf("onnxgo: "+format, args...)
	}
}

// sorted is the operands of a result in their order.
func (n *node) sorted() []simple.WeightedEdge {
	edges := slices.Clone(n.operands)
	slices.SortStableFunc(edges, func(a, b simple.WeightedEdge) int {
		switch {
		case a.W < b.W:
			return -1
		case a.W > b.W:
			return 1
		}
		return 0
	})
	return edges
}
