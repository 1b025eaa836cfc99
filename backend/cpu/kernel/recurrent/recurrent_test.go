package recurrent

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
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func levels() (ls []level.Level) {
	for l := level.Portable; l <= level.Highest(); l++ {
		ls = append(ls, l)
	}
	return ls
}

// A problem is a recurrent operator with its inputs.
type problem struct {
	kind                           Kind
	dirs                           int
	reverse                        bool
	batchFirst, stacked, timeFirst bool
	seq, batch, input, hidden      int
	clip                           float32
	inputForget, linearBeforeReset bool
	activations                    []string // of all directions; nil: the usual ones
	x, w, r, b, h0, c0, p          []float32
	lengths                        []int32
	noY, noLast                    bool
	functions                      []op.ActivationFn
}

func random(r *rand.Rand, n int, scale float64) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(scale * r.NormFloat64())
	}
	return s
}

// fill gives p inputs; each optional one is there when its bit of options is set.
func (p *problem) fill(r *rand.Rand, options int) {
	rows := p.kind.Gates() * p.hidden
	states := p.dirs * p.batch * p.hidden
	p.x = random(r, p.seq*p.batch*p.input, 1)
	p.w = random(r, p.dirs*rows*p.input, 0.5)
	p.r = random(r, p.dirs*rows*p.hidden, 0.5/math.Sqrt(float64(p.hidden)+1))
	if options&1 != 0 {
		p.b = random(r, p.dirs*2*rows, 0.3)
	}
	if options&2 != 0 {
		p.h0 = random(r, states, 0.5)
	}
	if options&4 != 0 {
		p.lengths = make([]int32, p.batch)
		for i := range p.lengths {
			p.lengths[i] = int32(r.IntN(p.seq + 1))
		}
	}
	if p.kind == LSTM && options&8 != 0 {
		p.c0 = random(r, states, 0.5)
	}
	if p.kind == LSTM && options&16 != 0 {
		p.p = random(r, p.dirs*3*p.hidden, 0.5)
	}
}

func (p *problem) String() string {
	return fmt.Sprintf("kind %d dirs %d reverse %v batchFirst %v stacked %v timeFirst %v %dx%dx%d hidden %d clip %v input_forget %v linear_before_reset %v activations %v lengths %v b %v h0 %v c0 %v p %v",
		p.kind, p.dirs, p.reverse, p.batchFirst, p.stacked, p.timeFirst, p.seq, p.batch, p.input, p.hidden, p.clip, p.inputForget, p.linearBeforeReset, p.activations, p.lengths,
		p.b != nil, p.h0 != nil, p.c0 != nil, p.p != nil)
}

