package onnxgo

import (
	"strings"
	"testing"

	gorgonia "gorgonia.org/tensor"

	"github.com/gocompile/gocompile/tensor"
)

// TestFromGorgonia reads every layout that gorgonia makes.
func TestFromGorgonia(t *testing.T) {
	six := func() *gorgonia.Dense {
		return gorgonia.New(gorgonia.WithShape(2, 3), gorgonia.WithBacking([]float32{1, 2, 3, 4, 5, 6}))
	}
	transposed := six()
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	column, err := six().Slice(nil, gorgonia.S(1))
	if err != nil {
		t.Fatal(err)
	}
	block, err := six().Slice(nil, gorgonia.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		x    gorgonia.Tensor
		want *tensor.Tensor
	}{
		"rows":       {six(), tensor.Must([]float32{1, 2, 3, 4, 5, 6}, 2, 3)},
		"transposed": {transposed, tensor.Must([]float32{1, 4, 2, 5, 3, 6}, 3, 2)},
		"column":     {column, tensor.Must([]float32{2, 5}, 2)},
		"block":      {block, tensor.Must([]float32{2, 3, 5, 6}, 2, 2)},
		"fortran":    {gorgonia.New(gorgonia.WithShape(2, 3), gorgonia.AsFortran([]float32{1, 2, 3, 4, 5, 6})), tensor.Must([]float32{1, 2, 3, 4, 5, 6}, 2, 3)},
		"scalar":     {gorgonia.New(gorgonia.FromScalar(7.5)), tensor.Scalar(7.5)},
		"int":        {gorgonia.New(gorgonia.WithBacking([]int{1, -2})), tensor.Must([]int64{1, -2}, 2)},
		"uint":       {gorgonia.New(gorgonia.FromScalar(uint(3))), tensor.Scalar(uint64(3))},
		"bool":       {gorgonia.New(gorgonia.WithBacking([]bool{true, false})), tensor.Must([]bool{true, false}, 2)},
		"string":     {gorgonia.New(gorgonia.WithBacking([]string{"a", "b"})), tensor.Must([]string{"a", "b"}, 2)},
		"sparse":     {gorgonia.CSRFromCoord(gorgonia.Shape{2, 2}, []int{0, 1}, []int{1, 0}, []float64{3, 4}), tensor.Must([]float64{0, 3, 4, 0}, 2, 2)},
	} {
		got, err := fromGorgonia(c.x)
		if err != nil || !tensor.Equal(got, c.want) {
			t.Errorf("%s: %v, %v, expected %v", name, got, err, c.want)
		}
	}
	if _, err := fromGorgonia(gorgonia.New(gorgonia.WithBacking([]uintptr{1}))); err == nil || !strings.Contains(err.Error(), "uintptr") {
		t.Errorf("uintptr: %v", err)
	}
}

// TestRoundTrip sends every element type to gorgonia and back.
func TestRoundTrip(t *testing.T) {
	for d := tensor.Float32; d.Valid(); d++ {
		x := tensor.New(d, 1)
		if d != tensor.String {
			x.SetFloat64(0, 1)
		}
		out, err := toGorgonia(x)
		if err != nil {
			t.Errorf("%v: %v", d, err)
			continue
		}
		back, err := fromGorgonia(out)
		if err != nil || back.DType() != carrier(d) {
			t.Errorf("%v comes back as %v, %v", d, back, err)
		} else if d != tensor.String && back.Complex128(0) != 1 {
			t.Errorf("1 of %v comes back as %v", d, back)
		}
	}
}
