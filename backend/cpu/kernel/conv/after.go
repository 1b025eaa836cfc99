package conv

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// After is what is done to each sum: a residual is added and an activation applied, in one order or the other.
type After struct {
	Residual      []float32 // of the shape of Y, or nil
	ResidualFirst bool      // the residual is added before the activation
	Activation    gemm.Activation
	Alpha, Beta   float32 // parameters of the activation, see [gemm.Epilogue]
}

// finish does what comes after the sums of n elements of Y, from element i on.
func (x *Ctx) finish(i, n int) {
	a := &x.args.After
	y := x.args.Y[i:][:n]
	if a.Residual != nil && a.ResidualFirst {
		vec.OpAdd.VVAt(x.level, y, y, a.Residual[i:][:n])
	}
	a.Activation.Apply(y, a.Alpha, a.Beta, x.level)
	if a.Residual != nil && !a.ResidualFirst {
		vec.OpAdd.VVAt(x.level, y, y, a.Residual[i:][:n])
	}
}

// finishRows is finish for so many rows of n elements, of which each begins a channel after the one before.
func (x *Ctx) finishRows(s *slot, i, rows, n int) {
	a, step := &x.args.After, x.layout.positions
	if a.Residual == nil && a.Activation == gemm.Identity || rows == 0 || n == 0 {
		return
	}
	if a.Residual == nil || !(a.Activation == gemm.Identity || a.Activation == gemm.Relu && a.ResidualFirst) {
		for r := range rows {
			x.finish(i+r*step, n)
		}
		return
	}
	s.residual = residual{dst: &x.args.Y[i], src: &a.Residual[i], rows: rows, n: n, step: step, low: float32(math.Inf(-1))}
	if a.Activation == gemm.Relu {
		s.residual.low = 0
	}
	x.kernels.add(&s.residual)
	s.residual = residual{}
}
