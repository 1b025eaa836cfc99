package gemm

import (
	"math"
	"testing"
)

// TestActivations compares with float64 over the whole range, in units in the last place of the larger of the result and a
// floor that stands for the size of what is added up inside.
func TestActivations(t *testing.T) {
	for _, l := range levels() {
		for f := range activations {
			e := &Epilogue{Activation: f, Alpha: -0.5, Beta: 2}
			const n = 40003
			row := make([]float32, n)
			for i := range row {
				x := float64(i)/(n-1)*2 - 1
				row[i] = float32(math.Copysign(math.Pow(math.Abs(x), 5)*110, x))
			}
			in := append([]float32(nil), row...)
			f.Apply(row, e.Alpha, e.Beta, l)
			for i, got := range row {
				x := float64(in[i])
				want, floor := activate(e, x), 0.0
				switch f {
				case GeluErf, GeluTanh:
					floor = 0.125 * math.Min(math.Abs(x), 8)
				case HardSwish, HardSigmoid: // a sum of about 3 is rounded
					floor = math.Max(1, math.Abs(x))
				case Silu, Sigmoid:
					floor = 1e-29 // e⁻ˣ counts as zero beyond 87
				}
				ulp := math.Max(math.Max(math.Abs(want), floor)/(1<<23), 1e-38)
				if d := math.Abs(float64(got)-want) / ulp; !(d <= 4) {
					t.Fatalf("%s at level %s: f(%v) = %v, want %v, %.1f units off", f, l, x, got, want, d)
				}
			}
		}
	}
}

func TestActivationsOfSpecialValues(t *testing.T) {
	inf := float32(math.Inf(1))
	nan := float32(math.NaN())
	for _, l := range levels() {
		for f := range activations {
			row := []float32{nan, inf, -inf, 0, 1e30, -1e30}
			f.Apply(row, -0.5, 2, l)
			var want []float32
			switch f {
			case Identity:
				want = []float32{nan, inf, -inf, 0, 1e30, -1e30}
			case Relu:
				want = []float32{nan, inf, 0, 0, 1e30, 0}
			case Clip:
				want = []float32{nan, 2, -0.5, 0, 2, -0.5}
			case LeakyRelu:
				want = []float32{nan, inf, inf, 0, 1e30, 0.5e30}
			case Tanh:
				want = []float32{nan, 1, -1, 0, 1, -1}
			case HardSigmoid:
				want = []float32{nan, 0, 1, 1, 0, 1}
			case Sigmoid:
				want = []float32{nan, 1, 0, 0.5, 1, 0}
			default: // x times a factor that is 0 at minus infinity
				want = []float32{nan, inf, nan, 0, 1e30, 0}
			}
			for i := range row {
				if row[i] != want[i] && (row[i] == row[i] || want[i] == want[i]) {
					t.Errorf("%s at level %s: %v, want %v", f, l, row, want)
					break
				}
			}
		}
	}
}
