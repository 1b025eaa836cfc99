package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/internal/inputs"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

const quantizeName = "quantize"

func quantizeCommand() *cli.Command {
	flags := slices.DeleteFunc(modelFlags(), func(f cli.Flag) bool { return f.Names()[0] == "weights" })
	return &cli.Command{
		Name:      quantizeName,
		Usage:     "round weights to integers, and tell what that costs",
		ArgsUsage: "MODEL",
		Description: "Rounds the matrices of a model to integers of 8 or 4 bits, those of recurrent layers to 8, and compares it with the model as it is: size, speed, the error of each matrix, of each product " +
			"and of the outputs. Errors are roots of mean squares, relative to what is right. Matrices whose own error is beyond the budget are rounded to 8 bits, or " +
			"else stay as they are. With --calibrate the weights that are rounded later make up for the errors of those before, on such inputs, and these are compared on too; " +
			"else inputs are given or made up as for run. With --output it writes the model as ONNX.",
		Flags: append(append(inputFlags(),
			&cli.StringFlag{Name: "weights", Value: "int8", Usage: "round to `FORMAT`: int8, int4, uint8 or uint4, with a block of weights that share a scale behind it such as int4/32, and a8 (int4/32a8) to let products round what they multiply too; as ONNX only --contrib keeps that"},
			&cli.FloatFlag{Name: "budget", Usage: "largest error of a matrix; by default 0.02 in 8 bits and 0.15 in 4"},
			&cli.IntFlag{Name: "least", Value: 4096, Usage: "round matrices of `N` elements and more"},
			&cli.BoolFlag{Name: "tables", Value: true, Usage: "round tables of embeddings too, to 8 bits"},
			&cli.BoolFlag{Name: "dynamic", Usage: "round what matrices are multiplied by too, to 8 bits at every run, and multiply integers; with int8 only"},
			&cli.StringSliceFlag{Name: "calibrate", Usage: "inputs that are as real ones: a folder `DIR` of input_0.pb, …, or of such folders; repeat it"},
			&cli.DurationFlag{Name: "time", Value: time.Second, Usage: "measure each model for `DURATION`"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the rounded model to `FILE`"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON, times in seconds"},
		), append(spellingFlags(), flags...)...),
		Action: quantizeAction,
	}
}

// Errors of a matrix beyond which it is rounded to more bits or not at all: about twice what weights of a normal distribution have.
const (
	budgetOf8Bits = 0.02
	budgetOf4Bits = 0.15
)

// roundingOf reads the flags.
func roundingOf(c *cli.Command) (passes.WeightOptions, error) {
	f, err := passes.ParseWeightFormat(c.String("weights"))
	if err != nil {
		return passes.WeightOptions{}, usagef("--weights: %w", err)
	}
	o := passes.WeightOptions{Format: f, Tables: c.Bool("tables"), Budget: budgetOf8Bits, Least: c.Int("least")}
	if o.Dynamic = c.Bool("dynamic"); o.Dynamic && f != (passes.WeightFormat{Bits: 8}) {
		return o, usagef("--dynamic goes together with --weights int8, not %v", f)
	}
	if f.Bits == 4 {
		o.Budget = budgetOf4Bits
	}
	if c.IsSet("budget") {
		if o.Budget = c.Float("budget"); !(o.Budget > 0) {
			return o, usagef("--budget is %v, want a number above 0", o.Budget)
		}
	}
	return o, nil
}

// quantized is what quantize finds out.
type quantized struct {
	Model   string          `json:"model"`
	Format  string          `json:"format"`
	Budget  float64         `json:"budget"`
	Sets    int             `json:"input_sets"`
	Weights []roundedMatrix `json:"weights"`
	Outputs []deviation     `json:"outputs"`
	Before  cost            `json:"before"`
	After   cost            `json:"after"`
}

// cost is what a model takes.
type cost struct {
	Weights int64   `json:"weight_bytes"`
	Median  float64 `json:"median_s"`
}

