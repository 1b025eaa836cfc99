package conformance

import (
	"math"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

func TestCompare(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	f := func(v ...float32) tensor.Value { return tensor.Must(v, len(v)) }
	bf := func(v float32) tensor.Value { return tensor.Must([]tensor.BF16{tensor.ToBF16(v)}, 1) }
	list := func(x ...tensor.Value) tensor.Value { return &tensor.Sequence{Items: x} }
	for _, c := range []struct {
		name      string
		got, want tensor.Value
		ok        bool
	}{
		{"equal", f(1, nan, inf), f(1, nan, inf), true},
		{"inside the tolerance", f(1.0009), f(1), true},
		{"outside the tolerance", f(1.0011), f(1), false},
		{"tiny", f(0.9e-7), f(0), true},
		{"not so tiny", f(1.1e-7), f(0), false},
		{"sign of infinity", f(-inf), f(inf), false},
		{"infinity for a number", f(inf), f(1), false},
		{"number for infinity", f(1), f(inf), false},
		{"NaN for a number", f(nan), f(1), false},
		{"number for NaN", f(1), f(nan), false},
		{"bfloat16 within 2^-6", bf(1.0078125), bf(1), true},
		{"bfloat16 beyond", bf(1.03125), bf(1), false},
		{"shape", tensor.Must([]float32{1}, 1, 1), f(1), false},
		{"element type", tensor.Must([]float64{1}, 1), f(1), false},
		{"integers", tensor.Must([]int64{2}, 1), tensor.Must([]int64{1}, 1), false},
		{"complex", tensor.Must([]complex64{1 + 1i}, 1), tensor.Must([]complex64{1 - 1i}, 1), false},
		{"strings", tensor.Must([]string{"a"}, 1), tensor.Must([]string{"a"}, 1), true},
		{"other strings", tensor.Must([]string{"a"}, 1), tensor.Must([]string{"b"}, 1), false},
		{"sequence", list(f(1), f(2, 3)), list(f(1), f(2, 3)), true},
		{"length of a sequence", list(f(1)), list(f(1), f(2)), false},
		{"item of a sequence", list(f(1), f(3)), list(f(1), f(2)), false},
		{"tensor for a sequence", f(1), list(f(1)), false},
		{"absent", &tensor.Optional{}, &tensor.Optional{}, true},
		{"present for absent", &tensor.Optional{Item: f(1)}, &tensor.Optional{}, false},
		{"optional of a tensor", &tensor.Optional{Item: f(1)}, f(1), true},
		{"nothing", nil, f(1), false},
	} {
		err := Compare([]tensor.Value{c.got}, []tensor.Value{c.want}, DefaultTolerance)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if Compare(nil, []tensor.Value{f(1)}, DefaultTolerance) == nil {
		t.Error("a missing output passes")
	}
}

func TestRandomCases(t *testing.T) {
	n := 1000
	p, even, ones := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range p {
		p[i], even[i], ones[i] = 0.5, float32(i%2), 1
	}
	v := func(x []float32) []tensor.Value { return []tensor.Value{tensor.Must(x, n)} }
	if err := bernoulli(v(p), v(even), v(ones)); err != nil {
		t.Errorf("half of the draws: %v", err)
	}
	if bernoulli(v(p), v(ones), v(ones)) == nil || bernoulli(v(p), v(p), v(ones)) == nil {
		t.Error("draws of one value, or of ½, pass")
	}
	in := append(v(ones), tensor.Scalar(float32(0.5)))
	twice := make([]float32, n)
	for i := range twice {
		twice[i] = 2 * even[i]
	}
	if err := dropout(in, v(twice), v(ones)); err != nil {
		t.Errorf("half kept: %v", err)
	}
	if dropout(in, v(even), v(ones)) == nil || dropout(in, v(make([]float32, n)), v(ones)) == nil {
		t.Error("data that was not scaled, or all dropped, passes")
	}
}

func TestReadExceptions(t *testing.T) {
	list, err := ReadExceptions(strings.NewReader("# head\n\nnode/test_a * why not\nnode/test_b cpu,reference  two  words\n"))
	if err != nil || len(list) != 2 || !list["node/test_a"].Covers("cpu") || list["node/test_b"].Covers("cpu-raw") || list["node/test_b"].Reason != "two words" {
		t.Errorf("%v, %v", list, err)
	}
	for _, bad := range []string{"node/test_a *", "node/test_a * x\nnode/test_a * x"} {
		if _, err := ReadExceptions(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// TestSymbolicNames checks that the dimensions really become symbols.
func TestSymbolicNames(t *testing.T) {
	typ := &proto.Type{Kind: proto.TypeTensor, Elem: 1, HasShape: true, Dims: []proto.Dim{{Value: 2, HasValue: true}, {Param: "N"}}}
	name(typ, "x")
	if typ.Dims[0] != (proto.Dim{Param: "x_0"}) || typ.Dims[1] != (proto.Dim{Param: "N"}) {
		t.Errorf("%v", typ.Dims)
	}
}
