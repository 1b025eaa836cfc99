package export

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// writeParts writes products, a softmax, and what is between them.
func (a *attention) writeParts() error {
	for i := range a.operand {
		a.apart(i)
	}
	if err := a.spread(); err != nil {
		return err
	}
	o := a.o
	stage := func(at op.ScoreStage, x string) string {
		switch {
		case !a.used(3) || o.Scores != at:
			return x
		case a.sinks:
			a.result(3, a.columns(x))
			return x
		}
		return a.result(3, x)
	}
	scores := a.times(a.emit("MatMul", nil, a.operand[0], a.swap(a.operand[1], 0, 1, 3, 2)), a.scale())
	scores = stage(op.ScaledScores, scores)
	if o.Softcap > 0 {
		limit := a.scalar(float64(o.Softcap), a.elem)
		scores = a.times(a.emit("Tanh", nil, a.emit("Div", nil, scores, limit)), limit)
	}
	scores = stage(op.CappedScores, scores)
	if a.bias != "" {
		scores = a.plus(scores, a.bias)
	}
	if a.visible != "" {
		scores = a.emit("Where", nil, a.visible, scores, a.scalar(math.Inf(-1), a.elem))
	}
	scores = stage(op.MaskedScores, scores)
	scores = a.rounded(scores)
	if a.evens() {
		scores = a.emit("Max", nil, scores, a.masked())
	}
	weights := a.emit("Softmax", axis(-1), scores)
	if o.Empty == op.EmptyZero && a.mayBeEmpty() {
		none := a.emit("Equal", nil, a.emit("ReduceMax", nil, scores, a.integers(-1)), a.scalar(math.Inf(-1), a.elem))
		weights = a.emit("Where", nil, none, a.scalar(0, a.elem), weights)
	}
	weights = a.rounded(weights)
	weights = stage(op.Weights, weights)
	a.result(0, a.together(a.emit("MatMul", nil, weights, a.operand[2])))
	return nil
}

// rounded rounds to the precision of the operator.
func (a *attention) rounded(x string) string {
	if p := a.o.Precision; p != tensor.Invalid && p != a.elem && p.Bits() < a.elem.Bits() {
		return a.cast(a.cast(x, p), a.elem)
	}
	return x
}

// scale is the factor of the scores.
func (a *attention) scale() string {
	if a.o.Scale != 0 {
		return a.scalar(float64(a.o.Scale), a.elem)
	}
	dims := a.typ(op.AttentionK).Dims
	size, ok := dims[len(dims)-1].IsConst()
	if n, known := a.number(1).IsConst(); known && len(dims) == 3 {
		size /= n
	}
	if ok {
		return a.scalar(1/math.Sqrt(float64(size)), a.elem)
	}
	n := a.cast(a.emit("Shape", attrs(integer("start", 3)), a.operand[0]), a.elem)
	return a.emit("Reciprocal", nil, a.emit("Sqrt", nil, n))
}

// spread repeats the heads of keys and values for the queries that share them.
func (a *attention) spread() error {
	h, g := a.number(0), a.number(1)
	if h.Equal(g) {
		return nil
	}
	n, ok1 := h.IsConst()
	groups, ok2 := g.IsConst()
	if !ok1 || !ok2 || groups == 0 {
		return fmt.Errorf("with %v heads of queries and %v of keys", h, g)
	}
	for i := 1; i < 3; i++ {
		x := a.operand[i]
		rest := a.emit("Shape", attrs(integer("start", 2)), x)
		shape := a.emit("Concat", axis(0), a.emit("Shape", attrs(integer("start", 0), integer("end", 1)), x), a.integers(n), rest)
		x = a.emit("Expand", nil, a.unsqueeze(x, 2), a.integers(1, 1, n/groups, 1, 1))
		a.operand[i] = a.emit("Reshape", nil, x, shape)
	}
	return nil
}
