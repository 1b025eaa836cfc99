package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

func levels() (ls []level.Level) {
	for l := level.Portable; l <= level.Highest(); l++ {
		ls = append(ls, l)
	}
	return ls
}

// contexts makes a context for each level, with one thread and with three.
func contexts(t testing.TB, f func(name string, x *Ctx)) {
	p := pool.New(3)
	defer p.Close()
	for _, l := range levels() {
		f(l.String()+"/1", NewCtx(nil, l))
		f(l.String()+"/3", NewCtx(p, l))
	}
}

// matrix is exactly as long as a matrix of rows by cols with stride ld has to be.
func matrix(r *rand.Rand, rows, cols, ld int) []float32 {
	if rows == 0 || cols == 0 {
		return nil
	}
	s := make([]float32, (rows-1)*ld+cols)
	for i := range s {
		s[i] = r.Float32()*2 - 1
	}
	return s
}

func operandOf(r *rand.Rand, rows, cols, pad int, trans bool) ([]float32, int) {
	if trans {
		rows, cols = cols, rows
	}
	return matrix(r, rows, cols, cols+pad), cols + pad
}

func element(s []float32, ld int, trans bool, i, j int) float64 {
	if trans {
		i, j = j, i
	}
	return float64(s[i*ld+j])
}

// check compares C with the product in float64. The bound is that of a sum of k products in any order.
func check(t testing.TB, name string, args Args, before []float32) {
	t.Helper()
	ref := reference(args, before)
	for i := range args.M {
		for j := range args.N {
			want, bound := ref(i, j)
			if got := float64(args.C[i*args.LDC+j]); !(math.Abs(got-want) <= bound) {
				t.Fatalf("%s: C[%d, %d] = %v, want %v (± %.2g)", name, i, j, got, want, bound)
			}
		}
	}
	for i := 0; i+1 < args.M && args.N > 0; i++ {
		for j := i*args.LDC + args.N; j < (i+1)*args.LDC; j++ {
			if args.C[j] != before[j] {
				t.Fatalf("%s: wrote between rows %d and %d of C", name, i, i+1)
			}
		}
	}
}

func reference(args Args, before []float32) func(i, j int) (want, bound float64) {
	e := args.Epilogue
	if e == nil {
		e = &Epilogue{}
	}
	return func(i, j int) (float64, float64) {
		const eps = 1.0 / (1 << 23)
		var sum, size float64
		for p := range args.K {
			x := element(args.A, args.LDA, args.TransA, i, p) * element(args.B, args.LDB, args.TransB, p, j)
			sum += x
			size += math.Abs(x)
		}
		scale := float64(e.scale())
		v, size := sum*scale, size*math.Abs(scale)
		addend := func(x float32) {
			v += float64(x)
			size += math.Abs(float64(x))
		}
		if e.Accumulate {
			addend(before[i*args.LDC+j])
		}
		if e.ColumnBias != nil {
			addend(e.ColumnBias[j])
		}
		if e.RowBias != nil {
			addend(e.RowBias[i])
		}
		if e.Residual != nil && e.ResidualFirst {
			addend(e.Residual[i*e.ResidualStride+j])
		}
		v = activate(e, v)
		if e.Residual != nil && !e.ResidualFirst {
			addend(e.Residual[i*e.ResidualStride+j])
		}
		return v, eps * (float64(args.K+8)*size + 1e-30 + 2*math.Abs(v))
	}
}

func activate(e *Epilogue, x float64) float64 {
	switch e.Activation {
	case Relu:
		return math.Max(x, 0)
	case Clip:
		return math.Min(math.Max(x, float64(e.Alpha)), float64(e.Beta))
	case LeakyRelu:
		if x < 0 {
			return float64(e.Alpha) * x
		}
	case GeluErf:
		return x * (1 + math.Erf(x/math.Sqrt2)) / 2
	case GeluTanh:
		return x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x))) / 2
	case Silu:
		return x / (1 + math.Exp(-x))
	case HardSwish:
		return x * math.Max(0, math.Min(6, x+3)) / 6
	case HardSigmoid:
		return math.Max(0, math.Min(1, float64(e.Alpha)*x+float64(e.Beta)))
	case Sigmoid:
		return 1 / (1 + math.Exp(-x))
	case Tanh:
		return math.Tanh(x)
	}
	return x
}

