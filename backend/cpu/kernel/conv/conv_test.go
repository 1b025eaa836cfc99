package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

// textbook is the convolution by its definition, in float64.
func textbook(s Shape, x, w, bias []float32) []float64 {
	var l layout
	l.resolve(s)
	axes := s.Window()
	y := make([]float64, s.Batch*s.Groups*s.Out*l.positions)
	for i := range y {
		p, m := i%l.positions, i/l.positions%(s.Groups*s.Out)
		n, g := i/l.positions/(s.Groups*s.Out), m/s.Out
		if bias != nil {
			y[i] = float64(bias[m])
		}
		for c := range s.In {
			for t := range l.taps {
				if at := axes.Meets(p, t); at >= 0 {
					y[i] += float64(w[m*l.depth+c*l.taps+t]) * float64(x[((n*s.Groups+g)*s.In+c)*l.size+at])
				}
			}
		}
	}
	return y
}

// window is an axis with as many positions as fit.
func window(in, kernel, stride, dilation, before, after int) Axis {
	return Axis{In: in, Out: (in+before+after-(kernel-1)*dilation-1)/stride + 1, Kernel: kernel, Stride: stride, Dilation: dilation, Before: before}
}

func shapes() []Shape {
	axes := [][]Axis{
		{window(9, 3, 1, 1, 0, 0)}, {window(64, 16, 8, 1, 4, 4)}, {window(7, 1, 1, 1, 0, 0)}, {window(3, 3, 1, 1, 2, 0)}, {window(50, 3, 2, 3, 1, 5)},
		{window(1, 1, 1, 1, 0, 0)}, {window(4, 2, 3, 1, 0, 0)},
		{window(7, 3, 1, 1, 1, 1), window(7, 3, 1, 1, 1, 1)}, {window(14, 3, 2, 1, 1, 1), window(13, 3, 2, 1, 1, 1)},
		{window(12, 1, 1, 1, 0, 0), window(11, 1, 1, 1, 0, 0)}, {window(12, 1, 2, 1, 0, 0), window(11, 1, 2, 1, 0, 0)},
		{window(30, 7, 2, 1, 3, 3), window(31, 7, 2, 1, 3, 3)}, {window(9, 3, 1, 2, 2, 2), window(10, 2, 1, 3, 0, 4)},
		{window(5, 1, 1, 1, 0, 0), window(40, 5, 1, 1, 2, 2)}, {window(2, 3, 1, 1, 1, 1), window(1, 3, 1, 1, 1, 1)}, {window(30, 3, 1, 1, 0, 0), window(30, 3, 1, 1, 0, 0)},
		{window(3, 2, 1, 1, 1, 0), window(4, 3, 2, 1, 1, 1), window(5, 3, 1, 2, 2, 2)}, {window(3, 1, 1, 1, 0, 0), window(4, 3, 1, 1, 1, 1), window(5, 1, 1, 1, 0, 0)},
		{window(2, 3, 1, 1<<21, 1<<22, 1<<22)},
	}
	channels := [][3]int{{1, 1, 1}, {1, 3, 5}, {1, 4, 8}, {1, 16, 30}, {3, 2, 4}, {5, 1, 1}, {4, 1, 2}, {2, 5, 13}}
	var all []Shape
	for i, a := range axes {
		for j, c := range channels {
			if a[0].Out > 1<<20 {
				a[0].Out = 3
			}
			all = append(all, Shape{Batch: 1 + (i+j)%3, Groups: c[0], In: c[1], Out: c[2], Axes: a})
		}
	}
	for i, a := range axes[7:11] {
		all = append(all, Shape{Batch: 1 + i%2, Groups: 2, In: 33, Out: 49, Axes: a})
	}
	for _, k := range []int{3, 5, 7} { // of each channel with itself
		for _, stride := range []int{1, 2} {
			for i, size := range [][2]int{{20, 21}, {9, 40}, {33, 16}, {11, 300}, {k + 7, 17}} {
				before := i % (k/2 + 2)
				axes := []Axis{window(size[0], k, stride, 1, before, k/2), window(size[1], k, stride, 1, k/2, k-1-before)}
				all = append(all, Shape{Batch: 1 + i%2, Groups: 3, In: 1, Out: 1, Axes: axes})
			}
		}
	}
	for i, a := range []Axis{window(1100, 3, 1, 1, 1, 1), window(1024, 7, 1, 12, 36, 36), window(1500, 4, 1, 300, 0, 950), window(1030, 2, 1, 40, 90, 0), window(1024, 3, 1, 600, 700, 700)} {
		for _, c := range [][3]int{{1, 3, 5}, {2, 4, 8}, {1, 16, 30}} {
			all = append(all, Shape{Batch: 1 + i%2, Groups: c[0], In: c[1], Out: c[2], Axes: []Axis{a}})
		}
	}
	return append(all, Shape{Batch: 0, Groups: 1, In: 2, Out: 3, Axes: axes[0]}, Shape{Batch: 1, Groups: 1, In: 0, Out: 3, Axes: axes[0]},
		Shape{Batch: 1, Groups: 1, In: 2, Out: 0, Axes: axes[0]}, Shape{Batch: 1, Groups: 1, In: 2, Out: 3, Axes: []Axis{{In: 2, Out: 0, Kernel: 3, Stride: 1, Dilation: 1}}})
}

