package gocompile_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

// explicit runs a model step by step with states that the test hands on: what a Stateful must compute.
type explicit struct {
	tb      testing.TB
	session *gocompile.Session
	states  []gocompile.StatePair
	now     map[string]*tensor.Tensor
	past    int

	positions map[string]int // the axis of each state that has them
}

func newExplicit(tb testing.TB, m *gocompile.Model, s *gocompile.Stateful, batch int) *explicit {
	tb.Helper()
	e := &explicit{tb: tb, session: m.NewSession(), states: s.States(), now: map[string]*tensor.Tensor{}, positions: map[string]int{}}
	for _, in := range m.Inputs() {
		for _, p := range e.states {
			if p.Input != in.Name {
				continue
			}
			shape := make([]int, len(in.Type.Dims))
			for i, d := range in.Type.Dims {
				n, ok := d.IsConst()
				switch {
				case ok:
					shape[i] = int(n)
				case strings.HasPrefix(d.String(), "past"):
					e.positions[in.Name] = i
				default:
					shape[i] = batch
				}
			}
			e.now[p.Input] = tensor.New(in.Type.Elem, shape...)
		}
	}
	return e
}

func (e *explicit) step(inputs map[string]tensor.Value) map[string]tensor.Value {
	e.tb.Helper()
	all := map[string]tensor.Value{}
	for name, x := range inputs {
		all[name] = x
	}
	for name, x := range e.now {
		all[name] = x
	}
	out, err := e.session.Run(context.Background(), all)
	if err != nil {
		e.tb.Fatal(err)
	}
	for _, p := range e.states {
		e.now[p.Input] = out[p.Output].(*tensor.Tensor)
		delete(out, p.Output)
	}
	return out
}

// truncate keeps the first n positions of all states.
func (e *explicit) truncate(n int) {
	for name, t := range e.now {
		axis := e.positions[name]
		limit := append([]int{}, t.Shape()...)
		limit[axis] = n
		c, outer, inner := tensor.New(t.DType(), limit...), 1, 1
		for i, d := range t.Shape() {
			if i < axis {
				outer *= d
			} else if i > axis {
				inner *= d
			}
		}
		for i := range outer {
			copy(tensor.Data[float32](c)[i*n*inner:(i+1)*n*inner], tensor.Data[float32](t)[i*t.Dim(axis)*inner:])
		}
		e.now[name] = c
	}
	e.past = n
}

// tokens makes inputs of a step for a batch: random tokens, and what goes with them where the model takes it. All of them are given where full is set.
func tokens(m *gocompile.Model, r *rand.Rand, batch, past, n int, full bool) map[string]tensor.Value {
	in := map[string]tensor.Value{}
	for _, p := range m.Inputs() {
		ints := func(shape []int, f func(i int) int64) {
			t := tensor.New(tensor.Int64, shape...)
			for i := range t.Len() {
				t.SetInt64(i, f(i))
			}
			in[p.Name] = t
		}
		switch p.Name {
		case "ids", "input_ids":
			ints([]int{batch, n}, func(int) int64 { return r.Int64N(vocabulary) })
		case "attention_mask":
			if full {
				ints([]int{batch, past + n}, func(int) int64 { return 1 })
			}
		case "position_ids":
			if full {
				ints([]int{batch, n}, func(i int) int64 { return int64(past + i%n) })
			}
		}
	}
	return in
}

func equal(tb testing.TB, what string, got, want tensor.Value) {
	tb.Helper()
	near(tb, what, got, want, 2e-6)
}

// near compares tensors of the same shape, with a tolerance relative to the peak.
func near(tb testing.TB, what string, got, want tensor.Value, tolerance float64) {
	tb.Helper()
	a, b := got.(*tensor.Tensor), want.(*tensor.Tensor)
	if !slices.Equal(a.Shape(), b.Shape()) {
		tb.Fatalf("%s is %v, want %v", what, a, b)
	}
	peak := 0.0
	for i := range b.Len() {
		peak = max(peak, math.Abs(b.Float64(i)))
	}
	for i := range a.Len() {
		if x, y := a.Float64(i), b.Float64(i); !(math.Abs(x-y) <= tolerance*peak) {
			tb.Fatalf("%s[%d] of shape %v is %g, want %g", what, i, a.Shape(), x, y)
		}
	}
}

func sameResults(tb testing.TB, got, want map[string]tensor.Value) {
	tb.Helper()
	if len(got) != len(want) {
		tb.Fatalf("%d outputs, want %d", len(got), len(want))
	}
	for name, x := range want {
		equal(tb, name, got[name], x)
	}
}

