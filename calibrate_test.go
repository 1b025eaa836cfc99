package gocompile

import (
	"context"
	"testing"

	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// A model that is rounded with moments of its inputs is nearer to what it was.
func TestMoments(t *testing.T) {
	const file = "examples/dates/transformer/model.onnx"
	m, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	named := recorded(t, "transformer")
	var in []tensor.Value
	for _, p := range m.Inputs() {
		in = append(in, named[p.Name])
	}
	moments, err := m.Moments(context.Background(), [][]tensor.Value{in, in})
	if err != nil {
		t.Fatal(err)
	}
	if moments("nothing") != nil {
		t.Error("a matrix that is not there has moments")
	}
	want, err := m.NewSession().RunOrdered(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	off := func(moments func(string) *passes.Moments) (sum float64) {
		rounded, err := Load(file, WithIntegerWeights(passes.WeightOptions{Format: passes.WeightFormat{Bits: 4, Block: 32}, Moments: moments}))
		if err != nil {
			t.Fatal(err)
		}
		defer rounded.Close()
		for _, w := range rounded.RoundedWeights() {
			if w.Format == "int4/32" && moments != nil && moments(w.Name) == nil {
				t.Errorf("%s has no moments", w.Name)
			}
		}
		got, err := rounded.NewSession().RunOrdered(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			w := w.(*tensor.Tensor)
			for j := range w.Len() {
				d := got[i].(*tensor.Tensor).Float64(j) - w.Float64(j)
				sum += d * d
			}
		}
		return sum
	}
	if with, without := off(moments), off(nil); with > without/2 || with == 0 {
		t.Errorf("squared errors are %v with moments, %v without", with, without)
	}
	if _, err := m.Moments(context.Background(), [][]tensor.Value{nil}); err == nil {
		t.Error("moments of no inputs")
	}
}