func numbers(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func sizesOf(s Shape) (x, w, y int) {
	var l layout
	l.resolve(s)
	return s.Batch * s.Groups * s.In * l.size, s.Groups * s.Out * l.depth, s.Batch * s.Groups * s.Out * l.positions
}

func contexts() map[string]*Ctx {
	p := pool.New(3)
	m := map[string]*Ctx{}
	for _, l := range []level.Level{level.Portable, level.AVX2, level.AVX512} {
		if l > level.Highest() {
			break
		}
		m[l.String()] = NewCtx(nil, l, gemm.NewCtx(nil, l))
		m[l.String()+" with threads"] = NewCtx(p, l, gemm.NewCtx(p, l))
	}
	return m
}

var afters = []func(n int) After{
	func(int) After { return After{} },
	func(int) After { return After{Activation: gemm.Relu} },
	func(n int) After { return After{Residual: numbers(n, 7)} },
	func(n int) After { return After{Residual: numbers(n, 8), ResidualFirst: true, Activation: gemm.Relu} },
	func(n int) After {
		return After{Residual: numbers(n, 9), Activation: gemm.Clip, Alpha: -0.5, Beta: 1.5}
	},
}

// after is what f does to element k of a sum.
func after(f After, k int, v float64) float64 {
	if f.Residual != nil && f.ResidualFirst {
		v += float64(f.Residual[k])
	}
	switch f.Activation {
	case gemm.Relu:
		v = max(v, 0)
	case gemm.Clip:
		v = min(max(v, float64(f.Alpha)), float64(f.Beta))
	}
	if f.Residual != nil && !f.ResidualFirst {
		v += float64(f.Residual[k])
	}
	return v
}

func TestRun(t *testing.T) {
	for name, x := range contexts() {
		t.Run(name, func(t *testing.T) {
			for i, s := range shapes() {
				nx, nw, ny := sizesOf(s)
				in, w, bias := numbers(nx, uint64(i)), numbers(nw, 2), numbers(s.Groups*s.Out, 3)
				if i%3 == 0 {
					bias = nil
				}
				want := textbook(s, in, w, bias)
				for _, constant := range []bool{false, true} {
					args := Args{Shape: s, X: in, Y: numbers(ny+1, 5), Bias: bias}
					if constant {
						args.Weights = NewWeights(w, s.Groups, s.Out, nw/max(1, s.Groups*s.Out))
					} else {
						args.W = w
					}
					args.After = afters[(i+len(name))%len(afters)](ny)
					guard := args.Y[ny]
					Run(x, args)
					for k, v := range want {
						v = after(args.After, k, v)
						if d := math.Abs(float64(args.Y[k]) - v); !(d <= 1e-4*max(1, math.Abs(v))) {
							t.Fatalf("%+v, constant weights %t: element %d is %v, want %v", s, constant, k, args.Y[k], v)
						}
					}
					if args.Y[ny] != guard {
						t.Fatalf("%+v: wrote after the result", s)
					}
				}
			}
		})
	}
}

// Every element of the result is NaN exactly if one of the elements that it is made of is.
func TestNaN(t *testing.T) {
	for name, x := range contexts() {
		for i, s := range shapes() {
			nx, nw, ny := sizesOf(s)
			in, w := numbers(nx, uint64(i)), numbers(nw, 2)
			for k := range in {
				if k%17 == 3 {
					in[k] = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))}[k%3]
				}
			}
			want, y := textbook(s, in, w, nil), make([]float32, ny)
			Run(x, Args{Shape: s, X: in, Y: y, W: w})
			for k, v := range want {
				if math.IsNaN(v) != math.IsNaN(float64(y[k])) || math.IsInf(v, 0) && float32(v) != y[k] {
					t.Fatalf("%s: %+v: element %d is %v, want %v", name, s, k, y[k], v)
				}
			}
		}
	}
}

