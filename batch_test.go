package gocompile_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// together is a Batch whose every sequence has a Stateful of its own beside it, which does the same alone.
type together struct {
	t      *testing.T
	m      *gocompile.Model
	r      *rand.Rand
	batch  *gocompile.Batch
	tokens string
	size   int64
	pairs  []pair
	alone  []gocompile.StatefulOption

	tolerance float64
	singly    bool // steps have one position a turn
}

type pair struct {
	sequence *gocompile.Sequence
	alone    *gocompile.Stateful
}

func newTogether(t *testing.T, m *gocompile.Model, size int64, options ...gocompile.StatefulOption) *together {
	t.Helper()
	b, err := m.NewBatch(options...)
	if err != nil {
		t.Fatal(err)
	}
	w := &together{t: t, m: m, alone: options, r: rand.New(rand.NewPCG(1, 2)), batch: b, size: size, tolerance: 2e-6}
	for _, p := range b.Inputs() {
		if p.Name == "ids" || p.Name == "input_ids" {
			w.tokens = p.Name
		}
	}
	return w
}

// join adds a sequence without positions, leave takes one away, and divide copies one.
func (w *together) join() {
	alone, err := w.m.NewStateful(w.alone...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.pairs = append(w.pairs, pair{w.batch.NewSequence(), alone})
}

func (w *together) leave() {
	i := w.r.IntN(len(w.pairs))
	w.pairs[i].sequence.Close()
	w.pairs = append(w.pairs[:i], w.pairs[i+1:]...)
}

func (w *together) divide() {
	p := w.pairs[w.r.IntN(len(w.pairs))]
	s, err := p.sequence.Fork()
	if err != nil {
		w.t.Fatal(err)
	}
	alone, err := p.alone.Fork()
	if err != nil {
		w.t.Fatal(err)
	}
	w.pairs = append(w.pairs, pair{s, alone})
}

// step takes turns of some sequences, in any order, and compares their results with those of each alone.
func (w *together) step(rows func() int, options ...gocompile.StepOption) {
	w.t.Helper()
	var turns []gocompile.Turn
	var all []int64
	var want []map[string]tensor.Value
	for _, i := range w.r.Perm(len(w.pairs))[:1+w.r.IntN(len(w.pairs))] {
		p, n := w.pairs[i], rows()
		ids := make([]int64, n)
		for j := range ids {
			ids[j] = w.r.Int64N(w.size)
		}
		turns, all = append(turns, gocompile.Turn{Sequence: p.sequence, Rows: n}), append(all, ids...)
		one, err := p.alone.Step(context.Background(), map[string]tensor.Value{w.tokens: tensor.Must(ids, 1, n)}, options...)
		if err != nil {
			w.t.Fatal(err)
		}
		want = append(want, one)
	}
	got, err := w.batch.Step(context.Background(), turns, map[string]tensor.Value{w.tokens: tensor.Must(all, len(all), 1)}, options...)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, x := range got {
		x, at := x.(*tensor.Tensor), 0
		for i, one := range want {
			y := one[name].(*tensor.Tensor)
			size := len(y.Bytes())
			part := tensor.View(y.DType(), y.Shape(), x.Bytes()[at:at+size])
			near(w.t, fmt.Sprintf("%s of turn %d of %v", name, i, turns), part, y, w.tolerance)
			at += size
		}
		if at != len(x.Bytes()) {
			w.t.Fatalf("%s has shape %v for turns %v", name, x.Shape(), turns)
		}
	}
}

// live lets sequences come, go on in steps of prompts and single tokens, go back, divide and leave.
func (w *together) live(steps int) {
	for range steps {
		if n := len(w.pairs); n == 0 || n < 6 && w.r.IntN(4) == 0 {
			w.join()
		} else if w.r.IntN(12) == 0 {
			w.divide()
		} else if n > 1 && w.r.IntN(8) == 0 {
			w.leave()
		}
		if p := w.pairs[w.r.IntN(len(w.pairs))]; w.r.IntN(6) == 0 && p.alone.Len() > 0 {
			n := w.r.IntN(p.alone.Len())
			if err := errors.Join(p.sequence.Truncate(n), p.alone.Truncate(n)); err != nil {
				w.t.Fatal(err)
			}
		}
		rows := func() int { return 1 + w.r.IntN(5)*w.r.IntN(2)*w.r.IntN(8) }
		if w.singly || w.r.IntN(2) == 0 {
			rows = func() int { return 1 }
		}
		var options []gocompile.StepOption
		if w.r.IntN(2) == 0 {
			options = append(options, gocompile.LastOnly)
		}
		w.step(rows, options...)
		for _, p := range w.pairs {
			if a, b := p.sequence.Len(), p.alone.Len(); a != b {
				w.t.Fatalf("a sequence has %d positions, want %d", a, b)
			}
		}
	}
}

func TestBatch(t *testing.T) {
	for _, kind := range decoders {
		t.Run(kind, func(t *testing.T) { newTogether(t, decoder(t, kind).compile(), vocabulary).live(120) })
	}
}

// TestZooBatch does the same with real models, and says which cannot.
func TestZooBatch(t *testing.T) {
	for name, refusal := range map[string]string{
		"alibi_decoder_dynamo":      "",
		"gpt2_small_dynamo":         "",
		"llama_mini_dynamo":         "",
		"llama_mini_opset23_dynamo": "",
		"lstm_lm_ts":                `state "h0" is not keys or values`,
		"smollm2_135m_dynamo":       "",
		"smollm2_135m_genai_fp32":   "",
	} {
		t.Run(name, func(t *testing.T) {
			m := zooModel(t, name)
			if refusal != "" {
				if _, err := m.NewBatch(); err == nil || !strings.Contains(err.Error(), refusal) {
					t.Errorf("got error %v", err)
				}
				return
			}
			w, steps := newTogether(t, m, vocabulary), 40
			if strings.HasPrefix(name, "smollm2") {
				steps, w.tolerance = 8, 1e-5 // sums in another order, through 30 layers
			}
			w.live(steps)
		})
	}
}

// TestBatchEnds: the last positions of prompts alone meet the vocabulary.
func TestBatchEnds(t *testing.T) {
	b, err := decoder(t, "mask").compile().NewBatch()
	if err != nil {
		t.Fatal(err)
	}
	if n, whole := gocompile.EndRows(t, b, vocabulary); n != 1 || whole != 0 {
		t.Errorf("%d of %d products with the vocabulary are for all positions", whole, n)
	}
}

func TestBatchErrors(t *testing.T) {
	m := decoder(t, "mask").compile()
	b, err := m.NewBatch(gocompile.WithMaxLen(20))
	if err != nil {
		t.Fatal(err)
	}
	other, err := m.NewBatch()
	if err != nil {
		t.Fatal(err)
	}
	s, long, closed := b.NewSequence(), b.NewSequence(), b.NewSequence()
	closed.Close()
	step := func(ids int, turns ...gocompile.Turn) error {
		_, err := b.Step(context.Background(), turns, map[string]tensor.Value{"input_ids": tensor.New(tensor.Int64, ids, 1)})
		return err
	}
	if err := step(15, gocompile.Turn{Sequence: s, Rows: 3}, gocompile.Turn{Sequence: long, Rows: 12}); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	wrong := func(in map[string]tensor.Value) error {
		_, err := b.Step(context.Background(), []gocompile.Turn{{Sequence: s, Rows: 1}}, in)
		return err
	}
	for _, c := range []struct {
		what, want string
		err        error
	}{
		{"no turn", "a turn of one sequence at least", step(1)},
		{"a turn of none", "turn 0 is not of a sequence of this batch", step(1, gocompile.Turn{Rows: 1})},
		{"a sequence of another batch", "turn 1 is not of a sequence of this batch", step(2, gocompile.Turn{Sequence: s, Rows: 1}, gocompile.Turn{Sequence: other.NewSequence(), Rows: 1})},
		{"a closed sequence", "turn 0 is of a sequence that was closed", step(1, gocompile.Turn{Sequence: closed, Rows: 1})},
		{"two turns", "turn 1 is of a sequence that has another turn", step(2, gocompile.Turn{Sequence: s, Rows: 1}, gocompile.Turn{Sequence: s, Rows: 1})},
		{"no rows", "turn 0 has 0 rows", step(0, gocompile.Turn{Sequence: s})},
		{"too few tokens", "of shape [2 1] has not one position in a batch for each row", step(2, gocompile.Turn{Sequence: s, Rows: 3})},
		{"too many tokens", "of shape [4 1] has more than one position in a batch for each row of all turns, which are 3", step(4, gocompile.Turn{Sequence: s, Rows: 3})},
		{"more rows than memory", "has not one position", step(2, gocompile.Turn{Sequence: s, Rows: 1 << 60})},
		{"too many positions", "21 positions are more than the limit of 20", step(11, gocompile.Turn{Sequence: s, Rows: 2}, gocompile.Turn{Sequence: long, Rows: 9})},
		{"no tokens", `input "input_ids" is missing`, wrong(nil)},
		{"an unknown input", `the model has no input "x"`, wrong(map[string]tensor.Value{"x": tensor.Scalar(float32(1))})},
		{"a token that is not there", "Gather", wrong(map[string]tensor.Value{"input_ids": tensor.Must([]int64{vocabulary}, 1, 1)})},
		{"positions of another shape", "position_ids", wrong(map[string]tensor.Value{"input_ids": tensor.Must([]int64{1}, 1, 1), "position_ids": tensor.Must([]int64{1, 2}, 1, 2)})},
		{"to go forward", "there are 3 positions, not 4 to go back to", s.Truncate(4)},
		{"cancelled", "context canceled", func() error {
			_, err := b.Step(cancelled, []gocompile.Turn{{Sequence: s, Rows: 1}}, map[string]tensor.Value{"input_ids": tensor.Must([]int64{1}, 1, 1)})
			return err
		}()},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %q", c.what, c.err, c.want)
		}
		if s.Len() != 3 || long.Len() != 12 {
			t.Fatalf("%s: there are %d and %d positions, want 3 and 12", c.what, s.Len(), long.Len())
		}
	}
	if _, err := closed.Fork(); err == nil {
		t.Error("a closed sequence can be forked")
	}
	var full *gocompile.FullError
	if err := step(9, gocompile.Turn{Sequence: long, Rows: 9}); !errors.As(err, &full) {
		t.Errorf("got error %v", err)
	}
}

