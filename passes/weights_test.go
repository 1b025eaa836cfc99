package passes_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// weighted has weights on either side of their products, one for two products, and a table that is both.
func weighted(t *testing.T, r *rand.Rand) (*ir.Graph, []tensor.Value) {
	g := parse(t, `graph "g"(%x "x": f32[B, 24], %ids "ids": i64[B]) -> ("y" %x) {
}`)
	add := func(o ir.Op, in ...*ir.Value) *ir.Value {
		n, err := g.Add(o, in...)
		if err != nil {
			t.Fatal(err)
		}
		return n.Out()[0]
	}
	weights := func(name string, shape ...int) *ir.Value {
		w := tensor.New(tensor.Float32, shape...)
		for i := range w.Len() {
			w.SetFloat64(i, r.NormFloat64())
		}
		v := g.Const(w)
		v.Name = name
		return v
	}
	x, ids := g.Inputs()[0], g.Inputs()[1]
	table, shared := weights("table", 50, 24), weights("shared", 24, 24)
	h := add(&op.MatMul{}, add(&op.Binary{Fn: op.Add}, x, add(&op.Gather{}, table, ids)), shared)
	h = add(&op.Unary{Fn: op.Tanh}, h)
	a, b := add(&op.MatMul{TransB: true}, h, weights("turned", 31, 24)), add(&op.MatMul{}, h, shared)
	logits := add(&op.MatMul{TransB: true}, b, table)
	g.SetOutputs(ir.Output{Name: "a", Value: a}, ir.Output{Name: "logits", Value: logits})
	in, token := tensor.New(tensor.Float32, 5, 24), tensor.New(tensor.Int64, 5)
	for i := range in.Len() {
		in.SetFloat64(i, r.NormFloat64())
	}
	for i := range token.Len() {
		token.SetInt64(i, int64(r.IntN(50)))
	}
	return g, []tensor.Value{in, token}
}

