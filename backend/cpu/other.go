package cpu

import (
	"math"
	"slices"

	"github.com/gocompile/gocompile/backend/cpu/kernel/each"
	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// lowerOther is for elementwise functions of other types than float32 and bool.
func lowerOther(n *ir.Node) kernel {
	if !plain(n) {
		return nil
	}
	switch o := n.Op.(type) {
	case *op.Cast:
		return lowerCast(n)
	case *op.Unary, *op.Clip:
		return lowerInteger(n)
	case *op.Where:
		return binder(bindWhere)
	case *op.Binary:
		if n.Input(0).Type.Elem != n.Input(1).Type.Elem {
			return nil
		}
		switch n.Input(0).Type.Elem {
		case tensor.Int64:
			return pairs(integer[int64](o.Fn))
		case tensor.Int32:
			return pairs(integer[int32](o.Fn))
		case tensor.Uint8:
			return pairs(integer[uint8](o.Fn))
		case tensor.Int8:
			return pairs(integer[int8](o.Fn))
		case tensor.Float64:
			return pairs(float(o.Fn))
		}
	}
	return nil
}

// casts are the types that package move converts.
var casts = map[tensor.DType]move.Type{
	tensor.Bool: move.Bool, tensor.Int8: move.Int8, tensor.Int16: move.Int16, tensor.Int32: move.Int32, tensor.Int64: move.Int64, tensor.Uint8: move.Uint8,
	tensor.Uint16: move.Uint16, tensor.Uint32: move.Uint32, tensor.Uint64: move.Uint64, tensor.Float16: move.Float16, tensor.BFloat16: move.BFloat16,
	tensor.Float32: move.Float32, tensor.Float64: move.Float64,
}

func lowerCast(n *ir.Node) kernel {
	from, ok1 := casts[n.Input(0).Type.Elem]
	to, ok2 := casts[n.Out()[0].Type.Elem]
	if !ok1 || !ok2 || from == to {
		return nil
	}
	return binder(func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
		k := &cast{from: from, to: to}
		k.body = k.part
		return k, sameLen(in[0], out[0])
	})
}

type cast struct {
	from, to move.Type
	dst, src []byte
	body     func(lo, hi int)
}

func (k *cast) run(x *exec, in, out []*tensor.Tensor) error {
	k.dst, k.src = out[0].Bytes(), in[0].Bytes()
	x.divide(in[0].Len(), 1, k.body)
	return nil
}

func (k *cast) part(lo, hi int) {
	move.Cast(k.dst[lo*k.to.Size():hi*k.to.Size()], k.to, k.src[lo*k.from.Size():hi*k.from.Size()], k.from)
}

// bindWhere selects elements of any type.
func bindWhere(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
	var steps [3][]int
	for i := range steps {
		var err error
		if steps[i], err = broadcast(in[i].Shape(), out[0].Shape()); err != nil {
			return nil, err
		}
	}
	k := &where{plan: move.NewWhere(out[0].Shape(), steps[0], steps[1], steps[2]), size: elementSize(out[0].DType())}
	k.body = func(lo, hi int) { k.plan.Run(k.dst, k.cond, k.a, k.b, k.size, lo, hi) }
	return k, nil
}

type where struct {
	plan      *move.Where
	size      int
	dst, a, b []byte
	cond      []bool
	body      func(lo, hi int)
}

func (k *where) run(x *exec, in, out []*tensor.Tensor) error {
	k.dst, k.cond, k.a, k.b = out[0].Bytes(), tensor.Data[bool](in[0]), in[1].Bytes(), in[2].Bytes()
	x.divide(k.plan.Len(), 1.5, k.body)
	return nil
}

type anyInteger interface {
	int8 | int32 | int64 | uint8
}

// arithmetic is a function on a type: one of numbers, or one that compares.
type arithmetic[T any] struct {
	number  func(a, b T) T
	compare func(a, b T) bool
}

// integer is a function of integers, which wrap around; a division by zero gives zero.
func integer[T anyInteger](fn op.BinaryFn) arithmetic[T] {
	switch fn {
	case op.Add:
		return arithmetic[T]{number: func(a, b T) T { return a + b }}
	case op.Sub:
		return arithmetic[T]{number: func(a, b T) T { return a - b }}
	case op.Mul:
		return arithmetic[T]{number: func(a, b T) T { return a * b }}
	case op.Div:
		return arithmetic[T]{number: func(a, b T) T {
			if b == 0 {
				return 0
			}
			return a / b
		}}
	case op.Mod:
		return arithmetic[T]{number: func(a, b T) T {
			if b == 0 {
				return 0
			}
			m := a % b
			if m != 0 && (m < 0) != (b < 0) {
				m += b
			}
			return m
		}}
	case op.Min:
		return arithmetic[T]{number: func(a, b T) T { return min(a, b) }}
	case op.Max:
		return arithmetic[T]{number: func(a, b T) T { return max(a, b) }}
	case op.BitwiseAnd:
		return arithmetic[T]{number: func(a, b T) T { return a & b }}
	case op.BitwiseOr:
		return arithmetic[T]{number: func(a, b T) T { return a | b }}
	case op.BitwiseXor:
		return arithmetic[T]{number: func(a, b T) T { return a ^ b }}
	}
	return comparison[T](fn)
}

