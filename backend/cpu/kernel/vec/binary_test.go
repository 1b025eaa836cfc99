package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// scalarOp is what op does to two numbers.
func scalarOp(op Op, a, b float32) float32 {
	switch op {
	case OpAdd:
		return a + b
	case OpSub:
		return a - b
	case OpMul:
		return a * b
	case OpDiv:
		return a / b
	case OpMin:
		return min(a, b)
	case OpMax:
		return max(a, b)
	}
	return float32(math.Pow(float64(a), float64(b)))
}

// near allows Pow its short cuts.
func near(op Op, got, want float32) bool {
	return got == want || got != got && want != want || op == OpPow && ulps(got, float64(want)) <= 1
}

// special holds pairs of what arithmetic treats apart.
func special() (a, b []float32) {
	values := []float32{0, math.Float32frombits(1 << 31), 1, -1, 2, 3, 0.5, -2.5, inf, -inf, float32(math.NaN()), 1e-40, -1e-40, 3e38, -3e38}
	for _, x := range values {
		for _, y := range values {
			a, b = append(a, x), append(b, y)
		}
	}
	return a, b
}

func TestBinary(t *testing.T) { atLevels(t, testBinary) }

func testBinary(t *testing.T) {
	sa, sb := special()
	for op := range ops {
		for n := range 71 {
			for offset := range 4 {
				at := (n*29 + offset*53) % (len(sa) - 71)
				a, b := sa[at:at+n], sb[at:at+n]
				for alias := range 3 {
					buf := make([]float32, 96)
					Fill(buf, 77)
					dst := buf[offset+1 : offset+1+n]
					run := func(name string, do func(a, b []float32), want func(i int) float32) {
						x, y := a, b
						switch alias {
						case 1:
							copy(dst, a)
							x = dst
						case 2:
							copy(dst, b)
							y = dst
						}
						do(x, y)
						for i, got := range dst {
							if !near(op, got, want(i)) {
								t.Fatalf("%v %s of %d at %d, alias %d: (%g, %g) gives %g, want %g", op, name, n, offset, alias, a[i], b[i], got, want(i))
							}
						}
						if buf[offset] != 77 || buf[offset+1+n] != 77 {
							t.Fatalf("%v %s of %d wrote beside its destination", op, name, n)
						}
					}
					s := sb[(n*7+offset)%len(sb)]
					run("VV", func(a, b []float32) { op.VV(dst, a, b) }, func(i int) float32 { return scalarOp(op, a[i], b[i]) })
					if alias < 2 {
						run("VS", func(a, _ []float32) { op.VS(dst, a, s) }, func(i int) float32 { return scalarOp(op, a[i], s) })
					}
					if alias != 1 {
						run("SV", func(_, b []float32) { op.SV(dst, s, b) }, func(i int) float32 { return scalarOp(op, s, b[i]) })
					}
				}
			}
		}
	}
}

func TestPortableBinary(t *testing.T) {
	a, b := special()
	y := make([]float32, len(a))
	for op := range ops {
		portableVV(op, y, a, b)
		for i := range y {
			if !near(op, y[i], scalarOp(op, a[i], b[i])) {
				t.Fatalf("%v(%g, %g) = %g", op, a[i], b[i], y[i])
			}
		}
		for _, s := range b[:15] {
			portableVS(op, y, a, s)
			for i := range y {
				if !near(op, y[i], scalarOp(op, a[i], s)) {
					t.Fatalf("%v(%g, %g) = %g", op, a[i], s, y[i])
				}
			}
		}
	}
}

func TestAddScaled(t *testing.T) { atLevels(t, testAddScaled) }

func testAddScaled(t *testing.T) {
	for n := range 71 {
		a, b := randoms(n, 1), randoms(n, 2)
		y := make([]float32, n)
		AddScaled(y, a, -1.5, b)
		for i := range y {
			want := float64(a[i]) - 1.5*float64(b[i])
			if math.Abs(float64(y[i])-want) > 1e-6 {
				t.Fatalf("%d: %g, want %g", i, y[i], want)
			}
		}
	}
}

