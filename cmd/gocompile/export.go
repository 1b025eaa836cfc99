package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/export"
)

func exportCommand() *cli.Command {
	return &cli.Command{
		Name:        "export",
		Usage:       "write what a model becomes as ONNX",
		ArgsUsage:   "MODEL",
		Description: "Writes the graph after the passes with standard ONNX operators. Values of --dim become part of the model.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Required: true, Usage: "write `FILE`"},
			&cli.StringSliceFlag{Name: "dim", Usage: "value of an open dimension as `NAME=N`; repeat it, or separate by commas"},
		}, append(spellingFlags(), modelFlags()...)...),
		Action: exportAction,
	}
}

func exportAction(ctx context.Context, c *cli.Command) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	spelling, err := spellingOf(c)
	if err != nil {
		return err
	}
	for name, n := range t.dims {
		t.options = append(t.options, gocompile.WithDim(name, n))
	}
	m, _, err := t.load(ctx, newProgress(c.Root().ErrWriter))
	if err != nil {
		return err
	}
	defer m.Close()
	return writeONNX(m, c.String("output"), spelling)
}

// spellingFlags say how a model is written.
func spellingFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "opset", HideDefault: true, Usage: "write version `N` of the operators, 18 to 28; by default the oldest from 24 on that has them all"},
		&cli.BoolFlag{Name: "contrib", Usage: "use operators of com.microsoft too"},
	}
}

func spellingOf(c *cli.Command) (export.Options, error) {
	n := c.Int("opset")
	if n != 0 && (n < export.MinOpset || n > export.MaxOpset) {
		return export.Options{}, usagef("--opset is %d; %d to %d can be written", n, export.MinOpset, export.MaxOpset)
	}
	return export.Options{Contrib: c.Bool("contrib"), Opset: n}, nil
}

// writeONNX writes the graph of a model.
func writeONNX(m *gocompile.Model, path string, o export.Options) error {
	p, err := export.Model(m.Graph(), o)
	if err != nil {
		return err
	}
	p.Domain, p.ModelVersion, p.ProducerVersion = m.Info().Domain, m.Info().Version, version()
	return export.Write(path, p)
}
