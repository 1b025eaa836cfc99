package recurrent

import "fmt"

// Args are the operands of a recurrent operator. Without BatchFirst, X is `[seq, batch, input]`, Y `[seq, dirs, batch, hidden]` and states
// `[dirs, batch, hidden]`; with it `[batch, seq, input]`, `[batch, seq, dirs, hidden]` and `[batch, dirs, hidden]`. With Stacked, Y is laid out
// as X, `[seq, batch, dirs, hidden]` or `[batch, seq, dirs, hidden]`, and states are `[dirs, batch, hidden]`. TimeFirst is of X and Y alone: the one, or the
// other if it is stacked, is as without BatchFirst.
type Args struct {
	Seq, Batch int
	BatchFirst bool
	Stacked    bool
	TimeFirst  struct{ X, Y bool }
	X          []float32
	Lengths    []int32   // [batch], each from 0 to Seq; nil: Seq
	Layers     []*Layer  // one a direction, at most two; of equal input and hidden sizes
	Reverse    [2]bool   // by direction
	H0, C0     []float32 // initial states; nil: zero
	Y, YH, YC  []float32 // results; nil where not wanted. They must not share memory with anything else.
}

// check makes sure that all slices are long enough.
func (a *Args) check() {
	if len(a.Layers) < 1 || len(a.Layers) > 2 || a.Seq < 0 || a.Batch < 0 {
		panic(fmt.Sprintf("BUG: recurrent operator of %d directions, %d steps, batch %d", len(a.Layers), a.Seq, a.Batch))
	}
	l := a.Layers[0]
	if o := a.Layers[len(a.Layers)-1]; o.input != l.input || o.hidden != l.hidden || o.cell.Kind != l.cell.Kind {
		panic(fmt.Sprintf("BUG: directions with inputs %d and %d, hidden sizes %d and %d", l.input, o.input, l.hidden, o.hidden))
	}
	states := len(a.Layers) * a.Batch * l.hidden
	ok := len(a.X) == a.Seq*a.Batch*l.input && (a.Y == nil || len(a.Y) == a.Seq*states)
	for _, s := range [][]float32{a.H0, a.C0, a.YH, a.YC} {
		ok = ok && (s == nil || len(s) == states)
	}
	if !ok || a.Lengths != nil && len(a.Lengths) != a.Batch {
		panic(fmt.Sprintf("BUG: recurrent operator of %d steps, batch %d, input %d, hidden size %d with slices of %d, %d, %d, %d, %d, %d, %d elements", a.Seq, a.Batch,
			l.input, l.hidden, len(a.X), len(a.Lengths), len(a.H0), len(a.C0), len(a.Y), len(a.YH), len(a.YC)))
	}
	for _, n := range a.Lengths {
		if n < 0 || int(n) > a.Seq {
			panic(fmt.Sprintf("BUG: sequence length %d of %d", n, a.Seq))
		}
	}
}

// length is the number of steps of sequence b.
func (a *Args) length(b int) int {
	if a.Lengths == nil {
		return a.Seq
	}
	return int(a.Lengths[b])
}

// xByBatch and yByBatch tell whether the rows of a sequence are consecutive.
func (a *Args) xByBatch() bool { return a.BatchFirst && !a.TimeFirst.X }

func (a *Args) yByBatch() bool { return a.BatchFirst && !(a.Stacked && a.TimeFirst.Y) }

// rowX is the row of X of a sequence at a time.
func (a *Args) rowX(time, b int) int {
	if a.xByBatch() {
		return b*a.Seq + time
	}
	return time*a.Batch + b
}

// rowY is the row of Y of a sequence at a time.
func (a *Args) rowY(time, d, b int) int {
	switch {
	case a.yByBatch():
		return (b*a.Seq+time)*len(a.Layers) + d
	case a.Stacked:
		return (time*a.Batch+b)*len(a.Layers) + d
	}
	return (time*len(a.Layers)+d)*a.Batch + b
}

// rowState is the row of the states of a sequence.
func (a *Args) rowState(d, b int) int {
	if a.BatchFirst && !a.Stacked {
		return b*len(a.Layers) + d
	}
	return d*a.Batch + b
}
