package main

import (
	"encoding/json"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/ir"
)

// jsonStep is a step in what inspect --steps --json prints.
type jsonStep struct {
	Name   string   `json:"name"`
	Kernel string   `json:"kernel"`
	Nodes  []string `json:"operators"`
}

// showSteps lists what a run does, in order.
func showSteps(c *cli.Command, m *gocompile.Model) error {
	list := []jsonStep{}
	for _, s := range m.Steps() {
		step := jsonStep{Name: s.Name, Kernel: s.Kernel}
		for _, n := range s.Nodes {
			step.Nodes = append(step.Nodes, ir.OpName(n.Op))
		}
		list = append(list, step)
	}
	if c.Bool("json") {
		return json.NewEncoder(c.Root().Writer).Encode(list)
	}
	p := newPage(c.Root().Writer)
	var rows [][]string
	for _, s := range list {
		rows = append(rows, []string{clip(s.Name, 60), clip(s.Kernel, 80), number(int64(len(s.Nodes)))})
	}
	p.table("Steps", columns(left("step"), left("kernel"), right("operators")), rows)
	return p.err
}
