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
	stage := c.int("qk_matmul_output_mode", 0)
	if stage < 0 || stage > int64(op.Weights) {
		return nil, fmt.Errorf(`attribute "qk_matmul_output_mode" must be 0 to %d, got %d`, op.Weights, stage)
	}
	o := &op.Attention{
		Heads: int(c.int("q_num_heads", 0)), KVHeads: int(c.int("kv_num_heads", 0)), Scale: c.float("scale", 0), Softcap: c.float("softcap", 0),
		Causal: c.bool("is_causal", false), Left: int(c.int("left_window_size", -1)) + 1, Right: int(c.int("right_window_size", -1)) + 1,
		Scores: op.ScoreStage(stage), Precision: c.dtype("softmax_precision", 0),
	}
	in := make([]*ir.Value, op.AttentionStart+1)
	in[op.AttentionQ], in[op.AttentionK], in[op.AttentionV] = c.in[0], c.in[1], c.in[2]
	in[op.AttentionPastK], in[op.AttentionPastV], in[op.AttentionLengths] = c.input(4), c.input(5), c.input(6)
	in[op.AttentionMask] = c.input(3)
	if mask := c.input(3); mask != nil && mask.Type.Elem.IsInteger() { // added to the scores like floats
		in[op.AttentionMask] = c.to(mask, c.in[0].Type.Elem)
	}
	if lengths := c.input(6); lengths != nil && (o.Causal || o.Left > 0 || o.Right > 0) {
		if lengths.Type.Elem != tensor.Int64 {
			return nil, fmt.Errorf("nonpad_kv_seqlen must be i64, got %v", lengths.Type)
		}
		in[op.AttentionStart] = c.minus(lengths, c.axis(c.in[0], -2))
	}
	return c.add(o, in...)
}

func init() {
	register(row{"", "Attention", 23, importAttention})
}
