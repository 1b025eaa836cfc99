package attention

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

var (
	inf = float32(math.Inf(1))
	nan = float32(math.NaN())
)

// naive solves a problem with float64 loops over all scores.
func naive(p *Problem) []float64 {
	y := make([]float64, 0, p.Batch*p.Heads*p.Queries*p.ValueSize)
	for b := range p.Batch {
		for h := range p.Heads {
			g := h / (p.Heads / p.Groups)
			for i := range p.Queries {
				weights, total := naiveWeights(p, b, h, i)
				for e := range p.ValueSize {
					sum := 0.0
					for j, w := range weights {
						if w != 0 {
							sum += w * float64(p.V.Data[p.V.at(b, g, j)+e])
						}
					}
					switch {
					case total != 0:
						sum /= total
					case p.Empty == NaN && p.Keys > 0:
						sum = math.NaN()
					case p.Empty == Mean:
						for j := range p.Keys {
							sum += float64(p.V.Data[p.V.at(b, g, j)+e]) / float64(p.Keys)
						}
					}
					y = append(y, sum)
				}
			}
		}
	}
	return y
}

func naiveWeights(p *Problem, b, h, i int) ([]float64, float64) {
	g := h / (p.Heads / p.Groups)
	at, length := i, p.Keys
	if p.Starts != nil {
		at += p.Starts[b]
	}
	if p.Lengths != nil {
		length = p.Lengths[b]
	}
	weights, peak := make([]float64, p.Keys), math.Inf(-1)
	if p.Sink != nil {
		peak = float64(p.Sink[h])
	}
	for j := range weights {
		weights[j] = math.Inf(-1)
		if j >= length || p.Right > 0 && j >= at+p.Right || p.Left > 0 && j <= at-p.Left || p.masked() && j >= p.Mask.Columns {
			continue
		}
		s := 0.0
		for d := range p.Size {
			s += float64(p.Q.Data[p.Q.at(b, h, i)+d]) * float64(p.K.Data[p.K.at(b, g, j)+d])
		}
		s *= float64(p.Scale)
		if p.Softcap > 0 {
			s = float64(p.Softcap) * math.Tanh(s/float64(p.Softcap))
		}
		if p.Slopes != nil {
			s -= float64(p.Slopes[h]) * math.Abs(float64(at-j))
		}
		m := p.Mask.First + b*p.Mask.Steps[0] + h*p.Mask.Steps[1] + i*p.Mask.Steps[2] + j*p.Mask.Steps[3]
		if p.Mask.Bool != nil && !p.Mask.Bool[m] || p.Mask.Float != nil && p.Mask.Float[m] == -inf {
			continue
		}
		if p.Mask.Float != nil {
			s += float64(p.Mask.Float[m])
		}
		weights[j] = s
		peak = max(peak, s)
	}
	if math.IsInf(peak, -1) {
		clear(weights)
		return weights, 0
	}
	total := 0.0
	if p.Sink != nil {
		total = math.Exp(float64(p.Sink[h]) - peak)
	}
	for j, s := range weights {
		weights[j] = math.Exp(s - peak)
		total += weights[j]
	}
	return weights, total
}

