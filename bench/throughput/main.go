// Command throughput measures how many runs a second several sessions of a model make together, beside other runtimes, and how much processors
// work when there is nothing to do; it writes JSON for bench/page.
//
//	go run ./bench/throughput -zoo DIR [-python PYTHON] [-peer NAME=COMMAND]… [-threads N] [-only NAME] [-out throughput.json]
//
// A runtime is a program that speaks the protocol of internal/peer; all are alive at once and run in turns. The sessions of one are in one process and
// share its threads.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gocompile/gocompile/internal/peer"
)

// models are measured on their recorded inputs.
var models = []string{"minilm_l6_ts", "lstm_classifier_ts", "gru_lm_ts", "smollm2_135m_dynamo", "silero_vad"}

var sessions = []int{1, 2, 4, 8}

type options struct {
	zoo      string
	only     string
	rounds   int
	budget   time.Duration
	threads  int
	runtimes []peer.Runtime
}

// report is what is written.
type report struct {
	peer.Setting
	Models []measured `json:"models"`
}

type measured struct {
	Model string  `json:"model"`
	Rates []rates `json:"rates"`
	Idle  []idle  `json:"idle"`
}

// rates are runs a second by runtime, the median of the turns.
type rates struct {
	Sessions int                `json:"sessions"`
	Rates    map[string]float64 `json:"runs_per_s"`
}

// idle is the share of one processor that works for a runtime in a second without runs.
type idle struct {
	Runtime string  `json:"runtime"`
	Share   float64 `json:"share"`
	Failed  string  `json:"failed,omitempty"`
}

func main() {
	o := options{}
	flag.StringVar(&o.zoo, "zoo", "", "the `folder` of models")
	flag.StringVar(&o.only, "only", "", "a `text` that the names of models contain")
	flag.IntVar(&o.rounds, "rounds", 3, "turns of each runtime for a number of sessions")
	flag.DurationVar(&o.budget, "budget", time.Second, "time of a turn")
	flag.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads that the sessions of a runtime share")
	out := flag.String("out", "throughput.json", "the `file` that is written")
	peer.Flags(flag.CommandLine, &o.runtimes)
	flag.Parse()
	peer.Main("throughput", *out, func(ctx context.Context) (any, error) { return run(ctx, o) })
}

func run(ctx context.Context, o options) (*report, error) {
	all, remove, err := peer.Beside(o.runtimes)
	if err != nil {
		return nil, err
	}
	defer remove()
	o.runtimes = all
	r := &report{Setting: peer.Here(o.threads)}
	for _, name := range models {
		if _, err := os.Stat(filepath.Join(o.zoo, name, "model.onnx")); err != nil || !strings.Contains(name, o.only) {
			continue
		}
		m, err := measure(ctx, o, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintln(os.Stderr, m)
		r.Models = append(r.Models, m)
	}
	if r.Models == nil {
		return nil, fmt.Errorf("%q holds none of %s", o.zoo, strings.Join(models, ", "))
	}
	return r, nil
}

func measure(ctx context.Context, o options, name string) (measured, error) {
	m := measured{Model: name}
	dir := filepath.Join(o.zoo, name)
	team, err := peer.Assemble(ctx, o.runtimes, peer.Task{Model: filepath.Join(dir, "model.onnx"), Inputs: filepath.Join(dir, "test_data_set_0"), Threads: o.threads})
	if err != nil {
		return m, err
	}
	defer team.Disband()
	for _, n := range sessions {
		all := map[string][]float64{}
		err := team.Turns(o.rounds, func(w *peer.Worker, r *peer.Result) error {
			c, err := w.Sessions(n, o.budget)
			all[r.Runtime] = append(all[r.Runtime], c.Rate())
			return err
		})
		if err != nil {
			return m, err
		}
		s := rates{Sessions: n, Rates: map[string]float64{}}
		for name, list := range all {
			s.Rates[name] = peer.Median(list)
		}
		m.Rates = append(m.Rates, s)
	}
	for _, r := range team.Results {
		if r.Failed != "" {
			m.Idle = append(m.Idle, idle{Runtime: r.Runtime, Failed: r.Failed})
		}
	}
	return m, team.Turns(1, func(w *peer.Worker, r *peer.Result) error {
		used, err := w.Idle(time.Second)
		m.Idle = append(m.Idle, idle{Runtime: r.Runtime, Share: used})
		return err
	})
}
