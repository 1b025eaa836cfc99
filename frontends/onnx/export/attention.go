package export

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// attention is an [op.Attention] on its way to ONNX. What ONNX has no word for is put into words that it has: a window, lengths and positions
// become a mask, writing into a cache a step before, a sink one more key. Names are those of values.
type attention struct {
	*call
	o            *op.Attention
	elem         tensor.DType // of the arithmetic
	operand      [3]string    // Q, K, V
	rank         [3]int       // of the operands, 3 or 4
	past         [2]string    // keys and values that the operator of ONNX is to put before K and V, "" for none
	visible      string       // bool, broadcasts to [B, H, S, T]: the keys that take part; "" for all
	bias         string       // floats, likewise: what to add to scores; "" for nothing
	causal       bool         // keys behind the query do not take part, besides
	parts        bool         // it is written as products and a softmax
	sinks        bool         // there is one more key than T
	keys, length sym.Expr     // T, N
}

// writeAttention writes the operator of ONNX, or before opset 23 its parts.
func writeAttention(c *call) error {
	a := &attention{call: c, o: c.node.Op.(*op.Attention), elem: c.typ(op.AttentionQ).Elem}
	for i := range a.operand {
		var err error
		if a.rank[i], err = c.rank(i); err != nil {
			return err
		}
		a.operand[i] = c.in(i)
	}
	if c.options.Contrib && a.isGroupQuery() {
		return a.writeGroupQuery()
	}
	a.parts = !c.has(23) || c.used(3) // onnxruntime shows other scores of masked keys, and onnx infers other shapes of them
	if a.elem != wider(a.elem) && (a.parts || a.o.Empty == op.EmptyMean) {
		a.widen()
	}
	if err := a.cache(); err != nil {
		return err
	}
	if err := a.mask(); err != nil {
		return err
	}
	if err := a.sink(); err != nil {
		return err
	}
	if a.parts {
		return a.writeParts()
	}
	return a.writeOperator()
}

// widen computes in f32.
func (a *attention) widen() {
	a.elem = wider(a.elem)
	for i := range a.operand {
		a.operand[i] = a.cast(a.operand[i], a.elem)
	}
}

// result makes x result i, in its type, and returns how x is called from now on.
func (a *attention) result(i int, x string) string {
	if elem := a.node.Out()[i].Type.Elem; elem != a.elem {
		a.give(i, a.cast(x, elem))
		return x
	}
	return a.give(i, x)
}

// number of heads of queries (0), keys (1) and values (2).
func (a *attention) number(i int) sym.Expr {
	switch {
	case a.typ(i).Dims != nil && len(a.typ(i).Dims) == 4:
		return a.typ(i).Dims[1]
	case i > 0 && a.o.KVHeads > 0:
		return sym.Int(a.o.KVHeads)
	}
	return sym.Int(a.o.Heads)
}

// apart gives operand i an axis of heads: [B, S, H·D] becomes [B, H, S, D].
func (a *attention) apart(i int) {
	if a.rank[i] == 4 {
		return
	}
	a.rank[i] = 4
	n, _ := a.number(i).IsConst()
	size := int64(-1)
	if hidden, ok := a.typ(i).Dims[2].IsConst(); ok {
		size = hidden / n
	}
	a.operand[i] = a.swap(a.emit("Reshape", nil, a.operand[i], a.integers(0, 0, n, size)), 0, 2, 1, 3)
}

// together makes a result [B, H, S, D] one of the rank of Q.
func (a *attention) together(y string) string {
	if len(a.typ(op.AttentionQ).Dims) == 4 {
		return y
	}
	size := int64(-1)
	if n, ok := a.node.Out()[0].Type.Dims[2].IsConst(); ok {
		size = n
	}
	return a.emit("Reshape", nil, a.swap(y, 0, 2, 1, 3), a.integers(0, 0, size))
}

// size is the number e, i64 of one element, from wherever it can be read, or else from an axis of x.
func (s *scope) size(e sym.Expr, x string, axis int) string {
	if s.reach(e) {
		if n, err := s.dimension(e); err == nil {
			return n
		}
	}
	return s.emit("Shape", attrs(integer("start", axis), integer("end", axis+1)), x)
}

