// Command worker measures one model for a benchmark that runs several runtimes side by side, a process each.
//
//	worker -model FILE -inputs DIR -outputs DIR -threads N [-profile]
//
// It speaks the protocol of internal/peer. With -profile it also measures where the time goes and says so when it is ready; that is not part of the
// times of loading and of the first run.
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
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/roof"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/internal/machine"
	"github.com/gocompile/gocompile/internal/peer"
	"github.com/gocompile/gocompile/internal/profile"
	"github.com/gocompile/gocompile/tensor"
)

type done struct {
	RSS float64 `json:"rss_mb"`
}

type used struct {
	CPU float64 `json:"cpu_s"`
}

func main() {
	model := flag.String("model", "", "the model `file`")
	inputs := flag.String("inputs", "", "`folder` of input_<i>.pb")
	outputs := flag.String("outputs", "", "`folder` that receives output_<i>.pb; empty: none are written")
	threads := flag.Int("threads", 0, "threads, 0: as many as there are processors")
	weights := flag.String("weights", "", "`format` of matrices, as for --weights of the command line")
	profiled := flag.Bool("profile", false, "tell where the time goes")
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
	if *profiled {
		if r.Profile, err = w.profile(*threads); err != nil {
			say(os.Stdout, "FAIL", err.Error())
			return
		}
	}
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
func start(model, inputs, outputs string, threads int, weights string) (*worker, peer.Ready, error) {
	named, err := readInputs(inputs)
	if err != nil {
		return nil, peer.Ready{}, err
	}
	begin := time.Now()
	var options []gocompile.Option
	if threads > 0 {
		options = append(options, gocompile.WithThreads(threads))
	}
	if weights != "" {
		format, err := gocompile.ParseWeights(weights)
		if err != nil {
			return nil, peer.Ready{}, err
		}
		options = append(options, format)
	}
	m, err := gocompile.Load(model, options...)
	if err != nil {
		return nil, peer.Ready{}, err
	}
	w := &worker{model: m, session: m.NewSession(gocompile.WithReusedResults())}
	r := peer.Ready{Load: time.Since(begin).Seconds(), Info: fmt.Sprintf("gocompile, %s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)}
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
	r.RSS = peakMB()
	if err == nil && outputs != "" {
		err = writeOutputs(outputs, m, out)
	}
	if err != nil {
		m.Close()
		return nil, r, err
	}
	return w, r, nil
}

// profile is where the time goes, the steps that take most of it.
func (w *worker) profile(threads int) ([]byte, error) {
	named := map[string]tensor.Value{}
	for i, p := range w.model.Inputs() {
		named[p.Name] = w.in[i]
	}
	p, err := profile.Take(context.Background(), w.model, named, profile.Options{Runs: 100, Time: time.Second})
	if err != nil {
		return nil, err
	}
	l, err := level.Current()
	if err != nil {
		return nil, err
	}
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p.Level = l.String()
	p.Against(roof.Measure(l, threads))
	p.Steps = p.Steps[:min(len(p.Steps), 10)]
	debug.FreeOSMemory() // so that runs find the heap as it was
	return json.Marshal(p)
}

// serve answers lines until QUIT or the end of the input.
func (w *worker) serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line == "QUIT" {
			break
		}
		if err := w.answer(line, out); err != nil {
			return err
		}
	}
	say(out, "DONE", done{peakMB()})
	return lines.Err()
}

func (w *worker) answer(line string, out io.Writer) error {
	var n int
	var budget float64
	duration := func() time.Duration { return time.Duration(budget * float64(time.Second)) }
	if _, err := fmt.Sscanf(line, "RUN %d %g", &n, &budget); err == nil {
		times, err := w.measure(n, duration())
		if err == nil {
			say(out, "TIMES", times)
		}
		return err
	}
	if _, err := fmt.Sscanf(line, "SESSIONS %d %g", &n, &budget); err == nil {
		c, err := w.callers(n, duration())
		if err == nil {
			say(out, "COUNT", c)
		}
		return err
	}
	if _, err := fmt.Sscanf(line, "IDLE %g", &budget); err == nil {
		before, ok := machine.ProcessorTime()
		if !ok {
			return errors.New("the system does not tell the time of the processor")
		}
		time.Sleep(duration())
		after, _ := machine.ProcessorTime()
		say(out, "CPU", used{(after - before).Seconds()})
		return nil
	}
	return fmt.Errorf("expected RUN n budget, SESSIONS k budget, IDLE budget or QUIT, got %q", line)
}

// callers counts the runs of k sessions at the same time, each at least one.
func (w *worker) callers(k int, budget time.Duration) (peer.Count, error) {
	sessions := make([]*gocompile.Session, max(k, 0))
	for i := range sessions {
		sessions[i] = w.model.NewSession(gocompile.WithReusedResults())
		if _, err := sessions[i].RunOrdered(context.Background(), w.in); err != nil { // which allocates
			return peer.Count{}, err
		}
	}
	counts, failed := make([]int, len(sessions)), make([]error, len(sessions))
	begin := time.Now()
	var wg sync.WaitGroup
	for i, s := range sessions {
		wg.Go(func() {
			for counts[i] == 0 || time.Since(begin) < budget {
				if _, err := s.RunOrdered(context.Background(), w.in); err != nil {
					failed[i] = err
					return
				}
				counts[i]++
			}
		})
	}
	wg.Wait()
	c := peer.Count{Seconds: time.Since(begin).Seconds()}
	for _, n := range counts {
		c.Runs += n
	}
	return c, errors.Join(failed...)
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
	n := machine.PeakRSS()
	if n == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		n = int64(m.Sys)
	}
	return float64(n) / (1 << 20)
}
