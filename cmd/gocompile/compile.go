package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
)

func compileCommand() *cli.Command {
	return &cli.Command{
		Name:      "compile",
		Usage:     "write a model ready to run",
		ArgsUsage: "MODEL",
		Description: "Writes the graph after the passes and the weights in the form that kernels read, to be loaded in no time by every command that takes a\n" +
			"MODEL, and by programs. Processes that load the file share its memory. Values of --dim become part of the model.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Required: true, Usage: "write `FILE`, most often named .gcx"},
			&cli.StringSliceFlag{Name: "dim", Usage: "value of an open dimension as `NAME=N`; repeat it, or separate by commas"},
		}, modelFlags()...),
		Action: compileAction,
	}
}

func compileAction(ctx context.Context, c *cli.Command) error {
	t, err := targetOf(c)
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
	return m.WriteFile(c.String("output"))
}