// A row of every second element is copied whatever its length, and nothing beside it is touched.
func TestPick(t *testing.T) {
	for name, x := range contexts() {
		for n := range 70 {
			src, dst := numbers(max(0, 2*n-1), 1), numbers(n+2, 2)
			before, after := dst[0], dst[n+1]
			x.kernels.pick(dst[1:n+1], src)
			for i, v := range dst[1 : n+1] {
				if v != src[2*i] {
					t.Fatalf("%s: element %d of %d is %v, want %v", name, i, n, v, src[2*i])
				}
			}
			if dst[0] != before || dst[n+1] != after {
				t.Fatalf("%s: writes beside %d elements", name, n)
			}
		}
	}
}

// Rows are added whatever their length, NaN stays, and nothing beside them is touched.
func TestAdd(t *testing.T) {
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, 1e-45, -3e38}
	for name, x := range contexts() {
		for n := 1; n < 90; n++ {
			for rows := 1; rows <= 3; rows++ {
				step := n + rows%2
				dst, src := numbers(rows*step+1, uint64(n)), numbers(rows*step+1, 2)
				for i := range dst {
					if i%5 == 0 {
						dst[i], src[i] = odd[i%len(odd)], odd[i/5%len(odd)]
					}
				}
				low := []float32{0, float32(math.Inf(-1))}[n%2]
				want := slices.Clone(dst)
				for i := range rows * n {
					at := i/n*step + i%n
					want[at] = max(low, dst[at]+src[at])
				}
				x.kernels.add(&residual{dst: &dst[0], src: &src[0], rows: rows, n: n, step: step, low: low})
				for i, v := range want {
					if dst[i] != v && (v == v || dst[i] == dst[i]) {
						t.Fatalf("%s: %d rows of %d: element %d is %v, want %v", name, rows, n, i, dst[i], v)
					}
				}
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	p := pool.New(2)
	x := NewCtx(p, level.Highest(), gemm.NewCtx(p, level.Highest()))
	for i, s := range shapes() {
		nx, nw, ny := sizesOf(s)
		args := Args{Shape: s, X: numbers(nx, 1), Y: make([]float32, ny), Weights: NewWeights(numbers(nw, 2), s.Groups, s.Out, nw/max(1, s.Groups*s.Out))}
		Run(x, args)
		if n := testing.AllocsPerRun(5, func() { Run(x, args) }); n > 0 && !race.Enabled {
			t.Fatalf("shape %d, %+v: %v allocations", i, s, n)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	plane := func(n, k, stride int) []Axis {
		return []Axis{window(n, k, stride, 1, k/2, k/2), window(n, k, stride, 1, k/2, k/2)}
	}
	for _, s := range []Shape{
		{1, 1, 3, 64, plane(224, 7, 2)}, {1, 1, 64, 64, plane(56, 3, 1)}, {1, 1, 64, 256, plane(56, 1, 1)}, {1, 1, 128, 128, plane(28, 3, 1)},
		{1, 1, 256, 256, plane(14, 3, 1)}, {1, 1, 512, 512, plane(7, 3, 1)}, {1, 1, 1024, 512, plane(14, 1, 2)}, {1, 96, 1, 1, plane(56, 3, 1)}, {1, 96, 1, 1, plane(112, 3, 2)}, {1, 16, 1, 1, plane(300, 3, 1)}, {1, 64, 1, 1, plane(40, 5, 1)}, {1, 64, 1, 1, plane(56, 5, 2)}, {1, 96, 1, 1, plane(56, 7, 1)}, {1, 240, 1, 1, plane(14, 5, 1)}, {1, 240, 1, 1, plane(14, 3, 1)}, {1, 576, 1, 1, plane(7, 5, 1)}, {1, 240, 1, 1, plane(20, 3, 1)},
		{1, 32, 4, 4, plane(56, 3, 1)}, {1, 1, 2048, 512, plane(7, 1, 1)}, {1, 1, 256, 1024, plane(14, 1, 1)}, {1, 1, 64, 64, plane(56, 1, 1)}, {1, 1, 24, 88, plane(28, 1, 1)},
		{1, 1, 88, 24, plane(28, 1, 1)}, {1, 1, 40, 240, plane(14, 1, 1)}, {1, 1, 240, 40, plane(14, 1, 1)}, {1, 1, 96, 576, plane(7, 1, 1)}, {1, 1, 576, 96, plane(7, 1, 1)},
		{1, 1, 256, 512, []Axis{window(512, 5, 1, 1, 0, 0)}}, {1, 1, 32, 128, plane(56, 1, 1)}, {1, 1, 48, 104, plane(56, 1, 2)}, {1, 1, 440, 440, plane(7, 1, 1)},
		{1, 1, 32, 32, []Axis{window(58880, 3, 1, 1, 1, 1)}}, {1, 1, 32, 32, []Axis{window(58880, 7, 1, 12, 36, 36)}}, {1, 1, 64, 64, []Axis{window(14720, 5, 1, 2, 4, 4)}},
		{1, 1, 128, 128, []Axis{window(1840, 7, 1, 3, 9, 9)}}, {1, 1, 192, 384, []Axis{window(230, 5, 1, 1, 2, 2)}}, {1, 1, 80, 512, []Axis{window(3000, 3, 1, 1, 1, 1)}},
	} {
		nx, nw, ny := sizesOf(s)
		x := NewCtx(nil, benchLevel(), gemm.NewCtx(nil, benchLevel()))
		args := Args{Shape: s, X: numbers(nx, 1), Y: make([]float32, ny), Weights: NewWeights(numbers(nw, 2), s.Groups, s.Out, nw/(s.Groups*s.Out))}
		b.Run(fmt.Sprintf("%dx%d-%d/%dx%ds%d", s.Groups, s.In, s.Out, s.Axes[0].In, s.Axes[0].Kernel, s.Axes[0].Stride), func(b *testing.B) {
			for b.Loop() {
				Run(x, args)
			}
			b.ReportMetric(2*float64(ny)*float64(nw/(s.Groups*s.Out))/float64(b.Elapsed().Nanoseconds())*float64(b.N), "GFLOP/s")
		})
	}
}

func benchLevel() level.Level {
	l, err := level.Current()
	if err != nil {
		panic(err)
	}
	return l
}
