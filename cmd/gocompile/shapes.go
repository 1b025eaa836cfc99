package main

import (
	"encoding/json"
	"errors"
	"regexp"

	"github.com/urfave/cli/v3"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/internal/inputs"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
)

// typedValue is a value of a model with its shape.
type typedValue struct {
	Node  string `json:"node"`
	Op    string `json:"op"`
	Value string `json:"value"`
	Type  string `json:"type"`            // in dimensions of the inputs
	Shape []int  `json:"shape,omitempty"` // with --dim
}

// showShapes prints the values of a graph in program order, without constants and without the arithmetic of shapes, and first the inputs.
func showShapes(c *cli.Command, m *gocompile.Model, dims map[string]int, filter *regexp.Regexp) error {
	b, err := m.Binding(dims, len(dims) > 0)
	if err != nil {
		return err
	}
	var all []typedValue
	var failed error
	add := func(node, op string, v *ir.Value) {
		if !filter.MatchString(node) || v.Const != nil || v.Sym != nil || !v.Used() {
			return
		}
		s := typedValue{Node: node, Op: op, Value: v.Name, Type: v.Type.String()}
		if _, ranked := v.Type.Rank(); ranked && len(dims) > 0 {
			shape, err := inputs.Shape(v.Type.Dims, b)
			var unbound *sym.UnboundError
			if err != nil && !errors.As(err, &unbound) && failed == nil {
				failed = usagef("%s %q: %w", op, node, err)
			}
			s.Shape = shape
		}
		all = append(all, s)
	}
	for _, v := range m.Graph().Inputs() {
		add(v.Name, "input", v)
	}
	for n := range m.Graph().Nodes() {
		for _, v := range n.Out() {
			add(n.Name, ir.OpName(n.Op), v)
		}
	}
	if failed != nil {
		return failed
	}
	if c.Bool("json") {
		return json.NewEncoder(c.Root().Writer).Encode(all)
	}
	head := columns(left("node"), left("operator"), left("type"))
	if len(dims) > 0 {
		head = append(head, left("shape"))
	}
	var rows [][]string
	for _, s := range all {
		row := []string{s.Node, s.Op, s.Type}
		if len(dims) > 0 {
			shape := "depends on data"
			if s.Shape != nil {
				shape = shapeText(s.Shape)
			}
			row = append(row, shape)
		}
		rows = append(rows, row)
	}
	page := newPage(c.Root().Writer)
	page.table("", head, rows)
	return page.err
}
