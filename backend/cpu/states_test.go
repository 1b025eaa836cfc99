package cpu

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// A step of attention whose cache is a state, with a mask whose length grows, a value that becomes shorter, a running sum that is a state too, and
// numbers of which the one is read where the shape is known.
const stepped = `graph "stepped"(%q "q": f32[B, S, 8], %k "k": f32[B, S, 4], %v "v": f32[B, S, 6], %m "m": i64[B, T], %pk "pk": f32[B, 2, P, 2], %pv "pv": f32[B, 2, P, 3], %sum "sum": f32[B, 12]) -> ("y" %y, "nk" %nk, "nv" %nv, "newsum" %newsum, "count" %count, "rest" %rest, "len" %len) {
  %shape = Dims() {Elem=i64, Shape=[4], Exprs=<B, 1, 1, T>}
  %m4 = Reshape(%m, %shape)
  %zero = Const() {Value=i64[] [0]}
  %seen = Greater(%m4, %zero)
  %start = Dims() {Elem=i64, Exprs=<T - S>}
  %y, %nk, %nv, %scores = Attention(%q, %k, %v, %seen, %pk, %pv, _, %start) {Heads=4, KVHeads=2, Causal=true, Append=true}
  %last = Const() {Value=i64[1] [-1]}
  %rows = Const() {Value=i64[1] [1]}
  %mean = ReduceMean(%y, %rows)
  %newsum = Add(%sum, %mean)
  %count = ReduceSum(%m, %last)
  %from = Const() {Value=i64[1] [0]}
  %table = Const() {Value=f32[3, 2] [1, 2, 3, 4, 5, 6]}
  %len = Dims() {Elem=i64, Shape=[2], Exprs=<P, 3*P + T>}
  %times = Dims() {Elem=i64, Shape=[2], Exprs=<max(50 - P, 1), 1>}
  %rest = Tile(%table, %times)
}`

// stepStates are the states of that graph.
var stepStates = []backend.State{{Input: 4, Output: 1, Append: true}, {Input: 5, Output: 2, Append: true}, {Input: 6, Output: 3, Append: true}}

