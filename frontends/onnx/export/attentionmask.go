package export

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// mask says which keys take part and what is added to their scores.
func (a *attention) mask() error {
	o := a.o
	left, right := o.Left, o.Right
	if left >= op.MaxWindow {
		left = 0
	}
	if right >= op.MaxWindow {
		right = 0
	}
	if o.Causal {
		right = 1
	}
	// The operator counts from the first new key itself, in onnxruntime only where there are as many queries as new keys. Where rows may stay
	// without keys, all of the mask is written.
	q := a.typ(op.AttentionQ).Dims
	if o.Causal && q[len(q)-2].Equal(a.length) && a.in(op.AttentionStart) == "" && a.in(op.AttentionSink) == "" && !a.parts && a.past[0] == a.in(op.AttentionPastK) &&
		(o.Empty == op.EmptyZero || !a.mayBeEmpty()) {
		a.causal, right = true, 0
	}
	at := ""
	if left > 0 || right > 0 || a.in(op.AttentionSlopes) != "" {
		start, err := a.starts()
		if err != nil {
			return err
		}
		at = a.unsqueeze(a.count(a.rows()), 1)
		if start != "" {
			at = a.plus(a.unsqueeze(start, 1, 2, 3), at)
		}
	}
	if right > 0 {
		a.also(a.emit("Less", nil, a.count(a.total()), a.plus(at, a.integers(int64(right)))))
	}
	if left > 0 {
		a.also(a.emit("Greater", nil, a.count(a.total()), a.minus(at, a.integers(int64(left)))))
	}
	if v := a.node.Input(op.AttentionLengths); v != nil {
		if err := a.valid(v); err != nil {
			return err
		}
	}
	if v := a.node.Input(op.AttentionMask); v != nil {
		if !v.Type.Ranked {
			return fmt.Errorf("the rank of the mask is not known")
		}
		a.given(v)
	}
	if a.in(op.AttentionSlopes) != "" {
		a.alibi(at)
	}
	return nil
}

// also lets only those keys take part that x shows too.
func (a *attention) also(x string) {
	if a.visible != "" {
		x = a.emit("And", nil, a.visible, x)
	}
	a.visible = x
}

// valid hides keys from the lengths on. They must not be read, so that zeros take their place, unless a result shows them.
func (a *attention) valid(v *ir.Value) error {
	n, err := a.vector(v)
	if err != nil {
		return err
	}
	there := a.emit("Less", nil, a.count(a.total()), a.unsqueeze(n, 1, 2, 3))
	a.also(there)
	there = a.swap(there, 0, 1, 3, 2)
	for i := 1; i < 3; i++ {
		if i == op.AttentionK && a.used(3) || i == op.AttentionV && a.evens() {
			continue
		}
		a.apart(i)
		a.operand[i] = a.emit("Where", nil, there, a.operand[i], a.scalar(0, a.elem))
	}
	return nil
}

// given takes the mask of the operator, which may have fewer columns than there are keys.
func (a *attention) given(v *ir.Value) {
	x, isBool := a.values[v], v.Type.Elem == tensor.Bool
	if !isBool && v.Type.Elem != a.elem {
		x = a.cast(x, a.elem)
	}
	if dims := v.Type.Dims; len(dims) > 0 && !dims[len(dims)-1].Equal(a.keys) {
		if n, ok := dims[len(dims)-1].IsConst(); !ok || n != 1 {
			x = a.padded(x, len(dims), isBool)
		}
	}
	if isBool {
		a.also(x)
	} else {
		a.bias = x
	}
}

// padded adds columns that hide keys behind those of a mask, unless it has one for all.
func (a *attention) padded(x string, rank int, isBool bool) string {
	columns := a.emit("Shape", attrs(integer("start", -1)), x)
	lacks := a.emit("Where", nil, a.emit("Equal", nil, columns, a.integers(1)), a.integers(0), a.minus(a.total(), columns))
	value := ""
	if !isBool {
		value = a.scalar(math.Inf(-1), a.elem)
	}
	return a.behind(x, rank, rank-1, lacks, value)
}

// alibi adds −slope·|position of the query − position of the key|.
func (a *attention) alibi(at string) {
	slopes := a.in(op.AttentionSlopes)
	if a.typ(op.AttentionSlopes).Elem != a.elem {
		slopes = a.cast(slopes, a.elem)
	}
	distance := a.cast(a.emit("Abs", nil, a.minus(at, a.count(a.total()))), a.elem)
	bias := a.times(a.unsqueeze(a.emit("Neg", nil, slopes), 0, 2, 3), distance)
	if a.bias != "" {
		bias = a.plus(a.bias, bias)
	}
	a.bias = bias
}

// combined is one mask, of bool or floats, "" for none.
func (a *attention) combined() string {
	low := a.evens()
	switch {
	case a.bias != "" && low: // finite, so that rows without keys are even
		bias := a.emit("Max", nil, a.bias, a.masked())
		if a.visible != "" {
			bias = a.emit("Where", nil, a.visible, bias, a.masked())
		}
		return bias
	case a.bias != "" && a.visible != "":
		return a.emit("Where", nil, a.visible, a.bias, a.masked())
	case a.bias != "":
		return a.bias
	case a.visible != "" && low:
		return a.emit("Where", nil, a.visible, a.scalar(0, a.elem), a.masked())
	}
	return a.visible
}

// lowScore makes other scores vanish where it is added, so that they are all the same. onnxruntime takes the lowest number for no score.
const lowScore = -1e30

// masked is what is added to the score of a key that takes no part.
func (a *attention) masked() string {
	if a.evens() {
		return a.scalar(lowScore, a.elem)
	}
	return a.scalar(math.Inf(-1), a.elem)
}

// evens reports whether a query without keys is to look at all of them alike.
func (a *attention) evens() bool { return a.o.Empty == op.EmptyMean && a.mayBeEmpty() }

// mayBeEmpty reports whether a query may be left without keys.
func (a *attention) mayBeEmpty() bool {
	if a.in(op.AttentionMask) != "" || a.in(op.AttentionLengths) != "" {
		return true
	}
	start, q := a.node.Input(op.AttentionStart), a.typ(op.AttentionQ).Dims
	behind := a.o.Left > 0 && (start != nil || !sym.LE(q[len(q)-2], a.length)) // queries behind all keys
	return behind || start != nil && (a.o.Causal || a.o.Right > 0) && !notNegative(start)
}

// anyKey tells which queries have a key, [B, H, S, 1] with 1 for what is the same for all.
func (a *attention) anyKey() string {
	last := a.integers(-1)
	if a.bias == "" {
		return a.cast(a.emit("ReduceMax", nil, a.cast(a.visible, tensor.Int32), last), tensor.Bool)
	}
	peak := a.emit("ReduceMax", nil, a.combined(), last)
	return a.emit("Not", nil, a.emit("Equal", nil, peak, a.scalar(math.Inf(-1), a.elem)))
}

// notNegative reports whether all numbers of v are known to be 0 or more.
func notNegative(v *ir.Value) bool {
	for _, e := range v.Sym {
		if !e.AtLeast(0) {
			return false
		}
	}
	return len(v.Sym) > 0
}
