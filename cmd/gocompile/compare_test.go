package main

import (
	"math"
	"testing"

	"github.com/gocompile/gocompile/tensor"
)

func TestULPs(t *testing.T) {
	for _, c := range []struct {
		t    tensor.DType
		a, b float64
		want uint64
	}{
		{tensor.Float32, 1, 1 + 0x1p-23, 1},
		{tensor.Float32, 1, 1 - 0x1p-24, 1},
		{tensor.Float32, -0x1p-149, 0x1p-149, 2},
		{tensor.Float32, 0, math.Copysign(0, -1), 0},
		{tensor.Float64, 2, 2 + 0x1p-51, 1},
		{tensor.Float16, 1, 1 + 0x1p-10, 1},
		{tensor.BFloat16, -1, -1 - 0x1p-6, 2},
		{tensor.Float8E8M0, 2, 16, 3},
	} {
		if got := ulps(c.a, c.b, c.t); got != c.want || ulps(c.b, c.a, c.t) != c.want {
			t.Errorf("%v: from %v to %v are %d steps, got %d", c.t, c.a, c.b, c.want, got)
		}
	}
}

func TestCompare(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	floats := func(x ...float32) tensor.Value { return tensor.Must(x, len(x)) }
	for _, c := range []struct {
		name      string
		got, want tensor.Value
		right     bool
	}{
		{"same", floats(1, nan, inf), floats(1, nan, inf), true},
		{"small next to the peak", floats(1e-6, 1000), floats(2e-6, 1000), true},
		{"large", floats(1.1, 2), floats(1, 2), false},
		{"NaN for a number", floats(nan, 2), floats(1, 2), false},
		{"number for NaN", floats(1, 2), floats(nan, 2), false},
		{"infinity of the other sign", floats(-inf), floats(inf), false},
		{"all zero", floats(0, 0), floats(0, 0), true},
		{"not zero", floats(1, 0), floats(0, 0), false},
		{"shape", floats(1, 2), tensor.Must([]float32{1, 2}, 2, 1), false},
		{"type", tensor.Must([]int32{1}, 1), tensor.Must([]int64{1}, 1), false},
		{"integers", tensor.Must([]int64{1000001}, 1), tensor.Must([]int64{1000000}, 1), false},
		{"strings", tensor.Must([]string{"a"}, 1), tensor.Must([]string{"b"}, 1), false},
		{"sequences", &tensor.Sequence{Items: []tensor.Value{floats(1)}}, &tensor.Sequence{Items: []tensor.Value{floats(1)}}, true},
		{"sequence lengths", &tensor.Sequence{}, &tensor.Sequence{Items: []tensor.Value{floats(1)}}, false},
		{"a wrong part", &tensor.Sequence{Items: []tensor.Value{floats(1), tensor.Must([]bool{true}, 1)}},
			&tensor.Sequence{Items: []tensor.Value{floats(1), tensor.Must([]bool{false}, 1)}}, false},
		{"absent", &tensor.Optional{}, &tensor.Optional{}, true},
		{"absent for present", &tensor.Optional{}, &tensor.Optional{Item: floats(1)}, false},
	} {
		if got := compare(c.got, c.want).within(1e-4); got != c.right {
			t.Errorf("%s: right %t, expected %t", c.name, got, c.right)
		}
	}
}