var decoders = []string{"plain", "mask", "bias", "slopes", "rows", "first", "turned", "stacked"}

// TestStatefulDecoder compares steps of all sizes with runs that are given the whole past, back and forth, beyond what the first cache has room for.
func TestStatefulDecoder(t *testing.T) {
	for _, kind := range decoders {
		for _, batch := range []int{1, 3} {
			t.Run(fmt.Sprint(kind, batch), func(t *testing.T) {
				m := decoder(t, kind).compile()
				checkStateful(t, m, batch, 150)
			})
		}
	}
}

// TestLastOnly: logits, and the last products before them, are computed for one position.
func TestLastOnly(t *testing.T) {
	for _, kind := range decoders {
		s, err := decoder(t, kind).compile().NewStateful()
		if err != nil {
			t.Fatal(err)
		}
		if n, whole := gocompile.LastRows(t, s, vocabulary); n != 1 || whole != 0 {
			t.Errorf("%s: %d of %d products with the vocabulary are for all positions", kind, whole, n)
		}
		want := 2 // of queries and results of two layers; those of the last are needed at its end only
		if kind == "mask" {
			want = 3 // the rows of its mask are not known to be those of the queries
		}
		if n, whole := gocompile.LastRows(t, s, 32); n != 4 || whole != want {
			t.Errorf("%s: %d of %d products of attention are for all positions", kind, whole, n)
		}
		if !gocompile.Appends(s) {
			t.Errorf("%s: states are not appended to", kind)
		}
	}
}

// TestStatefulUnrecognised is TestStatefulDecoder for states that steps cannot append to.
func TestStatefulUnrecognised(t *testing.T) {
	for _, kind := range decoders {
		t.Run(kind, func(t *testing.T) { checkStateful(t, decoder(t, kind).compile(gocompile.WithoutPasses()), 2, 20) })
	}
}

