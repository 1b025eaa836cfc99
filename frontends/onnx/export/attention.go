package export

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// writeAttention uses the ONNX operator where it means the same: no query is without a key unless its weights are to be zeros then, and
// queries stand where ONNX has them.
func writeAttention(c *call) error {
	o := c.node.Op.(*op.Attention)
	for _, x := range []struct {
		input int
		what  string
	}{{op.AttentionCapacity, "a capacity"}, {op.AttentionSink, "a sink"}, {op.AttentionLengths, "lengths"}} {
		if c.in(x.input) != "" {
			return fmt.Errorf("with %s", x.what)
		}
	}
	if o.Left > 0 || o.Right > 0 {
		return fmt.Errorf("with a window")
	}
	mask, causal := c.in(op.AttentionMask), o.Causal
	if start := c.node.Input(op.AttentionStart); start != nil && causal {
		if c.in(op.AttentionPastK) != "" {
			return fmt.Errorf("with a start and past keys")
		}
		if t := c.typ(op.AttentionMask); mask != "" && t.Elem != tensor.Bool {
			return fmt.Errorf("with a start and a mask of floats")
		}
		seen, err := c.triangle(start)
		if err != nil {
			return err
		}
		if mask != "" {
			seen = c.emit("And", nil, mask, seen)
		}
		if mask == "" && o.Empty != op.EmptyZero && !notNegative(start) {
			return fmt.Errorf("with a start that may be negative")
		}
		mask, causal = seen, false
	}
	if c.in(op.AttentionMask) != "" && o.Empty != op.EmptyZero {
		if c.typ(op.AttentionMask).Elem == tensor.Bool { // scores so low that they vanish, and count alike where there is no other
			low := c.number(-math.MaxFloat32, c.typ(0).Elem)
			if o.Empty == op.EmptyNaN {
				low = c.number(math.Inf(-1), c.typ(0).Elem)
			}
			if o.Empty == op.EmptyNaN || causal || c.typ(0).Elem != tensor.Float32 {
				return fmt.Errorf("with a mask that may hide all keys")
			}
			mask = c.emit("Where", nil, mask, c.number(0, c.typ(0).Elem), low)
		} else if o.Empty == op.EmptyNaN {
			return fmt.Errorf("with a mask that may hide all keys")
		}
	}
	if c.in(op.AttentionSlopes) != "" {
		bias, err := c.alibi()
		switch {
		case err != nil:
			return err
		case c.in(op.AttentionMask) != "" && o.Empty != op.EmptyZero:
			return fmt.Errorf("with slopes and a mask that may hide all keys")
		case mask == "":
			mask = bias
		case c.in(op.AttentionMask) == "" || c.typ(op.AttentionMask).Elem == tensor.Bool:
			mask = c.emit("Where", nil, mask, bias, c.number(math.Inf(-1), c.typ(0).Elem))
		default:
			mask = c.emit("Add", nil, mask, bias)
		}
	}
	if mask != "" { // ONNX broadcasts masks, onnxruntime does not along the queries
		mask = c.emit("Expand", nil, mask, c.emit("Concat", axis(0), c.length(op.AttentionQ), c.integers(1)))
	}
	list := attrs(when(o.Scale != 0, float("scale", o.Scale)), when(o.Softcap != 0, float("softcap", o.Softcap)), flag("is_causal", causal),
		when(o.Scores != 0, integer("qk_matmul_output_mode", int(o.Scores))), when(o.Precision != 0, integer("softmax_precision", int(o.Precision))))
	in := []string{c.in(op.AttentionQ), c.in(op.AttentionK), c.in(op.AttentionV), mask, c.in(op.AttentionPastK), c.in(op.AttentionPastV)}
	ranks := [3]int{}
	for i := range ranks {
		var err error
		if ranks[i], err = c.rank(i); err != nil {
			return err
		}
	}
	if ranks[0] == ranks[1] && ranks[1] == ranks[2] {
		if ranks[0] == 3 {
			list = append(list, integer("q_num_heads", o.Heads), integer("kv_num_heads", heads(o)))
		}
		c.as("Attention", list, in...)
		return nil
	}
	for i, rank := range ranks { // heads apart, where they are not in all operands
		if n := o.Heads; rank == 3 {
			if i > 0 {
				n = heads(o)
			}
			in[i] = c.swap(c.emit("Reshape", nil, in[i], c.integers(0, 0, int64(n), -1)), 0, 2, 1, 3)
		}
	}
	out := make([]string, len(c.node.Out()))
	for i := range out {
		if i > 0 || ranks[0] == 4 {
			out[i] = c.out(i)
		}
	}
	if ranks[0] == 4 {
		c.scope.node("Attention", list, in, out, c.node.Name)
		return nil
	}
	out[0] = c.name("heads")
	c.scope.node("Attention", list, in, out, c.node.Name)
	c.scope.node("Reshape", nil, []string{c.swap(out[0], 0, 2, 1, 3), c.integers(0, 0, -1)}, []string{c.out(0)}, "")
	return nil
}

