package gocompile

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// compileEnds makes a program with one more input, the last, which says of which batches outputs are wanted. Those that have one for each batch have
// these alone, and the product that an output is, which for a language model is that with the vocabulary, is computed for them alone.
func (t *stepper) compileEnds(o passes.Options) (c compiled, err error) {
	t.all.program.Fill()
	g := t.all.graph.Clone()
	name := "ends"
	for _, taken := g.Scope.Lookup(name); taken; _, taken = g.Scope.Lookup(name) {
		name += "'"
	}
	ends := g.AddInput(name, ir.TensorType(tensor.Int64, g.Scope.Named(name).Expr()))
	batch := g.Inputs()[t.rows.input].Type.Dims[0]
	outputs := slices.Clone(g.Outputs())
	for k, out := range outputs {
		if d := out.Value.Type; t.isState[k] || !d.IsTensor() || len(d.Dims) == 0 || !d.Dims[0].Equal(batch) {
			continue
		}
		if outputs[k].Value, err = chooseBatches(g, out.Value, ends, batch); err != nil {
			return c, err
		}
	}
	g.SetOutputs(outputs...)
	return t.compilePart(g, o)
}

// chooseBatches is a value of some batches only, and of a product its rows before the product.
func chooseBatches(g *ir.Graph, v, ends *ir.Value, batch sym.Expr) (*ir.Value, error) {
	x, product := v, false
	var n *ir.Node
	if n = v.Def(); n != nil && len(v.Uses()) == 0 {
		if o, ok := n.Op.(*op.MatMul); ok && !o.TransA && len(n.Input(1).Type.Dims) == 2 && len(n.Input(0).Type.Dims) > 2 && n.Input(0).Type.Dims[0].Equal(batch) {
			x, product = n.Input(0), true
		}
	}
	chosen, err := g.Add(&op.Gather{}, x, ends)
	if err != nil {
		return nil, err
	}
	if !product {
		return chosen.Out()[0], nil
	}
	y, err := g.Add(n.Op, chosen.Out()[0], n.Input(1))
	if err != nil {
		return nil, err
	}
	y.Name = n.Name
	return y.Out()[0], nil
}
