package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
)

// defaultTolerance is the error, relative to the largest magnitude in an output, up to which floating-point results count as equal.
const defaultTolerance = 1e-4

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "compare models with recorded results",
		ArgsUsage: "DIR…",
		Description: "A DIR holds a model, model.onnx or the only file of that kind, and folders test_data_set_0, test_data_set_1, … with input_0.pb, " +
			"output_0.pb, …; or it holds such folders at any depth. Floating-point outputs are right when their largest error, relative to the largest " +
			"magnitude in the output, is within the tolerance; a number \"tolerance\" in a file meta.json beside the model sets that of the model. " +
			"All other outputs must be equal. The exit status is 3 if an output is wrong, 1 if a model cannot be run.",
		Flags: append([]cli.Flag{
			&cli.FloatFlag{Name: "tolerance", Value: defaultTolerance, Usage: "largest error of floating-point outputs, relative to their peak"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		}, modelFlags()...),
		Action: verifyAction,
	}
}

// outcome is what became of one output of one recorded run, or of a whole model that cannot be run.
type outcome struct {
	Model  string `json:"model"`
	Set    string `json:"set,omitempty"`
	Output string `json:"output,omitempty"`
	Type   string `json:"type,omitempty"`
	*difference
	Right bool   `json:"right"`
	Error string `json:"error,omitempty"` // why there is nothing to compare
}

func verifyAction(ctx context.Context, c *cli.Command) error {
	if !c.Args().Present() {
		return usagef("verify takes folders; see %s --help", c.FullName())
	}
	options, err := optionsOf(c, nil)
	if err != nil {
		return err
	}
	var models []string
	for _, dir := range c.Args().Slice() {
		found, err := findModels(dir)
		if err != nil {
			return err
		}
		models = append(models, found...)
	}
	var all []outcome
	step, done := newProgress(c.Root().ErrWriter).count("verifying", len(models))
	for _, file := range models {
		outcomes, err := verifyModel(ctx, file, tolerance(c, file), options)
		if ctx.Err() != nil {
			done()
			return ctx.Err()
		}
		all = append(all, outcomes...)
		if err != nil {
			all = append(all, outcome{Model: modelName(file), Error: err.Error()})
		}
		step()
	}
	done()
	return report(c, len(models), all)
}

// report prints the outcomes; its error decides the exit status.
func report(c *cli.Command, models int, all []outcome) error {
	passed, wrong, failed := 0, 0, 0
	for _, o := range all {
		switch {
		case o.Error != "":
			failed++
		case !o.Right:
			wrong++
		default:
			passed++
		}
	}
	if c.Bool("json") {
		if err := json.NewEncoder(c.Root().Writer).Encode(all); err != nil {
			return err
		}
	} else {
		page := newPage(c.Root().Writer)
		var rows [][]string
		for _, o := range all {
			if o.Error == "" {
				verdict := page.paint("right", text.FgGreen)
				if !o.Right {
					verdict = page.paint("wrong", text.FgRed)
				}
				rows = append(rows, append([]string{o.Model, o.Set, o.Output, o.Type}, append(o.row(), verdict)...))
			}
		}
		if rows != nil {
			page.table("", columns(left("model"), left("set"), left("output"), left("type"), right("max ULP"), right("max error"), right("of peak"), left("")), rows)
		}
		page.printf("%s: %s right, %d wrong; %d not run\n", english.Plural(models, "model", ""), english.Plural(passed, "output", ""), wrong, failed)
		if page.err != nil {
			return page.err
		}
	}
	if failed > 0 {
		var reasons []string
		for _, o := range all {
			if o.Error != "" {
				reasons = append(reasons, o.Model+": "+o.Error)
			}
		}
		return errors.New(strings.Join(reasons, "\n"))
	}
	if wrong > 0 {
		return errDiffers
	}
	return nil
}

// findModels lists the models with recorded runs in a folder.
func findModels(dir string) ([]string, error) {
	var models []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() || !strings.HasPrefix(d.Name(), "test_data_set_") {
			return nil
		}
		folder := filepath.Dir(path)
		file := filepath.Join(folder, "model.onnx")
		if _, err := os.Stat(file); err != nil {
			others, _ := filepath.Glob(filepath.Join(folder, "*.onnx"))
			if len(others) != 1 {
				return fmt.Errorf("%s: expected model.onnx or one other .onnx file, found %d", folder, len(others))
			}
			file = others[0]
		}
		if n := len(models); n == 0 || models[n-1] != file {
			models = append(models, file)
		}
		return fs.SkipDir
	})
	if err == nil && len(models) == 0 {
		err = fmt.Errorf("%s: no model with a folder test_data_set_0", dir)
	}
	return models, err
}

// modelName is how a model is called in a report: by its folder.
func modelName(file string) string { return filepath.Base(filepath.Dir(file)) }

// tolerance is the flag if it is given, else that of meta.json, else the default.
func tolerance(c *cli.Command, file string) float64 {
	meta := struct{ Tolerance float64 }{c.Float("tolerance")}
	if !c.IsSet("tolerance") {
		if b, err := os.ReadFile(filepath.Join(filepath.Dir(file), "meta.json")); err == nil {
			if json.Unmarshal(b, &meta) != nil || meta.Tolerance <= 0 {
				return defaultTolerance
			}
		}
	}
	return meta.Tolerance
}

// verifyModel runs a model on its data sets.
func verifyModel(ctx context.Context, file string, tolerance float64, options []gocompile.Option) ([]outcome, error) {
	m, err := gocompile.Load(file, options...)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	session := m.NewSession()
	sets, err := filepath.Glob(filepath.Join(filepath.Dir(file), "test_data_set_*"))
	if err != nil {
		return nil, err
	}
	sort.Slice(sets, func(i, j int) bool {
		return len(sets[i]) < len(sets[j]) || len(sets[i]) == len(sets[j]) && sets[i] < sets[j]
	})
	var all []outcome
	for _, set := range sets {
		in, err := readRecorded(set, "input", m.Inputs())
		if err != nil {
			return all, err
		}
		want, err := readRecorded(set, "output", m.Outputs())
		if err != nil {
			return all, err
		}
		if len(want) == 0 {
			return all, fmt.Errorf("%s: no output_0.pb", set)
		}
		got, err := session.Run(ctx, in)
		if err != nil {
			return all, fmt.Errorf("%s: %w", filepath.Base(set), err)
		}
		for _, p := range m.Outputs() {
			w, recorded := want[p.Name]
			if !recorded {
				continue
			}
			d := compare(got[p.Name], w)
			all = append(all, outcome{Model: modelName(file), Set: strings.TrimPrefix(filepath.Base(set), "test_data_set_"), Output: p.Name,
				Type: typeText(w), difference: &d, Right: d.within(tolerance)})
		}
	}
	return all, nil
}
