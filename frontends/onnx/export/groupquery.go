package export

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// isGroupQuery reports whether GroupQueryAttention of com.microsoft means the same: causal attention of as many queries as new keys, which are
// written into a cache of some capacity from the position of the first query on. Without a capacity it means the same too, but onnxruntime does not
// run it on several batches of several queries.
func (a *attention) isGroupQuery() bool {
	o, q, k, v := a.o, a.typ(op.AttentionQ).Dims, a.typ(op.AttentionK).Dims, a.typ(op.AttentionV).Dims
	if !o.Causal || a.used(3) || o.Precision != 0 || a.in(op.AttentionMask)+a.in(op.AttentionLengths)+a.in(op.AttentionSlopes) != "" {
		return false
	}
	if len(q) != 3 || len(k) != 3 || len(v) != 3 || !k[2].Equal(v[2]) || !q[1].Equal(k[1]) || o.Heads%kvHeads(o) != 0 {
		return false
	}
	if hidden, ok := k[2].IsConst(); !ok || hidden%int64(8*kvHeads(o)) != 0 { // the sizes of heads that onnxruntime takes
		return false
	}
	start := a.node.Input(op.AttentionStart)
	switch {
	case a.in(op.AttentionPastK) == "":
		return start == nil
	case a.in(op.AttentionCapacity) == "" || len(a.typ(op.AttentionPastK).Dims) != 4:
		return false
	}
	return start == nil || !o.Append && start.Type.Ranked && neverNegative(start)
}

// neverNegative is notNegative, and knows what was limited for that.
func neverNegative(v *ir.Value) bool {
	if n := v.Def(); n != nil {
		if b, ok := n.Op.(*op.Binary); ok && b.Fn == op.Max && (notNegative(n.In()[0]) || notNegative(n.In()[1])) {
			return true
		}
	}
	return notNegative(v)
}

// writeGroupQuery writes the operator.
func (a *attention) writeGroupQuery() error {
	o, length := a.o, a.typ(op.AttentionK).Dims[1]
	batch, n := a.size(a.typ(op.AttentionQ).Dims[0], a.in(op.AttentionQ), 0), a.size(length, a.in(op.AttentionK), 1)
	start, err := a.starts()
	if err != nil {
		return err
	}
	keys, total := n, n
	if start != "" {
		keys, total = a.plus(start, n), a.in(op.AttentionCapacity)
	}
	last := a.cast(a.emit("Expand", nil, a.minus(keys, a.integers(1)), batch), tensor.Int32)
	total = a.emit("Reshape", nil, a.cast(total, tensor.Int32), a.integers())
	sink := a.in(op.AttentionSink)
	if sink != "" && a.typ(op.AttentionSink).Elem != a.elem {
		sink = a.cast(sink, a.elem)
	}
	in := []string{a.in(op.AttentionQ), a.in(op.AttentionK), a.in(op.AttentionV), a.in(op.AttentionPastK), a.in(op.AttentionPastV), last, total, "", "", "", "", sink}
	out := []string{a.out(0), a.out(1), a.out(2)}
	for i := 1; i < 3; i++ {
		if out[i] == "" { // which onnxruntime wants to put somewhere
			out[i] = a.name("present")
		}
	}
	a.scope.node(microsoft+"::GroupQueryAttention", attrs(integer("num_heads", o.Heads), integer("kv_num_heads", kvHeads(o)),
		when(o.Scale != 0, float("scale", o.Scale)), when(o.Softcap != 0, float("softcap", o.Softcap)),
		when(o.Left > 0 && o.Left < op.MaxWindow, integer("local_window_size", o.Left))), in, out, a.node.Name)
	return nil
}
