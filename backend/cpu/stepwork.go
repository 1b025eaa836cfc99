package cpu

import (
	"slices"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// workOf is the work of a step that has just run.
func (s *Session) workOf(i int) backend.Work {
	if w := s.watch.work[i]; w != nil {
		return *w
	}
	st := &s.program.steps[i]
	w := backend.Work{Flops: s.flops(st)}
	if multipliesBytes(st.kernel) {
		w.Small = w.Flops
	}
	_, columns := st.kernel.(*gatherColumns)
	picks := columns || len(st.nodes) == 1 && picked(st.node.Op)
	for k, slot := range st.in {
		if slot < 0 || slices.Contains(st.in[:k], slot) || k == 0 && picks {
			continue
		}
		n := s.bytes(slot)
		if picksRows(st, k) {
			n = min(n, s.bytes(st.out[0]))
		}
		if s.program.slots[slot].kind == constant {
			w.Constants += n
		} else {
			w.Values += n
		}
	}
	for k, slot := range st.out {
		if st.used[k] {
			w.Values += s.bytes(slot)
			if picks && s.program.slots[st.in[0]].kind == constant {
				w.Constants += s.bytes(slot)
			} else if picks {
				w.Values += s.bytes(slot)
			}
		}
	}
	if s.plan.ready[i] && !s.plan.stretchy[i] {
		s.watch.work[i] = &w
	}
	return w
}

// multipliesBytes reports whether a kernel is products of integers of 8 bits.
func multipliesBytes(k kernel) bool {
	switch k := k.(type) {
	case *integerMatMul:
		return true
	case *matmul:
		return k.packed != nil && k.packed.Rounds()
	case *products:
		return !slices.ContainsFunc(k.members, func(m *matmul) bool { return !multipliesBytes(m) })
	}
	return false
}

// picked reports whether an operator reads no more of its first input than it writes.
func picked(o ir.Op) bool {
	switch o.(type) {
	case *op.Gather, *op.GatherElements, *op.GatherND, *op.Slice, *op.Split, *op.Compress:
		return true
	}
	return false
}

// picksRows reports whether an input is a table of a rotary embedding, of which positions choose rows that are no longer than those of the result.
func picksRows(st *step, input int) bool {
	if _, ok := st.node.Op.(*op.Rotary); !ok || len(st.nodes) != 1 || input != 1 && input != 2 {
		return false
	}
	return len(st.node.In()) > 3 && st.node.In()[3] != nil
}

// flops adds up the nodes of a step. Shapes of what one hands to the next within a step follow from the symbols; those that do not count nothing.
func (s *Session) flops(st *step) int64 {
	shapes := map[*ir.Value][]int{}
	operands, results := st.node.In(), st.node.Out()
	if st.unit != nil {
		operands, results = st.unit.in, st.unit.results()
	}
	for k, slot := range st.in {
		if slot >= 0 {
			shapes[operands[k]] = s.shape(slot)
		}
	}
	for k, slot := range st.out {
		if st.used[k] {
			shapes[results[k]] = s.shape(slot)
		}
	}
	of := func(values []*ir.Value) [][]int {
		list := make([][]int, len(values))
		for i, v := range values {
			if v == nil {
				continue
			}
			shape, ok := shapes[v]
			if !ok && v.Type.Ranked {
				shape, _ = evalDims(v.Type.Dims, s.binding)
			}
			list[i] = shape
		}
		return list
	}
	sum := int64(0)
	for _, n := range st.nodes {
		sum += op.Flops(n.Op, of(n.In()), of(n.Out()))
	}
	return sum
}

// shape is that of a value in the current run, nil if it is no tensor.
func (s *Session) shape(slot int) []int {
	if at := &s.slots[slot]; at.known {
		return at.shape
	}
	if t, ok := s.values[slot].(*tensor.Tensor); ok {
		return t.Shape()
	}
	return nil
}

// bytes is the size of a value in the current run, 0 if it is no tensor of numbers.
func (s *Session) bytes(slot int) int64 {
	if at := &s.slots[slot]; at.known {
		return int64(at.bytes)
	}
	if t, ok := s.values[slot].(*tensor.Tensor); ok && t.DType() != tensor.String {
		return int64(len(t.Bytes()))
	}
	return 0
}