func checkStateful(t *testing.T, m *gocompile.Model, batch, most int) {
	r := rand.New(rand.NewPCG(1, uint64(batch)))
	s, err := m.NewStateful()
	if err != nil {
		t.Fatal(err)
	}
	e := newExplicit(t, m, s, batch)
	for s.Len() < most {
		n := 1 + r.IntN(3)
		if r.IntN(8) == 0 {
			n = 1 + r.IntN(30)
		}
		seed := r.Uint64()
		full := r.IntN(2) == 0
		in := tokens(m, rand.New(rand.NewPCG(seed, 0)), batch, e.past, n, full)
		want := e.step(tokens(m, rand.New(rand.NewPCG(seed, 0)), batch, e.past, n, true))
		var options []gocompile.StepOption
		if r.IntN(2) == 0 {
			options, want["logits"] = append(options, gocompile.LastOnly), lastRow(want["logits"])
		}
		got, err := s.Step(context.Background(), in, options...)
		if err != nil {
			t.Fatal(err)
		}
		sameResults(t, got, want)
		if e.past += n; s.Len() != e.past {
			t.Fatalf("%d positions, want %d", s.Len(), e.past)
		}
		if r.IntN(10) == 0 {
			n := 1 + r.IntN(e.past)
			if err := s.Truncate(n); err != nil {
				t.Fatal(err)
			}
			e.truncate(n)
		}
		if r.IntN(10) == 0 {
			if s, err = s.Fork(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, want := range e.now {
		got, err := s.State(name)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, name, got, want)
	}
	s.Reset()
	if x, err := s.State(s.States()[0].Input); s.Len() != 0 || x != nil || err != nil {
		t.Errorf("after a reset there are %d positions, and the first state is %v, %v", s.Len(), x, err)
	}
	first := tokens(m, r, 1, 0, 4, false) // another batch
	a, err := s.Step(context.Background(), first)
	if err != nil {
		t.Fatal(err)
	}
	sameResults(t, a, newExplicit(t, m, s, 1).step(tokens4(m, first)))
}

// lastRow is the last row of each batch of [batch, rows, size].
func lastRow(x tensor.Value) *tensor.Tensor {
	t := x.(*tensor.Tensor)
	s := t.Shape()
	last := tensor.New(t.DType(), s[0], 1, s[2])
	for b := range s[0] {
		copy(tensor.Data[float32](last)[b*s[2]:(b+1)*s[2]], tensor.Data[float32](t)[((b+1)*s[1]-1)*s[2]:])
	}
	return last
}

// tokens4 adds what goes with four tokens at the beginning.
func tokens4(m *gocompile.Model, first map[string]tensor.Value) map[string]tensor.Value {
	in := tokens(m, rand.New(rand.NewPCG(0, 0)), 1, 0, 4, true)
	in["input_ids"] = first["input_ids"]
	return in
}

// TestStatefulRecurrent: states of recurrent layers are found by what they are, and go on from step to step.
func TestStatefulRecurrent(t *testing.T) {
	m := recurrent(t).compile()
	s, err := m.NewStateful()
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(s.States()); got != "[one ← four two ← three]" {
		t.Errorf("states are %s", got)
	}
	r := rand.New(rand.NewPCG(1, 2))
	e := newExplicit(t, m, s, 2)
	for range 20 {
		in := tokens(m, r, 2, 0, 1+r.IntN(3), true)
		want := e.step(in)
		want["logits"] = lastRow(want["logits"])
		got, err := s.Step(context.Background(), in, gocompile.LastOnly)
		if err != nil {
			t.Fatal(err)
		}
		sameResults(t, got, want)
	}
	f, err := s.Fork()
	if err != nil {
		t.Fatal(err)
	}
	in := tokens(m, r, 2, 0, 1, true)
	a, err := s.Step(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Step(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	sameResults(t, a, b)
	if err := s.Truncate(0); err != nil { // the beginning can be gone back to
		t.Fatal(err)
	}
	if a, err = s.Step(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	sameResults(t, a, newExplicit(t, m, s, 2).step(in))
	if err := s.Truncate(1); err == nil || !strings.Contains(err.Error(), "0 positions, not 1") {
		t.Errorf("going back gives %v", err)
	}
}

func TestStatefulByName(t *testing.T) {
	s, err := filter(t).compile().NewStateful()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []float32{-4, -6, -7} {
		out, err := s.Step(context.Background(), map[string]tensor.Value{"x": tensor.Must([]float32{8}, 1)})
		if err != nil {
			t.Fatal(err)
		}
		if y := tensor.Data[float32](out["y"].(*tensor.Tensor))[0]; y != want {
			t.Errorf("got %g, want %g", y, want)
		}
	}
	if err := s.SetState("mean_state", tensor.Must([]float32{2}, 1)); err != nil {
		t.Fatal(err)
	}
	out, err := s.Step(context.Background(), map[string]tensor.Value{"x": tensor.Must([]float32{0}, 1)})
	if err != nil || tensor.Data[float32](out["y"].(*tensor.Tensor))[0] != -1 {
		t.Errorf("from a state that was set: %v, %v", out, err)
	}
}

// TestSetState goes on in another Stateful from copies of the states.
func TestSetState(t *testing.T) {
	m := decoder(t, "mask").compile()
	r := rand.New(rand.NewPCG(1, 2))
	s, err := m.NewStateful()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Step(context.Background(), tokens(m, r, 1, 0, 9, false)); err != nil {
		t.Fatal(err)
	}
	other, err := m.NewStateful()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.States() {
		x, err := s.State(p.Input)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.SetState(p.Input, x); err != nil {
			t.Fatal(err)
		}
	}
	in := tokens(m, r, 1, 0, 2, false)
	a, err := s.Step(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := other.Step(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	sameResults(t, b, a)
}

// TestStatefulErrors: what is wrong is said, and leaves the states as they are.
func TestStatefulErrors(t *testing.T) {
	m := decoder(t, "mask").compile()
	r := rand.New(rand.NewPCG(1, 2))
	s, err := m.NewStateful(gocompile.WithMaxLen(20))
	if err != nil {
		t.Fatal(err)
	}
	step := func(in map[string]tensor.Value) error {
		_, err := s.Step(context.Background(), in)
		return err
	}
	if err := step(tokens(m, r, 1, 0, 12, false)); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	state := tensor.New(tensor.Float32, 1, 2, 0, 8)
	for _, c := range []struct {
		what, want string
		err        error
	}{
		{"too many positions", "21 positions are more than the limit of 20", step(tokens(m, r, 1, 0, 9, false))},
		{"no tokens", `input "input_ids" is missing; a step takes input_ids: i64[batch, sequence]`, step(nil)},
		{"an unknown input", `the model has no input "x"`, step(map[string]tensor.Value{"x": state})},
		{"a state as input", `"past_key_values.0.key" is a state`, step(map[string]tensor.Value{"past_key_values.0.key": state})},
		{"another batch", "batch = ", step(tokens(m, r, 2, 0, 1, false))},
		{"a token that is not there", "Gather", step(map[string]tensor.Value{"input_ids": tensor.Must([]int64{vocabulary}, 1, 1)})},
		{"to go forward", "there are 12 positions, not 13 to go back to", s.Truncate(13)},
		{"a state of another shape", `state "past_key_values.0.key": want shape`, s.SetState("past_key_values.0.key", tensor.New(tensor.Float32, 1, 2, 3, 9))},
		{"an unknown state", `no state has the input "x"; states are [past_key_values.0.key ← present.0.key`, s.SetState("x", state)},
		{"cancelled", "context canceled", func() error { _, err := s.Step(cancelled, tokens(m, r, 1, 0, 1, false)); return err }()},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %q", c.what, c.err, c.want)
		}
		if s.Len() != 12 {
			t.Fatalf("%s: there are %d positions, want 12", c.what, s.Len())
		}
	}
	var full *gocompile.FullError
	if err := step(tokens(m, r, 1, 0, 9, false)); !errors.As(err, &full) || full.Rows != 21 || full.Limit != 20 {
		t.Errorf("got error %#v", err)
	}
	if err := step(tokens(m, r, 1, 0, 8, false)); err != nil || s.Len() != 20 {
		t.Errorf("up to the limit: %v, %d positions", err, s.Len())
	}
}

func TestNewStatefulErrors(t *testing.T) {
	m := filter(t).compile()
	for _, c := range []struct {
		pairs []gocompile.StatePair
		want  string
	}{
		{[]gocompile.StatePair{{"z", "y"}}, `state z ← y: the model has no input "z"; it has x, mean_state`},
		{[]gocompile.StatePair{{"x", "z"}}, `the model has no output "z"; it has new_mean_state, y`},
		{[]gocompile.StatePair{{"x", "y"}, {"x", "new_mean_state"}}, "part of another state too"},
	} {
		if _, err := m.NewStateful(gocompile.WithStates(c.pairs...)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got error %v, want %q", c.pairs, err, c.want)
		}
	}
	if _, err := m.NewStateful(gocompile.WithStates(gocompile.StatePair{Input: "x", Output: "y"})); err != nil {
		t.Errorf("any pair that fits may be named: %v", err)
	}
	n := newNet(t)
	x := n.input("past.key", tensor.Float32, n.dim("n"))
	n.output("y", x)
	if _, err := n.compile().NewStateful(); err == nil || !strings.Contains(err.Error(), "no output is found that past.key could be") {
		t.Errorf("got error %v", err)
	}
	n = newNet(t)
	n.output("y", n.linear(n.input("x", tensor.Float32, n.dim("n"), n.dim("n")), 3, 3))
	if _, err := n.compile().NewStateful(); err == nil || !strings.Contains(err.Error(), "none of the outputs y is found to be one of the inputs x") {
		t.Errorf("got error %v", err)
	}
}

// TestStatefulMemoryLimit: states count together with intermediate values, and what would be too much is not allocated.
func TestStatefulMemoryLimit(t *testing.T) {
	m := decoder(t, "plain").compile(gocompile.WithMemoryLimit(64 << 10)) // a position takes 256 bytes
	s, err := m.NewStateful()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		if _, err = s.Step(context.Background(), tokens(m, r, 1, 0, 1, true)); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "memory limit") {
		t.Fatalf("got error %v", err)
	}
	if n := s.Len(); n < 100 || n > 256 || s.Bytes() > 64<<10 {
		t.Errorf("%d positions in %d bytes", n, s.Bytes())
	}
}

// TestStatefulsTogether runs sequences side by side that share the weights, and one from several goroutines.
func TestStatefulsTogether(t *testing.T) {
	m := decoder(t, "mask").compile()
	var group sync.WaitGroup
	results := make([]map[string]tensor.Value, 4)
	for i := range results {
		group.Go(func() {
			s, err := m.NewStateful()
			if err != nil {
				t.Error(err)
				return
			}
			r := rand.New(rand.NewPCG(uint64(i/2), 2))
			for range 80 {
				if results[i], err = s.Step(context.Background(), tokens(m, r, 1, 0, 1, false)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	sameResults(t, results[0], results[1])
	sameResults(t, results[2], results[3])
	shared, err := m.NewStateful()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		group.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 2))
			for range 20 {
				if _, err := shared.Step(context.Background(), tokens(m, r, 1, 0, 1, false)); err != nil {
					t.Error(err)
				}
				if f, err := shared.Fork(); err != nil || f.Len() == 0 {
					t.Error(f.Len(), err)
				}
			}
		})
	}
	group.Wait()
	if shared.Len() != 80 {
		t.Errorf("%d positions after 80 steps", shared.Len())
	}
}
