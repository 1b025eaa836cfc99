package passes

import (
	"context"
	"slices"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// columnsGraph multiplies rows that are gathered from the transpose of a matrix by the matrix, as models with tied embeddings do.
func columnsGraph(t *testing.T, rows, columns int) *ir.Graph {
	t.Helper()
	g := ir.NewGraph("tied", sym.NewScope())
	ids := g.AddInput("ids", ir.StaticType(tensor.Int64, 3, 2))
	w := g.Const(tensor.New(tensor.Float32, rows, columns))
	var v *ir.Value
	for _, s := range []struct {
		o  ir.Op
		in []*ir.Value
	}{{&op.Transpose{Perm: []int{1, 0}}, nil}, {&op.Gather{}, []*ir.Value{ids}}, {&op.Unary{Fn: op.Tanh}, nil}, {&op.MatMul{}, []*ir.Value{w}}} {
		first := v
		if first == nil {
			first = w
		}
		n, err := g.Add(s.o, append([]*ir.Value{first}, s.in...)...)
		if err != nil {
			t.Fatal(err)
		}
		v = n.Out()[0]
	}
	g.SetOutputs(ir.Output{Name: "y", Value: v})
	return g
}

// TestTableOfColumns: a large matrix that a gather reads by columns is not copied; products with it can be rounded, and so can the table.
func TestTableOfColumns(t *testing.T) {
	const columns = largeTable / 64
	for _, tables := range []bool{false, true} {
		g := columnsGraph(t, 16, columns)
		if _, err := Optimize(g, Options{Verify: true}); err != nil {
			t.Fatal(err)
		}
		if got := g.CountOps(); got["Transpose"] != 1 {
			t.Errorf("operators are %v, want Transpose among them", got)
		}
		all, err := QuantizeWeights(g, WeightOptions{Format: WeightFormat{Bits: 8}, Tables: tables})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(all, func(w Weight) bool { return w.Format == "int8" && w.Shape[0] == 16 }) {
			t.Errorf("tables %t: the matrix is not rounded: %+v", tables, all)
		}
		if tables && !slices.ContainsFunc(all, func(w Weight) bool { return w.Format == "int8" && w.Shape[0] == columns }) {
			t.Errorf("the table is not rounded: %+v", all)
		}
		if err := ir.Verify(g); err != nil {
			t.Fatal(err)
		}
	}
	g := columnsGraph(t, 16, 100)
	if _, err := Optimize(g, Options{}); err != nil {
		t.Fatal(err)
	}
	if got := g.CountOps(); got["Transpose"] != 0 {
		t.Errorf("operators with a small table are %v, want no Transpose", got)
	}
}

// TestTableOfRows: a transpose that changes nothing makes no columns of rows, before other passes have removed it.
func TestTableOfRows(t *testing.T) {
	const size = 520
	w := tensor.New(tensor.Float32, size, size)
	for i := range w.Len() {
		w.SetFloat64(i, float64(i/size))
	}
	g := ir.NewGraph("straight", sym.NewScope())
	v := g.Const(w)
	for _, s := range []struct {
		o  ir.Op
		in []*ir.Value
	}{{&op.Transpose{Perm: []int{0, 1}}, nil}, {&op.Gather{}, []*ir.Value{g.AddInput("ids", ir.StaticType(tensor.Int64, 1))}}} {
		n, err := g.Add(s.o, append([]*ir.Value{v}, s.in...)...)
		if err != nil {
			t.Fatal(err)
		}
		v = n.Out()[0]
	}
	g.SetOutputs(ir.Output{Name: "y", Value: v})
	if _, err := QuantizeWeights(g, WeightOptions{Format: WeightFormat{Bits: 8}, Tables: true}); err != nil {
		t.Fatal(err)
	}
	out, err := ir.Evaluate(context.Background(), g, []tensor.Value{tensor.Must([]int64{7}, 1)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	y := out[0].(*tensor.Tensor)
	for i := range y.Len() {
		if got := y.Float64(i); got < 6.9 || got > 7.1 {
			t.Fatalf("element %d of row 7 is %v", i, got)
		}
	}
}
