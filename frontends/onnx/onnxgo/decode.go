package onnxgo

import (
	"fmt"

	"github.com/owulveryck/onnx-go"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// Decode is model.UnmarshalBinary by the importer of this repository, which keeps everything that the file says: versions, domains, bodies of
// control flow, symbolic dimensions, functions, all element types. The model must have been made with this graph, which must be
// empty, as its backend. The file must not change afterwards, and cannot have external data; use [Graph.Attach] for a model that has.
func (g *Graph) Decode(model *onnx.Model, file []byte) error {
	compiled, err := gocompile.Compile(file, g.compile...)
	if err != nil {
		return failure(err)
	}
	if err := g.Attach(model, compiled); err != nil {
		compiled.Close()
		return err
	}
	g.program.lent = false
	return nil
}

// Attach makes a compiled model run behind the interface of onnx-go: the i-th input of SetInput is that of compiled.Inputs, and
// GetOutputTensors returns the outputs in their order. The model must have been made with this graph, which must be empty, as its backend.
// The compiled model stays the caller's to close.
func (g *Graph) Attach(model *onnx.Model, compiled *gocompile.Model) error {
	switch {
	case model == nil || compiled == nil:
		return fmt.Errorf("onnxgo: there is no model")
	case g.next > 0 || g.program != nil:
		return fmt.Errorf("onnxgo: the graph is in use, and holds one model only")
	}
	inputs, outputs := compiled.Inputs(), compiled.Outputs()
	if err := model.UnmarshalBinary(outline(inputs, outputs)); err != nil {
		return fmt.Errorf("onnxgo: %w", err)
	}
	if len(g.nodes) < len(inputs)+len(outputs) {
		return fmt.Errorf("onnxgo: the model was made with another backend than this graph")
	}
	p := &program{given: true, lent: true, model: compiled, session: compiled.NewSession()}
	for i, n := range g.nodes[:len(inputs)+len(outputs)] {
		v := &value{name: n.name, nodes: []*node{n}}
		if i < len(inputs) {
			p.inputs, p.want = append(p.inputs, v), append(p.want, inputs[i].Type)
		} else {
			p.results = append(p.results, v)
		}
	}
	g.program = p
	return nil
}

// outline is a file that makes onnx-go know the inputs and outputs of a model, and no more: one operation leads from these to those.
func outline(inputs, outputs []gocompile.Port) []byte {
	all := &proto.Node{OpType: "gocompile"}
	g := &proto.Graph{Name: "outline", Nodes: []*proto.Node{all}}
	known := map[string]bool{}
	for _, p := range inputs {
		known[p.Name] = true
		all.Inputs = append(all.Inputs, p.Name)
		g.Inputs = append(g.Inputs, &proto.ValueInfo{Name: p.Name})
	}
	for _, p := range outputs {
		if !known[p.Name] {
			known[p.Name] = true
			all.Outputs = append(all.Outputs, p.Name)
		}
		g.Outputs = append(g.Outputs, &proto.ValueInfo{Name: p.Name})
	}
	return (&proto.Model{IRVersion: 8, Graph: g}).Encode()
}