// randoms are n numbers from -1 to 1.
func randoms(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 7))
	x := make([]float32, n)
	for i := range x {
		x[i] = 2*r.Float32() - 1
	}
	return x
}

// checkBroadcast compares a walk in pieces with loops over indices.
func checkBroadcast(t *testing.T, shape, sa, sb []int, op Op, pieces int) {
	t.Helper()
	n, endA, endB := 1, 1, 1
	for i, d := range shape {
		n *= d
		endA += max(d-1, 0) * sa[i]
		endB += max(d-1, 0) * sb[i]
	}
	a, b, got := randoms(endA, 3), randoms(endB, 4), make([]float32, n)
	w := NewBroadcast(shape, sa, sb)
	if w.Len() != n {
		t.Fatalf("%v: Len() = %d", shape, w.Len())
	}
	for p := range pieces {
		w.Run(op, got, a, b, n*p/pieces, n*(p+1)/pieces)
	}
	for i := range got {
		pa, pb, rest := 0, 0, i
		for k := len(shape) - 1; k >= 0; k-- {
			pa += rest % shape[k] * sa[k]
			pb += rest % shape[k] * sb[k]
			rest /= shape[k]
		}
		if want := scalarOp(op, a[pa], b[pb]); !near(op, got[i], want) {
			t.Fatalf("%v of %v, strides %v and %v, %d pieces: [%d] = %g, want %g", op, shape, sa, sb, pieces, i, got[i], want)
		}
	}
}

func TestBroadcast(t *testing.T) { atLevels(t, testBroadcast) }

func testBroadcast(t *testing.T) {
	for _, c := range []struct{ shape, a, b []int }{
		{nil, nil, nil},
		{[]int{7}, []int{1}, []int{0}},
		{[]int{7}, []int{0}, []int{0}},
		{[]int{1, 1}, []int{0, 5}, []int{0, 0}},
		{[]int{0, 3}, []int{3, 1}, []int{0, 1}},
		{[]int{3, 0}, []int{0, 1}, []int{0, 1}},
		{[]int{4, 5, 6}, []int{30, 6, 1}, []int{30, 6, 1}},
		{[]int{4, 5, 6}, []int{30, 6, 1}, []int{0, 6, 1}},
		{[]int{4, 5, 6}, []int{0, 0, 1}, []int{30, 6, 1}},
		{[]int{4, 5, 6}, []int{30, 6, 1}, []int{5, 1, 0}},
		{[]int{4, 5, 6}, []int{6, 0, 1}, []int{0, 1, 0}},
		{[]int{3, 1, 5, 1, 2, 3}, []int{30, 0, 6, 0, 3, 1}, []int{0, 0, 1, 0, 0, 0}},
		{[]int{4, 5}, []int{1, 4}, []int{5, 1}},
		{[]int{2, 2, 2, 2, 2, 2, 2, 2, 2, 2}, []int{0, 1, 0, 2, 0, 4, 0, 8, 0, 16}, []int{1, 0, 2, 0, 4, 0, 8, 0, 16, 0}},
	} {
		for _, pieces := range []int{1, 2, 7} {
			for op := range ops {
				checkBroadcast(t, c.shape, c.a, c.b, op, pieces)
			}
		}
	}
}

func FuzzBroadcast(f *testing.F) {
	f.Add(uint64(1), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, pieces uint8) {
		r := rand.New(rand.NewPCG(seed, 1))
		rank := r.IntN(6)
		shape, sa, sb := make([]int, rank), make([]int, rank), make([]int, rank)
		na, nb := 1, 1
		for i := rank - 1; i >= 0; i-- {
			shape[i] = r.IntN(6)
			if r.IntN(3) > 0 {
				sa[i] = na
				na *= shape[i]
			}
			if r.IntN(3) > 0 {
				sb[i] = nb
				nb *= shape[i]
			}
		}
		checkBroadcast(t, shape, sa, sb, Op(r.IntN(int(ops))), 1+int(pieces%9))
	})
}
