// Command models measures every model of a folder beside other runtimes, and writes the table docs/models.md.
//
//	go run ./bench/models -zoo DIR [-python python] [-threads N] [-title Models] [-out docs/models.md]
//
// DIR/NAME holds model.onnx and the inputs test_data_set_0/input_<i>.pb. A runtime is a program that speaks the protocol of internal/peer; all
// programs are alive at once, one at a time is told to run, in turns, so that slow phases of the machine fall on all of them.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/internal/file"
	"github.com/gocompile/gocompile/internal/machine"
	"github.com/gocompile/gocompile/internal/peer"
)

type options struct {
	zoo     string
	title   string
	peers   []peer.Runtime
	threads int
	rounds  int
	budget  time.Duration
}

func main() {
	o := options{}
	flag.StringVar(&o.zoo, "zoo", "", "the `folder` of models")
	flag.StringVar(&o.title, "title", "Models", "the `heading` of the page")
	flag.IntVar(&o.threads, "threads", 1, "threads of each runtime")
	flag.IntVar(&o.rounds, "rounds", 3, "turns of each runtime on a model")
	flag.DurationVar(&o.budget, "budget", 500*time.Millisecond, "time of a turn")
	only := flag.String("only", "", "a `text` that the names of models contain")
	out := flag.String("out", "docs/models.md", "the `file` that is written")
	peer.Flags(flag.CommandLine, &o.peers)
	flag.Parse()
	if err := run(o, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "models:", err)
		os.Exit(1)
	}
}

func run(o options, only, out string) error {
	files, err := filepath.Glob(filepath.Join(o.zoo, "*"+only+"*", "model.onnx"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no model in %q", o.zoo)
	}
	all, remove, err := peer.Beside(o.peers)
	if err != nil {
		return err
	}
	defer remove()
	o.peers = all
	var rows []row
	for _, f := range files {
		r, err := measure(o, filepath.Dir(f))
		if err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		fmt.Fprintf(os.Stderr, "%-28s %s\n", r.name, r.summary())
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.name, b.name) })
	text := page(rows, o, fmt.Sprintf("%s, %s, %s/%s", time.Now().Format(time.DateOnly), machine.Processor(), runtime.GOOS, runtime.GOARCH))
	return file.Replace(out, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// row is a model and what each runtime made of it, ours first.
type row struct {
	name      string
	nodes     int // in the file, bodies not counted
	operators int // after the passes, bodies counted, constants not
	results   []peer.Result
}

func (r row) summary() string {
	var parts []string
	for _, x := range r.results {
		parts = append(parts, describe(x))
	}
	return strings.Join(parts, "   ")
}

func describe(r peer.Result) string {
	if r.Failed != "" {
		return r.Runtime + " failed: " + r.Failed
	}
	return fmt.Sprintf("%s load %s, median %s, %.0f MB", r.Runtime, peer.Seconds(r.Load), peer.Seconds(r.Median()), r.Peak)
}

func measure(o options, dir string) (row, error) {
	r := row{name: filepath.Base(dir)}
	m, err := gocompile.Load(filepath.Join(dir, "model.onnx"))
	if err != nil {
		return r, err
	}
	r.nodes = m.Info().Nodes
	for _, n := range m.Graph().CountOps() {
		r.operators += n
	}
	if err := m.Close(); err != nil {
		return r, err
	}
	task := peer.Task{Model: filepath.Join(dir, "model.onnx"), Inputs: filepath.Join(dir, "test_data_set_0"), Threads: o.threads}
	r.results, err = peer.Race(context.Background(), o.peers, task, o.rounds, 1000, o.budget)
	return r, err
}
