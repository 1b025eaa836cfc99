package gocompile

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/tensor"
)

// Weights in 16 bits change results by what rounding them costs, and no more.
func TestWithWeights(t *testing.T) {
	for _, name := range dates {
		folder := "examples/dates/" + name
		in := recorded(t, name)
		run := func(format tensor.DType) []float32 {
			m, err := Load(folder+"/model.onnx", WithWeights(format))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			out, err := m.NewSession().Run(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			return tensor.Data[float32](out[m.Outputs()[0].Name].(*tensor.Tensor))
		}
		want := run(tensor.Float32)
		peak := 0.0
		for _, v := range want {
			peak = max(peak, math.Abs(float64(v)))
		}
		for _, c := range []struct {
			format tensor.DType
			most   float64 // of the peak
		}{{tensor.Float16, 0.01}, {tensor.BFloat16, 0.08}} {
			got, worst := run(c.format), 0.0
			for i, v := range want {
				worst = max(worst, math.Abs(float64(got[i]-v))/peak)
			}
			if worst == 0 || worst > c.most {
				t.Errorf("%s with weights in %v: results are %.2g of the peak off, want more than 0 and at most %v", name, c.format, worst, c.most)
			}
		}
	}
	if _, err := Load("examples/dates/lstm/model.onnx", WithWeights(tensor.Int64)); err == nil || !strings.Contains(err.Error(), "kept in i64") {
		t.Errorf("weights in int64: %v", err)
	}
}

// Weights that become integers change results by what rounding them costs, take the memory of integers, and are what a compiled model keeps.
func TestParseWeights(t *testing.T) {
	const folder = "examples/dates/transformer"
	in := recorded(t, "transformer")
	run := func(options ...Option) ([]float32, int64) {
		m, err := Load(folder+"/model.onnx", options...)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		out, err := m.NewSession().Run(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		memory, err := m.Memory(map[string]int{"batch": 1, "chars": 8, "n": 4})
		if err != nil {
			t.Fatal(err)
		}
		return tensor.Data[float32](out[m.Outputs()[0].Name].(*tensor.Tensor)), memory.Weights
	}
	want, all := run()
	for _, c := range []struct {
		name        string
		most, share float64 // of the peak, of the memory of the weights
	}{{"float32", 0, 1}, {"float16", 0.01, 1}, {"int8", 0.05, 0.6}, {"uint8/16", 0.05, 0.7}, {"int4", 0.5, 0.5}, {"uint4/64", 0.5, 0.5}} {
		o, err := ParseWeights(c.name)
		if err != nil {
			t.Fatal(err)
		}
		got, memory := run(o)
		worst, peak := 0.0, 0.0
		for i, v := range want {
			worst, peak = max(worst, math.Abs(float64(got[i]-v))), max(peak, math.Abs(float64(v)))
		}
		if worst > c.most*peak || worst == 0 && c.most > 0 {
			t.Errorf("%s: results are %.2g of the peak off, want up to %v", c.name, worst/peak, c.most)
		}
		if float64(memory) > c.share*float64(all) {
			t.Errorf("%s: weights take %d bytes of %d", c.name, memory, all)
		}
		if c.name != "int8" {
			continue
		}
		m, err := Load(folder+"/model.onnx", o)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		file := t.TempDir() + "/model.gcx"
		if err := m.WriteFile(file); err != nil {
			t.Fatal(err)
		}
		compiled, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		defer compiled.Close()
		again, err := compiled.NewSession().Run(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		if y := tensor.Data[float32](again[m.Outputs()[0].Name].(*tensor.Tensor)); !slices.Equal(y, got) {
			t.Errorf("%s: the compiled model computes something else", c.name)
		}
		if _, err := Load(file, o); err == nil || !strings.Contains(err.Error(), "cannot be rounded") {
			t.Errorf("a compiled model is rounded again: %v", err)
		}
	}
	for _, name := range []string{"", "int", "int3", "int8/", "int8/-1", "int4/x", "uuint8", "float64", "int8/32/32"} {
		if _, err := ParseWeights(name); err == nil {
			t.Errorf("%q is a format", name)
		}
	}
}

// Recurrent weights become integers of 8 bits in every integer format, and a compiled model keeps them.
func TestRecurrentWeights(t *testing.T) {
	for _, name := range []string{"lstm", "gru"} {
		in := recorded(t, name)
		run := func(file string, options ...Option) ([]float32, *Model) {
			m, err := Load(file, options...)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { m.Close() })
			out, err := m.NewSession().Run(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			return tensor.Data[float32](out[m.Outputs()[0].Name].(*tensor.Tensor)), m
		}
		file := "examples/dates/" + name + "/model.onnx"
		want, _ := run(file)
		for _, format := range []string{"int8", "uint4"} {
			o, err := ParseWeights(format)
			if err != nil {
				t.Fatal(err)
			}
			got, m := run(file, o)
			worst, peak, recurrent := 0.0, 0.0, 0
			for i, v := range want {
				worst, peak = max(worst, math.Abs(float64(got[i]-v))), max(peak, math.Abs(float64(v)))
			}
			if worst == 0 || worst > 0.1*peak {
				t.Errorf("%s in %s: results are %.2g of the peak off, want more than 0 and at most 0.1", name, format, worst/peak)
			}
			for _, w := range m.RoundedWeights() {
				if len(w.Shape) == 3 {
					recurrent++
					if w.Format != "int8" {
						t.Errorf("%s in %s: %+v", name, format, w)
					}
				}
			}
			if recurrent < 2 {
				t.Errorf("%s in %s: %d recurrent matrices", name, format, recurrent)
			}
			compiled := t.TempDir() + "/model.gcx"
			if err := m.WriteFile(compiled); err != nil {
				t.Fatal(err)
			}
			if again, _ := run(compiled); !slices.Equal(again, got) {
				t.Errorf("%s in %s: the compiled model computes something else", name, format)
			}
		}
	}
}
