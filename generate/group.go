package generate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

// Group writes several sequences in steps that they share, so that the weights of the model are read once for all of them. Generators join
// with a prompt and take part until they end; others may join and leave between steps. What each writes is what it would write alone, but for
// scores that differ by rounding.
//
// A Group and its generators are not safe for concurrent use.
type Group struct {
	// Inputs are given to every step beside the tokens, as for a [Decoder]; their first axis must broadcast to any number of positions.
	Inputs map[string]tensor.Value
	// MaxRows is how many positions a step has at most, so that a long prompt comes in parts between the tokens of the others; 0: no limit. Every
	// generator that goes on has one position at least.
	MaxRows int

	batch *gocompile.Batch
	ports
	active []*Generator
	ready  []outcome // of the last step, which are still to be handed out
	turns  []gocompile.Turn
	tokens []int64
	in     map[string]tensor.Value
}

// NewGroup finds tokens and scores as [NewDecoder] does.
func NewGroup(b *gocompile.Batch) (*Group, error) {
	p, err := findPorts(b.Inputs(), b.Outputs())
	return &Group{batch: b, ports: p, in: map[string]tensor.Value{}}, err
}

// Member is a sequence of a group as a [Source]. It may take steps alone, too.
type Member struct {
	group    *Group
	sequence *gocompile.Sequence
}

// NewMember makes an empty sequence.
func (g *Group) NewMember() *Member { return &Member{g, g.batch.NewSequence()} }

// Next implements [Source].
func (m *Member) Next(ctx context.Context, tokens []int64) ([]float32, error) {
	if len(tokens) == 0 {
		return nil, fmt.Errorf("no tokens to go on from")
	}
	g := m.group
	g.turns, g.tokens = append(g.turns[:0], gocompile.Turn{Sequence: m.sequence, Rows: len(tokens)}), append(g.tokens[:0], tokens...)
	return g.step(ctx)
}

// Truncate implements [Source].
func (m *Member) Truncate(n int) error { return m.sequence.Truncate(n) }

// Fork implements [Source], with another member of the group.
func (m *Member) Fork() (Source, error) {
	s, err := m.sequence.Fork()
	if err != nil {
		return nil, err
	}
	return &Member{m.group, s}, nil
}

// Close gives the memory of the sequence back. The member cannot be used any more.
func (m *Member) Close() { m.sequence.Close() }

// step makes a step of the turns, and returns the scores behind the last token of each, one behind the other.
func (g *Group) step(ctx context.Context) ([]float32, error) {
	for name, x := range g.Inputs {
		g.in[name] = x
	}
	g.in[g.ports.tokens] = g.input(g.tokens, len(g.tokens), 1)
	out, err := g.batch.Step(ctx, g.turns, g.in, gocompile.LastOnly)
	if err != nil {
		return nil, err
	}
	return g.rows(out, len(g.turns))
}

// Join makes a generator, whose source must be a [Member] of the group, take part with a prompt from the next step on, until a condition of its
// options ends it. The prompt may be empty if the sequence is not.
func (g *Group) Join(w *Generator, prompt []int64) error {
	if m, ok := w.source.(*Member); !ok || m.group != g {
		return errors.New("the source of the generator is no member of this group")
	}
	if slices.Contains(g.active, w) {
		return errors.New("the generator takes part already")
	}
	if err := w.begin(prompt); err != nil {
		return err
	}
	g.active = append(g.active, w)
	return nil
}

// Leave ends the part of a generator before a condition does. It keeps its sequence.
func (g *Group) Leave(w *Generator) {
	g.active = slices.DeleteFunc(g.active, func(o *Generator) bool { return o == w })
}

// Event is a token of one of the generators of a group, or its end.
type Event struct {
	Generator *Generator
	Token     Token
	// Silent says that there is no token, because the generator ended before another one was handed out.
	Silent bool
}

// outcome is an event, or the error of a generator.
type outcome struct {
	Event
	err error
}

// Tokens takes steps until no generator takes part any more or the caller leaves the loop; another call goes on. Events of a step are in the order in
// which generators joined. A generator has ended, and does not take part any more, when its Reason is another than Running.
//
// An error that concerns one generator comes with it and ends its part alone. Another one, among them that of ctx, ends the loop.
func (g *Group) Tokens(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			for len(g.ready) > 0 {
				o := g.ready[0]
				g.ready = g.ready[1:]
				if !yield(o.Event, o.err) {
					return
				}
			}
			if len(g.active) == 0 {
				return
			}
			if err := g.advance(ctx); err != nil {
				yield(Event{}, err)
				return
			}
		}
	}
}

// advance takes one step, and has the generators choose whose tokens are all in it.
func (g *Group) advance(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.plan()
	scores, err := g.step(ctx)
	var full *gocompile.FullError
	switch {
	case errors.As(err, &full) && g.endFull(full, err):
		return nil
	case err != nil:
		return err
	}
	size, left := len(scores)/len(g.turns), g.active[:0]
	g.ready = g.ready[:0]
	for i, w := range g.active {
		if w.fed += g.turns[i].Rows; w.fed < len(w.history) {
			left = append(left, w)
			continue
		}
		o := outcome{Event: Event{Generator: w}}
		if o.Token, o.err = w.choose(scores[i*size : (i+1)*size]); o.err == nil {
			if o.Silent = !w.accept(o.Token); o.Silent {
				o.Token = Token{}
			}
		}
		g.ready = append(g.ready, o)
		if o.err == nil && w.reason == Running {
			left = append(left, w)
		}
	}
	clear(g.active[len(left):])
	g.active = left
	return nil
}

// plan decides which tokens the step takes of each generator.
func (g *Group) plan() {
	spare := g.MaxRows - len(g.active)
	g.turns, g.tokens = g.turns[:0], g.tokens[:0]
	for _, w := range g.active {
		next := w.history[w.fed:]
		if g.MaxRows > 0 {
			more := min(len(next)-1, max(spare, 0))
			next, spare = next[:1+more], spare-more
		}
		g.turns = append(g.turns, gocompile.Turn{Sequence: w.source.(*Member).sequence, Rows: len(next)})
		g.tokens = append(g.tokens, next...)
	}
}

// endFull ends the part of generators whose caches have no room for their turn, and reports whether there are any.
func (g *Group) endFull(full *gocompile.FullError, err error) bool {
	left := g.active[:0]
	for i, w := range g.active {
		if g.turns[i].Sequence.Len()+g.turns[i].Rows <= full.Limit {
			left = append(left, w)
			continue
		}
		o := outcome{Event: Event{Generator: w, Silent: true}}
		if w.isFull(err) {
			w.reason = Full
		} else {
			o.err = err
		}
		g.ready = append(g.ready, o)
	}
	clear(g.active[len(left):])
	g.active = left
	return len(g.ready) > 0
}