// reference evaluates the operator itself; it sets p.functions.
func (p *problem) reference(t testing.TB) [3][]float32 {
	direction := "forward"
	if p.dirs == 2 {
		direction = "bidirectional"
	} else if p.reverse {
		direction = "reverse"
	}
	layout, states := 0, []int{p.dirs, p.batch, p.hidden}
	x := []int{p.seq, p.batch, p.input}
	if p.batchFirst {
		if !p.stacked {
			states = []int{p.batch, p.dirs, p.hidden}
		}
		layout = 1
		x = []int{p.batch, p.seq, p.input}
	}
	var o ir.Op
	var err error
	switch p.kind {
	case LSTM:
		lstm := &op.LSTM{Direction: direction, Layout: layout, Stacked: p.stacked, Activations: p.activations, Clip: p.clip, InputForget: p.inputForget}
		p.functions, err = lstm.Functions()
		o = lstm
	case GRU:
		gru := &op.GRU{Direction: direction, Layout: layout, Stacked: p.stacked, Activations: p.activations, Clip: p.clip, LinearBeforeReset: p.linearBeforeReset}
		p.functions, err = gru.Functions()
		o = gru
	default:
		rnn := &op.RNN{Direction: direction, Layout: layout, Stacked: p.stacked, Activations: p.activations, Clip: p.clip}
		p.functions, err = rnn.Functions()
		o = rnn
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := p.kind.Gates() * p.hidden
	c := &ir.EvalContext{In: make([]tensor.Value, 8)}
	put := func(i int, data []float32, shape ...int) {
		if data != nil {
			c.In[i] = tensor.Must(data, shape...)
		}
	}
	put(0, p.x, x...)
	put(1, p.w, p.dirs, rows, p.input)
	put(2, p.r, p.dirs, rows, p.hidden)
	put(3, p.b, p.dirs, 2*rows)
	if p.lengths != nil {
		c.In[4] = tensor.Must(p.lengths, p.batch)
	}
	put(5, p.h0, states...)
	put(6, p.c0, states...)
	put(7, p.p, p.dirs, 3*p.hidden)
	if err := ir.CallEval(o, c); err != nil {
		t.Fatalf("%v: %v", p, err)
	}
	var out [3][]float32
	for i, v := range c.Out {
		out[i] = tensor.Data[float32](v.(*tensor.Tensor))
	}
	return out
}

// cell is that of a direction.
func (p *problem) cell(d int) Cell {
	cell := Cell{Kind: p.kind, Clip: p.clip, InputForget: p.inputForget, LinearBeforeReset: p.linearBeforeReset}
	for i, f := range p.functions[d*len(p.functions)/p.dirs : (d+1)*len(p.functions)/p.dirs] {
		name, _ := ParseName(f.Name)
		cell.Functions[i] = Function{name, float32(f.Alpha), float32(f.Beta)}
	}
	return cell
}

// weights is those of a direction.
func (p *problem) weights(d int) Weights {
	rows := p.kind.Gates() * p.hidden
	part := func(s []float32, n int) []float32 {
		if s == nil {
			return nil
		}
		return s[d*n : (d+1)*n]
	}
	return Weights{W: part(p.w, rows*p.input), R: part(p.r, rows*p.hidden), B: part(p.b, 2*rows), P: part(p.p, 3*p.hidden)}
}

// args packs the weights, or sets the layers of x to them, and makes results that hold garbage.
func (p *problem) args(x *Ctx, l level.Level, f gemm.Format, dynamic bool) Args {
	a := Args{Seq: p.seq, Batch: p.batch, BatchFirst: p.batchFirst, Stacked: p.stacked, X: p.x, Lengths: p.lengths, H0: p.h0, C0: p.c0, Reverse: [2]bool{p.reverse && p.dirs == 1, true}}
	if p.timeFirst {
		a.TimeFirst.X, a.TimeFirst.Y, a.X = true, true, swapped(p.x, p.batch, p.seq)
	}
	for d := range p.dirs {
		if dynamic {
			layer := x.Dynamic(p.dirs)[d]
			layer.Set(p.cell(d), p.input, p.hidden, p.weights(d), l)
			a.Layers = append(a.Layers, layer)
		} else {
			a.Layers = append(a.Layers, NewLayer(p.cell(d), p.input, p.hidden, p.weights(d), f, l, nil))
		}
	}
	garbage := func(n int) []float32 { return slices.Repeat([]float32{float32(math.NaN())}, n) }
	states := p.dirs * p.batch * p.hidden
	if !p.noY {
		a.Y = garbage(p.seq * states)
	}
	if !p.noLast {
		a.YH = garbage(states)
		if p.kind == LSTM {
			a.YC = garbage(states)
		}
	}
	return a
}

// swapped is `[n, m, …]` of `[m, n, …]`.
func swapped(s []float32, m, n int) []float32 {
	dst, size := make([]float32, len(s)), len(s)/max(1, m*n)
	for i := range m {
		for j := range n {
			copy(dst[(j*m+i)*size:][:size], s[(i*n+j)*size:])
		}
	}
	return dst
}

func compare(t testing.TB, what string, got, want []float32) {
	t.Helper()
	if got == nil {
		return
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	peak := 1.0
	for _, v := range want {
		if a := math.Abs(float64(v)); a > peak && !math.IsInf(a, 0) {
			peak = a
		}
	}
	for i, v := range want {
		g := got[i]
		if v == g || v != v && g != g {
			continue
		}
		if d := math.Abs(float64(v) - float64(g)); !(d <= 2e-5*peak) {
			t.Fatalf("%s: element %d is %v, want %v (peak %v)", what, i, g, v, peak)
		}
	}
}

var pools = []*pool.Pool{nil, pool.New(2), pool.New(3)}

// check runs p on all levels and compares it with the reference.
func (p *problem) check(t testing.TB) {
	t.Helper()
	want := p.reference(t)
	if p.timeFirst {
		want[0] = swapped(want[0], p.batch, p.seq)
	}
	for _, l := range levels() {
		for i, threads := range pools {
			x := NewCtx(threads, gemm.NewCtx(threads, l))
			for run := range 2 { // the second finds memory of the first
				a := p.args(x, l, gemm.Float32, (i+run)%2 == 1)
				Run(x, a)
				what := fmt.Sprintf("level %v threads %d run %d: %v", l, threads.Threads(), run, p)
				compare(t, "Y of "+what, a.Y, want[0])
				compare(t, "Y_h of "+what, a.YH, want[1])
				compare(t, "Y_c of "+what, a.YC, want[2])
			}
		}
	}
}

// TestFormats compares layers in 16-bit formats with ones of weights that are rounded to them.
func TestFormats(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, f := range []gemm.Format{gemm.Float16, gemm.BFloat16} {
		for _, kind := range []Kind{LSTM, GRU, RNN} {
			for options := range 16 {
				p := &problem{kind: kind, dirs: 1 + options&1, linearBeforeReset: kind == GRU && options&2 == 0, seq: 1 + r.IntN(5), batch: 1 + options/4,
					input: 1 + r.IntN(20), hidden: 1 + r.IntN(60)}
				p.fill(r, 0)
				exact := [][]float32{p.w, p.r}
				p.w, p.r = rounded(f, p.w), rounded(f, p.r)
				want := p.reference(t)
				p.w, p.r = exact[0], exact[1]
				for _, l := range levels() {
					for _, threads := range pools {
						x := NewCtx(threads, gemm.NewCtx(threads, l))
						a := p.args(x, l, f, false)
						Run(x, a)
						what := fmt.Sprintf("%v at level %v threads %d: %v", f, l, threads.Threads(), p)
						compare(t, "Y of "+what, a.Y, want[0])
						compare(t, "Y_h of "+what, a.YH, want[1])
					}
				}
			}
		}
	}
}

func rounded(f gemm.Format, s []float32) []float32 {
	narrow, wide := make([]uint16, len(s)), make([]float32, len(s))
	f.Round(narrow, s)
	f.Widen(wide, narrow)
	return wide
}

// TestAttributes has all combinations of kind, direction, layout, form of the cell and optional inputs.
func TestAttributes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, kind := range []Kind{LSTM, GRU, RNN} {
		for way := range 3 {
			for form := range 16 {
				for options := range 32 {
					if kind != LSTM && options >= 8 {
						continue
					}
					p := &problem{kind: kind, dirs: 1 + way/2, reverse: way == 1, batchFirst: form&1 != 0, inputForget: kind == LSTM && form&2 != 0,
						linearBeforeReset: kind == GRU && form&2 != 0, stacked: form&8 != 0,
						seq: 1 + r.IntN(5), batch: 1 + r.IntN(5), input: 1 + r.IntN(6), hidden: 1 + r.IntN(20)}
					if form&4 != 0 {
						p.clip = 0.4
					}
					p.fill(r, options)
					p.check(t)
				}
			}
		}
	}
}

// TestTimeFirst is of inputs and results in the order of time though the layer's batch comes first.
func TestTimeFirst(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, kind := range []Kind{LSTM, GRU, RNN} {
		for options := range 8 {
			p := &problem{kind: kind, dirs: 1 + options&1, batchFirst: true, stacked: true, timeFirst: true, linearBeforeReset: true, seq: 7, batch: 1 + r.IntN(9), input: 5,
				hidden: 16 * (1 + options&2)}
			p.fill(r, options|3)
			p.check(t)
		}
	}
}

// TestActivations has every function in every place.
func TestActivations(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, kind := range []Kind{LSTM, GRU, RNN} {
		places := [...]int{3, 2, 1}[kind]
		for n := range names {
			for place := range places {
				p := &problem{kind: kind, dirs: 2, seq: 3, batch: 2, input: 3, hidden: 5, linearBeforeReset: true}
				for range 2 * places {
					p.activations = append(p.activations, "Tanh")
				}
				p.activations[place] = n.String()
				p.activations[places+(place+1)%places] = n.String()
				p.fill(r, 31)
				p.check(t)
			}
		}
	}
}

// TestShapes has the usual cells in all sizes around the edges of panels and strips, zero among them.
func TestShapes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, kind := range []Kind{LSTM, GRU} {
		for hidden := range 36 {
			p := &problem{kind: kind, dirs: 1 + hidden%2, linearBeforeReset: true, seq: 3, batch: 1 + hidden%8, input: 4, hidden: hidden}
			p.fill(r, 15)
			p.check(t)
		}
		for batch := range 20 {
			p := &problem{kind: kind, dirs: 2, linearBeforeReset: true, batchFirst: batch%3 == 0, seq: 4, batch: batch, input: 4, hidden: 17}
			p.fill(r, 3+batch%2*4)
			p.check(t)
		}
		for _, z := range [][3]int{{0, 2, 3}, {3, 0, 3}, {3, 2, 0}, {0, 0, 0}} {
			p := &problem{kind: kind, dirs: 2, linearBeforeReset: true, seq: z[0], batch: z[1], input: z[2], hidden: 9}
			p.fill(r, 7)
			p.check(t)
		}
	}
}