// product makes the operands of a product at random and checks it, with B packed and not.
func checkProduct(t testing.TB, x *Ctx, r *rand.Rand, m, n, k, pad int, transA, transB bool, e *Epilogue) {
	t.Helper()
	args := Args{M: m, N: n, K: k, TransA: transA, TransB: transB, LDC: n + pad, Epilogue: e}
	args.A, args.LDA = operandOf(r, m, k, pad, transA)
	args.B, args.LDB = operandOf(r, k, n, pad, transB)
	before := matrix(r, m, n, args.LDC)
	name := fmt.Sprintf("%d×%d×%d, pad %d, transA %v, transB %v", m, k, n, pad, transA, transB)
	args.C = append([]float32(nil), before...)
	MatMul(x, args)
	check(t, name, args, before)
	b := args.B
	for _, f := range []Format{Float32, Float16, BFloat16} {
		copy(args.C, before)
		l := levels()[r.IntN(len(levels()))]
		if f == Float32 {
			args.Packed = packFor(l, b, k, n, args.LDB, transB)
		} else {
			args.Packed, args.B = packAs(l, f, b, k, n, args.LDB, transB), rounded(f, b)
		}
		MatMul(x, args)
		check(t, name+", packed as "+f.String(), args, before)
	}
	for _, bits := range []int{8, 4} {
		w := randomIntegers(r, bits, k, n, args.LDB, transB)
		p := packIntegers(levels()[r.IntN(len(levels()))], w, nil)
		if p == nil {
			continue
		}
		copy(args.C, before)
		args.Packed, args.B = p, w.Floats()
		MatMul(x, args)
		check(t, fmt.Sprintf("%s, packed as %v in groups of %d, with zero points %t", name, p.Format(), w.Group, w.Zero != nil), args, before)
	}
}

// rounded is b with its elements rounded to a 16-bit format.
func rounded(f Format, b []float32) []float32 {
	narrow, wide := make([]uint16, len(b)), make([]float32, len(b))
	f.Round(narrow, b)
	f.Widen(wide, narrow)
	return wide
}

// A matrix that float16 cannot hold stays as it is, one with infinities or NaN does not.
func TestFormatHolds(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		f    Format
		x    float32
		want Format
	}{{Float16, 65519, Float16}, {Float16, 65520, Float32}, {Float16, -1e30, Float32}, {Float16, inf, Float16}, {Float16, inf - inf, Float16}, {BFloat16, 1e30, BFloat16}, {Float32, 1, Float32}} {
		if got := PackBAs(c.f, []float32{1, c.x}, 2, 1, 1, false, nil).Format(); got != c.want {
			t.Errorf("%v in %s: packed as %s", c.x, c.f, got)
		}
	}
}

func TestAllTails(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(1, 2))
		const limit = 40
		for m := range limit {
			for n := range limit {
				for _, k := range []int{r.IntN(limit), (m*7 + n) % 9} {
					form := r.IntN(8)
					checkProduct(t, x, r, m, n, k, r.IntN(2)*form, form&1 != 0, form&2 != 0, nil)
				}
			}
		}
	})
}

func TestLarge(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(3, 4))
		for i, s := range [][3]int{{1, 700, 1300}, {2, 300, 641}, {3, 515, 320}, {5, 64, 2000}, {7, 33, 321}, {161, 270, 100}, {300, 17, 650}, {40, 600, 90}, {1, 1, 5000}, {1000, 1, 3}} {
			checkProduct(t, x, r, s[0], s[1], s[2], i%3, i&1 != 0, i&2 != 0, nil)
		}
	})
}

