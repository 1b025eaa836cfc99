package conformance

import (
	"context"
	"fmt"
	"strings"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// Check runs all data sets of a case on a runtime and compares the outputs. Outputs of the cases that draw random numbers are
// checked for shape, type and distribution.
func Check(ctx context.Context, rt Runtime, c *Case) error {
	if len(c.Sets) == 0 {
		return fmt.Errorf("%s: no data set", c.ID())
	}
	m, err := proto.Decode(c.Model)
	if err != nil {
		return err
	}
	for i := range c.Sets {
		in, want, err := c.Decode(m, i)
		if err != nil {
			return err
		}
		got, err := rt.Safe(ctx, c.Model, in.Map())
		if err != nil {
			return err
		}
		if draw := c.draw(); draw != nil {
			err = draw(in.Items, got, want.Items)
		} else {
			err = Compare(got, want.Items, c.Tolerance)
		}
		if err != nil {
			return fmt.Errorf("data set %d: %w", i, err)
		}
	}
	return nil
}

// Operator is the operator that a case is about: that of its only node, for the expansion of a function the function, and the
// name of its group for other models.
func (c *Case) Operator() string {
	m, err := proto.Decode(c.Model)
	if err != nil || m.Graph == nil || !strings.HasPrefix(c.Group, "node") || len(m.Graph.Nodes) == 0 {
		return c.Group
	}
	for _, n := range m.Graph.Nodes {
		if name, _, ok := strings.Cut(n.Name, "_test_"); ok && strings.Contains(c.Name, "_expanded") {
			return name
		}
	}
	last := m.Graph.Nodes[len(m.Graph.Nodes)-1]
	if last.Domain == "" || last.Domain == "ai.onnx" {
		return last.OpType
	}
	return last.Domain + "::" + last.OpType
}
