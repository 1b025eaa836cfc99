package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/gocompile/gocompile/internal/peer"
)

// result is what a runtime made of a model; times in seconds. Failed says why there is nothing else.
type result struct {
	runtime string
	failed  string
	load    float64
	first   float64
	times   []float64
	peak    float64 // MB
}

func (r result) median() float64 {
	if len(r.times) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(r.times))
	return s[len(s)/2]
}

func (r result) text() string {
	if r.failed != "" {
		return r.runtime + " failed: " + r.failed
	}
	return fmt.Sprintf("%s load %s, median %s, %.0f MB", r.runtime, seconds(r.load), seconds(r.median()), r.peak)
}

// race starts a worker of each runtime and lets them run in turns.
func race(o options, dir string) ([]result, error) {
	results := make([]result, len(o.peers))
	workers := make([]*peer.Worker, len(o.peers))
	for i, p := range o.peers {
		results[i].runtime = p.name
		w, err := peer.Start(context.Background(), p.command, peer.Task{Model: filepath.Join(dir, "model.onnx"), Inputs: filepath.Join(dir, "test_data_set_0"), Threads: o.threads})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		defer w.Kill()
		ready, err := w.Ready()
		var refused *peer.RefusedError
		if errors.As(err, &refused) {
			results[i].failed = refused.Reason
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		workers[i], results[i].load, results[i].first = w, ready.Load, ready.First
	}
	for turn := range o.rounds {
		for k := range workers {
			i := (turn + k) % len(workers)
			if results[i].failed != "" {
				continue
			}
			times, err := workers[i].Run(1000, o.budget)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", results[i].runtime, err)
			}
			results[i].times = append(results[i].times, times...)
		}
	}
	for i, w := range workers {
		if results[i].failed != "" {
			continue
		}
		var err error
		if results[i].peak, err = w.Quit(); err != nil {
			return nil, fmt.Errorf("%s: %w", results[i].runtime, err)
		}
	}
	return results, nil
}
