// Command growth measures how the time of a run grows with the length of sequences and with the batch, beside other runtimes, and writes JSON for
// bench/page.
//
//	go run ./bench/growth -zoo DIR [-python PYTHON] [-peer NAME=COMMAND]… [-threads N] [-out growth.json]
//
// DIR/NAME/model.onnx are the models of axes.go; those that are not there are left out. A runtime is a program that speaks the protocol of internal/peer;
// all are alive at once and run in turns.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/internal/inputs"
	"github.com/gocompile/gocompile/internal/peer"
	"github.com/gocompile/gocompile/tensor"
	"github.com/gocompile/gocompile/tensor/npy"
)

type options struct {
	zoo      string
	only     string
	largest  int
	rounds   int
	budget   time.Duration
	threads  int
	runtimes []peer.Runtime
}

// report is what is written.
type report struct {
	peer.Setting
	Axes []measured `json:"axes"`
}

// measured is an axis with what was measured along it.
type measured struct {
	axis
	Points []point `json:"points"`
}

type point struct {
	Size    int     `json:"size"`
	Results []entry `json:"results"`
}

// entry is what a runtime reached; times in seconds.
type entry struct {
	Runtime string  `json:"runtime"`
	Median  float64 `json:"median_s,omitempty"`
	Least   float64 `json:"min_s,omitempty"`
	Runs    int     `json:"runs,omitempty"`
	Failed  string  `json:"failed,omitempty"`
}

func main() {
	o := options{}
	flag.StringVar(&o.zoo, "zoo", "", "the `folder` of models")
	flag.StringVar(&o.only, "only", "", "a `text` that the names of models contain")
	flag.IntVar(&o.largest, "largest", 1<<30, "leave out sizes above `N`")
	flag.IntVar(&o.rounds, "rounds", 3, "turns of each runtime at a size")
	flag.DurationVar(&o.budget, "budget", 500*time.Millisecond, "time of a turn")
	flag.IntVar(&o.threads, "threads", 1, "threads of each runtime")
	out := flag.String("out", "growth.json", "the `file` that is written")
	peer.Flags(flag.CommandLine, &o.runtimes)
	flag.Parse()
	peer.Main("growth", *out, func(ctx context.Context) (any, error) { return run(ctx, o) })
}

func run(ctx context.Context, o options) (*report, error) {
	all, remove, err := peer.Beside(o.runtimes)
	if err != nil {
		return nil, err
	}
	defer remove()
	o.runtimes = all
	r := &report{Setting: peer.Here(o.threads)}
	for _, a := range axes {
		file := filepath.Join(o.zoo, a.Model, "model.onnx")
		if _, err := os.Stat(file); err != nil || !strings.Contains(a.Model, o.only) {
			continue
		}
		m := measured{axis: a}
		for _, size := range a.Sizes {
			if size > o.largest {
				continue
			}
			p, err := measure(ctx, o, a, file, size)
			if err != nil {
				return nil, fmt.Errorf("%s, %s %d: %w", a.Model, a.Dim, size, err)
			}
			fmt.Fprintln(os.Stderr, a.Model, a.Dim, size, p.Results)
			m.Points = append(m.Points, p)
		}
		r.Axes = append(r.Axes, m)
	}
	if r.Axes == nil {
		return nil, fmt.Errorf("%q holds none of the models", o.zoo)
	}
	return r, nil
}

// measure lets all runtimes run at one size.
func measure(ctx context.Context, o options, a axis, file string, size int) (point, error) {
	p := point{Size: size}
	dir, err := os.MkdirTemp("", "growth")
	if err != nil {
		return p, err
	}
	defer os.RemoveAll(dir)
	if err := makeInputs(dir, file, a.dims(size)); err != nil {
		return p, err
	}
	task := peer.Task{Model: file, Inputs: dir, Outputs: filepath.Join(dir, "outputs"), Threads: o.threads}
	if err := os.Mkdir(task.Outputs, 0o755); err != nil {
		return p, err
	}
	results, err := peer.Race(ctx, o.runtimes, task, o.rounds, 400, o.budget)
	for _, r := range results {
		e := entry{Runtime: r.Runtime, Median: r.Median(), Runs: len(r.Times), Failed: r.Failed}
		if e.Runs > 0 {
			e.Least = slices.Min(r.Times)
		}
		p.Results = append(p.Results, e)
	}
	return p, err
}

// makeInputs makes up inputs of certain sizes, in the forms that workers read.
func makeInputs(dir, file string, dims map[string]int) error {
	m, err := gocompile.Load(file)
	if err != nil {
		return err
	}
	defer m.Close()
	values := map[string]tensor.Value{}
	if err := inputs.Generate(m, dims, 1, values); err != nil {
		return err
	}
	var names []string
	arrays := map[string]*tensor.Tensor{}
	for _, p := range m.Inputs() {
		names = append(names, p.Name)
		if t, ok := values[p.Name].(*tensor.Tensor); ok {
			arrays[p.Name] = t
		}
	}
	if err := inputs.WriteFolder(dir, names, values); err != nil {
		return err
	}
	return npy.WriteArchive(filepath.Join(dir, "inputs.npz"), arrays)
}
