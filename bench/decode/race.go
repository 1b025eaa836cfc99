package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"slices"

	"github.com/gocompile/gocompile/internal/peer"
)

// program is one that writes, and what was measured of it.
type program struct {
	name    string // of the runtime, and the format of weights
	weights string // the format, empty for another runtime
	failed  string // why there is nothing else
	peak    float64
	at      []timing // by context
}

// timing is what was measured at a context, in seconds.
type timing struct {
	first []float64 // from the prompt to the token after it
	next  []float64 // each one more
	ids   []int64   // what was written
}

//go:embed genai.py
var genai string

// race has the programs write in turns.
func race(ctx context.Context, o options) ([]program, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var all []program
	var runtimes []peer.Runtime
	add := func(name, weights string, command ...string) {
		all = append(all, program{name: name, weights: weights, at: make([]timing, len(o.contexts))})
		runtimes = append(runtimes, peer.Runtime{Name: name, Command: command})
	}
	for _, w := range o.weights {
		add("gocompile "+w, w, self, "-worker", "-weights", w)
	}
	if o.python != "" {
		add("onnxruntime-genai", "", o.python, "-c", genai)
	}
	team, err := peer.Assemble(ctx, runtimes, peer.Task{Model: o.file(model), Threads: o.threads})
	if err != nil {
		return nil, err
	}
	defer team.Disband()
	of := func(r *peer.Result) *program {
		return &all[slices.IndexFunc(all, func(p program) bool { return p.name == r.Runtime })]
	}
	for i, r := range team.Results {
		if all[i].failed = r.Failed; r.Failed != "" {
			fmt.Fprintf(os.Stderr, "%s fails: %s\n", r.Runtime, r.Failed)
		}
	}
	for k, length := range o.contexts {
		prompt, err := promptOf(length)
		if err != nil {
			return nil, err
		}
		err = team.Turns(min(3, 2+1024/length), func(w *peer.Worker, r *peer.Result) error {
			t, err := w.Prompt(prompt)
			at := &of(r).at[k]
			at.first, at.ids = append(at.first, t.Times...), t.IDs
			return err
		})
		if err != nil {
			return nil, err
		}
		err = team.Turns(o.rounds, func(w *peer.Worker, r *peer.Result) error {
			t, err := w.Tokens(o.tokens)
			at := &of(r).at[k]
			at.next, at.ids = append(at.next, t.Times...), append(at.ids, t.IDs...)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			if p.failed == "" {
				fmt.Fprintf(os.Stderr, "%5d tokens  %-20s first token %s, then %.1f a second\n", length, p.name, peer.Seconds(slices.Min(p.at[k].first)), 1/peer.Median(p.at[k].next))
			}
		}
	}
	return all, team.Turns(1, func(w *peer.Worker, r *peer.Result) (err error) {
		of(r).peak, err = w.Quit()
		return err
	})
}
