package onnxgo

import (
	"github.com/owulveryck/onnx-go"
	"gonum.org/v1/gonum/graph/simple"
	gorgonia "gorgonia.org/tensor"

	"github.com/gocompile/gocompile/tensor"
)

var (
	_ onnx.Namer       = (*node)(nil)
	_ onnx.DataCarrier = (*node)(nil)
)

// node is a value of the model. Programs see it as an onnx.Namer and onnx.DataCarrier.
type node struct {
	graph    *Graph
	id       int64
	name     string
	named    bool
	operands []simple.WeightedEdge
	users    []*node

	contents gorgonia.Tensor
	turn     int          // orders the calls of SetTensor on the nodes of a graph
	given    int          // calls of SetTensor before the first edge and operation
	declared tensor.DType // at the first of those calls
	fed      bool         // SetTensor was called after that
	skipped  bool         // a result that the last run did not compute
}

// ID identifies the node in its graph.
func (n *node) ID() int64 { return n.id }

// SetName names the value. An operand or result of the name "" is an absent one.
func (n *node) SetName(name string) {
	n.name, n.named = name, true
	n.graph.edits++
}

// GetName is the name of the value.
func (n *node) GetName() string { return n.name }

// SetTensor gives the value its contents; see [Graph].
func (n *node) SetTensor(t gorgonia.Tensor) error {
	n.graph.turns++
	n.contents, n.turn = t, n.graph.turns
	switch {
	case !n.graph.began:
		if n.given == 0 && t != nil {
			n.declared = kinds[t.Dtype().Kind()]
		}
		n.given++
	case !n.fed:
		n.fed = true
		n.graph.edits++
	}
	return nil
}

// GetTensor is what SetTensor set or the last run computed. Before the first run it may be a placeholder of zeros; nil if there is nothing.
func (n *node) GetTensor() gorgonia.Tensor {
	if n.skipped {
		n.skipped = false
		n.graph.supply(n)
	}
	return n.contents
}
