package op

import (
	"math"
	"math/bits"
)

// largestRadix bounds the prime factors of lengths that are split; a factor p costs p steps a number.
const largestRadix = 31

// pair is a complex number. The products of its parts are rounded one by one, on every processor alike.
type pair[F float32 | float64] struct{ re, im F }

func (a pair[F]) add(b pair[F]) pair[F] { return pair[F]{a.re + b.re, a.im + b.im} }
func (a pair[F]) sub(b pair[F]) pair[F] { return pair[F]{a.re - b.re, a.im - b.im} }
func (a pair[F]) mul(b pair[F]) pair[F] {
	return pair[F]{F(a.re*b.re) - F(a.im*b.im), F(a.re*b.im) + F(a.im*b.re)}
}

// scaled is a·f.
func (a pair[F]) scaled(f F) pair[F] { return pair[F]{F(a.re * f), F(a.im * f)} }

// root is exp(2πi·k/n) for 0 ≤ k ≤ n, from angles of at most an eighth of the circle.
func root(k, n int) pair[float64] {
	switch {
	case 2*k > n:
		r := root(n-k, n)
		return pair[float64]{r.re, -r.im}
	case 4*k > n:
		r := root(n-2*k, 2*n)
		return pair[float64]{-r.re, r.im}
	case 8*k > n:
		r := root(n-4*k, 4*n)
		return pair[float64]{r.im, r.re}
	}
	sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(n))
	return pair[float64]{cos, sin}
}

// fourier computes y[k] = Σ x[j]·exp(∓2πi·j·k/n), the upper sign forwards, for signals of one length n. It works in F: a length of small prime
// factors is split into transforms of these lengths, decimated in frequency (Cooley and Tukey; the order of Stockham). For other lengths the sum is a
// convolution with a chirp (Bluestein), found by transforms of a power of two in double precision.
type fourier[F float32 | float64] struct {
	n       int
	factors []int
	roots   []pair[F] // exp(∓2πi·k/n)
	spare   []pair[F]
	chirp   *chirp
}

// newFourier prepares transforms of length n ≥ 1.
func newFourier[F float32 | float64](n int, inverse bool) *fourier[F] {
	t := &fourier[F]{n: n}
	rest := n
	for _, p := range []int{4, 2} {
		for ; rest%p == 0; rest /= p {
			t.factors = append(t.factors, p)
		}
	}
	for p := 3; p <= largestRadix; p += 2 {
		for ; rest%p == 0; rest /= p {
			t.factors = append(t.factors, p)
		}
	}
	if rest > 1 {
		t.chirp = newChirp(n, inverse)
		return t
	}
	t.roots, t.spare = make([]pair[F], n), make([]pair[F], n)
	for k := range t.roots {
		r := root(k, n)
		if !inverse {
			r.im = -r.im
		}
		t.roots[k] = pair[F]{F(r.re), F(r.im)}
	}
	return t
}

// run transforms x, of length n, in place.
func (t *fourier[F]) run(x []pair[F]) {
	if t.chirp != nil {
		bluestein(t.chirp, x)
		return
	}
	from, to := x, t.spare
	done := 1 // product of the factors so far
	for _, p := range t.factors {
		t.pass(to, from, p, done)
		from, to = to, from
		done *= p
	}
	if len(t.factors)%2 == 1 {
		copy(x, from)
	}
}

// runReal transforms real numbers, whose sums with alternating and with equal signs are real.
func (t *fourier[F]) runReal(x []pair[F]) {
	t.run(x)
	x[0].im = 0
	if t.n%2 == 0 {
		x[t.n/2].im = 0
	}
}

// pass splits each of the transforms that are left into p of a p-th of their length.
func (t *fourier[F]) pass(to, from []pair[F], p, done int) {
	length := t.n / done / p
	var in, out [largestRadix]pair[F]
	for k := range done {
		for i := range length {
			for j := range p {
				in[j] = from[i+length*(j+p*k)]
			}
			t.butterfly(out[:p], in[:p])
			to[i+length*k] = out[0]
			for j := 1; j < p; j++ {
				y := out[j]
				if i > 0 {
					y = y.mul(t.roots[i*j*done])
				}
				to[i+length*(k+done*j)] = y
			}
		}
	}
}

// butterfly is a transform of length p = len(x), which divides n, by the sums and differences of what lies opposite.
func (t *fourier[F]) butterfly(y, x []pair[F]) {
	switch p := len(x); p {
	case 2:
		y[0], y[1] = x[0].add(x[1]), x[0].sub(x[1])
	case 4:
		quarter := t.roots[t.n/4].im // ±1
		a, b, c, d := x[0].add(x[2]), x[0].sub(x[2]), x[1].add(x[3]), x[1].sub(x[3])
		d = pair[F]{-d.im * quarter, d.re * quarter}
		y[0], y[1], y[2], y[3] = a.add(c), b.add(d), a.sub(c), b.sub(d)
	default:
		y[0] = x[0]
		for m := 1; 2*m < p; m++ {
			y[0] = y[0].add(x[m].add(x[p-m]))
		}
		for u := 1; 2*u < p; u++ {
			even, odd := x[0], pair[F]{}
			for m := 1; 2*m < p; m++ {
				w := t.roots[u*m%p*(t.n/p)]
				even = even.add(x[m].add(x[p-m]).scaled(w.re))
				odd = odd.add(x[m].sub(x[p-m]).scaled(w.im))
			}
			odd = pair[F]{-odd.im, odd.re}
			y[u], y[p-u] = even.add(odd), even.sub(odd)
		}
	}
}

// chirp turns a transform of any length n into a convolution: j·k = (j² + k² − (k−j)²) / 2.
type chirp struct {
	wave     []pair[float64] // exp(∓πi·k²/n)
	spectrum []pair[float64] // of the conjugate wave, which is symmetric to 0, divided by its length
	signal   []pair[float64]
	forward  *fourier[float64]
	backward *fourier[float64]
}

func newChirp(n int, inverse bool) *chirp {
	m := 1 << bits.Len(uint(2*n-2))
	c := &chirp{wave: make([]pair[float64], n), spectrum: make([]pair[float64], m), signal: make([]pair[float64], m),
		forward: newFourier[float64](m, false), backward: newFourier[float64](m, true)}
	for k := range n {
		w := root(int(uint64(k)*uint64(k)%uint64(2*n)), 2*n)
		if !inverse {
			w.im = -w.im
		}
		c.wave[k] = w
		c.spectrum[k] = pair[float64]{w.re, -w.im}
		c.spectrum[(m-k)%m] = c.spectrum[k]
	}
	c.forward.run(c.spectrum)
	for k := range c.spectrum {
		c.spectrum[k] = c.spectrum[k].scaled(1 / float64(m))
	}
	return c
}

// bluestein transforms x in place.
func bluestein[F float32 | float64](c *chirp, x []pair[F]) {
	clear(c.signal)
	for k, v := range x {
		c.signal[k] = pair[float64]{float64(v.re), float64(v.im)}.mul(c.wave[k])
	}
	c.forward.run(c.signal)
	for k := range c.signal {
		c.signal[k] = c.signal[k].mul(c.spectrum[k])
	}
	c.backward.run(c.signal)
	for k := range x {
		y := c.signal[k].mul(c.wave[k])
		x[k] = pair[F]{F(y.re), F(y.im)}
	}
}
