// Package inputs makes up inputs of models, and writes inputs in the folders that workers and test sets read.
package inputs

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Generate makes up the inputs that have no value: floating-point numbers from the standard normal distribution; integers that choose rows
// of a table, such as token ids, from all its rows; other integers 1; booleans true; strings empty. The same seed gives the same
// values. Dimensions come from the inputs that are given and from dims; those without a value are an error that names all.
func Generate(m *gocompile.Model, dims map[string]int, seed int64, values map[string]tensor.Value) error {
	b, err := m.Binding(dims, false)
	if err != nil {
		return err
	}
	for _, p := range m.Inputs() {
		if x := values[p.Name]; x != nil {
			if err := ir.BindValue(p.Type, x, b); err != nil {
				return fmt.Errorf("input %q: %w", p.Name, err)
			}
		}
	}
	var missing []gocompile.Dim
	for i, p := range m.Inputs() {
		if values[p.Name] != nil {
			continue
		}
		if p.Type.Kind != ir.KindTensor || !p.Type.Ranked || p.Type.Elem == tensor.Invalid {
			return fmt.Errorf("input %v cannot be made up", p)
		}
		shape, err := Shape(p.Type.Dims, b)
		var unbound *sym.UnboundError
		if errors.As(err, &unbound) {
			missing = unboundDims(m, b, values)
			break
		}
		if err != nil {
			return fmt.Errorf("input %v: %w", p, err)
		}
		n, err := tensor.NumElements(shape)
		if err != nil || int64(n) > ir.DefaultMaxBytes {
			return fmt.Errorf("input %v of shape %v is too large", p, shape)
		}
		x := tensor.New(p.Type.Elem, shape...)
		fill(x, rowsChosen(m.Graph().Inputs()[i]), source(seed, p.Name))
		values[p.Name] = x
	}
	if missing != nil {
		return &gocompile.MissingDimsError{Dims: missing}
	}
	return nil
}

// unboundDims lists the dimensions of inputs to be made up that have no value.
func unboundDims(m *gocompile.Model, b sym.Binding, values map[string]tensor.Value) []gocompile.Dim {
	needed := map[string]bool{}
	for _, p := range m.Inputs() {
		for _, e := range p.Type.Dims {
			for _, y := range e.Symbols() {
				needed[y.Name()] = needed[y.Name()] || values[p.Name] == nil && b[y.ID()] == sym.Unbound
			}
		}
	}
	var dims []gocompile.Dim
	for _, d := range m.Dims() {
		if needed[d.Name] {
			dims = append(dims, d)
		}
	}
	return dims
}

// Shape evaluates dimensions.
func Shape(dims []sym.Expr, b sym.Binding) ([]int, error) {
	shape := make([]int, len(dims))
	for i, e := range dims {
		n, err := e.Eval(b)
		if err != nil {
			return nil, err
		}
		if n < 0 {
			return nil, fmt.Errorf("dimension %d, %v, is %d", i, e, n)
		}
		shape[i] = int(n)
	}
	return shape, nil
}

// source is a stream of random numbers for one input.
func source(seed int64, name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(uint64(seed), h.Sum64()))
}

func fill(x *tensor.Tensor, rows int, r *rand.Rand) {
	switch d := x.DType(); {
	case d == tensor.String:
	case d.IsComplex():
		for i := range x.Len() {
			x.SetComplex128(i, complex(r.NormFloat64(), r.NormFloat64()))
		}
	case d.IsFloat():
		for i := range x.Len() {
			x.SetFloat64(i, r.NormFloat64())
		}
	default:
		for i := range x.Len() {
			n := int64(1)
			if rows > 0 {
				n = r.Int64N(int64(rows))
			}
			x.SetInt64(i, n)
		}
	}
}

// rowsChosen is the smallest constant number of rows that a value chooses from as the indices of a Gather, directly or after a change of
// type or shape; 0 if it does not.
func rowsChosen(v *ir.Value) int {
	rows := 0
	for _, u := range v.Uses() {
		n := 0
		switch o := u.Node.Op.(type) {
		case *op.Gather:
			if u.Index != 1 {
				continue
			}
			t := u.Node.Input(0).Type
			if axis := o.Axis; t.Ranked && axis >= -len(t.Dims) && axis < len(t.Dims) {
				if axis < 0 {
					axis += len(t.Dims)
				}
				if c, ok := t.Dims[axis].IsConst(); ok {
					n = int(c)
				}
			}
		case *op.Cast, *op.Reshape, *op.Transpose, *op.Squeeze, *op.Unsqueeze, *op.Flatten, *op.Identity:
			if u.Index == 0 {
				n = rowsChosen(u.Node.Out()[0])
			}
		}
		if n > 0 && (rows == 0 || n < rows) {
			rows = n
		}
	}
	return rows
}
