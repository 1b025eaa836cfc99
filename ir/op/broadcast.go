package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
)

// inferBroadcast applies the NumPy rule to the shapes of ranked types; elem is the element type of the result.
func inferBroadcast(types ...ir.Type) (dims []sym.Expr, ranked bool, err error) {
	rank := 0
	for _, t := range types {
		r, ok := t.Rank()
		if !ok {
			return nil, false, nil
		}
		rank = max(rank, r)
	}
	dims = make([]sym.Expr, rank)
	for i := range dims {
		d := sym.Const(1)
		for _, t := range types {
			k := i - (rank - len(t.Dims))
			if k < 0 {
				continue
			}
			if d, err = sym.Broadcast(d, t.Dims[k]); err != nil {
				return nil, false, fmt.Errorf("shapes do not broadcast at axis %d: %v", i, types)
			}
		}
		dims[i] = d
	}
	return dims, true, nil
}

// broadcastShapes applies the NumPy rule to actual shapes; a mismatch ends the evaluation with an error.
func broadcastShapes(shapes ...[]int) []int {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make([]int, rank)
	for i := range out {
		out[i] = 1
		for _, s := range shapes {
			k := i - (rank - len(s))
			if k < 0 || s[k] == 1 {
				continue
			}
			if out[i] != 1 && out[i] != s[k] {
				ir.Fail("shapes %v do not broadcast at axis %d", shapes, i)
			}
			out[i] = s[k]
		}
	}
	return out
}

// broadcastStrides gives the element strides with which a tensor of that shape is walked as if it had shape out.
func broadcastStrides(shape, out []int) []int {
	strides := make([]int, len(out))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] != 1 {
			strides[i+len(out)-len(shape)] = step
		}
		step *= shape[i]
	}
	return strides
}

// rowMajor gives the element strides of a dense tensor.
func rowMajor(shape []int) []int {
	strides := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	return strides
}

// walk calls f for every index of shape in row-major order with the offsets under each set of strides. The offsets are
// reused from call to call.
func walk(shape []int, f func(i int, offsets []int), strides ...[]int) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	index := make([]int, len(shape))
	offsets := make([]int, len(strides))
	for i := range n {
		f(i, offsets)
		for axis := len(shape) - 1; axis >= 0; axis-- {
			index[axis]++
			for k, s := range strides {
				offsets[k] += s[axis]
			}
			if index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
			for k, s := range strides {
				offsets[k] -= s[axis] * shape[axis]
			}
		}
	}
}

// axisIn maps an axis in [-rank, rank) to [0, rank).
func axisIn(axis, rank int) (int, error) {
	if axis < -rank || axis >= rank {
		return 0, fmt.Errorf("axis %d is out of range for rank %d", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis, nil
}
