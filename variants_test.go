package gocompile

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// squeezing is a model whose ranks depend on shapes, as exporters of torch.squeeze write them: y = relu(x[0] if x has one row, else x), and a branch
// that is never right, for it takes x for a tensor of rank 4.
func squeezing() []byte {
	value := func(name string, elem int32, dims ...proto.Dim) *proto.ValueInfo {
		return &proto.ValueInfo{Name: name, Type: &proto.Type{Kind: proto.TypeTensor, Elem: elem, HasShape: dims != nil, Dims: dims}}
	}
	ints := func(name string, n ...int64) *proto.Tensor {
		t := tensor.Must(n, len(n))
		return proto.FromTensor(name, t)
	}
	body := func(name, out string, nodes ...*proto.Node) *proto.Attribute {
		return &proto.Attribute{Name: name, Type: proto.AttrGraph, G: &proto.Graph{Name: name, Nodes: nodes, Outputs: []*proto.ValueInfo{value(out, 1)}}}
	}
	g := &proto.Graph{Name: "g",
		Inputs:       []*proto.ValueInfo{value("x", 1, proto.Dim{Param: "N"}, proto.Dim{Param: "M"}), value("odd", 9, []proto.Dim{}...)},
		Outputs:      []*proto.ValueInfo{value("y", 1)},
		Initializers: []*proto.Tensor{ints("zero", 0), ints("one", 1)},
		Nodes: []*proto.Node{
			{OpType: "Shape", Inputs: []string{"x"}, Outputs: []string{"shape"}},
			{OpType: "Gather", Inputs: []string{"shape", "zero"}, Outputs: []string{"rows"}},
			{OpType: "Equal", Inputs: []string{"rows", "one"}, Outputs: []string{"single"}},
			{OpType: "If", Inputs: []string{"single"}, Outputs: []string{"s"}, Attributes: []*proto.Attribute{
				body("then_branch", "a", &proto.Node{OpType: "Squeeze", Inputs: []string{"x", "zero"}, Outputs: []string{"a"}}),
				body("else_branch", "b", &proto.Node{OpType: "Identity", Inputs: []string{"x"}, Outputs: []string{"b"}}),
			}},
			{OpType: "If", Inputs: []string{"odd"}, Outputs: []string{"t"}, Attributes: []*proto.Attribute{
				body("then_branch", "c", &proto.Node{OpType: "Transpose", Inputs: []string{"s"}, Outputs: []string{"c"},
					Attributes: []*proto.Attribute{{Name: "perm", Type: proto.AttrInts, Ints: []int64{0, 1, 2, 3}}}}),
				body("else_branch", "d", &proto.Node{OpType: "Identity", Inputs: []string{"s"}, Outputs: []string{"d"}}),
			}},
			{OpType: "Relu", Inputs: []string{"t"}, Outputs: []string{"y"}},
		}}
	return (&proto.Model{IRVersion: 8, OpsetImports: []proto.OperatorSet{{Version: 17}}, Graph: g}).Encode()
}

func TestVariants(t *testing.T) {
	m, err := Compile(squeezing())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	no := tensor.Scalar(false)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			s := m.NewSession()
			for range 4 {
				for rows := 1; rows <= 3; rows++ {
					x := tensor.New(tensor.Float32, rows, 2)
					for i := range x.Len() {
						x.SetFloat64(i, float64(i)-1)
					}
					out, err := s.Run(context.Background(), map[string]tensor.Value{"x": x, "odd": no})
					if err != nil {
						t.Error(err)
						return
					}
					y := out["y"].(*tensor.Tensor)
					want := []int{rows, 2}
					if rows == 1 {
						want = want[1:]
					}
					if !slices.Equal(y.Shape(), want) || y.Float64(0) != 0 || y.Float64(y.Len()-1) != max(0, float64(2*rows-2)) {
						t.Errorf("%d rows give %v", rows, y)
					}
				}
			}
			if len(s.special) != 3 {
				t.Errorf("the session ran %d variants, want 3", len(s.special))
			}
		})
	}
	group.Wait()
	if m.variants.made != 3 {
		t.Errorf("%d variants were made, want 3", m.variants.made)
	}
}

// TestNoVariants: a model that dimensions describe well has none.
func TestNoVariants(t *testing.T) {
	g := &proto.Graph{Name: "g",
		Inputs:  []*proto.ValueInfo{{Name: "x", Type: &proto.Type{Kind: proto.TypeTensor, Elem: 1, HasShape: true, Dims: []proto.Dim{{Param: "N"}}}}},
		Outputs: []*proto.ValueInfo{{Name: "y", Type: &proto.Type{Kind: proto.TypeTensor, Elem: 1}}},
		Nodes:   []*proto.Node{{OpType: "Relu", Inputs: []string{"x"}, Outputs: []string{"y"}}}}
	m, err := Compile((&proto.Model{IRVersion: 8, OpsetImports: []proto.OperatorSet{{Version: 17}}, Graph: g}).Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.variants != nil {
		t.Error("has variants")
	}
}
