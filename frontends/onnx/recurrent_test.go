package onnx_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// runNode imports a model of one node with three results and evaluates it; names and values are the node's inputs.
func runNode(t *testing.T, node *proto.Node, in []tensor.Value) []tensor.Value {
	t.Helper()
	g := &proto.Graph{Name: "g", Nodes: []*proto.Node{node}}
	var values []tensor.Value
	for i, name := range node.Inputs {
		if name == "" {
			continue
		}
		x := in[i].(*tensor.Tensor)
		v := info(name, x.DType())
		for _, d := range x.Shape() {
			v.Type.Dims = append(v.Type.Dims, proto.Dim{Value: int64(d), HasValue: true})
		}
		g.Inputs, values = append(g.Inputs, v), append(values, x)
	}
	for _, name := range node.Outputs {
		o := &proto.ValueInfo{Name: name, Type: &proto.Type{Kind: proto.TypeTensor, Elem: int32(tensor.Float32)}}
		g.Outputs = append(g.Outputs, o)
	}
	model := &proto.Model{IRVersion: 8, OpsetImports: []proto.OperatorSet{{Version: 14}, {Domain: "com.microsoft", Version: 1}}, Graph: g}
	imported, err := onnx.Import(model)
	if err != nil {
		t.Fatal(err)
	}
	out, err := ir.Evaluate(context.Background(), imported, values, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestDynamicQuantizeLSTM compares the operator with an LSTM of the weights that the bytes stand for.
func TestDynamicQuantizeLSTM(t *testing.T) {
	const seq, batch, input, hidden, dirs = 3, 2, 3, 4, 2
	wave := func(shape ...int) *tensor.Tensor {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Len() {
			x.SetFloat64(i, math.Sin(float64(7*i+len(shape))))
		}
		return x
	}
	for _, perColumn := range []bool{false, true} {
		t.Run(fmt.Sprintf("perColumn=%v", perColumn), func(t *testing.T) {
			params := []int{dirs}
			if perColumn {
				params = []int{dirs, 4 * hidden}
			}
			// quantised makes bytes with their scales and zero points, and what they stand for, transposed.
			quantised := func(rows, seed int) (q, scale, zero, w *tensor.Tensor) {
				q, w = tensor.New(tensor.Uint8, dirs, rows, 4*hidden), tensor.New(tensor.Float32, dirs, 4*hidden, rows)
				scale, zero = tensor.New(tensor.Float32, params...), tensor.New(tensor.Uint8, params...)
				for i := range scale.Len() {
					scale.SetFloat64(i, 0.004+0.001*float64(i%5))
					zero.SetInt64(i, int64(120+i%9))
				}
				for d := range dirs {
					for r := range rows {
						for c := range 4 * hidden {
							at, p := (d*rows+r)*4*hidden+c, d
							if perColumn {
								p = d*4*hidden + c
							}
							q.SetInt64(at, int64((at*37+seed)%256))
							w.SetFloat64((d*4*hidden+c)*rows+r, (q.Float64(at)-zero.Float64(p))*scale.Float64(p))
						}
					}
				}
				return q, scale, zero, w
			}
			qw, sw, zw, w := quantised(input, 1)
			qr, sr, zr, r := quantised(hidden, 2)
			x, b, h0, p := wave(seq, batch, input), wave(dirs, 8*hidden), wave(dirs, batch, hidden), wave(dirs, 3*hidden)
			attributes := []*proto.Attribute{{Name: "direction", Type: proto.AttrString, S: []byte("bidirectional")}, {Name: "hidden_size", Type: proto.AttrInt, I: hidden}}
			outputs := []string{"Y", "Y_h", "Y_c"}
			want := runNode(t, &proto.Node{OpType: "LSTM", Inputs: []string{"x", "w", "r", "b", "", "h0", "", "p"}, Outputs: outputs, Attributes: attributes},
				[]tensor.Value{x, w, r, b, nil, h0, nil, p})
			got := runNode(t, &proto.Node{Domain: "com.microsoft", OpType: "DynamicQuantizeLSTM", Outputs: outputs, Attributes: attributes,
				Inputs: []string{"x", "w", "r", "b", "", "h0", "", "p", "sw", "zw", "sr", "zr"}}, []tensor.Value{x, qw, qr, b, nil, h0, nil, p, sw, zw, sr, zr})
			for i := range want {
				a, b := got[i].(*tensor.Tensor), want[i].(*tensor.Tensor)
				if a.Len() != b.Len() || a.Len() == 0 {
					t.Fatalf("%s has %d elements, want %d", outputs[i], a.Len(), b.Len())
				}
				for k := range b.Len() {
					if d := math.Abs(a.Float64(k) - b.Float64(k)); !(d < 1e-6) {
						t.Errorf("%s: element %d is %v, want %v", outputs[i], k, a.Float64(k), b.Float64(k))
					}
				}
			}
		})
	}
}

func TestRecurrentRefusesClip(t *testing.T) {
	node := &proto.Node{OpType: "RNN", Inputs: []string{"x", "w", "r"}, Outputs: []string{"y"}, Attributes: []*proto.Attribute{{Name: "clip", Type: proto.AttrFloat, F: -1}}}
	model := &proto.Model{IRVersion: 8, OpsetImports: []proto.OperatorSet{{Version: 14}}, Graph: &proto.Graph{Name: "g", Nodes: []*proto.Node{node},
		Inputs:  []*proto.ValueInfo{info("x", tensor.Float32, "S", "N", "I"), info("w", tensor.Float32, "D", "H", "I"), info("r", tensor.Float32, "D", "H", "H")},
		Outputs: []*proto.ValueInfo{info("y", tensor.Float32, "S", "D", "N", "H")}}}
	if _, err := onnx.Import(model); err == nil || !strings.Contains(err.Error(), `"clip" must be positive`) {
		t.Errorf("error %v", err)
	}
}
