package gemm

import (
	"math/rand/v2"
	"testing"
)

func TestGeneric(t *testing.T) {
	t.Run("float64", func(t *testing.T) { testGeneric(t, func(r *rand.Rand) float64 { return float64(r.IntN(200) - 100) }) })
	t.Run("int32", func(t *testing.T) { testGeneric(t, func(r *rand.Rand) int32 { return int32(r.Uint32()) }) })
	t.Run("int64", func(t *testing.T) { testGeneric(t, func(r *rand.Rand) int64 { return int64(r.Uint64()) }) })
	t.Run("uint32", func(t *testing.T) { testGeneric(t, (*rand.Rand).Uint32) })
	t.Run("uint64", func(t *testing.T) { testGeneric(t, (*rand.Rand).Uint64) })
}

// testGeneric expects exact results: integers wrap around, the floats are small integers.
func testGeneric[T Number](t *testing.T, value func(*rand.Rand) T) {
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 60 {
		m, n, k := r.IntN(12), r.IntN(12), r.IntN(12)
		if i%12 == 0 {
			m, n, k = 5, 131, 260
		}
		a, b := make([]T, m*k), make([]T, k*n)
		for i := range a {
			a[i] = value(r)
		}
		for i := range b {
			b[i] = value(r)
		}
		for form := range 4 {
			transA, transB := form&1 != 0, form&2 != 0
			lda, ldb := k, n
			ai, ap, bp, bj := k, 1, n, 1
			if transA {
				lda, ai, ap = m, 1, m
			}
			if transB {
				ldb, bp, bj = k, 1, k
			}
			c := make([]T, m*n)
			for i := range c {
				c[i] = value(r)
			}
			Generic(m, n, k, a, lda, transA, b, ldb, transB, c, n)
			for i := range m {
				for j := range n {
					var want T
					for p := range k {
						want += a[i*ai+p*ap] * b[p*bp+j*bj]
					}
					if c[i*n+j] != want {
						t.Fatalf("%d×%d×%d transA %v transB %v: C[%d, %d] = %v, want %v", m, k, n, transA, transB, i, j, c[i*n+j], want)
					}
				}
			}
		}
	}
}