func quantizeAction(ctx context.Context, c *cli.Command) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	rounding, err := roundingOf(c)
	if err != nil {
		return err
	}
	spelling, err := spellingOf(c)
	if err != nil {
		return err
	}
	p := newProgress(c.Root().ErrWriter)
	before, _, err := t.load(ctx, p)
	if err != nil {
		return err
	}
	defer before.Close()
	sets, err := calibration(c, before, t.dims)
	if err != nil {
		return err
	}
	if c.IsSet("calibrate") {
		done := p.spin("calibrating " + t.path)
		var lists [][]tensor.Value
		for _, set := range sets {
			lists = append(lists, inOrder(before, set))
		}
		rounding.Moments, err = before.Moments(ctx, lists)
		done()
		if err != nil {
			return err
		}
	}
	after, _, err := t.load(ctx, p, gocompile.WithIntegerWeights(rounding))
	if err != nil {
		return err
	}
	defer after.Close()
	done := p.spin("comparing " + t.path)
	defer done()
	r := &quantized{Model: t.path, Format: rounding.Format.String(), Budget: rounding.Budget, Sets: len(sets)}
	if r.Weights, err = matrices(ctx, before, after, sets[0]); err != nil {
		return err
	}
	if r.Outputs, err = deviations(ctx, before, after, sets); err != nil {
		return err
	}
	if r.Before, r.After, err = costs(ctx, before, after, sets[0], c.Duration("time")); err != nil {
		return err
	}
	done()
	if path := c.String("output"); path != "" {
		if err := writeONNX(after, path, spelling); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		return json.NewEncoder(c.Root().Writer).Encode(r)
	}
	return r.show(newPage(c.Root().Writer))
}

// calibration is the inputs to compare on, at least one set.
func calibration(c *cli.Command, m *gocompile.Model, dims map[string]int) ([]map[string]tensor.Value, error) {
	var sets []map[string]tensor.Value
	for _, dir := range c.StringSlice("calibrate") {
		folders := []string{dir}
		if found, _ := filepath.Glob(filepath.Join(dir, "*", "input_0.pb")); len(found) > 0 {
			folders = nil
			for _, f := range found {
				folders = append(folders, filepath.Dir(f))
			}
		}
		for _, folder := range folders {
			r := &inputReader{model: m, stdin: c.Root().Reader, values: map[string]tensor.Value{}}
			if err := r.several(folder); err != nil {
				return nil, usageError{fmt.Errorf("--calibrate %s: %w", folder, err)}
			}
			if err := inputs.Generate(m, dims, c.Int64("seed"), r.values); err != nil {
				return nil, fmt.Errorf("--calibrate %s: %w", folder, err)
			}
			sets = append(sets, r.values)
		}
	}
	if sets != nil {
		return sets, nil
	}
	set, err := inputsOf(c, m, dims)
	return []map[string]tensor.Value{set}, err
}

// costs measures both models in turns on the same inputs.
func costs(ctx context.Context, before, after *gocompile.Model, set map[string]tensor.Value, budget time.Duration) (a, b cost, err error) {
	measured := []*bench{{session: before.NewSession(), named: set}, {session: after.NewSession(), named: set}}
	for range turns {
		for _, m := range measured {
			if err := m.measure(ctx, 200, budget/turns); err != nil {
				return a, b, err
			}
		}
	}
	for i, c := range []*cost{&a, &b} {
		m := []*gocompile.Model{before, after}[i]
		slices.Sort(measured[i].times)
		c.Median = quantile(measured[i].times, 0.5)
		if c.Weights, err = weightBytes(m, set); err != nil {
			return a, b, err
		}
	}
	return a, b, nil
}

// weightBytes is the memory of the constants of a model.
func weightBytes(m *gocompile.Model, set map[string]tensor.Value) (int64, error) {
	dims, err := dimsOf(m, set)
	if err != nil {
		return 0, err
	}
	memory, err := m.Memory(dims)
	if err != nil {
		return 0, err
	}
	return memory.Weights, nil
}

func (r *quantized) show(p *page) error {
	percent := func(x float64) string { return fmt.Sprintf("%.2g %%", 100*x) }
	var rows [][]string
	for _, w := range r.Weights {
		product := ""
		if w.Product > 0 {
			product = percent(w.Product)
		}
		own := percent(w.Error)
		if w.Because != "" {
			own = ""
		}
		rows = append(rows, []string{w.Name, strings.Trim(fmt.Sprint(w.Shape), "[]"), w.Format, size(int64(w.Bytes)), own, product, w.Because})
	}
	p.table("Matrices", columns(left("name"), left("shape"), left("format"), right("size"), right("error"), right("of its products"), left("stays because")), rows)
	rows = nil
	for _, d := range r.Outputs {
		same := ""
		if d.Choices > 0 {
			same = fmt.Sprintf("%.2f %% of %s", 100*float64(d.Same)/float64(d.Choices), number(int64(d.Choices)))
		}
		rows = append(rows, []string{d.Output, percent(d.Error), percent(d.OfPeak), fmt.Sprintf("%.5f", d.Cosine), same})
	}
	p.table(fmt.Sprintf("Outputs, on %d sets of inputs", r.Sets), columns(left("name"), right("error"), right("largest, of peak"), right("cosine"), right("same largest element in a row")), rows)
	s := func(c cost) []string { return []string{size(c.Weights), short(time.Duration(c.Median * 1e9))} }
	p.table("Model", columns(left(""), right("constants"), right("median of a run")), [][]string{append([]string{"as it is"}, s(r.Before)...), append([]string{r.Format}, s(r.After)...)})
	return p.err
}