// TestBatchCounted: models that count positions from the length of their cache, which differs by sequence here.
func TestBatchCounted(t *testing.T) {
	for _, how := range []string{"table", "angles", "scalar", "input"} {
		t.Run(how, func(t *testing.T) {
			w := newTogether(t, counted(t, how).compile(), vocabulary)
			w.singly = how == "scalar" // which counts what was before a step
			w.live(60)
		})
	}
}

// TestNewBatchErrors: models whose sequences cannot be kept apart are refused, by what keeps them together.
func TestNewBatchErrors(t *testing.T) {
	for _, c := range []struct {
		what, want string
		n          *net
	}{
		{"recurrent", `state "one" is not keys or values that a step appends to`, recurrent(t)},
		{"counted", "positions could come from an input such as position_ids", counted(t, "sum")},
		{"result", "positions could come from an input such as position_ids", counted(t, "result")},
	} {
		if _, err := c.n.compile().NewBatch(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %q", c.what, err, c.want)
		}
	}
	if _, err := decoder(t, "mask").compile(gocompile.WithDim("batch", 1)).NewBatch(); err == nil || !strings.Contains(err.Error(), `the batch of input "input_ids" is always 1`) {
		t.Errorf("one batch: got error %v", err)
	}
}

// counted is a decoder that counts positions, in one way or another, from the length of its cache.
func counted(t *testing.T, how string) *net {
	const size = 8
	n := newNet(t)
	b, s, past := n.dim("batch"), n.dim("sequence"), n.dim("past")
	ids := n.input("input_ids", tensor.Int64, b, s)
	count := func(e sym.Expr) *ir.Value { return n.add(&ir.Dims{Elem: tensor.Int64, Exprs: []sym.Expr{e}}) }
	integer := func(i int64) *ir.Value { return n.g.Const(tensor.Scalar(i)) }
	positions := n.add(&op.Range{}, count(past), count(past.Add(s)), integer(1))
	x := n.add(&op.Gather{}, n.weight(vocabulary, size), ids)
	angles := func(x *ir.Value) *ir.Value {
		x = n.add(&op.Reshape{}, n.add(&op.Cast{To: tensor.Float32}, x), n.ints(-1, 1))
		return n.add(&op.Binary{Fn: op.Mul}, x, n.g.Const(tensor.Must([]float32{1, 0.5, 0.1, 0.01}, 4)))
	}
	q, k, v := n.linear(x, size, size), n.linear(x, size, size), n.linear(x, size, size)
	switch how {
	case "table":
		x = n.add(&op.Binary{Fn: op.Add}, x, n.add(&op.Gather{}, n.weight(300, size), positions))
		q, k, v = n.linear(x, size, size), n.linear(x, size, size), n.linear(x, size, size)
	case "angles":
		a := angles(n.add(&op.Binary{Fn: op.Add}, n.add(&op.Range{}, integer(0), count(s), integer(1)), count(past)))
		q = n.add(&op.Rotary{Heads: 1}, q, n.add(&op.Unary{Fn: op.Cos}, a), n.add(&op.Unary{Fn: op.Sin}, a))
		k = n.add(&op.Rotary{Heads: 1}, k, n.add(&op.Unary{Fn: op.Cos}, a), n.add(&op.Unary{Fn: op.Sin}, a))
	case "scalar": // attention whose temperature depends on how much there is
		f := n.add(&op.Unary{Fn: op.Log}, n.add(&op.Binary{Fn: op.Add}, n.add(&op.Cast{To: tensor.Float32}, count(past)), n.scalar(2)))
		q = n.add(&op.Binary{Fn: op.Mul}, q, f)
	case "input":
		p := angles(n.input("cache_position", tensor.Int64, s))
		v = n.add(&op.Binary{Fn: op.Add}, v, n.add(&op.Concat{Axis: 1}, n.add(&op.Unary{Fn: op.Cos}, p), n.add(&op.Unary{Fn: op.Sin}, p)))
	case "sum":
		v = n.add(&op.Binary{Fn: op.Add}, v, n.add(&op.Cast{To: tensor.Float32}, n.add(&op.Reduce{Fn: op.ReduceSum}, positions, n.ints(0))))
	case "result":
		n.output("positions", positions)
	}
	y := n.cached("plain", 0, n.add(&op.Concat{Axis: 2}, q, q), k, v, []sym.Expr{b, sym.Int(1), past, sym.Int(size)}, nil, nil, nil)
	n.output("logits", n.linear(y, 2*size, vocabulary))
	return n
}

