package gocompile

import (
	"context"
	"math"
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
