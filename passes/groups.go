package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// groups lets attention read each head of keys and values that was repeated for a group of queries where it is. Attention that is recognised reads them so
// from the start; this is for models that hold it as one operator.
func groups(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Attention)
		if !ok || n.Input(op.AttentionPastK) != nil || n.Out()[1].Used() || n.Out()[2].Used() || n.Out()[3].Used() {
			continue
		}
		k, times := repeated(n.Input(op.AttentionK))
		v, timesV := repeated(n.Input(op.AttentionV))
		if times == 1 || times != timesV {
			continue
		}
		heads, known := k.Type.Dims[1].IsConst()
		if !known || !r.rewrite() {
			continue
		}
		m, in := *o, slices.Clone(n.In())
		m.KVHeads = int(heads)
		in[op.AttentionK], in[op.AttentionV] = k, v
		if err := replaceAndDrop(g, n, &m, in...); err != nil {
			return err
		}
	}
	return nil
}
