package onnxgo_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/owulveryck/onnx-go"
	"github.com/owulveryck/onnx-go/backend/testbackend"
	_ "github.com/owulveryck/onnx-go/backend/testbackend/onnx" // registers the cases
	"gorgonia.org/tensor"

	"github.com/gocompile/gocompile/frontends/onnx/onnxgo"
)

// TestBackend runs every case that onnx-go has for backends, by the function that onnx-go has for it. It compares with an absolute 1e-6,
// where the ONNX suite, which the cases come from, allows 1e-7 and a thousandth; the cases of inexact may use that, each with a proof that its
// recorded values are not the true ones to 1e-6.
//
// The decoder of onnx-go refuses bodies of control flow before it calls a backend. The one case that has one is run by Decode.
func TestBackend(t *testing.T) {
	var cases []*testbackend.TestCase
	for _, construct := range testbackend.GetAllRegisteredTests() {
		cases = append(cases, construct())
	}
	slices.SortFunc(cases, func(a, b *testbackend.TestCase) int { return strings.Compare(a.Title, b.Title) })
	var refused []string
	for _, c := range cases {
		proof := inexact[c.Title]
		switch {
		case !decodes(c.ModelB):
			refused = append(refused, c.Title)
			t.Run(c.Title, func(t *testing.T) { compare(t, c, run(t, c, (*onnxgo.Graph).Decode), 1e-6, 0) })
		case proof != nil:
			t.Run(c.Title, func(t *testing.T) {
				out := run(t, c, func(_ *onnxgo.Graph, m *onnx.Model, file []byte) error { return m.UnmarshalBinary(file) })
				compare(t, c, out, 1e-7, 1e-3)
				if err := proof(c, floats(out[0])); err != nil {
					t.Error(err)
				}
			})
		default:
			t.Run(c.Title, func(t *testing.T) {
				c.RunTest(onnxgo.NewGraph(), false)(t)
				if !c.Tested || c.Skipped || c.Failed {
					t.Errorf("tested %v, skipped %v, failed %v", c.Tested, c.Skipped, c.Failed)
				}
			})
		}
	}
	if len(cases) != 348 {
		t.Errorf("%d cases are registered, expected 348", len(cases))
	}
	if !slices.Equal(refused, []string{"TestScan9Sum"}) {
		t.Errorf("onnx-go refuses %v, expected TestScan9Sum alone", refused)
	}
}

// inexact has, for the cases whose recorded values are less exact than the comparison, what proves it from the case and our result.
var inexact = map[string]func(c *testbackend.TestCase, got []float64) error{
	"TestPow": rounded(func(in [][]float64) []float64 {
		exact := make([]float64, len(in[0]))
		for i, x := range in[0] {
			exact[i] = math.Pow(x, in[1][i])
		}
		return exact
	}),
	"TestReduceProdDefaultAxesKeepdimsRandom": rounded(func(in [][]float64) []float64 {
		product := 1.0
		for _, x := range in[0] {
			product *= x
		}
		return []float64{product}
	}),
	"TestReduceSumSquareDefaultAxesKeepdimsRandom": rounded(func(in [][]float64) []float64 {
		sum := 0.0
		for _, x := range in[0] {
			sum += x * x
		}
		return []float64{sum}
	}),
	"TestRoialign": fourDecimals,
}

// rounded proves that ours are the exact results, computed in float64, rounded once, and that the recorded ones are not.
func rounded(exact func(in [][]float64) []float64) func(*testbackend.TestCase, []float64) error {
	return func(c *testbackend.TestCase, got []float64) error {
		var in [][]float64
		for _, x := range c.Input {
			in = append(in, floats(x))
		}
		off := 0
		recorded := floats(c.ExpectedOutput[0])
		for i, x := range exact(in) {
			if got[i] != float64(float32(x)) {
				return fmt.Errorf("element %d is %v, and exactly %v", i, got[i], x)
			}
			if recorded[i] != got[i] {
				off++
			}
		}
		if off == 0 {
			return fmt.Errorf("the recorded values are exact: the case is no exception")
		}
		return nil
	}
}

// fourDecimals proves that the case was written down with four decimals, picture and results. A result is a mean of elements of the picture, so
// both roundings together account for 1e-4, and ours must be that near.
func fourDecimals(c *testbackend.TestCase, got []float64) error {
	picture, results := floats(c.Input[0]), floats(c.ExpectedOutput[0])
	for i, x := range append(picture, results...) {
		if x != float64(float32(math.Round(x*1e4)/1e4)) {
			return fmt.Errorf("number %d of the case, %v, has more than four decimals", i, x)
		}
	}
	for i, want := range results {
		if math.Abs(got[i]-want) > 1e-4+1e-6 {
			return fmt.Errorf("element %d is %v, recorded as %v", i, got[i], want)
		}
	}
	return nil
}

// decodes reports whether onnx-go can decode a model at all.
func decodes(file []byte) bool {
	err := onnx.NewModel(onnxgo.NewGraph()).UnmarshalBinary(file)
	var refusal *onnx.ErrNotImplemented
	return !errors.As(err, &refusal)
}

// run decodes and runs a case as a program would.
func run(t *testing.T, c *testbackend.TestCase, decode func(*onnxgo.Graph, *onnx.Model, []byte) error) []tensor.Tensor {
	t.Helper()
	g := onnxgo.NewGraph()
	defer g.Close()
	m := onnx.NewModel(g)
	if err := decode(g, m, c.ModelB); err != nil {
		t.Fatal(err)
	}
	for i, x := range c.Input {
		if err := m.SetInput(i, x); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Run(); err != nil {
		t.Fatal(err)
	}
	out, err := m.GetOutputTensors()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// compare checks number, shapes and elements of the outputs: |got − want| ≤ abs + rel·|want|.
func compare(t *testing.T, c *testbackend.TestCase, out []tensor.Tensor, abs, rel float64) {
	t.Helper()
	if len(out) != len(c.ExpectedOutput) {
		t.Fatalf("%d outputs, expected %d", len(out), len(c.ExpectedOutput))
	}
	for i, want := range c.ExpectedOutput {
		if !want.Shape().Eq(out[i].Shape()) {
			t.Fatalf("output %d has the shape %v, expected %v", i, out[i].Shape(), want.Shape())
		}
		got := floats(out[i])
		for k, w := range floats(want) {
			if !(math.Abs(got[k]-w) <= abs+rel*math.Abs(w)) {
				t.Errorf("output %d, element %d is %v, expected %v", i, k, got[k], w)
			}
		}
	}
}

// floats is the elements of a tensor of float32.
func floats(x tensor.Tensor) []float64 {
	var out []float64
	for _, v := range x.Data().([]float32) {
		out = append(out, float64(v))
	}
	return out
}
