package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importAttention: opset 24 adds the lengths of external caches, opset 25 windows.
func importAttention(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 7); err != nil {
		return nil, err
	}
	o := &op.Attention{
		Heads: int(c.int("q_num_heads", 0)), KVHeads: int(c.int("kv_num_heads", 0)), Scale: c.float("scale", 0), Softcap: c.float("softcap", 0),
		Causal: c.bool("is_causal", false), Left: int(c.int("left_window_size", -1)) + 1, Right: int(c.int("right_window_size", -1)) + 1,
		Scores: op.ScoreStage(c.int("qk_matmul_output_mode", 0)), Precision: c.dtype("softmax_precision", 0),
	}
	in := make([]*ir.Value, op.AttentionStart+1)
	in[op.AttentionQ], in[op.AttentionK], in[op.AttentionV] = c.in[0], c.in[1], c.in[2]
	in[op.AttentionPastK], in[op.AttentionPastV], in[op.AttentionLengths] = c.input(4), c.input(5), c.input(6)
	var err error
	if in[op.AttentionMask], err = c.attentionMask(c.input(3), c.in[0]); err != nil {
		return nil, err
	}
	if lengths := c.input(6); lengths != nil && (o.Causal || o.Left > 0 || o.Right > 0) {
		if lengths.Type.Elem != tensor.Int64 {
			return nil, fmt.Errorf("nonpad_kv_seqlen must be i64, got %v", lengths.Type)
		}
		queries, err := c.rows(c.in[0])
		if err != nil {
			return nil, err
		}
		if in[op.AttentionStart], err = c.one(&op.Binary{Fn: op.Sub}, lengths, queries); err != nil {
			return nil, err
		}
	}
	return c.add(o, in...)
}

// attentionMask makes masks of integers, which are added to the scores like floats, masks of floats.
func (c *call) attentionMask(mask, like *ir.Value) (*ir.Value, error) {
	if mask == nil || !mask.Type.Elem.IsInteger() {
		return mask, nil
	}
	return c.one(&op.Cast{To: like.Type.Elem}, mask)
}

// rows is the length of the rows axis, the last but one, of an operand of attention, as an i64 vector of one element.
func (c *call) rows(operand *ir.Value) (*ir.Value, error) {
	return c.one(&op.Shape{Start: -2, End: -1, HasEnd: true}, operand)
}

func init() {
	register(row{"", "Attention", 23, importAttention})
}
