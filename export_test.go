package gocompile

import (
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// LastRows reports for each product with so many columns whether the program of a Stateful for the last position computes it for all positions.
func LastRows(t *testing.T, s *Stateful, columns int64) (products, whole int) {
	t.Helper()
	c, err := s.stepper.lastOnly()
	if err != nil {
		t.Fatal(err)
	}
	rows := c.graph.Inputs()[s.stepper.rows.input].Type.Dims[s.stepper.rows.axis]
	c.graph.Walk(func(n *ir.Node) {
		y := n.Out()[0].Type
		if _, ok := n.Op.(*op.MatMul); !ok || len(y.Dims) != 3 {
			return
		}
		if k, ok := y.Dims[2].IsConst(); ok && k == columns {
			products++
			if y.Dims[1].Equal(rows) {
				whole++
			}
		}
	})
	return products, whole
}

// Appends reports whether steps append to all states.
func Appends(s *Stateful) bool {
	for _, st := range s.stepper.states {
		if !st.appends {
			return false
		}
	}
	return true
}
