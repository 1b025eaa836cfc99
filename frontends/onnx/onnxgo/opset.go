package onnxgo

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// usualOpset is the version that is taken where operations leave the choice: the newest when onnx-go 0.5.0 was released.
const usualOpset = 11

// clue is something that an operation can have only in some versions of ai.onnx.
type clue struct {
	ops      []string
	attr     string // the operation has this attribute
	value    string // with this value; "": any
	inputs   int    // or it has at least so many inputs
	exactly  bool   // and no more
	min, max int64  // the versions in which that can be; 0: no bound
}

// clues are from the changelog of the operators in the ONNX specification.
var clues = []clue{
	{ops: []string{"Add", "And", "Div", "Equal", "Gemm", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor"}, attr: "broadcast", max: 6},
	{ops: []string{"Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor"}, attr: "axis", max: 6},
	{ops: []string{"ArgMax", "ArgMin"}, attr: "select_last_index", min: 12},
	{ops: []string{"AveragePool", "MaxPool"}, attr: "ceil_mode", min: 10},
	{ops: []string{"AveragePool"}, attr: "count_include_pad", min: 7},
	{ops: []string{"AveragePool"}, attr: "dilations", min: 19},
	{ops: []string{"BatchNormalization"}, attr: "spatial", max: 8},
	{ops: []string{"BatchNormalization"}, attr: "training_mode", min: 14},
	{ops: []string{"BatchNormalization", "Dropout"}, attr: "is_test", max: 6},
	{ops: []string{"Cast"}, attr: "round_mode", min: 24},
	{ops: []string{"Cast"}, attr: "saturate", min: 19},
	{ops: []string{"Clip"}, attr: "max", max: 10},
	{ops: []string{"Clip"}, attr: "min", max: 10},
	{ops: []string{"Clip"}, inputs: 2, min: 11},
	{ops: []string{"Constant"}, attr: "sparse_value", min: 11},
	{ops: []string{"Constant"}, attr: "value_float", min: 12},
	{ops: []string{"Constant"}, attr: "value_floats", min: 12},
	{ops: []string{"Constant"}, attr: "value_int", min: 12},
	{ops: []string{"Constant"}, attr: "value_ints", min: 12},
	{ops: []string{"Constant"}, attr: "value_string", min: 12},
	{ops: []string{"Constant"}, attr: "value_strings", min: 12},
	{ops: []string{"DFT"}, attr: "axis", max: 19},
	{ops: []string{"DFT"}, inputs: 3, min: 20},
	{ops: []string{"DepthToSpace"}, attr: "mode", min: 11},
	{ops: []string{"DequantizeLinear", "QuantizeLinear"}, attr: "axis", min: 13},
	{ops: []string{"DequantizeLinear", "QuantizeLinear"}, attr: "block_size", min: 21},
	{ops: []string{"DequantizeLinear"}, attr: "output_dtype", min: 23},
	{ops: []string{"QuantizeLinear"}, attr: "output_dtype", min: 21},
	{ops: []string{"QuantizeLinear"}, attr: "precision", min: 23},
	{ops: []string{"QuantizeLinear"}, attr: "saturate", min: 19},
	{ops: []string{"Dropout"}, attr: "ratio", max: 11},
	{ops: []string{"Dropout"}, attr: "seed", min: 12},
	{ops: []string{"Dropout"}, inputs: 2, min: 12},
	{ops: []string{"GRU", "LSTM", "RNN"}, attr: "layout", min: 14},
	{ops: []string{"GRU", "LSTM", "RNN"}, attr: "output_sequence", max: 6},
	{ops: []string{"GatherND"}, attr: "batch_dims", min: 12},
	{ops: []string{"Gemm"}, inputs: 2, exactly: true, min: 11},
	{ops: []string{"GridSample"}, attr: "mode", value: "bicubic", max: 19},
	{ops: []string{"GridSample"}, attr: "mode", value: "bilinear", max: 19},
	{ops: []string{"GridSample"}, attr: "mode", value: "cubic", min: 20},
	{ops: []string{"GridSample"}, attr: "mode", value: "linear", min: 20},
	{ops: []string{"GroupNormalization"}, attr: "stash_type", min: 21},
	{ops: []string{"MaxPool"}, attr: "dilations", min: 10},
	{ops: []string{"MaxPool"}, attr: "storage_order", min: 8},
	{ops: []string{"Pad"}, attr: "paddings", max: 1},
	{ops: []string{"Pad"}, attr: "pads", max: 10},
	{ops: []string{"Pad"}, attr: "value", max: 10},
	{ops: []string{"Pad"}, inputs: 2, min: 11},
	{ops: []string{"Pad"}, inputs: 4, min: 18},
	{ops: []string{"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare"}, attr: "axes", max: 17},
	{ops: []string{"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare"}, attr: "noop_with_empty_axes", min: 18},
	{ops: []string{"ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSumSquare"}, inputs: 2, min: 18},
	{ops: []string{"ReduceSum"}, attr: "noop_with_empty_axes", min: 13},
	{ops: []string{"ReduceSum", "Squeeze", "Unsqueeze"}, attr: "axes", max: 12},
	{ops: []string{"ReduceSum", "Squeeze", "Unsqueeze"}, inputs: 2, min: 13},
	{ops: []string{"Reshape"}, attr: "allowzero", min: 14},
	{ops: []string{"Reshape"}, attr: "shape", max: 4},
	{ops: []string{"Reshape"}, inputs: 2, min: 5},
	{ops: []string{"Resize"}, attr: "antialias", min: 18},
	{ops: []string{"Resize"}, attr: "axes", min: 18},
	{ops: []string{"Resize"}, attr: "coordinate_transformation_mode", min: 11},
	{ops: []string{"Resize"}, attr: "keep_aspect_ratio_policy", min: 18},
	{ops: []string{"Resize"}, attr: "nearest_mode", min: 11},
	{ops: []string{"Resize"}, inputs: 2, exactly: true, max: 10},
	{ops: []string{"Resize"}, inputs: 3, min: 11},
	{ops: []string{"Scatter"}, max: 10},
	{ops: []string{"ScatterElements", "ScatterND"}, attr: "reduction", min: 16},
	{ops: []string{"Shape"}, attr: "end", min: 15},
	{ops: []string{"Shape"}, attr: "start", min: 15},
	{ops: []string{"Slice"}, attr: "starts", max: 9},
	{ops: []string{"Slice"}, inputs: 2, min: 10},
	{ops: []string{"Split"}, attr: "num_outputs", min: 18},
	{ops: []string{"Split"}, attr: "split", max: 12},
	{ops: []string{"TopK"}, attr: "k", max: 9},
	{ops: []string{"TopK"}, attr: "largest", min: 11},
	{ops: []string{"TopK"}, attr: "sorted", min: 11},
	{ops: []string{"TopK"}, inputs: 2, min: 10},
	{ops: []string{"Upsample"}, attr: "scales", max: 8},
	{ops: []string{"Upsample"}, inputs: 2, min: 9},
	{ops: []string{"Upsample"}, max: 9},
}

// fits reports whether a node shows the clue.
func (k *clue) fits(n *proto.Node) bool {
	if !slices.Contains(k.ops, n.OpType) {
		return false
	}
	if k.attr != "" {
		return slices.ContainsFunc(n.Attributes, func(a *proto.Attribute) bool {
			return a.Name == k.attr && (k.value == "" || k.value == string(a.S))
		})
	}
	return len(n.Inputs) >= k.inputs && (!k.exactly || len(n.Inputs) == k.inputs)
}

// versions is a range of versions of ai.onnx, with the operations that bound it.
type versions struct {
	min, max     int64
	minBy, maxBy string
}

func allVersions() versions { return versions{min: 1, max: math.MaxInt64} }

// narrow takes account of a node of ai.onnx.
func (r *versions) narrow(n *proto.Node) {
	if since, ok := onnx.FirstVersion("", n.OpType); ok {
		r.atLeast(since, n.OpType)
	}
	for i := range clues {
		k := &clues[i]
		if !k.fits(n) {
			continue
		}
		if k.min > 0 {
			r.atLeast(k.min, n.OpType)
		}
		if k.max > 0 && k.max < r.max {
			r.max, r.maxBy = k.max, n.OpType
		}
	}
}

func (r *versions) atLeast(v int64, op string) {
	if v > r.min {
		r.min, r.minBy = v, op
	}
}

// choose is the version nearest to the usual one.
func (r *versions) choose() (int64, error) {
	if r.min > r.max {
		return 0, fmt.Errorf("%s is of ai.onnx %d or later here and %s of %d or earlier; WithOpset says which", r.minBy, r.min, r.maxBy, r.max)
	}
	return min(max(usualOpset, r.min), r.max), nil
}
