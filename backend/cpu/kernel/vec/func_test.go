package vec

import (
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// nightly asks for the tests over all float32 arguments.
var nightly = os.Getenv("GOCOMPILE_NIGHTLY") != ""

var inf = float32(math.Inf(1))

// ulps is the distance of got from want in units of the last place of a float32.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	if got == w || got != got && w != w {
		return 0
	}
	if got != got || w != w || math.IsInf(float64(w), 0) != math.IsInf(float64(got), 0) {
		return math.Inf(1)
	}
	a := float32(math.Abs(float64(w)))
	return math.Abs(float64(got)-want) / float64(a-math.Nextafter32(a, -1))
}

func phi(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func logistic(x float64) float64 {
	if x < 0 {
		return math.Exp(x) / (1 + math.Exp(x))
	}
	return 1 / (1 + math.Exp(-x))
}

// The promises of the package comment: units of the last place where the result is normal, and where it is denormal, 0 for no promise.
// Beyond most, the error may be spread·|x| more.
type promise struct {
	f              Func
	a, b           float32
	want           func(x float64) float64
	most, denormal float64
	spread         float64
	floor          float64 // ULP are those of floor·min(|x|, 8) at least
}

var promises = []promise{
	{f: FuncExp, want: math.Exp, most: 2, denormal: 2},
	{f: FuncLog, want: math.Log, most: 2, denormal: 2},
	{f: FuncTanh, want: math.Tanh, most: 2, denormal: 2},
	{f: FuncSigmoid, want: logistic, most: 2, denormal: 2},
	{f: FuncErf, want: math.Erf, most: 2, denormal: 2},
	{f: FuncSin, want: math.Sin, most: 2},
	{f: FuncCos, want: math.Cos, most: 2},
	{f: FuncGelu, want: func(x float64) float64 { return x * phi(x) }, most: 3},
	{f: FuncGeluRough, want: func(x float64) float64 { return x * phi(x) }, most: 4, floor: 0.125},
	{f: FuncGeluTanh, want: func(x float64) float64 { return x * logistic(2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)) }, most: 4, spread: 10},
	{f: FuncSilu, a: 1, want: func(x float64) float64 { return x * logistic(x) }, most: 3},
	{f: FuncSilu, a: 1.702, want: func(x float64) float64 { return x * logistic(float64(float32(1.702))*x) }, most: 4, spread: 2},
	{f: FuncSoftplus, want: func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, most: 4},
	{f: FuncSqrt, want: math.Sqrt, most: 0.5, denormal: 0.5},
	{f: FuncRsqrt, want: func(x float64) float64 { return 1 / math.Sqrt(x) }, most: 1.5, denormal: 1.5},
	{f: FuncReciprocal, want: func(x float64) float64 { return 1 / x }, most: 0.5, denormal: 0.5},
	{f: FuncAbs, want: math.Abs},
	{f: FuncNeg, want: func(x float64) float64 { return -x }},
	{f: FuncFloor, want: math.Floor},
	{f: FuncCeil, want: math.Ceil},
	{f: FuncRound, want: math.RoundToEven},
	{f: FuncSign, want: sign},
	{f: FuncSquare, want: func(x float64) float64 { return x * x }, most: 0.5, denormal: 0.5},
	{f: FuncRelu, want: func(x float64) float64 { return math.Max(x, 0) }},
	{f: FuncLeakyRelu, a: 0.25, want: func(x float64) float64 { return math.Max(x, 0.25*x) }, most: 0.5, denormal: 0.5},
	{f: FuncClip, a: -2, b: 3, want: func(x float64) float64 { return math.Min(math.Max(x, -2), 3) }},
	{f: FuncHardSwish, want: func(x float64) float64 { return x * (math.Max(0, math.Min(6, x+3)) / 6) }, most: 3},
	{f: FuncHardSigmoid, a: 0.25, b: 0.5, want: func(x float64) float64 { return math.Max(0, math.Min(1, 0.25*x+0.5)) }, most: 1},
	{f: FuncAffine, a: 0.5, b: 0, want: func(x float64) float64 { return 0.5 * x }, most: 0.5, denormal: 0.5},
}

func sign(x float64) float64 {
	if x == 0 || x != x {
		return x
	}
	return math.Copysign(1, x)
}

// levels are those that this processor can run.
func levels() (ls []level.Level) {
	for l := level.Portable; l <= level.Highest(); l++ {
		ls = append(ls, l)
	}
	return ls
}

// atLevels runs a test once a level.
func atLevels(t *testing.T, test func(t *testing.T)) {
	chosen := use
	defer func() { use = chosen }()
	for _, l := range levels() {
		use = l
		t.Run(l.String(), test)
	}
}

