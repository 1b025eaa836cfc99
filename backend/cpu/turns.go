package cpu

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu/kernel/attention"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// turns is what attention in a step of several sequences has beside the problem of the whole batch, which says where queries, new keys and results lie:
// a problem for each sequence, on its own keys and values.
type turns struct {
	states   [2][]backend.Turn // of keys and values
	inFrame  bool              // queries stand at the end of the frame, and keys of all sequences end there
	problems []attention.Problem
	body     func(lo, hi int)
}

// together solves the attention of a step of several sequences, see [backend.Turn]. Each query sees what the same query would see in a step of its own
// sequence and position alone.
func (k *attend) together(x *exec, in []*tensor.Tensor) error {
	p, t := &k.problem, &k.turns
	defer func() {
		clear(t.problems)
		t.states = [2][]backend.Turn{}
	}()
	frame := x.step.slots[k.states[0]].Shape()[2]
	for i, state := range k.states {
		slot := &x.step.slots[state]
		size := [2]int{p.Size, p.ValueSize}[i]
		if s := slot.Shape(); s[0] != p.Batch || s[1] != p.Groups || s[2] != frame || s[3] != size || p.Queries != 1 || p.Keys != 1 {
			return fmt.Errorf("states of shape %v do not go with one query and new key for each of %d positions, of %d heads of %d", s, p.Batch, p.Groups, size)
		}
		t.states[i] = slot.Turns
	}
	p.Keys = frame + 1
	if m := operand(in, op.AttentionMask); m != nil {
		if err := k.mask(m); err != nil {
			return err
		}
		if p.Mask.Columns != p.Keys {
			return fmt.Errorf("the mask of shape %v has not one column for each of %d keys", m.Shape(), p.Keys)
		}
	}
	if err := k.stand(in, frame); err != nil {
		return err
	}
	t.problems = t.problems[:0]
	for i, row := 0, 0; i < len(t.states[0]); i++ {
		t.problems = append(t.problems, k.turn(i, row, frame))
		row += t.states[0][i].New
	}
	x.divide(len(t.problems), float64(p.Batch*p.Groups*(p.Size+p.ValueSize))*copyCost/float64(len(t.problems)), t.body)
	attention.RunAll(x.attender(), t.problems)
	return nil
}

// stand finds out where queries stand: all at the end of the frame, or each where its sequence ends, because the program counts that from its inputs.
// What they have before them becomes the starts of sequences.
func (k *attend) stand(in []*tensor.Tensor, frame int) error {
	p, t := &k.problem, &k.turns
	if _, err := perBatch(operand(in, op.AttentionStart), k.starts, frame); err != nil {
		return err
	}
	lengths, err := perBatch(operand(in, op.AttentionLengths), k.lengths, 0)
	if err != nil {
		return err
	}
	t.inFrame = k.op.Append || !slices.ContainsFunc(k.starts, func(n int) bool { return n != frame })
	row := 0
	for i, turn := range t.states[0] {
		before := turn.Rows.Len()
		for j := range turn.New {
			at := before + j
			if t.inFrame {
				at = frame
			}
			if k.starts[row] != at || lengths != nil && lengths[row] <= at {
				return fmt.Errorf("position %d of a sequence stands at %d of its keys, not at %d; such a model cannot run several sequences together", before+j, k.starts[row], at)
			}
			row++
		}
		k.starts[i] = before // the batches of this turn are done, and there is one at least
	}
	p.Lengths = nil
	return nil
}

// turn is the problem of a sequence, whose first position is a row of the batch.
func (k *attend) turn(i, row, frame int) attention.Problem {
	p := k.problem
	keys, values := k.turns.states[0][i], k.turns.states[1][i]
	before := keys.Rows.Len()
	p.Batch, p.Queries, p.Keys, p.Right, p.Starts = 1, keys.New, before+keys.New, 1, k.starts[i:i+1]
	for _, o := range []*attention.Operand{&p.Q, &p.Y} { // a batch each becomes a row each
		o.Data, o.Row = o.Data[row*o.Batch:], o.Batch
	}
	p.K, p.V = keptRows(keys.Rows), keptRows(values.Rows)
	m := &p.Mask
	first := 0 // column of the mask for the first key
	if k.turns.inFrame {
		first = frame - before
	}
	m.First, m.Columns = row*m.Steps[0]+first*m.Steps[3], p.Keys
	m.Steps[2] = m.Steps[0]
	if k.turns.inFrame { // each next position stands where the one before does, its keys one column further left
		m.Steps[2] -= m.Steps[3]
	}
	return p
}

// append writes the new keys and values of sequences [lo, hi).
func (k *attend) append(lo, hi int) {
	row := 0
	for i, turn := range k.turns.states[0][:hi] {
		if i >= lo {
			keys, values := k.keys, k.values // whose rows differ by sequence
			keys.all, values.all = k.turns.problems[i].K, k.turns.problems[i].V
			keys.write(row, turn, k.problem.Groups)
			values.write(row, turn, k.problem.Groups)
		}
		row += turn.New
	}
}

// write writes the new rows of a turn, which are batches from row on.
func (c *cache) write(row int, turn backend.Turn, groups int) {
	before := turn.Rows.Len()
	for g := range groups {
		for j := range turn.New {
			c.store(g*c.all.Head+(before+j)*c.all.Row, (row+j)*c.fresh.Batch+g*c.fresh.Head)
		}
	}
}
