package conv

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
)

// few makes each position a row of the left operand, so that the weights are read once, in whole rows. The elements of a row lie by element of the kernel and
// channel: what an element of the kernel meets is copied at once.
func (x *Ctx) few() {
	a, l := &x.args, &x.layout
	rows := a.Batch * l.positions
	x.rows = grow(x.rows, rows*(l.depth+l.Out)+l.In*l.size)
	in, out, turned := x.rows[:rows*l.depth], x.rows[rows*l.depth:][:rows*l.Out], x.rows[rows*(l.depth+l.Out):]
	whole := l.positions == 1 && l.Groups == 1 // Y has the layout of a product
	for g := range l.Groups {
		for n := range a.Batch {
			from := a.X[(n*l.Groups+g)*l.In*l.size:][:l.In*l.size]
			if l.In > 1 && l.size > 1 {
				move.Transpose(turned, l.In, from, l.size, l.size, l.In)
				from = turned
			}
			for p := range l.positions {
				l.gatherRow(in[(n*l.positions+p)*l.depth:][:l.depth], from, p)
			}
		}
		args := gemm.Args{M: rows, N: l.Out, K: l.depth, A: in, LDA: l.depth, Packed: a.Weights.byTaps(g, l.In), C: out, LDC: l.Out}
		if whole {
			args.C = a.Y
		}
		if a.Bias != nil {
			x.epilogue.ColumnBias = a.Bias[g*l.Out:][:l.Out]
			args.Epilogue = &x.epilogue
		}
		gemm.MatMul(x.gemm, args)
		if whole {
			continue
		}
		for n := range a.Batch {
			move.Transpose(a.Y[(n*l.Groups+g)*l.Out*l.positions:], l.positions, out[n*l.positions*l.Out:], l.Out, l.Out, l.positions)
		}
	}
	x.epilogue = gemm.Epilogue{}
	x.finish(0, a.Batch*l.Groups*l.Out*l.positions)
}

// gatherRow collects what the kernel meets at one position, from an image whose channels lie side by side.
func (l *layout) gatherRow(row, from []float32, p int) {
	b, c := &l.axes[1], &l.axes[2]
	u0, v0, w0 := l.origin(p)
	lo, hi := inside(w0, c)
	for i := range l.axes[0].Kernel {
		for j := range b.Kernel {
			r := row[:c.Kernel*l.In]
			row = row[len(r):]
			u, v := u0+i*l.axes[0].Dilation, v0+j*b.Dilation
			if u < 0 || u >= l.axes[0].In || v < 0 || v >= b.In || lo == hi {
				clear(r)
				continue
			}
			clear(r[:lo*l.In])
			clear(r[hi*l.In:])
			line := from[(u*b.In+v)*c.In*l.In:]
			if c.Dilation == 1 {
				copy(r[lo*l.In:hi*l.In], line[(w0+lo)*l.In:])
				continue
			}
			for k := lo; k < hi; k++ {
				copy(r[k*l.In:(k+1)*l.In], line[(w0+k*c.Dilation)*l.In:])
			}
		}
	}
}

// origin is the element of the input, perhaps outside of it, that the first element of the kernel meets at position p.
func (l *layout) origin(p int) (u, v, w int) {
	a, b, c := &l.axes[0], &l.axes[1], &l.axes[2]
	return p/(b.Out*c.Out)*a.Stride - a.Before, p/c.Out%b.Out*b.Stride - b.Before, p%c.Out*c.Stride - c.Before
}

// inside is the range of elements of the kernel that meet the axis when the first meets element start.
func inside(start int, a *axis) (lo, hi int) {
	if start < 0 {
		lo = min(a.Kernel, (-start+a.Dilation-1)/a.Dilation)
	}
	hi = lo
	if last := a.In - 1 - start; last >= 0 {
		hi = max(lo, min(a.Kernel, last/a.Dilation+1))
	}
	return lo, hi
}
