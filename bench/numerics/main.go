// Command numerics measures by how much the results of each model differ from those of its evaluation in float64, beside other runtimes, and writes
// JSON for bench/page.
//
//	go run ./bench/numerics -zoo DIR [-python PYTHON] [-peer NAME=COMMAND]… [-only NAME] [-inputs N] [-out numerics.json]
//
// DIR/NAME holds model.onnx and the inputs test_data_set_0/input_<i>.pb. The reference is the evaluation of operators in plain Go without any pass, on
// the same weights and inputs as float64. An error is the largest difference of an output relative to the largest number in it, the largest of several
// sets of inputs, which are variants of the recorded ones. A runtime is a program that
// speaks the protocol of internal/peer.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/internal/inputs"
	"github.com/gocompile/gocompile/internal/peer"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

type options struct {
	zoo      string
	only     string
	inputs   int
	budget   time.Duration // no further inputs are evaluated after that
	runtimes []peer.Runtime
}

// report is what is written.
type report struct {
	peer.Setting
	Models []measured `json:"models"`
}

type measured struct {
	Model  string             `json:"model"`
	Errors map[string]float64 `json:"errors"`           // by runtime
	Left   []string           `json:"left,omitempty"`   // operators that the reference computes in float32, because they are for that only
	Failed map[string]string  `json:"failed,omitempty"` // by runtime, "reference" for the evaluation in float64
	Took   float64            `json:"reference_s"`
	Inputs int                `json:"inputs"` // sets of them
}

func main() {
	o := options{}
	flag.StringVar(&o.zoo, "zoo", "", "the `folder` of models")
	flag.StringVar(&o.only, "only", "", "a `text` that the names of models contain")
	flag.IntVar(&o.inputs, "inputs", 10, "sets of inputs of a model")
	flag.DurationVar(&o.budget, "budget", 20*time.Second, "`TIME` of the evaluation of a model in float64, after which no set of inputs is begun")
	out := flag.String("out", "numerics.json", "the `file` that is written")
	peer.Flags(flag.CommandLine, &o.runtimes)
	flag.Parse()
	peer.Main("numerics", *out, func(ctx context.Context) (any, error) { return run(ctx, o) })
}