func float(fn op.BinaryFn) arithmetic[float64] {
	switch fn {
	case op.Add:
		return arithmetic[float64]{number: func(a, b float64) float64 { return a + b }}
	case op.Sub:
		return arithmetic[float64]{number: func(a, b float64) float64 { return a - b }}
	case op.Mul:
		return arithmetic[float64]{number: func(a, b float64) float64 { return a * b }}
	case op.Div:
		return arithmetic[float64]{number: func(a, b float64) float64 { return a / b }}
	case op.Pow:
		return arithmetic[float64]{number: math.Pow}
	case op.Min:
		return arithmetic[float64]{number: func(a, b float64) float64 { return min(a, b) }}
	case op.Max:
		return arithmetic[float64]{number: func(a, b float64) float64 { return max(a, b) }}
	}
	return comparison[float64](fn)
}

func comparison[T anyInteger | float64](fn op.BinaryFn) arithmetic[T] {
	switch fn {
	case op.Equal:
		return arithmetic[T]{compare: func(a, b T) bool { return a == b }}
	case op.Less:
		return arithmetic[T]{compare: func(a, b T) bool { return a < b }}
	case op.LessOrEqual:
		return arithmetic[T]{compare: func(a, b T) bool { return a <= b }}
	case op.Greater:
		return arithmetic[T]{compare: func(a, b T) bool { return a > b }}
	case op.GreaterOrEqual:
		return arithmetic[T]{compare: func(a, b T) bool { return a >= b }}
	}
	return arithmetic[T]{}
}

func pairs[T anyInteger | float64](f arithmetic[T]) kernel {
	switch {
	case f.number != nil:
		return pairBinder[T, T](f.number)
	case f.compare != nil:
		return pairBinder[T, bool](f.compare)
	}
	return nil
}

func pairBinder[T anyInteger | float64, R anyInteger | float64 | bool](f func(a, b T) R) kernel {
	return pairing[T, R](f)
}

// pairing is a pair that is not bound yet.
type pairing[T anyInteger | float64, R anyInteger | float64 | bool] func(a, b T) R

func (f pairing[T, R]) bind(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
	k := &pair[T, R]{}
	k.body = func(lo, hi int) { each.Run(&k.walk, f, k.dst, k.a, k.b, lo, hi) }
	return k, k.fit(in, out)
}

func (f pairing[T, R]) run(x *exec, in, out []*tensor.Tensor) error { return bindAndRun(f, x, in, out) }

// bindsOnce implements [onceBound].
func (f pairing[T, R]) bindsOnce() {}

// pair applies a function to two operands.
type pair[T anyInteger | float64, R anyInteger | float64 | bool] struct {
	walk   each.Pairs
	shapes [3][]int // of operands and result that the walk is for
	steps  [2][]int // of operands
	dst    []R
	a, b   []T
	body   func(lo, hi int)
}

// fit prepares for the shapes of operands.
func (k *pair[T, R]) fit(in, out []*tensor.Tensor) error {
	for i, t := range [...]*tensor.Tensor{in[0], in[1], out[0]} {
		k.shapes[i] = append(k.shapes[i][:0], t.Shape()...)
	}
	for i := range k.steps {
		var err error
		if k.steps[i], err = broadcastInto(k.steps[i], k.shapes[i], k.shapes[2]); err != nil {
			return err
		}
	}
	k.walk.Set(out[0].Shape(), k.steps[0], k.steps[1])
	return nil
}

func (k *pair[T, R]) run(x *exec, in, out []*tensor.Tensor) error {
	if !slices.Equal(k.shapes[2], out[0].Shape()) || !slices.Equal(k.shapes[0], in[0].Shape()) || !slices.Equal(k.shapes[1], in[1].Shape()) { // elastic
		if err := k.fit(in, out); err != nil {
			return err
		}
	}
	k.dst, k.a, k.b = tensor.Data[R](out[0]), tensor.Data[T](in[0]), tensor.Data[T](in[1])
	x.divide(k.walk.Len(), 3, k.body)
	return nil
}