// TestBatchMemoryLimit: sequences count together, and what one gives back another can have.
func TestBatchMemoryLimit(t *testing.T) {
	b, err := decoder(t, "plain").compile(gocompile.WithMemoryLimit(128 << 10)).NewBatch() // a position takes 256 bytes, 64 of them are the least
	if err != nil {
		t.Fatal(err)
	}
	var all []*gocompile.Sequence
	grow := func() error {
		s := b.NewSequence()
		all = append(all, s)
		_, err := b.Step(context.Background(), []gocompile.Turn{{Sequence: s, Rows: 1}}, map[string]tensor.Value{"input_ids": tensor.Must([]int64{1}, 1, 1)})
		return err
	}
	for err = error(nil); err == nil; err = grow() {
		if len(all) > 100 {
			t.Fatal("there is no limit")
		}
	}
	if n := len(all); !strings.Contains(err.Error(), "memory limit") || n < 5 || b.Bytes() > 128<<10 {
		t.Fatalf("after %d sequences, %d bytes: %v", n, b.Bytes(), err)
	}
	all[0].Close()
	all[1].Close()
	if err := grow(); err != nil {
		t.Error(err)
	}
}

// TestBatchConcurrently steps from several goroutines, each with sequences of its own.
func TestBatchConcurrently(t *testing.T) {
	m := decoder(t, "mask").compile()
	b, err := m.NewBatch()
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	results := make([]map[string]tensor.Value, 4)
	for i := range results {
		group.Go(func() {
			s, r := b.NewSequence(), rand.New(rand.NewPCG(uint64(i/2), 2))
			for range 40 {
				ids := tensor.Must([]int64{r.Int64N(vocabulary)}, 1, 1)
				var err error
				if results[i], err = b.Step(context.Background(), []gocompile.Turn{{Sequence: s, Rows: 1}}, map[string]tensor.Value{"input_ids": ids}); err != nil {
					t.Error(err)
					return
				}
			}
			if s.Len() != 40 {
				t.Errorf("%d positions", s.Len())
			}
		})
	}
	group.Wait()
	if !t.Failed() {
		sameResults(t, results[0], results[1])
		sameResults(t, results[2], results[3])
	}
}
