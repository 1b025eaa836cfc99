package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// The kinds of parts that a network is made of.
const (
	KindAttention  = "attention"
	KindNorm       = "norm"
	KindActivation = "activation"
	KindRotary     = "rotary"
	KindRecurrent  = "recurrent"
)

// Kinds lists the kinds of parts that a [Report] tells about.
func Kinds() []string {
	return []string{KindAttention, KindNorm, KindActivation, KindRotary, KindRecurrent}
}

// KindOf is the kind of part that the operator of n stands for, one of [Kinds], and "" for other operators.
func KindOf(n *ir.Node) string {
	kind, _ := partOf(n)
	return kind
}

// partOf says of which kind the operator of n is, with names and values of what is worth to be told; the kind of other operators is "".
func partOf(n *ir.Node) (kind string, attributes []any) {
	switch o := n.Op.(type) {
	case *op.Attention:
		return KindAttention, attentionAttributes(n, o)
	case *op.LinearAttention:
		return KindAttention, []any{"linear", true, "heads", o.Heads, "kv_heads", o.KVHeads}
	case *op.LayerNorm, *op.RMSNorm, *op.GroupNorm, *op.BatchNorm, *op.LRN:
		return KindNorm, normAttributes(n)
	case *op.Unary:
		if isActivation(o.Fn) {
			return KindActivation, []any{"function", o.OpName()}
		}
	case *op.Rotary:
		return KindRotary, rotaryAttributes(n, o)
	case *op.LSTM:
		return KindRecurrent, recurrentAttributes(n, o.Direction)
	case *op.GRU:
		return KindRecurrent, recurrentAttributes(n, o.Direction)
	case *op.RNN:
		return KindRecurrent, recurrentAttributes(n, o.Direction)
	}
	return "", nil
}

func isActivation(f op.UnaryFn) bool {
	switch f {
	case op.Celu, op.Elu, op.Gelu, op.GeluTanh, op.HardSigmoid, op.HardSwish, op.LeakyRelu, op.Mish, op.Relu, op.Selu, op.Shrink, op.Sigmoid, op.Silu,
		op.Softplus, op.Softsign, op.Tanh, op.ThresholdedRelu:
		return true
	}
	return false
}

// size is a dimension as an integer where it is one, else as text.
func size(d sym.Expr) any {
	if n, ok := d.IsConst(); ok {
		return n
	}
	return d.String()
}

func lastDim(v *ir.Value) any {
	if !v.Type.Ranked || len(v.Type.Dims) == 0 {
		return "?"
	}
	return size(v.Type.Dims[len(v.Type.Dims)-1])
}

// headsOf is the number of heads of an operand of attention and the elements of each; heads is needed for rank 3.
func headsOf(v *ir.Value, heads int) (count, each any) {
	d := v.Type.Dims
	switch {
	case len(d) == 4:
		return size(d[1]), size(d[3])
	case len(d) == 3 && heads > 0:
		return int64(heads), size(d[2].FloorDiv(int64(heads)))
	}
	return "?", "?"
}

func attentionAttributes(n *ir.Node, o *op.Attention) []any {
	q, k := n.Input(op.AttentionQ), n.Input(op.AttentionK)
	kv := o.KVHeads
	if kv == 0 {
		kv = o.Heads
	}
	heads, each := headsOf(q, o.Heads)
	list := []any{"heads", heads, "size", each}
	if h, _ := headsOf(k, kv); h != heads {
		list = append(list, "kv_heads", h)
	}
	flag := func(name string, on bool) {
		if on {
			list = append(list, name, true)
		}
	}
	a, b := projected(q), projected(k)
	flag("cross", a != nil && b != nil && a != b)
	flag("causal", o.Causal)
	if o.Left > 0 {
		list = append(list, "window_left", o.Left)
	}
	if o.Right > 0 {
		list = append(list, "window_right", o.Right)
	}
	if m := n.Input(op.AttentionMask); m != nil {
		flag("mask", m.Type.Elem == tensor.Bool)
		flag("bias", m.Type.Elem != tensor.Bool)
	}
	flag("lengths", n.Input(op.AttentionLengths) != nil)
	flag("alibi", n.Input(op.AttentionSlopes) != nil)
	flag("sink", n.Input(op.AttentionSink) != nil)
	if o.Softcap > 0 {
		list = append(list, "softcap", float64(o.Softcap))
	}
	if r, ro := rotaryBehind(q); r != nil {
		list = append(list, "rotary", pairing(ro))
	}
	flag("cache", n.Input(op.AttentionPastK) != nil || appended(k))
	return list
}