func parseGraph(tb testing.TB, src string) *ir.Graph {
	tb.Helper()
	g, err := ir.Parse(src)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

// stepper is a session of the graph and its memory.
type stepper struct {
	session *Session
	limits  backend.Limits
	slots   []backend.Slot
	sum     *tensor.Tensor
}

func newStepper(p *Program, batch int) *stepper {
	s := &stepper{session: p.NewSession(), sum: tensor.New(tensor.Float32, batch, 12)}
	s.slots = []backend.Slot{{Rows: backend.NewRows(tensor.Float32, batch, 2, 2, &s.limits)}, {Rows: backend.NewRows(tensor.Float32, batch, 2, 3, &s.limits)},
		{Spare: tensor.New(tensor.Float32, batch, 12)}}
	return s
}

func (s *stepper) step(in []tensor.Value) ([]tensor.Value, error) {
	in[4], in[5], in[6] = nil, nil, s.sum
	out, err := s.session.Step(context.Background(), in, s.slots)
	if err == nil {
		s.sum, s.slots[2].Spare = out[3].(*tensor.Tensor), s.sum
	}
	return out, err
}

func stepInputs(r *rand.Rand, batch, rows, past int) []tensor.Value {
	mask := tensor.New(tensor.Int64, batch, past+rows)
	for i := range mask.Len() {
		mask.SetInt64(i, int64(min(1, r.IntN(4))))
	}
	return []tensor.Value{random(r, batch, rows, 8), random(r, batch, rows, 4), random(r, batch, rows, 6), mask, nil, nil, nil}
}

// TestStep compares steps with the evaluation of the graph on the whole past.
func TestStep(t *testing.T) {
	g := parseGraph(t, stepped)
	for _, unfused := range []bool{false, true} {
		p, err := Compile(g, Options{States: stepStates, Unfused: unfused})
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range []bool{true, true, false} {
			if p.States()[k].Append != want {
				t.Errorf("state %d: appended to: %v", k, !want)
			}
		}
		const batch = 2
		s := newStepper(p, batch)
		pk, pv, sum := tensor.New(tensor.Float32, batch, 2, 0, 2), tensor.New(tensor.Float32, batch, 2, 0, 3), tensor.New(tensor.Float32, batch, 12)
		r := rand.New(rand.NewPCG(1, 2))
		for past := 0; past < 140; {
			rows := 1 + r.IntN(3)*r.IntN(2)
			in := stepInputs(r, batch, rows, past)
			in[4], in[5], in[6] = pk, pv, sum
			want, err := ir.Evaluate(context.Background(), g, in, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.step(in)
			if err != nil {
				t.Fatalf("%d past: %v", past, err)
			}
			past += rows
			pk, pv, sum = want[1].(*tensor.Tensor), want[2].(*tensor.Tensor), want[3].(*tensor.Tensor)
			for k, w := range want {
				x := got[k]
				if k == 1 || k == 2 {
					if x != nil {
						t.Fatalf("result %d is a state that lies elsewhere, got %v", k, x)
					}
					x = s.slots[k-1].Rows.Tensor()
				}
				sameTensor(t, fmt.Sprintf("%d past: result %d", past-rows, k), x.(*tensor.Tensor), w.(*tensor.Tensor))
			}
		}
		if n := len(p.stretched); n == 0 || n > 9 {
			t.Errorf("%d plans for capacities in 140 steps", n)
		}
		if len(p.plans) > 60 { // while the value that becomes shorter is longer than the plan expects
			t.Errorf("%d plans for single lengths", len(p.plans))
		}
	}
}

func sameTensor(t *testing.T, what string, a, b *tensor.Tensor) {
	t.Helper()
	if fmt.Sprint(a.Shape()) != fmt.Sprint(b.Shape()) {
		t.Fatalf("%s is %v, want %v", what, a, b)
	}
	for i := range a.Len() {
		if x, y := a.Float64(i), b.Float64(i); !(math.Abs(x-y) <= 1e-5*max(1, math.Abs(y))) {
			t.Fatalf("%s: element %d is %g, want %g", what, i, x, y)
		}
	}
}

// TestStepAllocations: once there is room, a step allocates what it returns and nothing else.
func TestStepAllocations(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	p, err := Compile(parseGraph(t, strings.Replace(stepped, `"rest" %rest, `, "", 1)), Options{States: stepStates})
	if err != nil {
		t.Fatal(err)
	}
	s, r := newStepper(p, 1), rand.New(rand.NewPCG(1, 2))
	var in [][]tensor.Value
	for past := range 200 {
		in = append(in, stepInputs(r, 1, 1, past))
	}
	past := 0
	step := func() {
		if _, err := s.step(in[past]); err != nil {
			t.Fatal(err)
		}
		past++
	}
	for range 130 {
		step()
	}
	// y, count, and len, which is copied with its shape: a header and memory each.
	if n := testing.AllocsPerRun(50, step); n > 7 {
		t.Errorf("%v allocations in a step", n)
	}
}

// TestStepFails: what goes wrong leaves rows and sums as they are.
func TestStepFails(t *testing.T) {
	p, err := Compile(parseGraph(t, stepped), Options{States: stepStates})
	if err != nil {
		t.Fatal(err)
	}
	s, r := newStepper(p, 1), rand.New(rand.NewPCG(1, 2))
	s.limits.Rows = 10
	if _, err := s.step(stepInputs(r, 1, 8, 0)); err != nil {
		t.Fatal(err)
	}
	sum := s.sum.Clone()
	for _, c := range []struct {
		in   []tensor.Value
		want string
	}{
		{stepInputs(r, 1, 3, 8), "11 positions are more than the limit of 10"},
		{stepInputs(r, 2, 1, 8), `input "pk": want shape`},
		{stepInputs(r, 1, 1, 8)[:6], "takes 7 inputs, got 6"},
		{stepInputs(r, 1, 1, 40000), "the mask of shape [1 1 1 40001] does not broadcast"},
	} {
		if len(c.in) == 7 {
			c.in[6] = s.sum
		}
		if _, err := s.session.Step(context.Background(), c.in, s.slots); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %v, want %q", err, c.want)
		}
		if s.slots[0].Rows.Len() != 8 || s.slots[1].Rows.Len() != 8 || !tensor.Equal(s.sum, sum) {
			t.Fatalf("%s: the states are others", c.want)
		}
	}
	if _, err := s.step(stepInputs(r, 1, 2, 8)); err != nil {
		t.Error(err)
	}
}

// TestNotAppended: states that anything else reads, or that are results too, are handed on whole.
func TestNotAppended(t *testing.T) {
	for _, src := range []string{
		`graph "g"(%q "q": f32[1, S, 4], %pk "pk": f32[1, 1, P, 4], %pv "pv": f32[1, 1, P, 4]) -> ("y" %y, "nk" %nk, "nv" %nv, "z" %z) {
  %y, %nk, %nv, %s = Attention(%q, %q, %q, _, %pk, %pv) {Heads=1}
  %z = Neg(%pk)
}`, `graph "g"(%q "q": f32[1, S, 4], %pk "pk": f32[1, 1, P, 4], %pv "pv": f32[1, 1, P, 4]) -> ("y" %y, "nk" %nk, "nv" %nv, "z" %nk) {
  %y, %nk, %nv, %s = Attention(%q, %q, %q, _, %pk, %pv) {Heads=1}
}`, `graph "g"(%q "q": f32[1, S, 4], %pk "pk": f32[1, 1, P, 4], %pv "pv": f32[1, 1, P, 4]) -> ("y" %y, "nk" %nk, "nv" %nv, "z" %s) {
  %y, %nk, %nv, %s = Attention(%q, %q, %q, _, %pk, %pv) {Heads=1}
}`,
	} {
		p, err := Compile(parseGraph(t, src), Options{States: []backend.State{{Input: 1, Output: 1, Append: true}, {Input: 2, Output: 2, Append: true}}})
		if err != nil {
			t.Fatal(err)
		}
		if s := p.States(); s[0].Append || s[1].Append {
			t.Errorf("%v of\n%s", s, src)
		}
	}
}

// TestIntegerReduction is for the kernels of integers.
func TestIntegerReduction(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, elem := range []tensor.DType{tensor.Int64, tensor.Int32} {
		for _, fn := range []op.ReduceFn{op.ReduceSum, op.ReduceProd} {
			for _, axes := range [][]int64{{0}, {1}, {-1}, {0, 2}, {0, 1, 2}, {1, 2}} {
				x := tensor.New(elem, 3, 2, 5)
				for i := range x.Len() {
					x.SetInt64(i, r.Int64N(5)-2)
				}
				checkOp(t, &op.Reduce{Fn: fn, KeepDims: true}, []*tensor.Tensor{x, tensor.Must(axes, len(axes))}, 1)
			}
		}
	}
}
