package conv

import "github.com/gocompile/gocompile/backend/cpu/kernel/gemm"

// few makes each position a row of the left operand, so that the weights are read once, in whole rows.
func (x *Ctx) few() {
	a, l := &x.args, &x.layout
	rows := a.Batch * l.positions
	x.rows = grow(x.rows, rows*(l.depth+l.Out))
	in, out := x.rows[:rows*l.depth], x.rows[rows*l.depth:]
	for g := range l.Groups {
		for n := range a.Batch {
			from := a.X[(n*l.Groups+g)*l.In*l.size:]
			for p := range l.positions {
				row := in[(n*l.positions+p)*l.depth:][:l.depth]
				l.gatherRow(row, from, p)
			}
		}
		args := gemm.Args{M: rows, N: l.Out, K: l.depth, A: in, LDA: l.depth, Packed: a.Weights.matrix(g), C: out, LDC: l.Out}
		if l.positions == 1 && l.Groups == 1 {
			args.C = a.Y
		}
		if a.Bias != nil {
			x.epilogue.ColumnBias = a.Bias[g*l.Out:][:l.Out]
			args.Epilogue = &x.epilogue
		}
		gemm.MatMul(x.gemm, args)
		if l.positions == 1 && l.Groups == 1 {
			continue
		}
		for n := range a.Batch {
			to := a.Y[(n*l.Groups+g)*l.Out*l.positions:][:l.Out*l.positions]
			for p := range l.positions {
				for m, v := range out[(n*l.positions+p)*l.Out:][:l.Out] {
					to[m*l.positions+p] = v
				}
			}
		}
	}
	x.epilogue = gemm.Epilogue{}
	x.finish(0, a.Batch*l.Groups*l.Out*l.positions)
}

// gatherRow collects what the kernel meets at one position.
func (l *layout) gatherRow(row, from []float32, p int) {
	b, c := &l.axes[1], &l.axes[2]
	u0, v0, w0 := l.origin(p)
	lo, hi := inside(w0, c)
	for ch := range l.In {
		x := from[ch*l.size:][:l.size]
		for i := range l.axes[0].Kernel {
			for j := range b.Kernel {
				r := row[:c.Kernel]
				row = row[c.Kernel:]
				u, v := u0+i*l.axes[0].Dilation, v0+j*b.Dilation
				if u < 0 || u >= l.axes[0].In || v < 0 || v >= b.In {
					clear(r)
					continue
				}
				clear(r[:lo])
				clear(r[hi:])
				line := x[(u*b.In+v)*c.In:][:c.In]
				if lo < hi && c.Dilation == 1 {
					copy(r[lo:hi], line[w0+lo:])
					continue
				}
				for k := lo; k < hi; k++ {
					r[k] = line[w0+k*c.Dilation]
				}
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
