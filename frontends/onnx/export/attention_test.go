package export_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/export"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// TestAttention writes attention with all its features, in random combinations, and compares what the written model computes. It leaves the models
// in the folder that GOCOMPILE_EXPORTED names, with inputs and results, for conformance/exported.py.
func TestAttention(t *testing.T) {
	dir := os.Getenv("GOCOMPILE_EXPORTED")
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 1))
		g, in := randomAttention(t, r)
		for _, o := range []export.Options{{}, {Opset: 18}, {Opset: 23}, {Contrib: true}} {
			if err := roundTrip(g, in, o, 2e-3); err != nil {
				t.Fatalf("seed %d, %+v: %v\n%v", seed, o, err, g)
			}
			if dir != "" {
				leave(t, filepath.Join(dir, fmt.Sprintf("attention_%d_%v_%d", o.Opset, o.Contrib, seed)), g, in, o)
			}
		}
	}
}

// roundTrip compares what a graph computes with what the written and imported one does.
func roundTrip(g *ir.Graph, in []tensor.Value, o export.Options, tolerance float64) error {
	want, err := ir.Evaluate(context.Background(), g, in, nil)
	if err != nil {
		return fmt.Errorf("before: %w", err)
	}
	m, err := export.Model(g, o)
	if err != nil {
		return err
	}
	p, err := proto.Decode(m.Encode())
	if err != nil {
		return err
	}
	after, err := onnx.Import(p)
	if err != nil {
		return err
	}
	got, err := ir.Evaluate(context.Background(), after, in, nil)
	if err != nil {
		return fmt.Errorf("after: %w\n%s", err, after)
	}
	for i := range want {
		a, b := got[i].(*tensor.Tensor), want[i].(*tensor.Tensor)
		if fmt.Sprint(a.DType(), a.Shape()) != fmt.Sprint(b.DType(), b.Shape()) {
			return fmt.Errorf("result %d: %v%v, expected %v%v", i, a.DType(), a.Shape(), b.DType(), b.Shape())
		}
		for k := range b.Len() {
			x, y := a.Float64(k), b.Float64(k)
			if x != y && !(math.IsNaN(x) && math.IsNaN(y)) && !(math.Abs(x-y) <= tolerance*max(1, math.Abs(y))) {
				return fmt.Errorf("result %d, element %d is %v, expected %v\n%s", i, k, x, y, after)
			}
		}
	}
	return nil
}

