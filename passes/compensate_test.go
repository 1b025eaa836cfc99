package passes_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// TestMoments: where numbers depend on each other, weights that make up for errors give products that are much nearer than weights that are rounded to the nearest,
// on rows that the moments have not seen, for sums along both axes and with blocks that do not divide them.
func TestMoments(t *testing.T) {
	const depth, columns, hidden, rows = 52, 21, 6, 300
	r := rand.New(rand.NewPCG(3, 4))
	mix := make([]float64, hidden*depth)
	for i := range mix {
		mix[i] = r.NormFloat64()
	}
	draw := func() *tensor.Tensor { // rows that lie near a plane of few dimensions
		x := tensor.New(tensor.Float32, rows, depth)
		for i := range rows {
			var h [hidden]float64
			for k := range h {
				h[k] = r.NormFloat64()
			}
			for j := range depth {
				v := 0.1 * r.NormFloat64()
				for k := range h {
					v += h[k] * mix[k*depth+j]
				}
				x.SetFloat64(i*depth+j, v)
			}
		}
		return x
	}
	for _, c := range []struct {
		format string
		trans  bool
	}{{"int4/32", false}, {"int4/0", true}, {"uint4/16", true}, {"int8", false}} {
		f, err := passes.ParseWeightFormat(c.format)
		if err != nil {
			t.Fatal(err)
		}
		w := tensor.New(tensor.Float32, depth, columns)
		if c.trans {
			w = tensor.New(tensor.Float32, columns, depth)
		}
		for i := range w.Len() {
			w.SetFloat64(i, r.NormFloat64())
		}
		moments := passes.NewMoments(depth)
		moments.Add(draw())
		moments.Add(draw())
		x := draw()
		off := func(m func(string) *passes.Moments) float64 {
			g := parse(t, `graph "g"(%x "x": f32[M, 52]) -> ("y" %x) {
}`)
			v := g.Const(w)
			v.Name = "w"
			n, err := g.Add(&op.MatMul{TransB: c.trans}, g.Inputs()[0], v)
			if err != nil {
				t.Fatal(err)
			}
			g.SetOutputs(ir.Output{Name: "y", Value: n.Out()[0]})
			want, err := ir.Evaluate(t.Context(), g, []tensor.Value{x}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := passes.QuantizeWeights(g, passes.WeightOptions{Format: f, Moments: m}); err != nil {
				t.Fatal(err)
			}
			got, err := ir.Evaluate(t.Context(), g, []tensor.Value{x}, nil)
			if err != nil {
				t.Fatal(err)
			}
			wrong, all := 0.0, 0.0
			y, z := got[0].(*tensor.Tensor), want[0].(*tensor.Tensor)
			for i := range z.Len() {
				d := y.Float64(i) - z.Float64(i)
				wrong, all = wrong+d*d, all+z.Float64(i)*z.Float64(i)
			}
			return math.Sqrt(wrong / all)
		}
		nearest := off(nil)
		made := off(func(name string) *passes.Moments {
			if name != "w" {
				t.Errorf("asked for %q", name)
			}
			return moments
		})
		if made > nearest/2 || made == 0 {
			t.Errorf("%s, transposed %t: products are %.2g off, %.2g with the nearest weights", c.format, c.trans, made, nearest)
		}
		for what, useless := range map[string]*passes.Moments{"no rows": passes.NewMoments(depth), "another size": passes.NewMoments(7), "none": nil} {
			if got := off(func(string) *passes.Moments { return useless }); got != nearest {
				t.Errorf("%s: products are %.2g off, want %.2g", what, got, nearest)
			}
		}
		broken := passes.NewMoments(depth)
		x.SetFloat64(3, math.NaN())
		broken.Add(x)
		x = draw()
		if got := off(func(string) *passes.Moments { return broken }); !(got < 1) {
			t.Errorf("moments that are not finite: products are %v off", got)
		}
	}
}
