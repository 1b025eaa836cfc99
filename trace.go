package gocompile

import (
	"context"
	"fmt"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// Trace runs the model once and returns what nodes of [Model.Graph] compute beside its outputs, those that choose picks, in their order: the first result of
// each. Nodes in bodies of control flow are not asked for. Inputs are in the model's order. It compiles a program of its own, which
// shares the weights of the model.
func (m *Model) Trace(ctx context.Context, inputs []tensor.Value, choose func(n *ir.Node) bool) ([]*ir.Node, []tensor.Value, error) {
	var nodes []*ir.Node
	var places []int // of the nodes in the graph
	i := 0
	for n := range m.Graph().Nodes() {
		if choose(n) {
			nodes, places = append(nodes, n), append(places, i)
		}
		i++
	}
	g := m.graph.Clone()
	var outputs []ir.Output
	i = 0
	for n := range g.Nodes() {
		if at := len(outputs); at < len(places) && places[at] == i {
			outputs = append(outputs, ir.Output{Name: fmt.Sprint("node", at), Value: n.Out()[0]})
		}
		i++
	}
	g.SetOutputs(outputs...)
	program, err := m.program.Variant(g, nil)
	if err != nil {
		return nil, nil, err
	}
	defer program.Close()
	values, err := program.NewSession(backend.SessionOptions{}).Run(ctx, inputs)
	return nodes, values, err
}
