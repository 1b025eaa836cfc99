package export

import (
	"fmt"

	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// cache joins past and new keys and values, unless the operator is to do it: that puts them one behind the other.
func (a *attention) cache() error {
	out := a.node.Out()
	k := a.typ(op.AttentionK)
	a.length = k.Dims[len(k.Dims)-2]
	if len(out[1].Type.Dims) != 4 {
		return fmt.Errorf("the number of keys is not known")
	}
	a.keys = out[1].Type.Dims[2]
	if a.in(op.AttentionPastK) == "" {
		if a.parts || a.in(op.AttentionSink) != "" || a.in(op.AttentionLengths) != "" {
			for i := 1; i < 3; i++ {
				if a.used(i) {
					a.apart(i)
					a.operand[i] = a.result(i, a.operand[i])
				}
			}
		}
		return nil
	}
	for i := range 2 {
		if a.past[i] = a.in(op.AttentionPastK + i); a.typ(op.AttentionK+i).Elem != a.elem {
			a.past[i] = a.cast(a.past[i], a.elem)
		}
		if len(a.typ(op.AttentionPastK+i).Dims) != 4 {
			return fmt.Errorf("the rank of past keys or values is not known")
		}
	}
	placed := a.in(op.AttentionStart) != "" && !a.o.Append
	if !a.parts && !placed && a.in(op.AttentionCapacity)+a.in(op.AttentionSink)+a.in(op.AttentionLengths) == "" {
		return nil
	}
	for i := range 2 {
		a.apart(i + 1)
		all, err := a.join(i)
		if err != nil {
			return err
		}
		if a.used(i + 1) {
			all = a.result(i+1, all)
		}
		a.operand[i+1], a.past[i] = all, ""
	}
	return nil
}

// join is all keys (0) or values (1), [B, G, T, D].
func (a *attention) join(i int) (string, error) {
	past, fresh := a.past[i], a.operand[i+1]
	behind := a.in(op.AttentionStart) == "" || a.o.Append
	if behind && a.in(op.AttentionCapacity) == "" {
		return a.emit("Concat", axis(2), past, fresh), nil
	}
	batch, length := a.typ(op.AttentionPastK + i).Dims[0], a.typ(op.AttentionPastK + i).Dims[2]
	start := a.size(length, past, 2)
	if room, ok := a.room(length, past); ok {
		past = a.behind(past, 4, 2, room, "")
	}
	if !behind {
		var err error
		if start, err = a.starts(); err != nil {
			return "", err
		}
	}
	if v := a.node.Input(op.AttentionStart); behind || len(v.Type.Dims) == 0 || !v.Type.Dims[0].Equal(batch) {
		start = a.emit("Expand", nil, start, a.size(batch, past, 0))
	}
	if !a.has(24) {
		return a.placed(past, fresh, start, 2, 4, false)
	}
	return a.emit("TensorScatter", axis(2), past, fresh, start), nil
}

// room is the number of places that a cache of the given length lacks, and whether it may lack some.
func (a *attention) room(length sym.Expr, past string) (string, bool) {
	v := a.node.Input(op.AttentionCapacity)
	if v == nil {
		return a.size(a.length, a.operand[1], 2), true
	}
	lacks := a.keys.Sub(length)
	if n, ok := lacks.IsConst(); ok && n == 0 {
		return "", false
	}
	if a.reach(lacks) {
		if n, err := a.dimension(lacks); err == nil {
			return n, true
		}
	}
	capacity := a.emit("Reshape", nil, a.values[v], a.integers(-1))
	if v.Type.Elem != tensor.Int64 {
		capacity = a.cast(capacity, tensor.Int64)
	}
	return a.emit("Max", nil, a.minus(capacity, a.size(length, past, 2)), a.integers(0)), true
}

// sink adds a key that is nothing but a score, with a value of zeros.
func (a *attention) sink() error {
	if a.in(op.AttentionSink) == "" {
		return nil
	}
	if a.evens() {
		return fmt.Errorf("with a sink, and queries that look at all keys alike if they have none")
	}
	heads, ok := a.number(0).IsConst()
	if !ok {
		return fmt.Errorf("with a sink, the number of heads must be known")
	}
	mask := a.combined()
	if mask == "" {
		mask = a.scalar(0, a.elem)
	} else if a.bias == "" {
		mask = a.emit("Where", nil, mask, a.scalar(0, a.elem), a.masked())
	}
	first := a.integers(1)
	mask = a.emit("Expand", nil, mask, a.emit("Concat", axis(0), first, a.integers(heads), a.rows(), a.total()))
	score := a.in(op.AttentionSink)
	if a.typ(op.AttentionSink).Elem != a.elem {
		score = a.cast(score, a.elem)
	}
	batch := a.emit("Shape", attrs(integer("start", 0), integer("end", 1)), mask)
	score = a.emit("Expand", nil, a.emit("Reshape", nil, score, a.integers(1, heads, 1, 1)), a.emit("Concat", axis(0), batch, first, a.rows(), first))
	a.visible, a.bias, a.sinks = "", a.emit("Concat", axis(-1), mask, score), true
	for i := 1; i < 3; i++ {
		a.apart(i)
		a.operand[i] = a.behind(a.operand[i], 4, 2, first, "")
	}
	return nil
}

// behind adds n elements of a value, "" for 0, behind those on an axis. It names no axes, which onnxruntime confuses when it moves a Transpose.
func (s *scope) behind(x string, rank, axis int, n, value string) string {
	before, after := make([]int64, rank+axis), make([]int64, rank-axis-1)
	pads := []string{s.integers(before...), n}
	if len(after) > 0 {
		pads = append(pads, s.integers(after...))
	}
	return s.emit("Pad", nil, x, s.emit("Concat", attrs(integer("axis", 0)), pads...), value)
}

// columns are the scores of real keys.
func (a *attention) columns(scores string) string {
	if !a.sinks {
		return scores
	}
	return a.slice(scores, a.integers(0), a.integers(-1), -1, 1)
}
