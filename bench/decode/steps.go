package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/roof"
	"github.com/gocompile/gocompile/internal/peer"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// step is one of a model that writes a token, and what it must read for that.
type step struct {
	model, weights string
	context        int     // tokens that the states keep something of; 0 where states do not grow
	constants      int64   // bytes of weights that are read
	states         int64   // bytes of states that are read
	bandwidth      float64 // at which the processor reads so many bytes again and again, in bytes a second
	took           float64 // seconds
}

func (s step) bytes() int64 { return s.constants + s.states }

// bound is the time of reading all of it, in seconds.
func (s step) bound() float64 { return float64(s.bytes()) / s.bandwidth }

// recurrent are the models whose steps are measured beside that of race.
var recurrent = []string{"lstm_lm_ts", "gru_lm_ts"}

// measureSteps holds what the programs of this project took against the bandwidth, and measures recurrent models.
func measureSteps(ctx context.Context, o options, programs []program) ([]step, error) {
	limits, err := measureLimits(o.threads)
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, name := range recurrent {
		for _, w := range o.weights {
			s := step{model: name, weights: w}
			if err := s.measure(ctx, o, 1000); err != nil {
				fmt.Fprintf(os.Stderr, "%s in %s fails: %v\n", name, w, err)
				continue
			}
			steps = append(steps, s)
		}
	}
	for _, p := range programs {
		if p.weights == "" || p.failed != "" {
			continue
		}
		s := step{model: model, weights: p.weights}
		if err := s.measure(ctx, o, 0); err != nil {
			return nil, fmt.Errorf("%s in %s: %w", model, p.weights, err)
		}
		row := s.states // of one token
		for k, length := range o.contexts {
			s.context, s.states, s.took = length, row*int64(length), peer.Median(p.at[k].next)
			steps = append(steps, s)
		}
	}
	after, err := measureLimits(o.threads)
	if err != nil {
		return nil, err
	}
	for i := range steps {
		s := &steps[i]
		s.bandwidth = max(limits.Rate(s.bytes()), after.Rate(s.bytes()))
		fmt.Fprintf(os.Stderr, "%-24s %-9s context %5d  %6.1f MB a token, %s at least, took %s\n", s.model, s.weights, s.context, float64(s.bytes())/1e6, peer.Seconds(s.bound()), peer.Seconds(s.took))
	}
	return steps, nil
}

// measureLimits takes the best of several measurements.
func measureLimits(threads int) (roof.Limits, error) {
	l, err := level.Current()
	if err != nil {
		return roof.Limits{}, err
	}
	best := roof.Measure(l, threads)
	for range 4 {
		for i, b := range roof.Measure(l, threads).Reads {
			best.Reads[i].Rate = max(best.Reads[i].Rate, b.Rate)
		}
	}
	return best, nil
}

// measure sets what a step of one token reads, with states of one token, and how long it takes, as the median of n.
func (s *step) measure(ctx context.Context, o options, n int) error {
	format, err := gocompile.ParseWeights(s.weights)
	if err != nil {
		return err
	}
	m, err := gocompile.Load(o.file(s.model), gocompile.WithThreads(o.threads), format)
	if err != nil {
		return err
	}
	defer m.Close()
	steps, err := m.NewStateful()
	if err != nil {
		return err
	}
	in := map[string]tensor.Value{}
	for _, p := range steps.Inputs() {
		if rank, ok := p.Type.Rank(); !ok || rank != 2 || p.Type.Elem != tensor.Int64 {
			return fmt.Errorf("input %v is neither tokens nor what goes with them", p)
		}
		if p.Name != "attention_mask" {
			in[p.Name] = tensor.New(tensor.Int64, 1, 1)
		}
	}
	if _, err := steps.Step(ctx, in); err != nil {
		return err
	}
	if err := s.reads(ctx, m, steps, in); err != nil {
		return err
	}
	var times []float64
	for begin := time.Now(); len(times) < n && time.Since(begin) < 2*time.Second; {
		before := time.Now()
		if _, err := steps.Step(ctx, in); err != nil {
			return err
		}
		times = append(times, time.Since(before).Seconds())
	}
	s.took = peer.Median(times)
	return nil
}

// reads sets how many bytes of constants, and of states after one token, a step of one token reads. It is told by an observer of a plain run.
func (s *step) reads(ctx context.Context, m *gocompile.Model, steps *gocompile.Stateful, in map[string]tensor.Value) error {
	in = maps.Clone(in)
	for _, p := range steps.Inputs() {
		if p.Name == "attention_mask" {
			in[p.Name] = tensor.Must([]int64{1, 1}, 1, 2)
		}
	}
	for _, pair := range steps.States() {
		x, err := steps.State(pair.Input)
		if err != nil {
			return err
		}
		s.states += int64(len(x.Bytes()))
		in[pair.Input] = x
	}
	watched := m.NewSession(gocompile.WithObserver(func(e backend.Event) {
		n := e.Work.Constants
		if strings.HasSuffix(s.weights, "16") && slices.ContainsFunc(e.Step.Nodes, multiplies) {
			n /= 2 // in the graph they are float32
		}
		s.constants += n
	}))
	_, err := watched.Run(ctx, in)
	return err
}

// multiplies reports whether a node has matrices that are kept in a format of weights.
func multiplies(n *ir.Node) bool {
	switch n.Op.(type) {
	case *op.MatMul, *op.LSTM, *op.GRU:
		return true
	}
	return false
}
