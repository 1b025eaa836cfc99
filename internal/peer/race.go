package peer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Result is what a runtime made of a model; times in seconds. Failed says why there is nothing else.
type Result struct {
	Runtime string    `json:"runtime"`
	Failed  string    `json:"failed,omitempty"`
	Load    float64   `json:"load_s,omitempty"`
	First   float64   `json:"first_s,omitempty"`
	Times   []float64 `json:"times_s,omitempty"`
	Peak    float64   `json:"peak_rss_mb,omitempty"`
}

// Median is the median of the times, 0 without any.
func (r Result) Median() float64 { return Median(r.Times) }

// Median is 0 of nothing.
func Median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(x))[len(x)/2]
}

// Seconds writes a time with three digits and a unit.
func Seconds(s float64) string {
	switch {
	case s < 1e-3:
		return fmt.Sprintf("%.3g µs", s*1e6)
	case s < 1:
		return fmt.Sprintf("%.3g ms", s*1e3)
	}
	return fmt.Sprintf("%.3g s", s)
}

// Team is a worker of each runtime on one task, all of them ready.
type Team struct {
	Results []Result // in the order of the runtimes
	workers []*Worker
}

// Assemble starts a worker of each runtime, one after another. A runtime that refuses the model is part of the team and takes no turns.
func Assemble(ctx context.Context, runtimes []Runtime, t Task) (*Team, error) {
	team := &Team{}
	for _, r := range runtimes {
		w, err := Start(ctx, r.Command, t)
		if err != nil {
			team.Disband()
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		team.workers = append(team.workers, w)
		ready, err := w.Ready()
		result := Result{Runtime: r.Name, Load: ready.Load, First: ready.First, Peak: ready.RSS}
		var refused *RefusedError
		if errors.As(err, &refused) {
			result.Failed = refused.Reason
		} else if err != nil {
			team.Disband()
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		team.Results = append(team.Results, result)
	}
	return team, nil
}

// Turns lets each worker that has not failed have as many turns, one at a time and each time in another order.
func (t *Team) Turns(rounds int, turn func(w *Worker, r *Result) error) error {
	for round := range rounds {
		for k := range t.workers {
			i := (round + k) % len(t.workers)
			if t.Results[i].Failed != "" {
				continue
			}
			if err := turn(t.workers[i], &t.Results[i]); err != nil {
				return fmt.Errorf("%s: %w", t.Results[i].Runtime, err)
			}
		}
	}
	return nil
}

// Disband ends all workers.
func (t *Team) Disband() {
	for _, w := range t.workers {
		w.Kill()
	}
}

// Race lets a worker of each runtime run in turns, of up to n runs within a budget.
func Race(ctx context.Context, runtimes []Runtime, task Task, rounds, n int, budget time.Duration) ([]Result, error) {
	t, err := Assemble(ctx, runtimes, task)
	if err != nil {
		return nil, err
	}
	defer t.Disband()
	err = t.Turns(rounds, func(w *Worker, r *Result) error {
		times, err := w.Run(n, budget)
		r.Times = append(r.Times, times...)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = t.Turns(1, func(w *Worker, r *Result) (err error) {
		r.Peak, err = w.Quit()
		return err
	})
	return t.Results, err
}