// TestAccuracy takes one argument in 40,009; all float32 arguments with GOCOMPILE_NIGHTLY.
func TestAccuracy(t *testing.T) {
	step := uint64(40009) // prime; about 100,000 arguments of all exponents
	if testing.Short() {
		step = 400009
	}
	if nightly {
		step = 1
	}
	for i := range promises {
		p := &promises[i]
		t.Run(fmt.Sprintf("%v,a=%g,b=%g", p.f, p.a, p.b), func(t *testing.T) {
			t.Parallel()
			p.check(t, step)
		})
	}
}

// check tests all levels with one argument in step.
func (p *promise) check(t *testing.T, step uint64) {
	type worst struct {
		ulps    float64
		at, got float32
	}
	all := make([]worst, len(levels()))
	x, y, want := make([]float32, 1<<12), make([]float32, 1<<12), make([]float64, 1<<12)
	for b := uint64(0); b < 1<<32; {
		n := 0
		for ; n < len(x) && b < 1<<32; n++ {
			x[n] = math.Float32frombits(uint32(b))
			want[n] = p.want(float64(x[n]))
			b += step
		}
		for k, l := range levels() {
			p.f.ApplyAt(l, y[:n], x[:n], p.a, p.b)
			for i, arg := range x[:n] {
				if u := p.ulps(arg, y[i], want[i]); u > all[k].ulps {
					all[k] = worst{u, arg, y[i]}
				}
			}
		}
	}
	for k, l := range levels() {
		w := all[k]
		t.Logf("%v at %v: %.3f ULP at %g", p.f, l, w.ulps, w.at)
		if w.ulps > p.most {
			t.Errorf("%v at %v of %g (%#x) = %g, want %g: %.3f ULP, promised are %g", p.f, l, w.at, math.Float32bits(w.at), w.got, p.want(float64(w.at)), w.ulps, p.most)
		}
	}
}

// ulps is the error that counts.
func (p *promise) ulps(x, got float32, want float64) float64 {
	if got == float32(want) {
		return 0
	}
	if math.Abs(want) < 0x1p-126 && p.denormal == 0 && p.most > 0 {
		if math.Abs(float64(got)-want) > 0x1p-126 {
			return math.Inf(1)
		}
		return 0
	}
	if least := p.floor * min(math.Abs(float64(x)), 8); math.Abs(want) < least {
		return math.Abs(float64(got)-want) / least * (1 << 23)
	}
	return ulps(got, want) - p.spread*math.Abs(float64(x))
}

func TestLimits(t *testing.T) {
	nan, tiny := float32(math.NaN()), math.Float32frombits(1)
	negZero := math.Float32frombits(1 << 31)
	for _, c := range []struct {
		f       Func
		x, want float32
	}{
		{FuncExp, inf, inf}, {FuncExp, -inf, 0}, {FuncExp, 0, 1}, {FuncExp, negZero, 1}, {FuncExp, 88.75, inf}, {FuncExp, -104, 0}, {FuncExp, -103.5, tiny},
		{FuncExp, 3e38, inf}, {FuncExp, -3e38, 0},
		{FuncLog, 0, -inf}, {FuncLog, negZero, -inf}, {FuncLog, -1, nan}, {FuncLog, -inf, nan}, {FuncLog, inf, inf}, {FuncLog, 1, 0}, {FuncLog, tiny, -103.27893},
		{FuncTanh, inf, 1}, {FuncTanh, -inf, -1}, {FuncTanh, negZero, negZero}, {FuncTanh, tiny, tiny}, {FuncTanh, 1e30, 1},
		{FuncSigmoid, inf, 1}, {FuncSigmoid, -inf, 0}, {FuncSigmoid, 0, 0.5}, {FuncSigmoid, -103.5, tiny},
		{FuncErf, inf, 1}, {FuncErf, -inf, -1}, {FuncErf, negZero, negZero}, {FuncErf, 1e30, 1},
		{FuncGelu, inf, inf}, {FuncGelu, negZero, negZero}, {FuncGelu, -1e30, negZero}, {FuncGelu, 1e30, 1e30},
		{FuncGeluRough, inf, inf}, {FuncGeluRough, negZero, negZero}, {FuncGeluRough, -1e30, negZero}, {FuncGeluRough, 1e30, 1e30},
		{FuncGeluTanh, inf, inf}, {FuncGelu, -inf, nan}, {FuncGeluRough, -inf, nan}, {FuncGeluTanh, -inf, nan}, {FuncGeluTanh, -1e30, negZero}, {FuncGeluTanh, 1e30, 1e30},
		{FuncSoftplus, inf, inf}, {FuncSoftplus, -inf, 0}, {FuncSoftplus, 1e30, 1e30},
		{FuncSqrt, -1, nan}, {FuncSqrt, inf, inf}, {FuncReciprocal, 0, inf}, {FuncReciprocal, negZero, -inf}, {FuncRsqrt, 0, inf}, {FuncRsqrt, inf, 0},
		{FuncRelu, -inf, 0}, {FuncRelu, inf, inf}, {FuncAbs, -inf, inf}, {FuncAbs, negZero, 0}, {FuncNeg, 0, negZero}, {FuncSquare, -inf, inf},
		{FuncSin, inf, nan}, {FuncSin, -inf, nan}, {FuncCos, inf, nan}, {FuncSin, negZero, negZero}, {FuncCos, 0, 1},
		{FuncFloor, negZero, negZero}, {FuncFloor, -inf, -inf}, {FuncCeil, -0.5, negZero}, {FuncCeil, 1e30, 1e30}, {FuncRound, 2.5, 2}, {FuncRound, -0.5, negZero},
		{FuncSign, negZero, negZero}, {FuncSign, -inf, -1}, {FuncSign, tiny, 1},
		{FuncHardSwish, inf, inf}, {FuncHardSwish, -4, negZero},
	} {
		for _, l := range levels() {
			x, y := make([]float32, 11), make([]float32, 11)
			Fill(x, c.x)
			c.f.ApplyAt(l, y, x, 0, 0)
			for i, got := range y {
				if math.Float32bits(got) != math.Float32bits(c.want) && !(got != got && c.want != c.want) {
					t.Errorf("%v at %v of %g [%d] = %g, want %g", c.f, l, c.x, i, got, c.want)
					break
				}
			}
		}
	}
	for f := range funcs {
		for _, l := range levels() {
			x := []float32{1, nan, 2, 3, 4, 5, 6, 7, 8, nan, 3}
			f.ApplyAt(l, x, x, 1, 1)
			for i, got := range x {
				if isNaN := i == 1 || i == 9; isNaN != (got != got) {
					t.Errorf("%v at %v: element %d is %g", f, l, i, got)
				}
			}
		}
	}
}

