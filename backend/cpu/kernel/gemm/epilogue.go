package gemm

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Epilogue is what is done to the product before it is left in C, in this order:
//
//	v = Scale·(A·B)           Scale 0 stands for 1
//	v = v + C + ColumnBias[j] if Accumulate, else v + ColumnBias[j]
//	v = v + RowBias[i]
//	v = v + Residual[i, j]    if ResidualFirst
//	v = Activation(v)
//	v = v + Residual[i, j]    otherwise
//
// A nil Epilogue does nothing.
type Epilogue struct {
	Scale      float32
	Accumulate bool
	ColumnBias []float32 // [N], or nil
	RowBias    []float32 // [M], or nil

	Activation Activation
	Alpha      float32 // slope of LeakyRelu for x < 0; lower bound of Clip
	Beta       float32 // upper bound of Clip

	Residual       []float32 // [M, N], or nil; it must not share memory with C
	ResidualStride int       // elements between the rows of Residual
	ResidualFirst  bool
}

func (e *Epilogue) check(m, n int) {
	if e == nil {
		return
	}
	if e.ColumnBias != nil && len(e.ColumnBias) < n {
		panic(fmt.Sprintf("BUG: column bias of %d elements for %d columns", len(e.ColumnBias), n))
	}
	if e.RowBias != nil && len(e.RowBias) < m {
		panic(fmt.Sprintf("BUG: row bias of %d elements for %d rows", len(e.RowBias), m))
	}
	if e.Residual != nil {
		checkMatrix("residual", e.Residual, m, n, e.ResidualStride, false)
	}
	if e.Activation >= activations {
		panic(fmt.Sprintf("BUG: unknown activation %d", e.Activation))
	}
}

// scale is the factor of the product.
func (e *Epilogue) scale() float32 {
	if e == nil || e.Scale == 0 {
		return 1
	}
	return e.Scale
}

func (e *Epilogue) accumulate() bool { return e != nil && e.Accumulate }

// columnBias is the bias of n columns, or nil.
func (e *Epilogue) columnBias(col, n int) []float32 {
	if e == nil || e.ColumnBias == nil {
		return nil
	}
	return e.ColumnBias[col : col+n]
}

// apply does everything after ColumnBias to rows [i0, i1) and columns [j0, j1) of C.
func (e *Epilogue) apply(c []float32, ldc, i0, i1, j0, j1 int, l level.Level) {
	if e == nil || e.RowBias == nil && e.Residual == nil && e.Activation == Identity {
		return
	}
	for i := i0; i < i1; i++ {
		row := c[i*ldc+j0:][:j1-j0]
		if e.RowBias != nil {
			vec.OpAdd.VSAt(l, row, row, e.RowBias[i])
		}
		if e.Residual != nil && e.ResidualFirst {
			vec.OpAdd.VVAt(l, row, row, e.Residual[i*e.ResidualStride+j0:])
		}
		e.Activation.Apply(row, e.Alpha, e.Beta, l)
		if e.Residual != nil && !e.ResidualFirst {
			vec.OpAdd.VVAt(l, row, row, e.Residual[i*e.ResidualStride+j0:])
		}
	}
}