// TestChunks is of more steps than one chunk has, and wide enough for a team that waits at each step.
func TestChunks(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, options := range []int{3, 7} {
		for _, kind := range []Kind{LSTM, GRU, RNN} {
			for way := range 3 {
				p := &problem{kind: kind, dirs: 1 + way/2, reverse: way == 1, linearBeforeReset: true, seq: chunkFloats/(4*4*72) + 30, batch: 4, input: 2, hidden: 72}
				if testing.Short() {
					p.seq = 40
				}
				p.fill(r, options)
				p.check(t)
			}
		}
	}
}

// TestNotFinite puts NaN and infinities into each of the inputs.
func TestNotFinite(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e-40, 3e38} {
		for _, kind := range []Kind{LSTM, GRU, RNN} {
			for at := range 4 {
				p := &problem{kind: kind, dirs: 2, linearBeforeReset: true, seq: 3, batch: 2, input: 3, hidden: 11}
				p.fill(r, 15)
				s := [][]float32{p.x, p.h0, p.b, p.x}[at]
				s[r.IntN(len(s))] = float32(v)
				p.check(t)
			}
		}
	}
}

func TestAbsentResults(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for _, kind := range []Kind{LSTM, GRU, RNN} {
		for i := range 3 {
			p := &problem{kind: kind, dirs: 2, seq: 3, batch: 3, input: 3, hidden: 11, noY: i != 0, noLast: i != 1, linearBeforeReset: i == 2}
			p.fill(r, 7)
			p.check(t)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, kind := range []Kind{LSTM, GRU, RNN} {
		for _, threads := range pools[:2] {
			for _, dynamic := range []bool{false, true} {
				p := &problem{kind: kind, dirs: 2, seq: 9, batch: 3, input: 8, hidden: 40, linearBeforeReset: true}
				p.fill(r, 15)
				p.reference(t)
				l := level.Highest()
				x := NewCtx(threads, gemm.NewCtx(threads, l))
				a := p.args(x, l, gemm.Float32, dynamic)
				if n := testing.AllocsPerRun(20, func() { Run(x, a) }); n >= 1 && !race.Enabled {
					t.Errorf("kind %d, %d threads: %v allocations a run", kind, threads.Threads(), n)
				}
			}
		}
	}
}

func FuzzRun(f *testing.F) {
	f.Add(uint64(1), uint8(0), uint8(31))
	f.Add(uint64(2), uint8(1), uint8(7))
	f.Fuzz(func(t *testing.T, seed uint64, kind, options uint8) {
		r := rand.New(rand.NewPCG(seed, 0))
		p := &problem{kind: Kind(kind % 3), dirs: 1 + r.IntN(2), reverse: r.IntN(2) == 0, batchFirst: r.IntN(2) == 0, seq: r.IntN(12), batch: r.IntN(14), input: r.IntN(20),
			hidden: r.IntN(70), inputForget: r.IntN(8) == 0, stacked: r.IntN(2) == 0, linearBeforeReset: r.IntN(4) != 0, noY: r.IntN(4) == 0, noLast: r.IntN(4) == 0}
		if r.IntN(4) == 0 {
			p.clip = r.Float32()
		}
		p.fill(r, int(options))
		p.check(t)
	})
}

func BenchmarkRun(b *testing.B) {
	p2 := pool.New(2)
	for _, s := range []struct {
		name string
		p    problem
	}{
		{"lstm/1x100", problem{kind: LSTM, dirs: 2, seq: 100, batch: 1, input: 128, hidden: 256}},
		{"lstm/1x100/deep", problem{kind: LSTM, dirs: 2, seq: 100, batch: 1, input: 512, hidden: 256}},
		{"lstm/32x100", problem{kind: LSTM, dirs: 2, seq: 100, batch: 32, input: 128, hidden: 256}},
		{"lstm/32x100/deep", problem{kind: LSTM, dirs: 2, seq: 100, batch: 32, input: 512, hidden: 256, stacked: true}},
		{"lstm/1x256/512", problem{kind: LSTM, dirs: 1, seq: 256, batch: 1, input: 512, hidden: 512}},
		{"lstm/1x1/512", problem{kind: LSTM, dirs: 1, seq: 1, batch: 1, input: 512, hidden: 512}},
		{"gru/1x100", problem{kind: GRU, dirs: 2, seq: 100, batch: 1, input: 128, hidden: 256, linearBeforeReset: true}},
		{"gru/32x100", problem{kind: GRU, dirs: 2, seq: 100, batch: 32, input: 128, hidden: 256, linearBeforeReset: true}},
		{"gru/1x256/512", problem{kind: GRU, dirs: 1, seq: 256, batch: 1, input: 512, hidden: 512, linearBeforeReset: true}},
		{"gru/1x100/plain", problem{kind: GRU, dirs: 2, seq: 100, batch: 1, input: 128, hidden: 256}},
		{"rnn/1x100", problem{kind: RNN, dirs: 2, seq: 100, batch: 1, input: 128, hidden: 256}},
	} {
		p := s.p
		p.fill(rand.New(rand.NewPCG(1, 1)), 1)
		p.functions = usual(&p)
		for _, threads := range []*pool.Pool{nil, p2} {
			b.Run(fmt.Sprintf("%s/%d", s.name, threads.Threads()), func(b *testing.B) {
				x := NewCtx(threads, gemm.NewCtx(threads, level.Highest()))
				a := p.args(x, level.Highest(), gemm.Float32, false)
				for b.Loop() {
					Run(x, a)
				}
			})
		}
	}
}

func usual(p *problem) []op.ActivationFn {
	one := []op.ActivationFn{{Name: "Sigmoid"}, {Name: "Tanh"}, {Name: "Tanh"}}[:[...]int{3, 2, 1}[p.kind]]
	if p.kind == RNN {
		one = []op.ActivationFn{{Name: "Tanh"}}
	}
	return slices.Repeat(one, p.dirs)
}
