package quant

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/kernel/conv"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// convShapes are convolutions with all kinds of windows.
var convShapes = []conv.Shape{
	{Batch: 1, Groups: 1, In: 3, Out: 5, Axes: []conv.Axis{{In: 9, Out: 9, Kernel: 3, Stride: 1, Dilation: 1, Before: 1}}},
	{Batch: 2, Groups: 1, In: 17, Out: 7, Axes: []conv.Axis{{In: 100, Out: 34, Kernel: 5, Stride: 3, Dilation: 2, Before: 4}}},
	{Batch: 2, Groups: 1, In: 16, Out: 24, Axes: []conv.Axis{{In: 8, Out: 8, Kernel: 1, Stride: 1, Dilation: 1}, {In: 12, Out: 12, Kernel: 1, Stride: 1, Dilation: 1}}},
	{Batch: 1, Groups: 1, In: 5, Out: 3, Axes: []conv.Axis{{In: 7, Out: 7, Kernel: 1, Stride: 1, Dilation: 1}, {In: 7, Out: 7, Kernel: 1, Stride: 1, Dilation: 1}}},
	{Batch: 1, Groups: 1, In: 6, Out: 8, Axes: []conv.Axis{{In: 15, Out: 8, Kernel: 1, Stride: 2, Dilation: 1}, {In: 13, Out: 7, Kernel: 1, Stride: 2, Dilation: 1}}},
	{Batch: 2, Groups: 1, In: 9, Out: 13, Axes: []conv.Axis{{In: 14, Out: 14, Kernel: 3, Stride: 1, Dilation: 1, Before: 1}, {In: 14, Out: 14, Kernel: 3, Stride: 1, Dilation: 1, Before: 1}}},
	{Batch: 1, Groups: 1, In: 3, Out: 8, Axes: []conv.Axis{{In: 33, Out: 17, Kernel: 7, Stride: 2, Dilation: 1, Before: 3}, {In: 40, Out: 20, Kernel: 7, Stride: 2, Dilation: 1, Before: 3}}},
	{Batch: 1, Groups: 3, In: 2, Out: 4, Axes: []conv.Axis{{In: 10, Out: 4, Kernel: 3, Stride: 2, Dilation: 2}, {In: 11, Out: 7, Kernel: 3, Stride: 1, Dilation: 2}}},
	{Batch: 2, Groups: 8, In: 1, Out: 1, Axes: []conv.Axis{{In: 12, Out: 12, Kernel: 3, Stride: 1, Dilation: 1, Before: 1}, {In: 37, Out: 37, Kernel: 3, Stride: 1, Dilation: 1, Before: 1}}},
	{Batch: 1, Groups: 5, In: 1, Out: 1, Axes: []conv.Axis{{In: 15, Out: 8, Kernel: 5, Stride: 2, Dilation: 1, Before: 2}, {In: 16, Out: 8, Kernel: 5, Stride: 2, Dilation: 1, Before: 2}}},
	{Batch: 1, Groups: 4, In: 1, Out: 3, Axes: []conv.Axis{{In: 40, Out: 38, Kernel: 3, Stride: 1, Dilation: 1}}},
	{Batch: 1, Groups: 1, In: 2, Out: 3, Axes: []conv.Axis{{In: 4, Out: 2, Kernel: 2, Stride: 3, Dilation: 1}, {In: 5, Out: 5, Kernel: 3, Stride: 1, Dilation: 1, Before: 1}, {In: 6, Out: 3, Kernel: 2, Stride: 2, Dilation: 1}}},
	{Batch: 1, Groups: 1, In: 70, Out: 9, Axes: []conv.Axis{{In: 6, Out: 6, Kernel: 3, Stride: 1, Dilation: 1, Before: 1}, {In: 20, Out: 20, Kernel: 3, Stride: 1, Dilation: 1, Before: 1}}},
	{Batch: 1, Groups: 1, In: 64, Out: 200, Axes: []conv.Axis{{In: 7, Out: 7, Kernel: 1, Stride: 1, Dilation: 1}, {In: 7, Out: 7, Kernel: 1, Stride: 1, Dilation: 1}}},
	{Batch: 1, Groups: 1, In: 2, Out: 2, Axes: []conv.Axis{{In: 3, Out: 3, Kernel: 3, Stride: 1, Dilation: 5000, Before: 5000}, {In: 3, Out: 3, Kernel: 3, Stride: 1, Dilation: 7, Before: 7}}},
	{Batch: 3, Groups: 1, In: 37, Out: 70, Axes: []conv.Axis{{In: 1, Out: 1, Kernel: 1, Stride: 1, Dilation: 1}, {In: 1, Out: 1, Kernel: 1, Stride: 1, Dilation: 1}}},
	{Batch: 2, Groups: 1, In: 5, Out: 33, Axes: []conv.Axis{{In: 3, Out: 1, Kernel: 3, Stride: 1, Dilation: 1}, {In: 2, Out: 1, Kernel: 2, Stride: 2, Dilation: 1}}},
	{Batch: 0, Groups: 1, In: 2, Out: 2, Axes: []conv.Axis{{In: 3, Out: 3, Kernel: 1, Stride: 1, Dilation: 1}}},
}