func randoms(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// random is a problem of the given size with structure drawn from r.
func random(r *rand.Rand, batch, share, groups, queries, keys, size, valueSize int) *Problem {
	heads := share * groups
	p := &Problem{Batch: batch, Heads: heads, Groups: groups, Queries: queries, Keys: keys, Size: size, ValueSize: valueSize, Scale: 1 / float32(math.Sqrt(float64(max(1, size))))}
	operand := func(heads, rows, size int) Operand {
		data := randoms(r, batch*heads*rows*size)
		if r.IntN(2) == 0 {
			return Beside(data, heads, rows, size)
		}
		return Dense(data, heads, rows, size)
	}
	p.Q, p.K, p.V, p.Y = operand(heads, queries, size), operand(groups, keys, size), operand(groups, keys, valueSize), operand(heads, queries, valueSize)
	if r.IntN(3) == 0 {
		p.Softcap = 0.5 + 2*r.Float32()
	}
	if r.IntN(2) == 0 {
		p.Right = 1 + r.IntN(1+r.IntN(8))
	}
	if r.IntN(3) == 0 {
		p.Left = 1 + r.IntN(1+keys)
	}
	if r.IntN(2) == 0 {
		p.Starts = make([]int, batch)
		for b := range p.Starts {
			p.Starts[b] = r.IntN(keys+2) - queries/2
		}
	}
	if r.IntN(3) == 0 {
		p.Lengths = make([]int, batch)
		for b := range p.Lengths {
			p.Lengths[b] = r.IntN(keys+3) - 1
		}
	}
	if r.IntN(4) == 0 {
		p.Slopes = randoms(r, heads)
		for h := range p.Slopes {
			p.Slopes[h] /= 32
		}
	}
	if r.IntN(4) == 0 {
		p.Sink = randoms(r, heads)
	}
	p.Empty = Empty(r.IntN(3))
	mask(r, p)
	if n := len(p.V.Data); n > 0 && p.hides() && r.IntN(3) == 0 { // values that may be masked for some rows
		for range 1 + r.IntN(3) {
			p.V.Data[r.IntN(n)] = []float32{nan, inf, -inf}[r.IntN(3)]
		}
	}
	return p
}

func mask(r *rand.Rand, p *Problem) {
	kind := r.IntN(4)
	if kind < 2 {
		return
	}
	p.Mask.Columns = p.Keys - r.IntN(2)*r.IntN(1+p.Keys)
	n := 1
	copy(p.Mask.Steps[:], []int{p.Batch, p.Heads, p.Queries, p.Mask.Columns})
	for axis := 3; axis >= 0; axis-- {
		d := p.Mask.Steps[axis]
		p.Mask.Steps[axis] = 0
		if r.IntN(3) > 0 {
			p.Mask.Steps[axis] = n
			n *= d
		}
	}
	if r.IntN(2) == 0 { // from some element on, and backwards along an axis
		p.Mask.First = r.IntN(3)
		n += p.Mask.First
		if p.Queries > 1 {
			p.Mask.First += p.Mask.Steps[2] * (p.Queries - 1)
			p.Mask.Steps[2] = -p.Mask.Steps[2]
		}
	}
	if kind == 2 {
		p.Mask.Bool = make([]bool, max(1, n))
		for i := range p.Mask.Bool {
			p.Mask.Bool[i] = r.IntN(3) > 0
		}
		return
	}
	p.Mask.Float = randoms(r, max(1, n))
	for i := range p.Mask.Float {
		if r.IntN(5) == 0 {
			p.Mask.Float[i] = -inf
		}
	}
}

// check compares a solution with the naive one.
func check(t *testing.T, x *Ctx, p *Problem) {
	t.Helper()
	for i := range p.Y.Data {
		p.Y.Data[i] = nan
	}
	Run(x, p)
	compare(t, p)
}

func compare(t *testing.T, p *Problem) {
	t.Helper()
	want := naive(p)
	at := 0
	for b := range p.Batch {
		for h := range p.Heads {
			for i := range p.Queries {
				for e := range p.ValueSize {
					got, want := float64(p.Y.Data[p.Y.at(b, h, i)+e]), want[at]
					if at++; math.Abs(got-want) > 2e-5*max(1, math.Abs(want)) || math.IsNaN(got) != math.IsNaN(want) {
						short := *p
						short.Q, short.K, short.V, short.Y, short.Mask.Float, short.Mask.Bool = Operand{}, Operand{}, Operand{}, Operand{}, nil, nil
						t.Fatalf("batch %d, head %d, query %d, element %d: %g, want %g\n%+v\nmask: float %t, bool %t", b, h, i, e, got, want, short, p.Mask.Float != nil,
							p.Mask.Bool != nil)
					}
				}
			}
		}
	}
}

// contexts are all levels, alone and with workers.
func contexts(t *testing.T) map[string]*Ctx {
	p := pool.New(3)
	t.Cleanup(p.Close)
	all := map[string]*Ctx{}
	for l := level.Portable; l <= level.Highest(); l++ {
		all[fmt.Sprintf("%v-1", l)], all[fmt.Sprintf("%v-3", l)] = NewCtx(nil, l), NewCtx(p, l)
	}
	return all
}

func TestRandomProblems(t *testing.T) {
	for name, x := range contexts(t) {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			n := 300
			if testing.Short() {
				n = 60
			}
			for range n {
				keys := r.IntN(40)
				if r.IntN(4) == 0 {
					keys = r.IntN(1500)
				}
				check(t, x, random(r, r.IntN(3), 1+r.IntN(4), 1+r.IntN(3), r.IntN(6)*r.IntN(30), keys, r.IntN(3)*r.IntN(20), r.IntN(20)))
			}
		})
	}
}

// TestTogether solves problems of all kinds at once, long ones that are divided among them.
func TestTogether(t *testing.T) {
	for name, x := range contexts(t) {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(11, 12))
			for range 40 {
				problems := make([]Problem, r.IntN(6))
				for i := range problems {
					problems[i] = *random(r, r.IntN(3), 1+r.IntN(4), 1+r.IntN(2), r.IntN(3)*r.IntN(9), r.IntN(2+r.IntN(5)*1000), 1+r.IntN(20), 1+r.IntN(20))
				}
				RunAll(x, problems)
				for i := range problems {
					compare(t, &problems[i])
				}
			}
		})
	}
}

