package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// cells recognises recurrent layers spelled out step by step: in a row of cells that share their weights, and in the bodies of Scan and Loop.
func cells(r *run, g *ir.Graph) error {
	for again := true; again; { // once more, as a row may begin with the states of another one
		before := r.rewrites
		if err := unrolled(r, g); err != nil {
			return err
		}
		again = r.rewrites > before
	}
	for n := range g.Nodes() {
		var err error
		switch o := n.Op.(type) {
		case *op.Scan:
			err = scannedCell(r, g, n, o)
		case *op.Loop:
			err = loopedCell(r, g, n, o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unrolled recognises rows of at least two cells.
func unrolled(r *run, g *ir.Graph) error {
	after := map[*cell]*cell{} // the cell that takes the state of another
	byState := map[*ir.Value]*cell{}
	var heads []*cell
	b := bounds{}
	for n := range g.Nodes() {
		if !b.mayEndCell(n) || !n.Out()[0].Used() {
			continue
		}
		c := cellOf(n.Out()[0], newReader(b, nil))
		if c == nil {
			continue
		}
		byState[c.newH] = c
		before := c.before(byState)
		if before == nil || after[before] != nil {
			heads = append(heads, c)
			continue
		}
		after[before] = c
	}
	gone := map[*ir.Value]bool{} // states of cells that have been replaced
	before := r.rewrites
	for _, c := range heads {
		row := []*cell{c}
		for next := after[c]; next != nil; next = after[next] {
			row = append(row, next)
		}
		if len(row) < 2 || slices.ContainsFunc(row, func(c *cell) bool { return c.takes(gone) }) {
			continue
		}
		done, err := rowOfCells(r, g, row)
		if err != nil {
			return err
		}
		for _, c := range row {
			if done {
				gone[c.newH], gone[c.newC] = true, c.newC != nil
			}
		}
	}
	if r.rewrites == before {
		return nil
	}
	return dead(r, g)
}

// takes reports whether a cell takes one of some values.
func (c *cell) takes(values map[*ir.Value]bool) bool {
	return values[c.h] || values[c.c] || slices.ContainsFunc(c.sources(), func(s source) bool { return values[s.value] || values[c.reader.values[s]] })
}

// mayEndCell is a quick look whether a node may give the state of a cell.
func (b bounds) mayEndCell(n *ir.Node) bool {
	switch o := n.Op.(type) {
	case *op.Binary:
		if o.Fn == op.Mul {
			return b.activated(n.Input(0)) != nil && b.activated(n.Input(1)) != nil
		}
		return o.Fn == op.Add && (binaryOf(n.Input(0), op.Mul) != nil || binaryOf(n.Input(1), op.Mul) != nil)
	case *op.Unary:
		return b.activated(n.Out()[0]) != nil && binaryOf(n.Input(0), op.Add) != nil
	}
	return false
}

// before is the cell whose states c takes, nil if there is none among those known.
func (c *cell) before(byState map[*ir.Value]*cell) *cell {
	for _, s := range append(c.sources(), source{value: c.h}) {
		p := byState[s.value]
		if s.step || p == nil || p == c || p.kind != c.kind || p.newC != c.c {
			continue
		}
		return p
	}
	return nil
}

// rowOfCells replaces cells of which each takes the states of the one before.
func rowOfCells(r *run, g *ir.Graph, row []*cell) (bool, error) {
	last := row[len(row)-1]
	l, first, because := inRow(row)
	if because == "" {
		because = l.because()
	}
	if because != "" {
		r.missed(KindRecurrent, last.newH.Def(), because)
		return false, nil
	}
	weights, ok := l.weights()
	if !ok || !r.rewrite() {
		return false, nil
	}
	at := row[0].newH.Def()
	axis := 0
	if l.batchFirst {
		axis = 1
	}
	var err error
	if l.x, err = spanBefore(g, at, span{of: l.x, axis: axis, start: first, end: first + int64(len(row))}); err != nil {
		return false, err
	}
	m, err := l.build(g, at, weights)
	if err != nil {
		return false, err
	}
	all := false // whether other states than the last are wanted
	for i, c := range row {
		wanted := c.newH.IsOutput() || i == len(row)-1
		for _, u := range c.newH.Uses() {
			wanted = wanted || !row[i+1].seen[u.Node]
		}
		if !wanted {
			continue
		}
		all = all || i < len(row)-1
		var h *ir.Value
		if !all {
			h, err = lastState(g, at, m, 1)
		} else {
			step := int64(i)
			if l.reverse {
				step = int64(len(row) - 1 - i)
			}
			h, err = spanBefore(g, at, span{of: m.Out()[0], axis: axis, start: step, end: step + 1, dropped: true})
		}
		if err != nil {
			return false, err
		}
		g.ReplaceUses(c.newH, h)
	}
	if last.newC != nil {
		v, err := lastState(g, at, m, 2)
		if err != nil {
			return false, err
		}
		g.ReplaceUses(last.newC, v)
	}
	ir.Credit(m, last.newH.Def())
	return true, nil
}

// inRow is the layer of a row of cells and the number of its first step in the sequence, or why it is none.
func inRow(row []*cell) (l *recurrence, first int64, because string) {
	x := func(i int) (source, []source) { // of cell i, and what else there is
		var x source
		var others []source
		for _, s := range row[i].sources() {
			switch {
			case i > 0 && s == source{value: row[i-1].newH}:
			case s.step && x.value == nil && (l == nil || s.value == l.x):
				x = s
			default:
				others = append(others, s)
			}
		}
		return x, others
	}
	x1, others := x(1)
	if x1.value == nil || len(others) > 0 {
		return nil, 0, "the gates depend on something else than one step of a sequence and the state"
	}
	l = &recurrence{cell: row[1], x: x1.value, batchFirst: x1.axis == 1}
	x0, others := x(0)
	var h0 source
	if len(others) == 1 {
		h0 = others[0]
		l.h0 = row[0].reader.values[h0]
	}
	if row[0].h != nil {
		l.h0 = row[0].h
	}
	l.c0 = row[0].c
	if x0.value == nil || len(others) > 1 || x0.axis != x1.axis || x1.at != x0.at+1 && x1.at != x0.at-1 {
		return nil, 0, "the cells do not take one step of a sequence after the other"
	}
	l.reverse = x1.at < x0.at
	l.isX = func(s source) bool { return s == x1 }
	l.isH = func(s source) bool { return s == source{value: row[0].newH} }
	for i, c := range row {
		xi, others := x(i)
		step := x1.at - x0.at
		if xi.value == nil || i > 0 && len(others) > 0 || xi.axis != x1.axis || xi.at != x0.at+step*int64(i) {
			return nil, 0, "the cells do not take one step of a sequence after the other"
		}
		place := func(s source) source {
			switch {
			case s == xi:
				return x1
			case i == 0 && s == h0, i > 0 && s == source{value: row[i-1].newH}:
				return source{value: row[0].newH}
			}
			return s
		}
		if !c.equals(row[1], place, i == 0 && h0.value == nil) {
			return nil, 0, "the cells have different weights"
		}
		if i < len(row)-1 && c.newC != nil && (c.newC.IsOutput() || slices.ContainsFunc(c.newC.Uses(), func(u ir.Use) bool { return !c.seen[u.Node] && !row[i+1].seen[u.Node] })) {
			return nil, 0, "a cell state between two steps is used elsewhere"
		}
	}
	first = min(x0.at, x0.at+(x1.at-x0.at)*int64(len(row)-1))
	return l, first, ""
}

// equals reports whether c is the same function as d, of the sources that take the place of its own. A first cell may lack what the weights make of a
// state of zeros.
func (c *cell) equals(d *cell, place func(source) source, zero bool) bool {
	a, b := c.forms(), d.forms()
	if c.kind != d.kind || c.resetAfter != d.resetAfter || len(a) != len(b) {
		return false
	}
	for i := range c.fns {
		if *c.fns[i] != *d.fns[i] {
			return false
		}
	}
	for i := range c.gates {
		if c.gates[i].minus != d.gates[i].minus {
			return false
		}
	}
	for i := range a {
		if zero {
			g := *b[i]
			g.terms = slices.DeleteFunc(slices.Clone(g.terms), func(t term) bool { return !t.of.step })
			if !a[i].equals(&g, place) {
				return false
			}
		} else if !a[i].equals(b[i], place) {
			return false
		}
	}
	return true
}
