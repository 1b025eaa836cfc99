package onnxgo

import (
	"math"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/iterator"
	"gonum.org/v1/gonum/graph/simple"
)

// The packages of gonum can look at the graph: sort it, draw it, walk it.
var _ graph.WeightedDirected = (*Graph)(nil)

// Node returns the node with that ID, nil if there is none.
func (g *Graph) Node(id int64) graph.Node {
	if n := g.byID[id]; n != nil {
		return n
	}
	return nil
}

// Nodes returns all nodes in the order of their addition.
func (g *Graph) Nodes() graph.Nodes { return list(g.nodes) }

// From returns the operands of a value.
func (g *Graph) From(id int64) graph.Nodes {
	n := g.byID[id]
	if n == nil {
		return graph.Empty
	}
	var operands []*node
	for _, e := range n.operands {
		operands = append(operands, e.T.(*node))
	}
	return list(operands)
}

// To returns the values that a value is an operand of.
func (g *Graph) To(id int64) graph.Nodes {
	n := g.byID[id]
	if n == nil {
		return graph.Empty
	}
	return list(n.users)
}

// Edge returns the edge from one node to another, nil if there is none.
func (g *Graph) Edge(from, to int64) graph.Edge {
	if e := g.WeightedEdge(from, to); e != nil {
		return e
	}
	return nil
}

// WeightedEdge returns the edge from one node to another, the first if there are several, nil if there is none.
func (g *Graph) WeightedEdge(from, to int64) graph.WeightedEdge {
	if e := g.edge(from, to); e != nil {
		return *e
	}
	return nil
}

// HasEdgeFromTo reports whether an edge leads from one node to another.
func (g *Graph) HasEdgeFromTo(from, to int64) bool { return g.edge(from, to) != nil }

// HasEdgeBetween reports whether an edge leads from one node to another or back.
func (g *Graph) HasEdgeBetween(x, y int64) bool { return g.edge(x, y) != nil || g.edge(y, x) != nil }

// Weight is the weight of the edge from x to y, 0 for x to itself, and +Inf, false where there is none.
func (g *Graph) Weight(x, y int64) (float64, bool) {
	if e := g.edge(x, y); e != nil {
		return e.W, true
	}
	if x == y {
		return 0, g.byID[x] != nil
	}
	return math.Inf(1), false
}

func (g *Graph) edge(from, to int64) *simple.WeightedEdge {
	n := g.byID[from]
	if n == nil {
		return nil
	}
	for i := range n.operands {
		if n.operands[i].T.ID() == to {
			return &n.operands[i]
		}
	}
	return nil
}

// list iterates over nodes, each once.
func list(nodes []*node) graph.Nodes {
	seen := make(map[*node]bool, len(nodes))
	var each []graph.Node
	for _, n := range nodes {
		if !seen[n] {
			seen[n] = true
			each = append(each, n)
		}
	}
	if each == nil {
		return graph.Empty
	}
	return iterator.NewOrderedNodes(each)
}
