package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile/frontends/onnx"
)

func operatorsCommand() *cli.Command {
	return &cli.Command{
		Name:        "operators",
		Usage:       "list the ONNX operators that this build imports",
		Description: "Operators of domains other than ai.onnx are listed as DOMAIN::NAME. Functions that a model brings with it need no support.",
		Flags:       []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}},
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Present() {
				return usagef("operators takes no arguments; see %s --help", c.FullName())
			}
			names := onnx.Operators()
			if c.Bool("json") {
				return json.NewEncoder(c.Root().Writer).Encode(names)
			}
			for _, name := range names {
				if _, err := fmt.Fprintln(c.Root().Writer, name); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