// length is the number of rows of operand i.
func (c *call) length(i int) string {
	at := len(c.typ(i).Dims) - 2
	return c.emit("Shape", attrs(integer("start", at), integer("end", at+1)), c.in(i))
}

// triangle is a bool mask [S, T], or [B, 1, S, T], of the keys up to the position of each query.
func (c *call) triangle(start *ir.Value) (string, error) {
	rows, err := c.positions(start)
	if err != nil {
		return "", err
	}
	return c.emit("LessOrEqual", nil, c.count(op.AttentionK), rows), nil
}

// alibi is the bias −slope·|position of the query − position of the key|, [1, H, S, T] or [B, H, S, T].
func (c *call) alibi() (string, error) {
	if c.in(op.AttentionPastK) != "" {
		return "", fmt.Errorf("with slopes and past keys")
	}
	rows, err := c.positions(c.node.Input(op.AttentionStart))
	if err != nil {
		return "", err
	}
	elem := attrs(integer("to", int(c.typ(0).Elem)))
	distance := c.emit("Cast", elem, c.emit("Abs", nil, c.emit("Sub", nil, rows, c.count(op.AttentionK))))
	slopes := c.emit("Unsqueeze", nil, c.emit("Neg", nil, c.emit("Cast", elem, c.in(op.AttentionSlopes))), c.integers(0, 2, 3))
	return c.emit("Mul", nil, slopes, distance), nil
}

// count is the vector 0, 1, … of as many numbers as operand i has rows.
func (c *call) count(i int) string {
	zero, one := c.constant(tensor.Scalar(int64(0)), "zero"), c.constant(tensor.Scalar(int64(1)), "one")
	return c.emit("Range", nil, zero, c.emit("Squeeze", nil, c.length(i)), one)
}

// positions are those of the queries, [S, 1] or [B, 1, S, 1]; they begin at start, or 0 if that is nil.
func (c *call) positions(start *ir.Value) (string, error) {
	if !c.typ(op.AttentionQ).Ranked || !c.typ(op.AttentionK).Ranked || start != nil && !start.Type.Ranked {
		return "", fmt.Errorf("with a start or operands of unknown rank")
	}
	rows := c.emit("Unsqueeze", nil, c.count(op.AttentionQ), c.integers(1))
	if start == nil {
		return rows, nil
	}
	at := c.emit("Cast", attrs(integer("to", int(tensor.Int64))), c.values[start])
	if len(start.Type.Dims) == 1 {
		at = c.emit("Unsqueeze", nil, at, c.integers(1, 2, 3))
	}
	return c.emit("Add", nil, at, rows), nil
}

// notNegative reports whether all numbers of v are known to be 0 or more.
func notNegative(v *ir.Value) bool {
	for _, e := range v.Sym {
		if !e.AtLeast(0) {
			return false
		}
	}
	return len(v.Sym) > 0
}

// heads is the number of heads of keys where the operator does not say another one.
func heads(o *op.Attention) int {
	if o.KVHeads == 0 {
		return o.Heads
	}
	return o.KVHeads
}

// writeRotary gives tables and positions the batch that ONNX wants.
func writeRotary(c *call) error {
	o := c.node.Op.(*op.Rotary)
	x, cos := c.typ(0), c.typ(1)
	if !x.Ranked || !cos.Ranked || len(cos.Dims) == 0 {
		return fmt.Errorf("the ranks of its inputs are not known")
	}
	pairs, ok := cos.Dims[len(cos.Dims)-1].IsConst()
	if !ok {
		return fmt.Errorf("the number of pairs is not known")
	}
	in := c.ins()
	batch := func(i, rows int) { // broadcasts input i to [B, …] with so many axes behind
		t := c.typ(i)
		if len(t.Dims) == rows+1 && t.Dims[0].Equal(x.Dims[0]) {
			return
		}
		first := c.emit("Shape", attrs(integer("start", 0), integer("end", 1)), in[0])
		rest := c.emit("Shape", attrs(integer("start", len(t.Dims)-rows)), in[i])
		in[i] = c.emit("Expand", nil, in[i], c.emit("Concat", axis(0), first, rest))
	}
	if c.in(3) == "" {
		batch(1, 2)
		batch(2, 2)
	} else {
		batch(3, 1)
	}
	c.as("RotaryEmbedding", attrs(when(o.Heads > 0, integer("num_heads", o.Heads)), flag("interleaved", o.Interleaved),
		integer("rotary_embedding_dim", int(2*pairs))), in...)
	return nil
}

func init() {
	spell("Attention", writeAttention)
	spell("Rotary", writeRotary)
}
