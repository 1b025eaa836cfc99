package onnx_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// nBitsModel has weights of so many bits as inputs, or as constants.
func nBitsModel(bits, k, n, block int, constant bool, weights ...*tensor.Tensor) *proto.Model {
	attribute := func(name string, v int) *proto.Attribute {
		return &proto.Attribute{Name: name, Type: proto.AttrInt, I: int64(v)}
	}
	node := &proto.Node{Name: "few", OpType: "MatMulNBits", Domain: "com.microsoft", Inputs: []string{"x"}, Outputs: []string{"y"},
		Attributes: []*proto.Attribute{attribute("K", k), attribute("N", n), attribute("bits", bits), attribute("block_size", block)}}
	g := &proto.Graph{Name: "g", Nodes: []*proto.Node{node}, Inputs: []*proto.ValueInfo{info("x", tensor.Float32, "M", "K")}, Outputs: []*proto.ValueInfo{info("y", tensor.Float32)}}
	for i, name := range []string{"b", "scales", "zeros"} {
		if i == len(weights) {
			break
		}
		node.Inputs = append(node.Inputs, name)
		if w := weights[i]; constant {
			dims := make([]int64, w.Rank())
			for a := range dims {
				dims[a] = int64(w.Dim(a))
			}
			g.Initializers = append(g.Initializers, &proto.Tensor{Name: name, DataType: int32(w.DType()), Dims: dims, Raw: w.Bytes(), HasRaw: true})
		} else {
			v := info(name, w.DType())
			for _, d := range w.Shape() {
				v.Type.Dims = append(v.Type.Dims, proto.Dim{Value: int64(d), HasValue: true})
			}
			g.Inputs = append(g.Inputs, v)
		}
	}
	return &proto.Model{IRVersion: 10, OpsetImports: []proto.OperatorSet{{Version: 21}, {Domain: "com.microsoft", Version: 1}}, Graph: g}
}

// TestMatMulNBits: constant weights, which stay integers of their size, give what the same weights give as inputs.
func TestMatMulNBits(t *testing.T) {
	const n = 5
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(d tensor.DType, shape ...int) *tensor.Tensor {
		x := tensor.New(d, shape...)
		for i := range x.Len() {
			if d.IsFloat() {
				x.SetFloat64(i, r.NormFloat64())
			} else {
				x.SetInt64(i, int64(r.IntN(256)))
			}
		}
		return x
	}
	for _, bits := range []int{2, 4, 8} {
		for _, k := range []int{64, 40, 16} {
			for _, zeros := range []bool{false, true} {
				t.Run(fmt.Sprint(bits, k, zeros), func(t *testing.T) {
					blocks := (k + 31) / 32
					weights := []*tensor.Tensor{draw(tensor.Uint8, n, blocks, 4*bits), draw(tensor.Float32, n*blocks)}
					if zeros {
						weights = append(weights, draw(tensor.Uint8, n*((blocks*bits+7)/8)))
					}
					in := []tensor.Value{draw(tensor.Float32, 3, k)}
					var results []tensor.Value
					for _, constant := range []bool{true, false} {
						g, err := onnx.Import(nBitsModel(bits, k, n, 32, constant, weights...))
						if err != nil {
							t.Fatal(err)
						}
						if constant && !strings.Contains(g.String(), fmt.Sprintf("u%d[%d, %d]", bits, n, k)) {
							t.Errorf("there are no weights of %d bits in\n%v", bits, g)
						}
						for _, w := range weights {
							if !constant {
								in = append(in, w)
							}
						}
						out, err := ir.Evaluate(context.Background(), g, in, nil)
						if err != nil {
							t.Fatal(err)
						}
						results = append(results, out[0])
					}
					if !tensor.Equal(results[0].(*tensor.Tensor), results[1].(*tensor.Tensor)) {
						t.Errorf("got %v with constant weights, %v with others", results[0], results[1])
					}
				})
			}
		}
	}
}

// TestAccuracyLevel: level 4 alone permits to round what the weights multiply to 8 bits, and the text of the graph says so.
func TestAccuracyLevel(t *testing.T) {
	for level, want := range []bool{false, false, false, false, true} {
		m := nBitsModel(4, 32, 2, 32, true, tensor.New(tensor.Uint8, 2, 1, 16), tensor.New(tensor.Float32, 2))
		n := m.Graph.Nodes[0]
		if n.Attributes = append(n.Attributes, &proto.Attribute{Name: "accuracy_level", Type: proto.AttrInt, I: int64(level)}); level == 0 {
			n.Attributes = n.Attributes[:4]
		}
		g, err := onnx.Import(m)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(g.String(), "RoundLeft=true"); got != want {
			t.Errorf("level %d gives\n%v", level, g)
		}
	}
}

// TestMatMulNBitsRefuses sizes that fit nothing.
func TestMatMulNBitsRefuses(t *testing.T) {
	bytes, scales := tensor.New(tensor.Uint8, 2, 1, 16), tensor.New(tensor.Float32, 2)
	for name, m := range map[string]*proto.Model{
		"bits":   nBitsModel(3, 32, 2, 32, true, bytes, scales),
		"block":  nBitsModel(4, 32, 2, 24, true, bytes, scales),
		"huge":   nBitsModel(4, 1<<40, 1<<40, 32, true, bytes, scales),
		"bytes":  nBitsModel(4, 64, 2, 32, true, bytes, scales),
		"floats": nBitsModel(4, 32, 2, 32, true, tensor.New(tensor.Float32, 2, 1, 16), scales),
		"scales": nBitsModel(4, 32, 2, 32, true, bytes, tensor.New(tensor.Float32, 3)),
	} {
		if _, err := onnx.Import(m); err == nil || !strings.Contains(err.Error(), "MatMulNBits") || strings.Contains(err.Error(), "internal") {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := nBitsModel(4, 1<<28, 1<<28, 16, true, bytes, scales) // no memory is taken for what inputs may be
	m.Graph.Initializers, m.Graph.Inputs = nil, append(m.Graph.Inputs, info("b", tensor.Uint8), info("scales", tensor.Float32))
	if g, err := onnx.Import(m); err == nil {
		if _, err := ir.Evaluate(context.Background(), g, []tensor.Value{tensor.New(tensor.Float32, 1, 8), bytes, scales}, nil); err == nil {
			t.Error("weights of any size are taken")
		}
	}
}
