// Command models measures every model of a folder beside other runtimes, and writes the table docs/models.md.
//
//	go run ./bench/models -zoo DIR [-peer 'onnxruntime=python bench/peer_onnxruntime.py'] [-threads N] [-out docs/models.md]
//
// DIR/NAME holds model.onnx and the inputs test_data_set_0/input_<i>.pb. A runtime is a program that speaks the protocol of bench/worker; all
// programs are alive at once, one at a time is told to run, in turns, so that slow phases of the machine fall on all of them.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gocompile/gocompile"
)

type options struct {
	zoo     string
	peers   []peer
	threads int
	rounds  int
	budget  time.Duration
}

// peer is a runtime and the command of its worker.
type peer struct {
	name    string
	command []string
}

func main() {
	o := options{}
	flag.StringVar(&o.zoo, "zoo", "", "the `folder` of models")
	flag.IntVar(&o.threads, "threads", 1, "threads of each runtime")
	flag.IntVar(&o.rounds, "rounds", 3, "turns of each runtime on a model")
	flag.DurationVar(&o.budget, "budget", 500*time.Millisecond, "time of a turn")
	only := flag.String("only", "", "a `text` that the names of models contain")
	out := flag.String("out", "docs/models.md", "the `file` that is written")
	flag.Func("peer", "`NAME=COMMAND` of the worker of another runtime; may be repeated", func(s string) error {
		name, command, ok := strings.Cut(s, "=")
		if !ok || strings.TrimSpace(command) == "" {
			return fmt.Errorf("expected NAME=COMMAND, got %q", s)
		}
		o.peers = append(o.peers, peer{name, strings.Fields(command)})
		return nil
	})
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
	tmp, err := os.MkdirTemp("", "models")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	worker := filepath.Join(tmp, "worker")
	build := exec.Command("go", "build", "-o", worker, "github.com/gocompile/gocompile/bench/worker")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building the worker: %w", err)
	}
	o.peers = append([]peer{{"gocompile", []string{worker}}}, o.peers...)
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
	text := page(rows, o, fmt.Sprintf("%s, %s, %s/%s", time.Now().Format(time.DateOnly), processor(), runtime.GOOS, runtime.GOARCH))
	part := out + ".part"
	if err := os.WriteFile(part, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(part, out)
}

// row is a model and what each runtime made of it, ours first.
type row struct {
	name      string
	nodes     int // in the file, bodies not counted
	operators int // after the passes, bodies counted, constants not
	results   []result
}

func (r row) summary() string {
	var parts []string
	for _, x := range r.results {
		parts = append(parts, x.text())
	}
	return strings.Join(parts, "   ")
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
	r.results, err = race(o, dir)
	return r, err
}

// processor is the name of the processor where the system tells it.
func processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return fmt.Sprintf("%d processors", runtime.NumCPU())
	}
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return fmt.Sprintf("%d × %s", runtime.NumCPU(), strings.TrimSpace(strings.TrimLeft(name, " \t:")))
		}
	}
	return fmt.Sprintf("%d processors", runtime.NumCPU())
}