// Each length, alignment and aliasing gives what a long slice gives, and leaves its neighbours alone.
func TestTails(t *testing.T) { atLevels(t, testTails) }

func testTails(t *testing.T) {
	const room = 96
	src, whole := make([]float32, room), make([]float32, room)
	for i := range src {
		src[i] = float32(i*37%71)/7 - 4
	}
	for f := range funcs {
		for n := range 71 {
			for offset := range 3 {
				x := src[offset : offset+n]
				f.Apply(whole, src, 0.5, 2)
				for _, alias := range []bool{false, true} {
					buf := make([]float32, room)
					Fill(buf, 77)
					dst := buf[offset+1 : offset+1+n]
					in := x
					if alias {
						copy(dst, x)
						in = dst
					}
					f.Apply(dst, in, 0.5, 2)
					for i, got := range dst {
						if want := whole[offset+i]; got != want && !(got != got && want != want) {
							t.Fatalf("%v of %d at %d, alias %v: [%d] = %g, want %g", f, n, offset, alias, i, got, want)
						}
					}
					if buf[offset] != 77 || buf[offset+1+n] != 77 {
						t.Fatalf("%v of %d wrote beside its destination", f, n)
					}
				}
			}
		}
	}
}

// Sine and cosine switch to another reduction for large arguments: one element must not change what its neighbours get.
func TestTrigNeighbours(t *testing.T) { atLevels(t, testTrigNeighbours) }

func testTrigNeighbours(t *testing.T) {
	x := make([]float32, 3000)
	for i := range x {
		x[i] = float32(i) * 0.37
	}
	x[5], x[1700], x[2999] = 1e6, inf, 12345678
	var one [1]float32
	for _, f := range []Func{FuncSin, FuncCos} {
		y := append([]float32(nil), x...)
		f.Apply(y, y, 0, 0)
		for i := range x {
			f.Apply(one[:], x[i:i+1], 0, 0)
			if one[0] != y[i] && !(one[0] != one[0] && y[i] != y[i]) {
				t.Fatalf("%v(%g) = %g among others, %g alone", f, x[i], y[i], one[0])
			}
		}
	}
}

func TestNames(t *testing.T) {
	for f := range funcs {
		if f.String() == "" {
			t.Errorf("function %d has no name", uint8(f))
		}
	}
	if s := funcs.String() + ops.String(); s != "func(28)op(7)" {
		t.Error(s)
	}
}

func TestNoAllocations(t *testing.T) { atLevels(t, testNoAllocations) }

func testNoAllocations(t *testing.T) {
	x, y := make([]float32, 100), make([]float32, 100)
	shape, dense, row := []int{2, 5, 10}, []int{50, 10, 1}, []int{0, 0, 1}
	if n := testing.AllocsPerRun(10, func() {
		for f := range funcs {
			f.Apply(y, x, 1, 1)
		}
		for op := range ops {
			op.VV(y, x, x)
			op.VS(y, x, 1)
			op.SV(y, 1, x)
		}
		Broadcast2(y, x, x, shape, dense, row, OpAdd)
		y[0] = Sum(x) + SumAbs(x) + SumSquares(x, 1) + Dot(x, x) + MaxOf(x) + MinOf(x) + ExpSum(y, x, 1)
		Normalize(y, x, 1, 2, x, x)
		AddScaled(y, x, 2, x)
	}); n != 0 && !race.Enabled {
		t.Errorf("%v allocations", n)
	}
}