func run(ctx context.Context, o options) (*report, error) {
	files, err := filepath.Glob(filepath.Join(o.zoo, "*"+o.only+"*", "model.onnx"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no model in %q", o.zoo)
	}
	all, remove, err := peer.Beside(o.runtimes)
	if err != nil {
		return nil, err
	}
	defer remove()
	o.runtimes = all
	r := &report{Setting: peer.Here(1)}
	for _, f := range files {
		m, err := measure(ctx, o, filepath.Dir(f))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		fmt.Fprintln(os.Stderr, m)
		r.Models = append(r.Models, m)
	}
	return r, nil
}

// measure compares all runtimes with the reference.
func measure(ctx context.Context, o options, dir string) (measured, error) {
	m := measured{Model: filepath.Base(dir), Errors: map[string]float64{}, Failed: map[string]string{}}
	names, recorded, err := readFolder(filepath.Join(dir, "test_data_set_0"), "input")
	if err != nil {
		return m, err
	}
	begin := time.Now()
	for m.Inputs < max(o.inputs, 1) && (m.Inputs == 0 || time.Since(begin) < o.budget) {
		if err := m.add(ctx, o, dir, names, variant(recorded, m.Inputs)); err != nil {
			m.Failed["reference"] = err.Error()
			break
		}
		m.Inputs++
	}
	m.Took = time.Since(begin).Seconds()
	return m, ctx.Err()
}

// add compares on one set of inputs.
func (m *measured) add(ctx context.Context, o options, dir string, names []string, in []*tensor.Tensor) error {
	want, left, err := reference(ctx, dir, in)
	if err != nil {
		return err
	}
	m.Left = left
	tmp, err := os.MkdirTemp("", "numerics")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	named := map[string]tensor.Value{}
	for i, name := range names {
		named[name] = in[i]
	}
	if err := inputs.WriteFolder(tmp, names, named); err != nil {
		return err
	}
	for _, r := range o.runtimes {
		got, err := outputsOf(ctx, r, dir, tmp, len(want))
		var d float64
		if err == nil {
			d, err = difference(got, want)
		}
		if err != nil {
			m.Failed[r.Name] = err.Error()
			continue
		}
		m.Errors[r.Name] = max(m.Errors[r.Name], d)
	}
	return nil
}

// reference evaluates a model in float64.
func reference(ctx context.Context, dir string, named []*tensor.Tensor) (out []tensor.Value, left []string, err error) {
	m, err := gocompile.Load(filepath.Join(dir, "model.onnx"), gocompile.WithoutPasses())
	if err != nil {
		return nil, nil, err
	}
	defer m.Close()
	w, err := widen(m.Graph())
	if err != nil {
		return nil, nil, err
	}
	in := make([]tensor.Value, len(m.Inputs()))
	for i, p := range m.Inputs() {
		if i >= len(named) {
			return nil, nil, fmt.Errorf("no value for input %v", p)
		}
		if in[i] = named[i]; p.Type.Elem == tensor.Float32 {
			if in[i], err = tensor.Convert(named[i], tensor.Float64); err != nil {
				return nil, nil, err
			}
		}
	}
	out, err = ir.Evaluate(ctx, w.graph, in, nil)
	return out, w.left, err
}

// outputsOf has a runtime write its outputs.
func outputsOf(ctx context.Context, r peer.Runtime, dir, inputs string, n int) ([]*tensor.Tensor, error) {
	tmp, err := os.MkdirTemp("", "numerics")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	w, err := peer.Start(ctx, r.Command, peer.Task{Model: filepath.Join(dir, "model.onnx"), Inputs: inputs, Outputs: tmp, Threads: 1})
	if err != nil {
		return nil, err
	}
	defer w.Kill()
	if _, err := w.Ready(); err != nil {
		return nil, err
	}
	_, out, err := readFolder(tmp, "output")
	if err == nil && len(out) != n {
		err = fmt.Errorf("%d outputs, expected %d", len(out), n)
	}
	return out, err
}

// readFolder reads KIND_0.pb, KIND_1.pb, … and the names in them.
func readFolder(dir, kind string) (names []string, list []*tensor.Tensor, err error) {
	for i := 0; ; i++ {
		b, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%s_%d.pb", kind, i)))
		if os.IsNotExist(err) {
			return names, list, nil
		}
		if err != nil {
			return nil, nil, err
		}
		name, x, err := proto.DecodeTensor(b)
		if err != nil {
			return nil, nil, err
		}
		names, list = append(names, name), append(list, x)
	}
}

// difference is the largest one of any output that holds floating-point numbers, relative to the largest number in that output.
func difference(got []*tensor.Tensor, want []tensor.Value) (float64, error) {
	worst := 0.0
	for k, v := range want {
		w, ok := v.(*tensor.Tensor)
		if !ok || !w.DType().IsFloat() {
			continue
		}
		g := got[k]
		if g.Len() != w.Len() {
			return 0, fmt.Errorf("output %d has shape %v, expected %v", k, g.Shape(), w.Shape())
		}
		peak, far := 0.0, 0.0
		for i := range w.Len() {
			x, y := g.Float64(i), w.Float64(i)
			peak = max(peak, math.Abs(y))
			if x == y || math.IsNaN(x) && math.IsNaN(y) {
				continue
			}
			if d := math.Abs(x - y); d > far || math.IsNaN(d) {
				far = d
			}
		}
		if math.IsNaN(far) || math.IsInf(far, 0) {
			return 0, fmt.Errorf("output %d differs in what is infinite or no number", k)
		}
		if far > 0 {
			worst = max(worst, far/max(peak, math.SmallestNonzeroFloat64))
		}
	}
	return worst, nil
}
