package cpu

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// viewer decides whether the results of a node, for the shapes of a plan, are parts of one of its inputs as it lies in memory: which input,
// and at what element each result begins.
type viewer func(n *ir.Node, v *viewing) (source int, at []int, ok bool)

// viewing is what a viewer sees of a plan.
type viewing struct {
	in, out  [][]int                         // shapes
	contents func(input int) ([]int64, bool) // of an integer input, if the plan knows them
}

// viewOf is the viewer for a node, nil if its results never are views.
func viewOf(n *ir.Node) viewer {
	if len(n.In()) == 0 || n.Input(0) == nil || !n.Input(0).Type.IsTensor() {
		return nil
	}
	if changesShapeOnly(n) {
		return viewWhole
	}
	switch n.Op.(type) {
	case *op.Expand, *op.Tile:
		return viewWhole
	case *op.Transpose:
		return viewTranspose
	case *op.Slice:
		return viewSlice
	case *op.Split:
		return viewSplit
	case *op.Concat:
		return viewConcat
	case *op.Gather:
		return viewGather
	}
	return nil
}

// changesShapeOnly reports whether the result of a node has the elements of its first input, in their order, whatever the shapes.
func changesShapeOnly(n *ir.Node) bool {
	switch n.Op.(type) {
	case *op.Reshape, *op.Squeeze, *op.Unsqueeze, *op.Flatten, *op.Identity:
		return true
	case *op.Cast:
		return n.Input(0).Type.Elem == n.Out()[0].Type.Elem
	}
	return false
}

func count(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// viewWhole is for other shapes of the same elements.
func viewWhole(_ *ir.Node, v *viewing) (int, []int, bool) {
	return 0, []int{0}, count(v.in[0]) == count(v.out[0])
}

// viewTranspose is for transposes that leave the axes that are not of size 1 in their order.
func viewTranspose(n *ir.Node, v *viewing) (int, []int, bool) {
	last := -1
	for _, axis := range permutation(n.Op.(*op.Transpose).Perm, len(v.in[0])) {
		if v.in[0][axis] == 1 {
			continue
		}
		if axis < last {
			return 0, nil, false
		}
		last = axis
	}
	return 0, []int{0}, true
}

// viewSlice is for slices whose elements lie side by side.
func viewSlice(_ *ir.Node, v *viewing) (int, []int, bool) {
	var control [5][]int64
	for i := 1; i < len(v.in); i++ {
		if v.in[i] == nil {
			continue
		}
		c, ok := v.contents(i)
		if !ok {
			return 0, nil, false
		}
		control[i] = c
	}
	starts, steps, counts, err := sliceBounds(v.in[0], control[1], control[2], control[3], control[4])
	if err != nil || !slices.Equal(counts, v.out[0]) {
		return 0, nil, false
	}
	at, partial := 0, false // partial: an axis behind is not taken whole
	strides := dense(v.in[0])
	for i := len(counts) - 1; i >= 0; i-- {
		if counts[i] > 1 && (partial || steps[i] != 1) {
			return 0, nil, false
		}
		partial = partial || counts[i] != v.in[0][i]
		at += starts[i] * strides[i]
	}
	if count(counts) == 0 {
		at = 0
	}
	return 0, []int{at}, true
}

// viewSplit is for pieces of the first axis that is not of size 1.
func viewSplit(n *ir.Node, v *viewing) (int, []int, bool) {
	axis := axisOf(n.Op.(*op.Split).Axis, len(v.in[0]))
	outer, dim, inner := around(v.in[0], axis, axis+1)
	if outer != 1 {
		return 0, nil, false
	}
	at, total := make([]int, len(v.out)), 0
	for i, shape := range v.out {
		at[i] = total * inner
		total += shape[axis]
	}
	return 0, at, total == dim
}

// viewConcat is for inputs that are empty but for one.
func viewConcat(_ *ir.Node, v *viewing) (int, []int, bool) {
	source := -1
	for i, shape := range v.in {
		if count(shape) == 0 {
			continue
		}
		if source >= 0 {
			return 0, nil, false
		}
		source = i
	}
	return source, []int{0}, source >= 0 && count(v.in[source]) == count(v.out[0])
}

// viewGather is for one slice of the first axis that is not of size 1.
func viewGather(n *ir.Node, v *viewing) (int, []int, bool) {
	axis := axisOf(n.Op.(*op.Gather).Axis, len(v.in[0]))
	outer, dim, inner := around(v.in[0], axis, axis+1)
	if outer != 1 || count(v.in[1]) != 1 {
		return 0, nil, false
	}
	index, ok := v.contents(1)
	if !ok || index[0] < -int64(dim) || index[0] >= int64(dim) {
		return 0, nil, false
	}
	return 0, []int{axisOf(int(index[0]), dim) * inner}, true
}
