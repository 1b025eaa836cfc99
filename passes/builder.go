package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// builder adds nodes before one; the first error is kept.
type builder struct {
	g    *ir.Graph
	at   *ir.Node
	name string
	err  error
}

func (b *builder) add(o ir.Op, in ...*ir.Value) *ir.Value {
	if b.err != nil {
		return nil
	}
	for len(in) > 0 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	var n *ir.Node
	if n, b.err = b.g.InsertBefore(b.at, o, in...); b.err != nil {
		return nil
	}
	if b.at != nil {
		n.Name = b.at.Name
	}
	return n.Out()[0]
}

func (b *builder) constant(t *tensor.Tensor, what string) *ir.Value {
	v := b.add(&ir.Const{Value: t})
	if b.name != "" && v != nil {
		v.Name = b.name + what
	}
	return v
}
