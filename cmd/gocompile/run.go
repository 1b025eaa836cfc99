package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
	"github.com/gocompile/gocompile/tensor/npy"
)

func runCommand() *cli.Command {
	return &cli.Command{
		Name:      "run",
		Usage:     "run a model once and show its results",
		ArgsUsage: "MODEL",
		Description: "Inputs that --input does not give are made up: random numbers, token ids within the vocabulary, masks of ones. For that, every " +
			"open dimension needs a value by --dim.",
		Flags: append(append(inputFlags(),
			&cli.BoolFlag{Name: "json", Usage: "print the results whole, as JSON"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the results to `FILE.npz`"},
			&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print no times"},
		), modelFlags()...),
		Action: runAction,
	}
}

func runAction(ctx context.Context, c *cli.Command) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	if o := c.String("output"); o != "" && !strings.HasSuffix(o, ".npz") {
		return usagef("--output %s: expected a name that ends in .npz", o)
	}
	p := newProgress(c.Root().ErrWriter)
	m, loaded, err := t.load(ctx, p)
	if err != nil {
		return err
	}
	defer m.Close()
	inputs, err := inputsOf(c, m, t.dims)
	if err != nil {
		return err
	}
	session := m.NewSession()
	done := p.spin("running " + t.path)
	begin := time.Now()
	out, err := session.Run(ctx, inputs)
	ran := time.Since(begin)
	done()
	if err != nil {
		return err
	}
	if err := showResults(c, m, out); err != nil {
		return err
	}
	if !c.Bool("quiet") {
		fmt.Fprintf(c.Root().ErrWriter, "compiled in %s, ran in %s, %s of intermediate values\n", short(loaded), short(ran), size(int64(session.ArenaBytes())))
	}
	return nil
}

// showResults writes and prints what a run gave.
func showResults(c *cli.Command, m *gocompile.Model, out map[string]tensor.Value) error {
	if file := c.String("output"); file != "" {
		arrays := map[string]*tensor.Tensor{}
		for name, v := range out {
			x, ok := v.(*tensor.Tensor)
			if !ok {
				return fmt.Errorf("output %q is %v, which .npz cannot hold; use --json", name, ir.TypeOf(v))
			}
			arrays[name] = x
		}
		if err := npy.WriteArchive(file, arrays); err != nil {
			return err
		}
	}
	if c.Bool("json") {
		var all struct {
			Outputs []jsonValue `json:"outputs"`
		}
		for _, o := range m.Outputs() {
			all.Outputs = append(all.Outputs, toJSON(o.Name, out[o.Name]))
		}
		return json.NewEncoder(c.Root().Writer).Encode(all)
	}
	var rows [][]string
	for _, o := range m.Outputs() {
		rows = append(rows, resultRows(o.Name, out[o.Name])...)
	}
	page := newPage(c.Root().Writer)
	page.table("", columns(left("output"), left("type"), right("min"), right("mean"), right("max"), left("first values")), rows)
	return page.err
}

// resultRows describes a value in one row, or a sequence in one row an item.
func resultRows(name string, v tensor.Value) [][]string {
	switch v := v.(type) {
	case *tensor.Tensor:
		low, mean, high := summary(v)
		return [][]string{{name, v.DType().String() + shapeText(v.Shape()), low, mean, high, firstValues(v, 4)}}
	case *tensor.Sequence:
		rows := [][]string{{name, fmt.Sprintf("sequence of %d", len(v.Items)), "", "", "", ""}}
		for i, x := range v.Items {
			rows = append(rows, resultRows(fmt.Sprintf("%s[%d]", name, i), x)...)
		}
		return rows
	case *tensor.Optional:
		if v.Item != nil {
			return resultRows(name, v.Item)
		}
		return [][]string{{name, "absent", "", "", "", ""}}
	}
	return [][]string{{name, ir.TypeOf(v).String(), "", "", "", ""}}
}

// summary gives the least, mean and greatest of the finite elements, and how many are not finite in place of the mean.
func summary(t *tensor.Tensor) (low, mean, high string) {
	if t.Len() == 0 || t.DType() == tensor.String || t.DType().IsComplex() {
		return "", "", ""
	}
	least, most, sum, odd := math.Inf(1), math.Inf(-1), 0.0, 0
	for i := range t.Len() {
		x := t.Float64(i)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			odd++
			continue
		}
		least, most, sum = min(least, x), max(most, x), sum+x
	}
	if odd == t.Len() {
		return "", fmt.Sprintf("%d not finite", odd), ""
	}
	mean = format(sum / float64(t.Len()-odd))
	if odd > 0 {
		mean += fmt.Sprintf(", %d not finite", odd)
	}
	return format(least), mean, format(most)
}

// format is a number with five digits.
func format(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e9 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'g', 5, 64)
}

func firstValues(t *tensor.Tensor, n int) string {
	var parts []string
	for i := range min(n, t.Len()) {
		switch d := t.DType(); {
		case d == tensor.String:
			parts = append(parts, strconv.Quote(clip(t.Strings()[i], 20)))
		case d == tensor.Bool:
			parts = append(parts, strconv.FormatBool(t.Int64(i) != 0))
		case d.IsComplex():
			parts = append(parts, fmt.Sprintf("%.5g", t.Complex128(i)))
		default:
			parts = append(parts, format(t.Float64(i)))
		}
	}
	if t.Len() > n {
		parts = append(parts, "…")
	}
	return strings.Join(parts, " ")
}