func randomEpilogue(r *rand.Rand, m, n int) *Epilogue {
	e := &Epilogue{Activation: Activation(r.IntN(int(activations))), Alpha: -0.2, Beta: 0.4}
	if r.IntN(2) == 0 {
		e.Scale = 0.3
	}
	e.Accumulate = r.IntN(2) == 0
	if r.IntN(2) == 0 {
		e.ColumnBias = matrix(r, 1, n, n)
	}
	if r.IntN(2) == 0 {
		e.RowBias = matrix(r, 1, m, m)
	}
	if r.IntN(2) == 0 {
		e.ResidualStride = n + 3
		e.Residual = matrix(r, m, n, n+3)
		e.ResidualFirst = r.IntN(2) == 0
	}
	return e
}

func TestEpilogue(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(5, 6))
		for i := range 120 {
			m, n, k := 1+r.IntN(30), 1+r.IntN(50), r.IntN(20)
			if i%20 == 0 {
				k = 700
			}
			checkProduct(t, x, r, m, n, k, r.IntN(3), false, i&1 != 0, randomEpilogue(r, m, n))
		}
	})
}

func TestBatch(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(7, 8))
		for i := range 40 {
			count, m, n, k := r.IntN(6), 1+r.IntN(20), 1+r.IntN(40), r.IntN(40)
			if i%10 == 0 {
				m, n, k = 40, 60, 70
			}
			args := Args{M: m, N: n, K: k, TransA: i&1 != 0, TransB: i&2 != 0, LDC: n}
			_, args.LDA = operandOf(r, m, k, 0, args.TransA)
			_, args.LDB = operandOf(r, k, n, 0, args.TransB)
			batch := Batch{Count: count, StrideA: m * k, StrideB: k * n, StrideC: m * n}
			if i%3 == 0 {
				batch.StrideB = 0
			}
			args.A = matrix(r, count, m*k, m*k)
			args.B = matrix(r, count, k*n, k*n)
			args.C = make([]float32, count*m*n)
			MatMulBatch(x, batch, args)
			for i := range count {
				one := batch.item(&args, i)
				check(t, fmt.Sprintf("item %d of %d", i, count), one, one.C)
			}
		}
	})
}

// TestSpecialValues has the textbook loop as its reference: a product with zero is not skipped.
func TestSpecialValues(t *testing.T) {
	special := []float32{0, 1, -1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), float32(math.Copysign(0, -1))}
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(9, 10))
		for range 200 {
			m, n, k := 1+r.IntN(9), 1+r.IntN(20), 1+r.IntN(4)
			args := Args{M: m, N: n, K: k, A: matrix(r, m, k, k), LDA: k, B: matrix(r, k, n, n), LDB: n, C: make([]float32, m*n), LDC: n}
			for _, s := range [][]float32{args.A, args.B} {
				for i := range s {
					s[i] = special[r.IntN(len(special))]
				}
			}
			MatMul(x, args)
			for i := range m {
				for j := range n {
					var want float64
					for p := range k {
						want += float64(args.A[i*k+p]) * float64(args.B[p*n+j])
					}
					if got := float64(args.C[i*n+j]); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
						t.Fatalf("%s: C[%d, %d] = %v, want %v", name, i, j, got, want)
					}
				}
			}
		}
	})
}

