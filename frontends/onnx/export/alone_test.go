package export_test

import (
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/export"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// TestAlone writes operators that the conformance suite does not have.
func TestAlone(t *testing.T) {
	seed := uint64(7)
	image := tensor.New(tensor.Float32, 2, 3, 6, 5)
	for i := range image.Len() {
		image.SetFloat64(i, float64(i*37%101)/50-1)
	}
	logits := tensor.New(tensor.Float32, 2, 4)
	for i := range logits.Len() {
		logits.SetFloat64(i, float64(i%3))
	}
	regions := tensor.Must([]float32{0, 0, 0, 4, 3, 1, 1, 2, 4, 5}, 2, 5)
	for _, c := range []struct {
		name string
		op   ir.Op
		in   []tensor.Value
	}{
		{"Identity", &op.Identity{}, []tensor.Value{image}},
		{"MaxRoiPool", &op.MaxRoiPool{Height: 2, Width: 3, Scale: 0.9}, []tensor.Value{image, regions}},
		{"Multinomial", &op.Multinomial{Count: 20, Elem: tensor.Int64, Seed: &seed}, []tensor.Value{logits}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := ir.NewGraph(c.name, sym.NewScope())
			var in []*ir.Value
			for _, x := range c.in {
				in = append(in, g.AddInput("", ir.TypeOf(x)))
			}
			for i, v := range in {
				v.Name = string(rune('a' + i))
			}
			n, err := g.Add(c.op, in...)
			if err != nil {
				t.Fatal(err)
			}
			g.SetOutputs(ir.Output{Name: "y", Value: n.Out()[0]})
			if err := roundTrip(g, c.in, export.Options{}, 0); err != nil {
				t.Error(err)
			}
		})
	}
}