// leave writes a case as a folder.
func leave(t *testing.T, dir string, g *ir.Graph, in []tensor.Value, o export.Options) {
	out, err := ir.Evaluate(context.Background(), g, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := export.Model(g, o)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"model.onnx": m.Encode()}
	for i, x := range in {
		files[fmt.Sprintf("test_data_set_0/input_%d.pb", i)] = proto.EncodeValue(g.Inputs()[i].Name, x)
	}
	for i, x := range out {
		files[fmt.Sprintf("test_data_set_0/output_%d.pb", i)] = proto.EncodeValue(g.Outputs()[i].Name, x)
	}
	if err := os.MkdirAll(filepath.Join(dir, "test_data_set_0"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// attentionCase collects the inputs of a graph, with their dimensions as symbols or numbers.
type attentionCase struct {
	r        *rand.Rand
	g        *ir.Graph
	in       []tensor.Value
	symbolic bool
}

// input adds an input; named dimensions are symbols in half of the graphs.
func (c *attentionCase) input(name string, x *tensor.Tensor, names ...string) *ir.Value {
	dims := ir.ConstDims(x.Shape())
	for i, n := range names {
		if n != "" && c.symbolic {
			dims[i] = c.g.Scope.Named(n).Expr()
		}
	}
	c.in = append(c.in, x)
	return c.g.AddInput(name, ir.TensorType(x.DType(), dims...))
}

func (c *attentionCase) floats(d tensor.DType, shape ...int) *tensor.Tensor {
	x := tensor.New(d, shape...)
	for i := range x.Len() {
		x.SetFloat64(i, c.r.Float64()*2-1)
	}
	return x
}

func (c *attentionCase) chance(n int) bool { return c.r.IntN(n) == 0 }

func randomAttention(t *testing.T, r *rand.Rand) (*ir.Graph, []tensor.Value) {
	c := &attentionCase{r: r, g: ir.NewGraph("attention", sym.NewScope())}
	c.symbolic = c.chance(2)
	elem := tensor.Float32
	if c.chance(5) {
		elem = tensor.Float16
	}
	batch, groups, d, e := 1+r.IntN(2), 1+r.IntN(2), 2+r.IntN(2), 2+r.IntN(3)
	heads := groups * (1 + r.IntN(2))
	s, n, past := 1+r.IntN(3), 1+r.IntN(4), 0
	decoder := c.chance(4) // what GroupQueryAttention can say
	if decoder {
		s, d, e = n, 8, 8
	}
	o := &op.Attention{Heads: heads, KVHeads: groups, Causal: c.chance(2), Empty: op.EmptyRow(r.IntN(3)), Scores: op.ScoreStage(r.IntN(4))}
	if c.chance(3) {
		o.Scale = 0.3
	}
	if c.chance(4) {
		o.Softcap = 2
	}
	if c.chance(3) {
		o.Left = 1 + r.IntN(3)
	}
	if c.chance(3) {
		o.Right = 1 + r.IntN(3)
	}
	if decoder {
		o.Causal, o.Right = true, 0
	}
	in := make([]*ir.Value, op.AttentionSink+1)
	operand := func(name string, rows, heads, size int, sym string) *ir.Value {
		if decoder && sym == "S" {
			sym = "N"
		}
		if decoder || c.chance(2) {
			return c.input(name, c.floats(elem, batch, rows, heads*size), "B", sym)
		}
		return c.input(name, c.floats(elem, batch, heads, rows, size), "B", "", sym)
	}
	in[op.AttentionQ] = operand("q", s, heads, d, "S")
	in[op.AttentionK] = operand("k", n, groups, d, "N")
	in[op.AttentionV] = operand("v", n, groups, e, "N")
	total := n
	if c.chance(2) {
		past = r.IntN(4)
		in[op.AttentionPastK] = c.input("pastK", c.floats(elem, batch, groups, past, d), "B", "", "P")
		in[op.AttentionPastV] = c.input("pastV", c.floats(elem, batch, groups, past, e), "B", "", "P")
		total, o.Append = past+n, c.chance(2)
		if c.chance(2) {
			room := r.IntN(4)
			capacity := tensor.Must([]int64{int64(total + room)}, 1)
			if total += room; c.chance(2) {
				in[op.AttentionCapacity] = c.g.Const(capacity)
			} else {
				in[op.AttentionCapacity] = c.input("capacity", capacity)
			}
		}
	}
	integers := func(name string, below int) *ir.Value {
		count := []int{}
		if c.chance(2) {
			count = []int{batch}
		}
		x := tensor.New([]tensor.DType{tensor.Int64, tensor.Int32}[r.IntN(2)], count...)
		for i := range x.Len() {
			x.SetInt64(i, int64(r.IntN(below+1)))
		}
		if len(count) == 0 {
			return c.input(name, x)
		}
		return c.input(name, x, "B")
	}
	if c.chance(2) {
		in[op.AttentionStart] = integers("start", total-n)
	}
	if start := in[op.AttentionStart]; start != nil && decoder {
		zero := tensor.New(start.Type.Elem)
		limited, err := c.g.Add(&op.Binary{Fn: op.Max}, start, c.g.Const(zero))
		if err != nil {
			t.Fatal(err)
		}
		in[op.AttentionStart] = limited.Out()[0]
	}
	if c.chance(4) && !decoder {
		in[op.AttentionLengths] = integers("lengths", total)
	}
	if c.chance(2) && !decoder {
		in[op.AttentionMask] = c.mask(elem, []int{batch, heads, s, total})
	}
	if c.chance(4) && !decoder {
		in[op.AttentionSlopes] = c.input("slopes", c.floats(tensor.Float32, heads))
	}
	if c.chance(4) && o.Empty != op.EmptyMean {
		in[op.AttentionSink] = c.input("sink", c.floats(tensor.Float32, heads))
	}
	node, err := c.g.Add(o, in...)
	if err != nil {
		t.Fatal(err)
	}
	outs := []ir.Output{{Name: "y", Value: node.Out()[0]}}
	for i, name := range []string{1: "presentK", 2: "presentV", 3: "scores"} {
		if i > 0 && c.chance(2) {
			outs = append(outs, ir.Output{Name: name, Value: node.Out()[i]})
		}
	}
	c.g.SetOutputs(outs...)
	return c.g, c.in
}

// mask has any rank, broadcasts, may lack columns, and hides some keys.
func (c *attentionCase) mask(elem tensor.DType, full []int) *ir.Value {
	shape := append([]int{}, full[c.r.IntN(4):]...)
	for i := range shape {
		if c.chance(4) {
			shape[i] = 1
		}
	}
	if last := len(shape) - 1; shape[last] > 2 && c.chance(4) {
		shape[last]--
	}
	isBool := c.chance(2)
	if isBool {
		elem = tensor.Bool
	}
	x := c.floats(elem, shape...)
	for i := range x.Len() {
		switch hidden := c.chance(3); {
		case isBool && hidden:
			x.SetInt64(i, 0)
		case isBool:
			x.SetInt64(i, 1)
		case hidden:
			x.SetFloat64(i, math.Inf(-1))
		}
	}
	return c.input("mask", x)
}
