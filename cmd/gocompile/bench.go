package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v3"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:        "bench",
		Usage:       "measure a model",
		ArgsUsage:   "MODEL",
		Description: "Runs the model on the same inputs again and again and shows how long a run takes. Inputs are given or made up as for run.",
		Flags: append(append(inputFlags(),
			&cli.IntFlag{Name: "runs", Value: 1000, Usage: "measure at most `N` runs"},
			&cli.DurationFlag{Name: "time", Value: 3 * time.Second, Usage: "begin no run after `DURATION`"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON, times in seconds"},
		), modelFlags()...),
		Action: benchAction,
	}
}

// measured is what bench finds out.
type measured struct {
	Model   string  `json:"model"`
	Load    float64 `json:"load_s"`
	First   float64 `json:"first_s"`
	Runs    int     `json:"runs"`
	Median  float64 `json:"median_s"`
	P90     float64 `json:"p90_s"`
	P99     float64 `json:"p99_s"`
	Least   float64 `json:"min_s"`
	Arena   int     `json:"arena_bytes"`
	PerRun  uint64  `json:"allocated_bytes_per_run"` // outputs included
	Peak    int64   `json:"peak_rss_bytes,omitempty"`
	Threads int     `json:"threads"`
}

func benchAction(ctx context.Context, c *cli.Command) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	if c.Int("runs") < 1 || c.Duration("time") <= 0 {
		return usagef("--runs and --time must be positive")
	}
	p := newProgress(c.Root().ErrWriter)
	m, loaded, err := t.load(ctx, p)
	if err != nil {
		return err
	}
	defer m.Close()
	named, err := inputsOf(c, m, t.dims)
	if err != nil {
		return err
	}
	session := m.NewSession()
	begin := time.Now()
	if _, err := session.Run(ctx, named); err != nil {
		return err
	}
	r := measured{Model: t.path, Load: loaded.Seconds(), First: time.Since(begin).Seconds(), Threads: c.Int("threads")}
	if r.Threads == 0 {
		r.Threads = runtime.GOMAXPROCS(0)
	}
	done := p.spin("measuring " + t.path)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var times []float64
	for end := time.Now().Add(c.Duration("time")); len(times) == 0 || len(times) < c.Int("runs") && time.Now().Before(end); {
		begin := time.Now()
		if _, err := session.Run(ctx, named); err != nil {
			done()
			return err
		}
		times = append(times, time.Since(begin).Seconds())
	}
	runtime.ReadMemStats(&after)
	done()
	slices.Sort(times)
	r.Runs, r.Median, r.P90, r.P99, r.Least = len(times), quantile(times, 0.5), quantile(times, 0.9), quantile(times, 0.99), times[0]
	r.Arena, r.PerRun, r.Peak = session.ArenaBytes(), (after.TotalAlloc-before.TotalAlloc)/uint64(len(times)), peakRSS()
	if c.Bool("json") {
		return json.NewEncoder(c.Root().Writer).Encode(r)
	}
	return r.show(newPage(c.Root().Writer))
}

func (r measured) show(p *page) error {
	s := func(seconds float64) string { return short(time.Duration(seconds * 1e9)) }
	rows := [][]string{
		{"compile", s(r.Load)},
		{"first run", s(r.First)},
		{"median", fmt.Sprintf("%s of %d runs on %d threads", s(r.Median), r.Runs, r.Threads)},
		{"p90", s(r.P90)},
		{"p99", s(r.P99)},
		{"least", s(r.Least)},
		{"intermediate values", size(int64(r.Arena))},
		{"allocated in a run", size(int64(r.PerRun))},
	}
	if r.Peak > 0 {
		rows = append(rows, []string{"memory of the process", size(r.Peak) + " at most"})
	}
	p.table("", nil, rows)
	return p.err
}

// quantile is the smallest of sorted numbers that at least a share q of them does not exceed.
func quantile(sorted []float64, q float64) float64 {
	i := int(q*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
