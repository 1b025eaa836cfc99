package randomgraph

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// mask masks scores [batch, heads, queries, keys] and adds biases to them, as a condition that chooses or as something added.
func (a *attending) mask(s *ir.Value) *ir.Value {
	var conditions []*ir.Value // that let a key take part
	var biases []*ir.Value
	if a.coin(2) {
		conditions = append(conditions, a.causal(a.maker.size(s, 2), a.maker.size(s, 3))...)
	}
	if a.offset == nil && a.coin(3) { // padding
		conditions = append(conditions, a.unsqueeze(a.keep, 1, 2))
	}
	if a.coin(5) { // ALiBi
		slopes := tensor.New(tensor.Float32, a.heads, 1, 1)
		for h := range a.heads {
			slopes.SetFloat64(h, math.Pow(2, -float64(h+1)))
		}
		j := a.cast(a.count0(a.maker.size(s, 3)), tensor.Float32)
		biases = append(biases, a.times(a.g.Const(slopes), j))
	}
	if a.offset == nil && a.coin(4) {
		biases = append(biases, a.pairs)
	}
	if len(conditions) > 2 {
		a.empty = true // window and padding may leave nothing
	}
	low := []float64{math.Inf(-1), -math.MaxFloat32, -1e9, -1e4}[a.IntN(4)]
	if a.empty {
		low = math.Inf(-1)
	}
	if len(conditions) > 2 || len(conditions) == 2 && a.coin(2) {
		all := conditions[0]
		for _, c := range conditions[1:] {
			all = a.binary(op.And, all, c)
		}
		conditions = []*ir.Value{all}
	}
	var choices []*ir.Value
	for _, c := range conditions {
		if a.coin(2) {
			choices = append(choices, c)
		} else {
			biases = append(biases, a.bias(c, low))
		}
	}
	if a.coin(2) { // the scores come last
		for _, c := range choices {
			s = a.choose(s, c, low)
		}
		return a.sum(append(biases, s))
	}
	s = a.sum(append([]*ir.Value{s}, biases...))
	for _, c := range choices {
		s = a.choose(s, c, low)
	}
	return s
}

func (a *attending) sum(list []*ir.Value) *ir.Value {
	s := list[0]
	for _, x := range list[1:] {
		s = a.plus(s, x)
	}
	return s
}

// choose masks scores where a condition is false.
func (a *attending) choose(s, shown *ir.Value, low float64) *ir.Value {
	if a.coin(2) {
		return a.expr(&op.Where{}, a.unary(op.Not, shown), a.number(low), s)
	}
	return a.expr(&op.Where{}, shown, s, a.number(low))
}

// bias is 0 where a condition is true, and low elsewhere.
func (a *attending) bias(shown *ir.Value, low float64) *ir.Value {
	if math.IsInf(low, 0) || a.coin(2) { // 0·Inf is NaN
		return a.expr(&op.Where{}, shown, a.number(0), a.number(low))
	}
	return a.times(a.minus(a.number(1), a.cast(shown, tensor.Float32)), a.number(low))
}

// causal is the condition that a key is not after the query and, at times, not far before it.
func (a *attending) causal(rows, keys *ir.Value) []*ir.Value {
	if a.offset == nil && a.coin(3) {
		shape := a.join(rows, keys)
		ones := a.expr(&op.Expand{}, a.number(1), shape)
		if a.coin(2) {
			ones = a.expr(&op.ConstantOfShape{Value: tensor.Must([]float32{1}, 1)}, shape)
		}
		if a.coin(2) {
			return []*ir.Value{a.cast(a.expr(&op.Trilu{}, ones), tensor.Bool)}
		}
		above := a.expr(&op.Trilu{Upper: true}, ones, a.whole(1))
		return []*ir.Value{a.binary(op.Equal, above, a.number(0))}
	}
	i, j := a.unsqueeze(a.count0(rows), 1), a.unsqueeze(a.count0(keys), 0)
	if a.offset != nil {
		i = a.plus(i, a.offset)
	}
	var c *ir.Value
	switch a.IntN(3) {
	case 0:
		c = a.binary(op.LessOrEqual, j, i)
	case 1:
		c = a.unary(op.Not, a.binary(op.Greater, j, i))
	default:
		c = a.binary(op.GreaterOrEqual, a.minus(i, j), a.whole(0))
	}
	conditions := []*ir.Value{c}
	if a.coin(4) {
		conditions = append(conditions, a.binary(op.Less, a.minus(i, j), a.whole(int64(1+a.IntN(6)))))
	}
	return conditions
}
