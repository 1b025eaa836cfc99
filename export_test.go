package gocompile

import (
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// LastRows reports for each product with so many columns whether the program of a Stateful for the last position computes it for all positions.
func LastRows(t *testing.T, s *Stateful, columns int64) (products, whole int) {
	t.Helper()
	return wholeProducts(t, &s.stepper.last, s.stepper.rows, columns)
}

// EndRows does the same for the program of a Batch for the last position of each turn.
func EndRows(t *testing.T, b *Batch, columns int64) (products, whole int) {
	t.Helper()
	return wholeProducts(t, &b.stepper.ends, axis{b.stepper.rows.input, 0}, columns)
}

// wholeProducts counts products with so many columns, and those of them that have the length of an axis among their dimensions.
func wholeProducts(t *testing.T, l *lazyProgram, all axis, columns int64) (products, whole int) {
	t.Helper()
	c, err := l.get()
	if err != nil {
		t.Fatal(err)
	}
	rows := c.graph.Inputs()[all.input].Type.Dims[all.axis]
	c.graph.Walk(func(n *ir.Node) {
		y := n.Out()[0].Type
		if _, ok := n.Op.(*op.MatMul); !ok || len(y.Dims) != 3 {
			return
		}
		if k, ok := y.Dims[2].IsConst(); ok && k == columns {
			products++
			if y.Dims[all.axis].Equal(rows) {
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