func TestDecode(t *testing.T) {
	for name, x := range contexts(t) {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			for _, keys := range []int{0, 1, 2, 3, 127, 128, 129, 511, 512, 2100} {
				for _, share := range []int{1, 3, 8, 100} {
					check(t, x, random(r, 1, share, 1, 1, keys, 16, 24))
				}
			}
		})
	}
}

func TestBlocks(t *testing.T) {
	for name, x := range contexts(t) {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			for _, n := range []int{95, 96, 97, 128, 192, 300} {
				p := random(r, 1, 2, 1, n, n, 64, 64)
				check(t, x, p)
				p.Right, p.Left, p.Starts, p.Lengths = 1, 0, nil, nil
				check(t, x, p)
				p.Left = 50
				check(t, x, p)
			}
		})
	}
}

// A masked key takes no part even if its score is not a number, nor does any key behind the lengths.
func TestSpecialNumbers(t *testing.T) {
	for name, x := range contexts(t) {
		r := rand.New(rand.NewPCG(7, 8))
		p := &Problem{Batch: 1, Heads: 2, Groups: 1, Queries: 3, Keys: 9, Size: 4, ValueSize: 4, Scale: 1, Lengths: []int{7}}
		p.Q, p.K = Dense(randoms(r, 2*3*4), 2, 3, 4), Dense(randoms(r, 9*4), 1, 9, 4)
		p.V, p.Y = Dense(randoms(r, 9*4), 1, 9, 4), Dense(make([]float32, 2*3*4), 2, 3, 4)
		p.K.Data[2*4], p.K.Data[8*4], p.V.Data[7*4], p.V.Data[8*4] = nan, inf, nan, -inf
		p.Mask = Mask{Float: make([]float32, 9), Steps: [4]int{3: 1}, Columns: 9}
		p.Mask.Float[2] = -inf
		check(t, x, p)
		p.Mask = Mask{Bool: []bool{true, true, false, true, true, true, true, true, true}, Steps: [4]int{3: 1}, Columns: 9}
		check(t, x, p)
		if p.Mask = (Mask{}); true {
			Run(x, p)
			for i, y := range p.Y.Data {
				if y == y {
					t.Fatalf("%s: element %d is %g with a key of NaN", name, i, y)
				}
			}
		}
		p.K.Data[2*4], p.Q.Data[0] = 1e30, 1e30 // one score is infinite
		Run(x, p)
		if y := p.Y.Data[0]; y == y {
			t.Fatalf("%s: %g with an infinite score", name, y)
		}
		if y := p.Y.Data[4]; y != y {
			t.Fatalf("%s: another row is not a number", name)
		}
	}
}

func FuzzRun(f *testing.F) {
	f.Add(uint64(1), uint8(1), uint8(2), uint8(1), uint8(100), uint16(300), uint8(8))
	x := NewCtx(pool.New(2), level.Highest())
	f.Fuzz(func(t *testing.T, seed uint64, batch, share, groups, queries uint8, keys uint16, size uint8) {
		check(t, x, random(rand.New(rand.NewPCG(seed, 9)), int(batch%3), 1+int(share%5), 1+int(groups%3), int(queries), int(keys%2000), int(size%20), int(size%17)))
	})
}

func TestNoAllocations(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	p := pool.New(2)
	defer p.Close()
	x := NewCtx(p, level.Highest())
	for _, q := range []*Problem{random(r, 1, 3, 3, 1, 3000, 64, 64), random(r, 2, 1, 2, 200, 200, 32, 32)} {
		Run(x, q)
		if n := testing.AllocsPerRun(10, func() { Run(x, q) }); n != 0 && !race.Enabled {
			t.Errorf("%v allocations", n)
		}
	}
}

// The memory of all threads is that of a few tiles, whatever the number of queries and keys.
func TestScratchDoesNotGrow(t *testing.T) {
	x := NewCtx(nil, level.Highest())
	x.threads = append(x.threads, make([]thread, 7)...)
	const n, size = 32768, 64
	x.tasks = []task{{Problem: Problem{Batch: 1, Heads: 8, Groups: 8, Queries: n, Keys: n, Size: size, ValueSize: size}}}
	x.reserve()
	held := 4 * len(x.partial)
	for i := range x.threads {
		held += 4 * len(x.threads[i].buffer)
	}
	if limit := 4 * n * size; held > limit {
		t.Errorf("holds %d bytes for %d queries and keys of %d elements, more than %d", held, n, size, limit)
	}
	x.tasks[0].Queries = 1
	x.reserve()
	if held, limit := 4*len(x.partial), 4*n*size; held > limit {
		t.Errorf("holds %d bytes for the parts of one query", held)
	}
}

