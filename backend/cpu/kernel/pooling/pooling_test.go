package pooling

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

func window(in, kernel, stride, dilation, before, after int) Axis {
	return Axis{In: in, Out: (in+before+after-(kernel-1)*dilation-1)/stride + 1, Kernel: kernel, Stride: stride, Dilation: dilation, Before: before, After: after}
}

// textbook is the pooling by its definition, in float64.
func textbook(a Args) []float64 {
	u, v, w := a.Axes[0], a.Axes[1], a.Axes[2]
	var y []float64
	inside := func(a Axis, at int) bool { return at >= 0 && at < a.In }
	padded := func(a Axis, at int) bool { return at >= -a.Before && at < a.In+a.After }
	for p := range a.Planes {
		for i := range u.Out * v.Out * w.Out {
			sum, peak, n := 0.0, math.Inf(-1), 0
			for k := range u.Kernel * v.Kernel * w.Kernel {
				at := func(a Axis, o, k int) int { return o*a.Stride - a.Before + k*a.Dilation }
				x, y, z := at(u, i/(v.Out*w.Out), k/(v.Kernel*w.Kernel)), at(v, i/w.Out%v.Out, k/w.Kernel%v.Kernel), at(w, i%w.Out, k%w.Kernel)
				if inside(u, x) && inside(v, y) && inside(w, z) {
					e := float64(a.X[((p*u.In+x)*v.In+y)*w.In+z])
					sum += e
					if e > peak || e != e {
						peak = e
					}
				} else if !a.Pads {
					continue
				}
				if padded(u, x) && padded(v, y) && padded(w, z) {
					n++
				}
			}
			if a.Mean {
				peak = sum / float64(n)
			}
			y = append(y, peak)
		}
	}
	return y
}

func TestRun(t *testing.T) {
	shapes := [][MaxAxes]Axis{
		{Unit, Unit, window(9, 3, 1, 1, 0, 0)}, {Unit, Unit, window(70, 2, 2, 1, 0, 0)}, {Unit, Unit, window(3, 3, 2, 1, 2, 3)},
		{Unit, window(14, 3, 2, 1, 1, 1), window(13, 3, 2, 1, 1, 1)}, {Unit, window(9, 2, 2, 1, 0, 0), window(40, 3, 1, 2, 2, 2)},
		{Unit, window(4, 3, 1, 2, 4, 4), window(4, 2, 3, 1, 0, 5)}, {window(3, 2, 1, 1, 1, 0), window(4, 3, 2, 1, 1, 1), window(5, 3, 1, 2, 2, 2)},
		{Unit, Unit, Axis{In: 5, Out: 3, Kernel: 2, Stride: 2, Dilation: 1}}, // the last window reaches beyond the input
		{Unit, Unit, Axis{In: 5, Out: 0, Kernel: 7, Stride: 2, Dilation: 1}}, {Unit, window(200, 3, 1, 1, 1, 1), window(200, 3, 1, 1, 1, 1)},
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, p := range []*pool.Pool{nil, pool.New(3)} {
		x := NewCtx(p)
		for _, axes := range shapes {
			for k := range 8 {
				a := Args{Planes: k % 4, Axes: axes, Mean: k&1 != 0, Pads: k&2 != 0}
				in, out := 1, 1
				for _, a := range axes {
					in *= a.In
					out *= a.Out
				}
				a.X, a.Y = make([]float32, a.Planes*in), make([]float32, a.Planes*out+1)
				for i := range a.X {
					a.X[i] = float32(r.NormFloat64())
					if k >= 4 && i%31 == 7 {
						a.X[i] = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}[i%3]
					}
				}
				Run(x, a)
				for i, want := range textbook(a) {
					if got := float64(a.Y[i]); math.Abs(got-want) > 1e-5 || math.IsNaN(got) != math.IsNaN(want) || math.IsInf(want, 0) && got != want {
						t.Fatalf("%+v: element %d is %v, want %v", axes, i, got, want)
					}
				}
				if n := testing.AllocsPerRun(3, func() { Run(x, a) }); n > 0 && !race.Enabled {
					t.Fatalf("%v allocations", n)
				}
			}
		}
	}
}