func normAttributes(n *ir.Node) []any {
	list := []any{"operator", ir.OpName(n.Op)}
	switch o := n.Op.(type) {
	case *op.LayerNorm, *op.RMSNorm:
		list = append(list, "size", lastDim(n.Input(0)))
	case *op.GroupNorm:
		list = append(list, "groups", o.Groups)
	}
	return list
}

func rotaryAttributes(n *ir.Node, o *op.Rotary) []any {
	_, each := headsOf(n.Input(0), o.Heads)
	list := []any{"size", each, "pairs", pairing(o)}
	cos := n.Input(1).Type
	if !cos.Ranked || len(cos.Dims) == 0 {
		return list
	}
	if r, ok := cos.Dims[len(cos.Dims)-1].IsConst(); ok && each != 2*r {
		list = append(list, "rotated", 2*r)
	}
	return list
}

// pairing says which elements are turned together: each half of a head with the other, or neighbours.
func pairing(o *op.Rotary) string {
	if o.Interleaved {
		return "interleaved"
	}
	return "half"
}

func recurrentAttributes(n *ir.Node, direction string) []any {
	if direction == "" {
		direction = "forward"
	}
	return []any{"operator", ir.OpName(n.Op), "input", lastDim(n.Input(1)), "hidden", lastDim(n.Input(2)), "direction", direction}
}

// behind is the value that v is made of by moving elements, scaling or rotating them only.
func behind(v *ir.Value) *ir.Value {
	for v != nil && v.Def() != nil {
		n := v.Def()
		switch o := n.Op.(type) {
		case *op.Reshape, *op.Transpose, *op.Expand, *op.Squeeze, *op.Unsqueeze, *op.Identity, *op.Cast:
			v = n.Input(0)
			continue
		case *op.Binary:
			if x, _, ok := withScalar(n); ok && o.Fn == op.Mul {
				v = x
				continue
			}
		}
		break
	}
	return v
}

// rotaryBehind is the rotary embedding that v comes from, past keys aside; nil if there is none.
func rotaryBehind(v *ir.Value) (*ir.Node, *op.Rotary) {
	v = behind(v)
	if c, _ := nodeOf[*op.Concat](v); c != nil {
		v = behind(c.Input(len(c.In()) - 1))
	}
	return nodeOf[*op.Rotary](v)
}

// appended reports whether v is new keys behind past ones that come from outside.
func appended(v *ir.Value) bool {
	c, _ := nodeOf[*op.Concat](behind(v))
	if c == nil || len(c.In()) != 2 {
		return false
	}
	past := behind(c.Input(0))
	return past != nil && past.IsGraphInput()
}

// projected is the value of which the operand v of attention is a linear function, nil if that is not plain to see.
func projected(v *ir.Value) *ir.Value {
	for range 16 {
		v = behind(v)
		n := defOf(v)
		if n == nil {
			return nil
		}
		switch o := n.Op.(type) {
		case *op.MatMul:
			if n.Input(1).Const == nil {
				return nil
			}
			return behind(n.Input(0))
		case *op.Concat:
			v = n.Input(len(n.In()) - 1)
		case *op.Rotary, *op.Split, *op.Slice, *op.Gather, *op.LayerNorm, *op.RMSNorm:
			v = n.Input(0)
		case *op.Binary:
			if o.Fn != op.Add || n.Input(1).Const == nil && n.Input(0).Const == nil {
				return nil
			}
			if v = n.Input(0); v.Const != nil {
				v = n.Input(1)
			}
		default:
			return nil
		}
	}
	return nil
}
