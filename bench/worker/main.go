// Command worker measures one model for a benchmark that runs several runtimes side by side, a process each.
//
//	worker -model FILE -inputs DIR -outputs DIR -threads N
//
// It loads the model, runs it once on DIR/input_0.pb, DIR/input_1.pb, …, writes the outputs as output_<i>.pb, and speaks lines on
// standard output and input, times in seconds:
//
//	READY {"load_s": …, "first_s": …, "rss_mb": …, "info": "…"}   or  FAIL "reason", which ends it
//	RUN n budget   one run that is not counted, then up to n within the budget; answered by  TIMES [t, …]
//	QUIT           answered by  DONE {"rss_mb": peak}
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

type ready struct {
	Load  float64 `json:"load_s"`
	First float64 `json:"first_s"`
	RSS   float64 `json:"rss_mb"`
	Info  string  `json:"info"`
}

type done struct {
	RSS float64 `json:"rss_mb"`
}

func main() {
	model := flag.String("model", "", "the model `file`")
	inputs := flag.String("inputs", "", "`folder` of input_<i>.pb")
	outputs := flag.String("outputs", "", "`folder` that receives output_<i>.pb; empty: none are written")
	threads := flag.Int("threads", 0, "threads, 0: as many as there are processors")
	weights := flag.String("weights", "float32", "`format` of matrices: float32, float16 or bfloat16")
	flag.Parse()
	if *threads > 0 {
		runtime.GOMAXPROCS(*threads)
	}
	w, r, err := start(*model, *inputs, *outputs, *threads, *weights)
	if err != nil {
		say(os.Stdout, "FAIL", err.Error())
		return
	}
	defer w.model.Close()
	say(os.Stdout, "READY", r)
	if err := w.serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// worker is a model with the inputs that it is measured on.
type worker struct {
	model   *gocompile.Model
	session *gocompile.Session
	in      []tensor.Value
}

// start loads the model, runs it once and writes the outputs.
func start(model, inputs, outputs string, threads int, weights string) (*worker, ready, error) {
	named, err := readInputs(inputs)
	if err != nil {
		return nil, ready{}, err
	}
	begin := time.Now()
	var options []gocompile.Option
	if threads > 0 {
		options = append(options, gocompile.WithThreads(threads))
	}
	switch weights {
	case "float16":
		options = append(options, gocompile.WithWeights(tensor.Float16))
	case "bfloat16":
		options = append(options, gocompile.WithWeights(tensor.BFloat16))
	}
	m, err := gocompile.Load(model, options...)
	if err != nil {
		return nil, ready{}, err
	}
	w := &worker{model: m, session: m.NewSession()}
	r := ready{Load: time.Since(begin).Seconds(), Info: fmt.Sprintf("gocompile, %s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)}
	for _, p := range m.Inputs() {
		x, ok := named[p.Name]
		if !ok {
			m.Close()
			return nil, r, fmt.Errorf("no value for input %v in %s", p, inputs)
		}
		w.in = append(w.in, x)
	}
	begin = time.Now()
	out, err := w.session.RunOrdered(context.Background(), w.in)
	r.First = time.Since(begin).Seconds()
	if err == nil && outputs != "" {
		err = writeOutputs(outputs, m, out)
	}
	if err != nil {
		m.Close()
		return nil, r, err
	}
	r.RSS = peakMB()
	return w, r, nil
}

// serve answers lines until QUIT or the end of the input.
func (w *worker) serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line == "QUIT" {
			break
		}
		var n int
		var budget float64
		if _, err := fmt.Sscanf(line, "RUN %d %g", &n, &budget); err != nil {
			return fmt.Errorf("expected RUN n budget or QUIT, got %q", line)
		}
		times, err := w.measure(n, time.Duration(budget*float64(time.Second)))
		if err != nil {
			return err
		}
		say(out, "TIMES", times)
	}
	say(out, "DONE", done{peakMB()})
	return lines.Err()
}

// measure runs once to warm up, then up to n times within the budget, at least once.
func (w *worker) measure(n int, budget time.Duration) ([]float64, error) {
	ctx := context.Background()
	if _, err := w.session.RunOrdered(ctx, w.in); err != nil {
		return nil, err
	}
	var times []float64
	for end := time.Now().Add(budget); len(times) == 0 || len(times) < n && time.Now().Before(end); {
		begin := time.Now()
		if _, err := w.session.RunOrdered(ctx, w.in); err != nil {
			return nil, err
		}
		times = append(times, time.Since(begin).Seconds())
	}
	return times, nil
}

// readInputs reads input_0.pb, input_1.pb, … by the names in them.
func readInputs(dir string) (map[string]tensor.Value, error) {
	named := map[string]tensor.Value{}
	for i := 0; ; i++ {
		file := filepath.Join(dir, fmt.Sprintf("input_%d.pb", i))
		b, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			return named, nil
		}
		if err != nil {
			return nil, err
		}
		name, x, err := proto.DecodeTensor(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		named[name] = x
	}
}

func writeOutputs(dir string, m *gocompile.Model, out []tensor.Value) error {
	for i, p := range m.Outputs() {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("output_%d.pb", i)), proto.EncodeValue(p.Name, out[i]), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func say(w io.Writer, word string, value any) {
	b, err := json.Marshal(value)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	fmt.Fprintf(w, "%s %s\n", word, b)
}

// peakMB is the peak resident size of the process; where the system does not tell, what the Go runtime has from it.
func peakMB() float64 {
	if b, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(b)) {
			var kb float64
			if _, err := fmt.Sscanf(line, "VmHWM: %g kB", &kb); err == nil {
				return kb / 1024
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys) / (1 << 20)
}
