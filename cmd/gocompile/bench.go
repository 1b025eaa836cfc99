package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/internal/machine"
	"github.com/gocompile/gocompile/tensor"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:      "bench",
		Usage:     "measure a model",
		ArgsUsage: "MODEL",
		Description: "Runs the model on the same inputs again and again and shows how long a run takes, its arithmetic a second, and how much of the peak of multiply-adds that is. " +
			"Inputs are given or made up as for run. With --python it measures onnxruntime too, in turns and on the same inputs, in a process of its own.",
		Flags: append(append(inputFlags(),
			&cli.IntFlag{Name: "runs", Value: 1000, Usage: "measure at most `N` runs"},
			&cli.DurationFlag{Name: "time", Value: 3 * time.Second, Usage: "begin no run after `DURATION`, of each runtime"},
			&cli.StringFlag{Name: "python", Usage: "a `PYTHON` that has onnxruntime, onnx and numpy, to measure onnxruntime too"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON, times in seconds"},
		), modelFlags()...),
		Action: benchAction,
	}
}

// measured is what bench finds out.
type measured struct {
	Model string `json:"model"`
	timing
	Arena   int     `json:"arena_bytes"`
	PerRun  uint64  `json:"allocated_bytes_per_run"` // outputs included
	Threads int     `json:"threads"`
	Level   string  `json:"level"`
	Flops   int64   `json:"flops"`
	Rate    float64 `json:"flops_per_s"`
	Peak    float64 `json:"peak_flops_per_s"`
	Peer    *rival  `json:"onnxruntime,omitempty"`
}

// timing is how long things took, in seconds.
type timing struct {
	Load   float64 `json:"load_s"`
	First  float64 `json:"first_s"`
	Runs   int     `json:"runs"`
	Median float64 `json:"median_s"`
	P90    float64 `json:"p90_s"`
	P99    float64 `json:"p99_s"`
	Least  float64 `json:"min_s"`
	Memory int64   `json:"peak_rss_bytes,omitempty"` // of the process
}

// rival is another runtime.
type rival struct {
	Name string `json:"name"`
	timing
	Ratio float64 `json:"ratio"` // of our median to its
}

const turns = 5 // of each runtime

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
	b := &bench{session: m.NewSession(gocompile.WithReusedResults()), named: named}
	begin := time.Now()
	if err := b.run(ctx); err != nil {
		return err
	}
	r := measured{Model: t.path, Threads: c.Int("threads"), timing: timing{Load: loaded.Seconds(), First: time.Since(begin).Seconds()}}
	if r.Threads == 0 {
		r.Threads = runtime.GOMAXPROCS(0)
	}
	var other *opponent
	if python := c.String("python"); python != "" {
		done := p.spin("loading " + t.path + " with onnxruntime")
		other, err = challenge(ctx, python, t.path, named, r.Threads)
		done()
		if err != nil {
			return fmt.Errorf("--python %s: %w", python, err)
		}
		defer other.close()
	}
	done := p.spin("measuring " + t.path)
	defer done()
	for range turns {
		if err := b.measure(ctx, (c.Int("runs")+turns-1)/turns, c.Duration("time")/turns); err != nil {
			return err
		}
		if other != nil {
			if err := other.measure((c.Int("runs")+turns-1)/turns, c.Duration("time")/turns); err != nil {
				return err
			}
		}
	}
	r.take(b.times)
	r.Memory, r.Arena, r.PerRun = machine.PeakRSS(), b.session.ArenaBytes(), b.allocated/uint64(len(b.times))
	if r.Flops, err = flopsOf(ctx, m, named); err != nil {
		return err
	}
	limits, lv, err := limitsOf(r.Threads)
	if err != nil {
		return err
	}
	r.Level, r.Peak, r.Rate = lv.String(), limits.FMA, float64(r.Flops)/r.Median
	if other != nil {
		if r.Peer, err = other.result(); err != nil {
			return err
		}
		r.Peer.Ratio = r.Median / r.Peer.Median
	}
	done()
	if c.Bool("json") {
		return json.NewEncoder(c.Root().Writer).Encode(r)
	}
	return r.show(newPage(c.Root().Writer))
}

// bench measures this runtime.
type bench struct {
	session   *gocompile.Session
	named     map[string]tensor.Value
	times     []float64
	allocated uint64
}

func (b *bench) run(ctx context.Context) error {
	_, err := b.session.Run(ctx, b.named)
	return err
}

// measure makes up to n runs in some time, at least one, after one that is not counted.
func (b *bench) measure(ctx context.Context, n int, budget time.Duration) error {
	if err := b.run(ctx); err != nil {
		return err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for end, i := time.Now().Add(budget), 0; i == 0 || i < n && time.Now().Before(end); i++ {
		begin := time.Now()
		if err := b.run(ctx); err != nil {
			return err
		}
		b.times = append(b.times, time.Since(begin).Seconds())
	}
	runtime.ReadMemStats(&after)
	b.allocated += after.TotalAlloc - before.TotalAlloc
	return nil
}

// flopsOf is the arithmetic of a run.
func flopsOf(ctx context.Context, m *gocompile.Model, named map[string]tensor.Value) (int64, error) {
	sum := int64(0)
	_, err := m.NewSession(gocompile.WithObserver(func(e backend.Event) { sum += e.Work.Flops })).Run(ctx, named)
	return sum, err
}

// take computes what is told of times.
func (t *timing) take(times []float64) {
	slices.Sort(times)
	t.Runs, t.Median, t.P90, t.P99, t.Least = len(times), quantile(times, 0.5), quantile(times, 0.9), quantile(times, 0.99), times[0]
}

func (r measured) show(p *page) error {
	s := func(seconds float64) string { return short(time.Duration(seconds * 1e9)) }
	columnOf := func(t timing) []string {
		memory := ""
		if t.Memory > 0 {
			memory = size(t.Memory) + " at most"
		}
		return []string{s(t.Load), s(t.First), fmt.Sprintf("%s of %d runs", s(t.Median), t.Runs), s(t.P90), s(t.P99), s(t.Least), memory}
	}
	ours := columnOf(r.timing)
	rows := [][]string{{"compile"}, {"first run"}, {"median"}, {"p90"}, {"p99"}, {"least"}, {"memory of the process"}}
	for i := range rows {
		rows[i] = append(rows[i], ours[i])
	}
	var head []column
	if r.Peer != nil {
		head = columns(left(""), left("gocompile"), left(r.Peer.Name))
		for i, text := range columnOf(r.Peer.timing) {
			rows[i] = append(rows[i], text)
		}
		rows = append(rows, []string{"ratio of the medians", fmt.Sprintf("%.2f", r.Peer.Ratio)})
	}
	p.table("", head, rows)
	p.table("", nil, [][]string{
		{"arithmetic", fmt.Sprintf("%.3g GFLOP/s, %.1f %% of the peak of %.3g on %s, %s", r.Rate/1e9, 100*r.Rate/r.Peak, r.Peak/1e9, threadsText(r.Threads), r.Level)},
		{"intermediate values", size(int64(r.Arena))},
		{"allocated in a run", size(int64(r.PerRun))},
	})
	return p.err
}

// quantile is the smallest of sorted numbers that at least a share q of them does not exceed.
func quantile(sorted []float64, q float64) float64 {
	i := int(q*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}