// TestThreadsDoNotChangeResults compares bit for bit, with a B that lies in place and a packed one.
func TestThreadsDoNotChangeResults(t *testing.T) {
	p := pool.New(4)
	defer p.Close()
	for _, l := range levels() {
		r := rand.New(rand.NewPCG(11, 12))
		for _, s := range [][3]int{{1, 500, 400}, {1, 1001, 600}, {2, 500, 400}, {3, 300, 400}, {37, 200, 330}, {100, 100, 100}} {
			m, n, k := s[0], s[1], s[2]
			args := Args{M: m, N: n, K: k, A: matrix(r, m, k, k), LDA: k, B: matrix(r, k, n, n), LDB: n, LDC: n}
			for _, args.Packed = range []*Packed{nil, packFor(l, args.B, k, n, n, false)} {
				var results [2][]float32
				for i, x := range []*Ctx{NewCtx(nil, l), NewCtx(p, l)} {
					args.C = make([]float32, m*n)
					MatMul(x, args)
					results[i] = args.C
				}
				for i := range results[0] {
					if results[0][i] != results[1][i] {
						t.Fatalf("%s %v: element %d is %v with one thread, %v with four", l, s, i, results[0][i], results[1][i])
					}
				}
			}
		}
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for _, l := range levels() {
		x := NewCtx(nil, l)
		args := Args{M: 20, N: 40, K: 30, A: matrix(r, 20, 30, 30), LDA: 30, B: matrix(r, 40, 30, 30), LDB: 30, TransB: true, C: make([]float32, 800), LDC: 40}
		if n := testing.AllocsPerRun(10, func() { MatMul(x, args); MatMulBatch(x, Batch{Count: 1}, args) }); n != 0 && !race.Enabled {
			t.Errorf("%s: %v allocations", l, n)
		}
	}
}

func TestBugs(t *testing.T) {
	good := Args{M: 2, N: 3, K: 4, A: make([]float32, 8), LDA: 4, B: make([]float32, 12), LDB: 3, C: make([]float32, 6), LDC: 3}
	for _, c := range []struct {
		name string
		edit func(*Args)
		want string
	}{
		{"A short", func(a *Args) { a.A = a.A[:7] }, "matrix A"},
		{"B short", func(a *Args) { a.B = a.B[:11] }, "matrix B"},
		{"C short", func(a *Args) { a.C = nil }, "matrix C"},
		{"C rows overlap", func(a *Args) { a.LDC = 2 }, "2 apart"},
		{"negative", func(a *Args) { a.K = -1 }, "product of"},
		{"packed of another size", func(a *Args) { a.Packed = PackB(a.B, 3, 4, 4, false) }, "packed B"},
		{"bias short", func(a *Args) { a.Epilogue = &Epilogue{ColumnBias: make([]float32, 2)} }, "column bias"},
		{"row bias short", func(a *Args) { a.Epilogue = &Epilogue{RowBias: make([]float32, 1)} }, "row bias"},
		{"residual short", func(a *Args) { a.Epilogue = &Epilogue{Residual: make([]float32, 1), ResidualStride: 3} }, "residual"},
		{"activation", func(a *Args) { a.Epilogue = &Epilogue{Activation: activations} }, "activation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := good
			c.edit(&args)
			defer func() {
				if v := fmt.Sprint(recover()); !strings.HasPrefix(v, "BUG: ") || !strings.Contains(v, c.want) {
					t.Errorf("panic %q, want BUG with %q", v, c.want)
				}
			}()
			MatMul(NewCtx(nil, level.Portable), args)
		})
	}
}

func FuzzMatMul(f *testing.F) {
	f.Add(uint64(1), uint16(6), uint16(16), uint16(8), uint8(0), uint8(0))
	f.Add(uint64(2), uint16(1), uint16(100), uint16(330), uint8(3), uint8(2))
	f.Add(uint64(3), uint16(70), uint16(5), uint16(0), uint8(4), uint8(1))
	p := pool.New(2)
	f.Fuzz(func(t *testing.T, seed uint64, m, n, k uint16, form, pad uint8) {
		r := rand.New(rand.NewPCG(seed, 0))
		rows, cols := int(m%80), int(n%120)
		var e *Epilogue
		if form&4 != 0 {
			e = randomEpilogue(r, rows, cols)
		}
		for _, l := range levels() {
			checkProduct(t, NewCtx(p, l), r, rows, cols, int(k%700), int(pad%20), form&1 != 0, form&2 != 0, e)
		}
	})
}