func BenchmarkRun(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, c := range []struct {
		name                         string
		share, groups, queries, keys int
		size, right                  int
	}{
		{"joined-512", 1, 4, 512, 512, 192, 0}, {"whisper-1500", 1, 8, 1500, 1500, 64, 0},
		{"bert-128", 1, 12, 128, 128, 64, 0}, {"prefill-1024-causal", 3, 3, 1024, 1024, 64, 1}, {"prefill-1024-full", 3, 3, 1024, 1024, 64, 0},
		{"minilm-128", 1, 12, 128, 128, 32, 0}, {"decode-2048", 3, 3, 1, 2048, 64, 0}, {"decode-2048-mha", 1, 12, 1, 2048, 64, 0},
		{"decode-256", 3, 3, 1, 256, 64, 0}, {"decode-4096", 3, 3, 1, 4096, 64, 0},
	} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/%d", c.name, threads), func(b *testing.B) {
				p := pool.New(threads)
				defer p.Close()
				x := NewCtx(p, level.Highest())
				heads := c.share * c.groups
				q := &Problem{Batch: 1, Heads: heads, Groups: c.groups, Queries: c.queries, Keys: c.keys, Size: c.size, ValueSize: c.size, Scale: 0.125, Right: c.right}
				q.Q, q.Y = Dense(randoms(r, heads*c.queries*c.size), heads, c.queries, c.size), Dense(randoms(r, heads*c.queries*c.size), heads, c.queries, c.size)
				q.K, q.V = Dense(randoms(r, c.groups*c.keys*c.size), c.groups, c.keys, c.size), Dense(randoms(r, c.groups*c.keys*c.size), c.groups, c.keys, c.size)
				if strings.HasPrefix(c.name, "joined") { // Q, K and V of a row side by side
					all := Beside(randoms(r, 3*heads*c.queries*c.size), 3*heads, c.queries, c.size)
					q.Q, q.K, q.V = all, all, all
					q.K.Data, q.V.Data = all.Data[heads*c.size:], all.Data[2*heads*c.size:]
				}
				b.SetBytes(int64(4 * 2 * c.groups * c.keys * c.size))
				for b.Loop() {
					Run(x, q)
				}
				flops := 4 * float64(heads*c.queries) * float64(c.keys*c.size)
				if c.right == 1 {
					flops /= 2
				}
				b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// narrowed is a problem whose keys and values are kept in fewer bits, and the same with the numbers that these are.
func narrowed(r *rand.Rand, p *Problem) (narrow, wide *Problem) {
	a, b := *p, *p
	for i, o := range [...]*Operand{&a.K, &a.V} {
		size := [...]int{p.Size, p.ValueSize}[i]
		from, to := o.Data, [...]*Operand{&b.K, &b.V}[i]
		rows := p.Batch * p.Groups * p.Keys
		if r.IntN(3) == 0 || rows*size == 0 {
			*o, *to = Dense(from, p.Groups, p.Keys, size), Dense(from, p.Groups, p.Keys, size)
			continue
		}
		integers := r.IntN(2) == 0
		if integers {
			*o = Bytes(make([]byte, rows*size), make([]float32, rows), p.Groups, p.Keys, size)
		} else {
			*o = Half(make([]uint16, rows*size), p.Groups, p.Keys, size)
		}
		*to = Dense(make([]float32, rows*size), p.Groups, p.Keys, size)
		for k := range rows {
			o.Store(k*size, from[k*size:(k+1)*size], 3.0/127)
			got := to.Data[k*size : (k+1)*size]
			if integers {
				for e := range got {
					got[e] = float32(int8(o.bytes[k*size+e])) * o.scales[k]
					if x := from[k*size+e]; math.Abs(float64(x)) <= 3 && math.Abs(float64(x-got[e])) > 1.5/127+1e-6 {
						panic(fmt.Sprintf("%g is kept as %g", x, got[e]))
					}
				}
				continue
			}
			data, _ := o.rows(got, 0, 0, k, 1, size)
			copy(got, data)
			for e, x := range from[k*size : (k+1)*size] {
				if math.Abs(float64(x-got[e])) > math.Abs(float64(x))/2048+1e-7 {
					panic(fmt.Sprintf("%g is kept as %g", x, got[e]))
				}
			}
		}
	}
	return &a, &b
}

// TestNarrow: keys and values in fewer bits give what the numbers that they are give.
func TestNarrow(t *testing.T) {
	for name, x := range contexts(t) {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(13, 14))
			for range 200 {
				keys := r.IntN(40)
				if r.IntN(4) == 0 {
					keys = r.IntN(3000)
				}
				p := random(r, 1+r.IntN(2), 1+r.IntN(4), 1+r.IntN(3), 1+r.IntN(3)*r.IntN(9), keys, 1+r.IntN(40), 1+r.IntN(80))
				a, b := narrowed(r, p)
				Run(x, a)
				compare(t, b)
			}
		})
	}
}
