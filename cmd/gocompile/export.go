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
			&cli.IntFlag{Name: "opset", HideDefault: true, Usage: "write version `N` of the operators, 18 to 28; by default the oldest from 24 on that has them all"},
			&cli.BoolFlag{Name: "contrib", Usage: "use operators of com.microsoft too"},
		}, modelFlags()...),
		Action: exportAction,
	}
}

func exportAction(ctx context.Context, c *cli.Command) error {
	t, err := targetOf(c)
	if err != nil {
		return err
	}
	opset := c.Int("opset")
	if opset != 0 && (opset < export.MinOpset || opset > export.MaxOpset) {
		return usagef("--opset is %d; %d to %d can be written", opset, export.MinOpset, export.MaxOpset)
	}
	for name, n := range t.dims {
		t.options = append(t.options, gocompile.WithDim(name, n))
	}
	m, _, err := t.load(ctx, newProgress(c.Root().ErrWriter))
	if err != nil {
		return err
	}
	defer m.Close()
	p, err := export.Model(m.Graph(), export.Options{Contrib: c.Bool("contrib"), Opset: opset})
	if err != nil {
		return err
	}
	p.Domain, p.ModelVersion, p.ProducerVersion = m.Info().Domain, m.Info().Version, version()
	return export.Write(c.String("output"), p)
}