// convSums is what the sums of a convolution are.
func convSums(a *ConvArgs, w ConvSource) []int32 {
	var p planes
	p.resolve(a.Shape)
	channels := a.Groups * a.Out
	sums := make([]int32, a.Batch*channels*p.positions)
	for i := range sums {
		at, m, image := i%p.positions, i/p.positions%channels, i/p.positions/channels
		zero := int32(0)
		if len(w.Zero) > 0 {
			zero = w.Zero[m%len(w.Zero)]
		}
		for k := range p.depth {
			if t := p.axes.Meets(at, k%p.taps); t >= 0 {
				c := image*a.Groups*p.In + m/a.Out*p.In + k/p.taps
				sums[i] += (value(w.W[m*p.depth+k], w.Signed) - zero) * (value(a.X[c*p.size+t], a.SignedX) - a.ZeroX)
			}
		}
	}
	return sums
}

func TestConv(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(1, 2))
		for i, s := range convShapes {
			for k := range 6 {
				var p planes
				p.resolve(s)
				a := ConvArgs{Shape: s, X: bytesOf(r, s.Batch*s.Groups*s.In*p.size), SignedX: k%2 == 0}
				a.ZeroX = zeros(r, 1, a.SignedX)[0]
				w := ConvSource{Groups: s.Groups, Out: s.Out, In: p.In, Taps: p.taps, W: bytesOf(r, s.Groups*s.Out*p.depth), Signed: k/2%2 == 0}
				w.Zero = zeros(r, []int{0, 1, s.Groups * s.Out}[k%3], w.Signed)
				want := convSums(&a, w)
				a.Weights = PackConv(w, x.Level())
				a.Sums = make([]int32, len(want))
				Conv(x, a)
				if !slices.Equal(a.Sums, want) {
					t.Fatalf("%s: shape %d, kind %d: %v, want %v", name, i, k, a.Sums, want)
				}
				a.Sums = nil
				checkFinished(t, x, r, a, want)
			}
		}
	})
}

// checkFinished compares the results of a convolution as floats and as bytes with those of its sums, one by one.
func checkFinished(t *testing.T, x *Ctx, r *rand.Rand, a ConvArgs, sums []int32) {
	t.Helper()
	if len(sums) == 0 {
		return
	}
	channels := a.Groups * a.Out
	positions := len(sums) / a.Batch / channels
	f := &a.Finish
	f.Low, f.High, f.Step = float32(math.Inf(-1)), float32(math.Inf(1)), 1
	f.Scale = make([]float32, []int{1, channels}[r.IntN(2)])
	for i := range f.Scale {
		f.Scale[i] = (r.Float32() + 0.1) / 1000
	}
	if r.IntN(2) == 0 {
		f.Bias = make([]float32, channels)
		for i := range f.Bias {
			f.Bias[i] = r.Float32()*100 - 50
		}
	}
	if r.IntN(2) == 0 {
		f.Low, f.High = 0, 6+r.Float32()*100
	}
	if r.IntN(2) == 0 {
		f.Step = r.Float32() + 0.01
	}
	f.Signed = r.IntN(2) == 0
	f.Zero = zeros(r, 1, f.Signed)[0]
	a.Float = make([]float32, len(sums))
	Conv(x, a)
	floats := a.Float
	a.Float, a.Bytes = nil, make([]byte, len(sums))
	Conv(x, a)
	l := newLimits(f.Zero, f.Signed)
	for i, sum := range sums {
		m := i / positions % channels
		v := float32(float32(sum) * f.Scale[m%len(f.Scale)])
		if f.Bias != nil {
			v += f.Bias[m]
		}
		v = min(max(v, f.Low), f.High)
		if floats[i] != v {
			t.Fatalf("%+v: float %d is %v, want %v", a.Shape, i, floats[i], v)
		}
		if b := l.round(v / f.Step); a.Bytes[i] != b {
			t.Fatalf("%+v: byte %d is %v, want %v", a.Shape, i, a.Bytes[i], b)
		}
	}
}

func TestPick(t *testing.T) {
	src := bytesOf(rand.New(rand.NewPCG(1, 1)), 400)
	for l := level.Portable; l <= level.Highest(); l++ {
		for stride := 1; stride < 4; stride++ {
			for n := range 100 {
				dst := make([]byte, n)
				pick(at(l), dst, src[:max(0, (n-1)*stride+1)], stride)
				for i, v := range dst {
					if v != src[i*stride] {
						t.Fatalf("%v, stride %d, %d elements: element %d is %d, want %d", l, stride, n, i, v, src[i*stride])
					}
				}
			}
		}
	}
}