// rows is S.
func (a *attention) rows() string {
	at := a.rank[0] - 2
	return a.size(a.typ(op.AttentionQ).Dims[len(a.typ(op.AttentionQ).Dims)-2], a.operand[0], at)
}

// total is T.
func (a *attention) total() string {
	if a.past[0] != "" && !a.reach(a.keys) {
		return a.plus(a.size(a.typ(op.AttentionPastK).Dims[2], a.past[0], 2), a.size(a.length, a.operand[1], a.rank[1]-2))
	}
	return a.size(a.keys, a.operand[1], a.rank[1]-2)
}

// count is 0, 1, … up to a number.
func (s *scope) count(n string) string {
	zero, one := s.scalar(0, tensor.Int64), s.scalar(1, tensor.Int64)
	return s.emit("Range", nil, zero, s.emit("Reshape", nil, n, s.integers()), one)
}

// writeOperator writes Attention.
func (a *attention) writeOperator() error {
	o := a.o
	repair := o.Empty == op.EmptyNaN && a.mayBeEmpty()
	any := ""
	if repair {
		any = a.anyKey()
	}
	mask := a.combined()
	if mask != "" && !a.sinks { // ONNX broadcasts masks, onnxruntime does not along the queries
		mask = a.emit("Expand", nil, mask, a.emit("Concat", axis(0), a.rows(), a.total()))
	}
	mixed := a.rank[0] != a.rank[1] || a.rank[1] != a.rank[2]
	if mixed || repair {
		for i := range a.operand {
			a.apart(i)
		}
	}
	list := attrs(when(o.Scale != 0, float("scale", o.Scale)), when(o.Softcap != 0, float("softcap", o.Softcap)), flag("is_causal", a.causal),
		when(o.Precision != 0, integer("softmax_precision", int(o.Precision))))
	if a.rank[0] == 3 {
		list = append(list, integer("q_num_heads", o.Heads), integer("kv_num_heads", kvHeads(o)))
	}
	in := []string{a.operand[0], a.operand[1], a.operand[2], mask, a.past[0], a.past[1]}
	out := []string{a.name("attention"), "", ""}
	given := func(i int) bool { return a.used(i) && a.values[a.node.Out()[i]] == "" }
	for i := 1; i < 3; i++ {
		if given(i) || a.past[0] != "" { // which onnxruntime wants to put somewhere
			out[i] = a.name([]string{1: "key", 2: "value"}[i])
		}
	}
	if out[2] == "" && out[1] == "" && !repair && !mixed && a.node.Out()[0].Type.Elem == a.elem {
		a.scope.node("Attention", list, in, []string{a.out(0)}, a.node.Name)
		return nil
	}
	a.scope.node("Attention", list, in, out, a.node.Name)
	for i := 1; i < 3; i++ {
		if given(i) {
			a.result(i, out[i])
		}
	}
	y := out[0]
	if repair {
		y = a.emit("Where", nil, any, y, a.scalar(math.NaN(), a.elem))
	}
	if a.rank[0] == 4 {
		y = a.together(y)
	}
	a.result(0, y)
	return nil
}

// kvHeads is the number of heads of keys where the operator does not say another one.
func kvHeads(o *op.Attention) int {
	if o.KVHeads == 0 {
		return o.Heads
	}
	return o.KVHeads
}

// starts is the position of the first query of each batch, an i64 vector; "" for 0.
func (a *attention) starts() (string, error) {
	v := a.node.Input(op.AttentionStart)
	switch {
	case v != nil:
		return a.vector(v)
	case a.in(op.AttentionPastK) != "":
		return a.size(a.typ(op.AttentionPastK).Dims[2], a.in(op.AttentionPastK), 2), nil
	}
	return "", nil
}

// vector makes integers, one or one a batch, an i64 vector.
func (a *attention) vector(v *ir.Value) (string, error) {
	x := a.values[v]
	if !v.Type.Ranked || len(v.Type.Dims) > 1 {
		return "", fmt.Errorf("%v is not one number a batch", v.Type)
	}
	if v.Type.Elem != tensor.Int64 {
		x = a.cast(x, tensor.Int64)
	}
	if len(v.Type.Dims) == 0 {
		x = a.emit("Reshape", nil, x, a.integers(-1))
	}
	return x, nil
}

func init() { spell("Attention", writeAttention) }