// TestQuantizeWeights compares results with those of the weights before: rounding must not move them by more than its format can, and what is
// rounded must be what was asked for.
func TestQuantizeWeights(t *testing.T) {
	for _, c := range []struct {
		options passes.WeightOptions
		formats string // of table, shared, turned
		within  float64
	}{
		{passes.WeightOptions{Format: passes.WeightFormat{Bits: 8}}, "[float32 int8 int8]", 0.04},
		{passes.WeightOptions{Format: passes.WeightFormat{Bits: 8}, Tables: true}, "[int8 int8 int8]", 0.04},
		{passes.WeightOptions{Format: passes.WeightFormat{Bits: 8, Block: 7, Asymmetric: true}}, "[float32 uint8/7 uint8/7]", 0.04},
		{passes.WeightOptions{Format: passes.WeightFormat{Bits: 4, Block: 8}, Tables: true}, "[int8 int4/8 int4/8]", 0.4},
		{passes.WeightOptions{Format: passes.WeightFormat{Bits: 8, Block: 16, RoundLeft: true}, Tables: true}, "[int8 int8/16a8 int8/16a8]", 0.04},
		{passes.WeightOptions{Format: passes.WeightFormat{Bits: 4, Block: 10, Asymmetric: true}}, "[float32 uint4/10 uint4/10]", 0.4},
		{passes.WeightOptions{Format: passes.WeightFormat{Bits: 4, Block: 8}, Budget: 0.02}, "[float32 int8 int8]", 0.04},
		{passes.WeightOptions{Format: passes.WeightFormat{Bits: 8}, Budget: 1e-6}, "[float32 float32 float32]", 1e-6},
		{passes.WeightOptions{Format: passes.WeightFormat{Bits: 8}, Least: 700}, "[float32 float32 int8]", 0.04},
		{passes.WeightOptions{Format: passes.WeightFormat{Bits: 8}, Dynamic: true}, "[float32 int8 int8]", 0.05},
		{passes.WeightOptions{Format: passes.WeightFormat{Bits: 8}, Dynamic: true, Tables: true}, "[int8 int8 int8]", 0.05},
	} {
		t.Run(fmt.Sprintf("%+v", c.options), func(t *testing.T) {
			g, in := weighted(t, rand.New(rand.NewPCG(1, 2)))
			want, err := ir.Evaluate(context.Background(), g, in, nil)
			if err != nil {
				t.Fatal(err)
			}
			weights, err := passes.QuantizeWeights(g, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if err := ir.Verify(g); err != nil {
				t.Fatal(err, g)
			}
			var formats []string
			for _, w := range weights {
				formats = append(formats, w.Format)
				if (w.Because == "") != (w.Format != "float32") || w.Error > c.within {
					t.Errorf("%+v", w)
				}
			}
			if fmt.Sprint(formats) != c.formats {
				t.Errorf("formats are %v, expected %v", formats, c.formats)
			}
			compareWith := func(stage string) {
				got, err := ir.Evaluate(context.Background(), g, in, nil)
				if err != nil {
					t.Fatal(err)
				}
				all := 0.0
				for i := range want {
					d := ofPeak(got[i].(*tensor.Tensor), want[i].(*tensor.Tensor))
					if all += d; !(d <= c.within) {
						t.Errorf("%s: result %d differs by %.2g of its peak, expected up to %v", stage, i, d, c.within)
					}
				}
				if all == 0 && c.within > 1e-6 {
					t.Errorf("%s: nothing was rounded", stage)
				}
			}
			compareWith("rounded")
			if _, err := passes.Optimize(g, passes.Options{Verify: true}); err != nil {
				t.Fatal(err)
			}
			compareWith("optimised")
			if strings.Contains(g.String(), "RoundLeft=true") != c.options.Format.RoundLeft {
				t.Errorf("the permission to round what is multiplied is not what was asked for:\n%v", g)
			}
		})
	}
}

// TestParseWeightFormat: names are read as what they print.
func TestParseWeightFormat(t *testing.T) {
	for name, want := range map[string]passes.WeightFormat{"int8": {Bits: 8}, "uint8/64": {Bits: 8, Block: 64, Asymmetric: true}, "int4/32": {Bits: 4, Block: 32},
		"uint4/0": {Bits: 4, Asymmetric: true}, "int8/64a8": {Bits: 8, Block: 64, RoundLeft: true}, "uint4/32a8": {Bits: 4, Block: 32, Asymmetric: true, RoundLeft: true}} {
		if f, err := passes.ParseWeightFormat(name); err != nil || f != want || f.String() != name {
			t.Errorf("%s is %+v, prints as %v: %v", name, f, f, err)
		}
	}
	if f, err := passes.ParseWeightFormat("int4"); err != nil || f.Block != 32 {
		t.Errorf("int4 is %+v: %v", f, err)
	}
	for _, name := range []string{"int8a8", "int4/0a8", "int4/24a8", "a8", "int4a8/32", "int4a88"} {
		if f, err := passes.ParseWeightFormat(name); err == nil {
			t.Errorf("%s is read as %v", name, f)
		}
	}
}

// ofPeak is the largest difference over the largest magnitude.
func ofPeak(got, want *tensor.Tensor) float64 {
	diff, peak := 0.0, 0.0
	for i := range want.Len() {
		diff, peak = max(diff, math.Abs(got.Float64(i)-want.Float64(i))), max(peak, math.Abs(want.Float64(i)))
	}
	return diff / peak
}

// TestQuantizeWeightsRefuses what no format can hold.
func TestQuantizeWeightsRefuses(t *testing.T) {
	g, _ := weighted(t, rand.New(rand.NewPCG(1, 2)))
	for _, o := range []passes.WeightOptions{{}, {Format: passes.WeightFormat{Bits: 3}}, {Format: passes.WeightFormat{Bits: 8, Block: -1}},
		{Format: passes.WeightFormat{Bits: 4, Block: 32}, Dynamic: true}, {Format: passes.WeightFormat{Bits: 8, RoundLeft: true}}} {
		if _, err := passes.QuantizeWeights(g, o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	broken := parse(t, `graph "g"(%x "x": f32[2, 2]) -> ("y" %y) {
  %w = Const() {Value=f32[2, 2] [1, nan, 3, inf]} : f32[2, 2]
  %y = MatMul(%x, %w) : f32[2, 2]
}`)
	weights, err := passes.QuantizeWeights(broken, passes.WeightOptions{Format: passes.WeightFormat{Bits: 8}})
	if err != nil || len(weights) != 1 || weights[0].Format != "float32" || weights[0].Because == "" {
		t.Errorf("%+v, %v", weights, err)
	}
}

// TestQuantizeRecurrent: matrices of recurrent operators become integers of 8 bits whatever the format, and stay integers in the passes.
func TestQuantizeRecurrent(t *testing.T) {
	for _, direction := range []string{"forward", "bidirectional"} {
		for _, c := range []struct {
			options passes.WeightOptions
			formats string // of w and r of the LSTM, of w, which is shown too, and r of the GRU
		}{
			{passes.WeightOptions{Format: passes.WeightFormat{Bits: 8}}, "[int8 int8 float32 int8]"},
			{passes.WeightOptions{Format: passes.WeightFormat{Bits: 4, Block: 8}}, "[int8 int8 float32 int8]"},
			{passes.WeightOptions{Format: passes.WeightFormat{Bits: 8}, Budget: 1e-6}, "[float32 float32 float32 float32]"},
			{passes.WeightOptions{Format: passes.WeightFormat{Bits: 8}, Least: 5000}, "[float32 float32 float32 float32]"},
		} {
			r := rand.New(rand.NewPCG(3, 4))
			g := parse(t, `graph "g"(%x "x": f32[S, B, 12]) -> ("y" %x) {
}`)
			dirs := 1
			if direction == "bidirectional" {
				dirs = 2
			}
			weights := func(shape ...int) *ir.Value {
				w := tensor.New(tensor.Float32, append([]int{dirs}, shape...)...)
				for i := range w.Len() {
					w.SetFloat64(i, 0.3*r.NormFloat64())
				}
				return g.Const(w)
			}
			const hidden = 20
			lstm, err := g.Add(&op.LSTM{Direction: direction, HiddenSize: hidden, Stacked: true}, g.Inputs()[0], weights(4*hidden, 12), weights(4*hidden, hidden))
			if err != nil {
				t.Fatal(err)
			}
			shown := weights(3*hidden, dirs*hidden)
			gru, err := g.Add(&op.GRU{Direction: direction, HiddenSize: hidden, Stacked: true}, lstm.Out()[0], shown, weights(3*hidden, hidden))
			if err != nil {
				t.Fatal(err)
			}
			g.SetOutputs(ir.Output{Name: "y", Value: gru.Out()[0]}, ir.Output{Name: "w", Value: shown})
			x := tensor.New(tensor.Float32, 5, 3, 12)
			for i := range x.Len() {
				x.SetFloat64(i, r.NormFloat64())
			}
			want, err := ir.Evaluate(context.Background(), g, []tensor.Value{x}, nil)
			if err != nil {
				t.Fatal(err)
			}
			list, err := passes.QuantizeWeights(g, c.options)
			if err != nil {
				t.Fatal(err)
			}
			var formats []string
			integers := 0
			for _, w := range list {
				formats = append(formats, w.Format)
				if w.Format != "float32" {
					integers++
				}
				if (w.Because == "") != (w.Format != "float32") {
					t.Errorf("%+v", w)
				}
			}
			if fmt.Sprint(formats) != c.formats {
				t.Errorf("%s, %+v: formats are %v, expected %v", direction, c.options, formats, c.formats)
			}
			if _, err := passes.Optimize(g, passes.Options{Verify: true}); err != nil {
				t.Fatal(err)
			}
			if n := g.CountOps()["DequantizeLinear"]; n != integers {
				t.Errorf("%s, %+v: %d DequantizeLinear, expected %d", direction, c.options, n, integers)
			}
			got, err := ir.Evaluate(context.Background(), g, []tensor.Value{x}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := ofPeak(got[0].(*tensor.Tensor), want[0].(*tensor.Tensor)); !(d <= 0.04) || (d == 0) != (integers == 0) {
				t.Errorf("%s, %+v: results differ by %.2g of their peak", direction, c.options, d)
			}
		}
	}
}
