package recurrent

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
)

var accumulate = gemm.Epilogue{Accumulate: true}

// generalStep computes step t of a direction that has no kernel.
func (x *Ctx) generalStep(d, t int) {
	dir := &x.dirs[d]
	l, rows := dir.layer, x.active[t]
	h, next, z := dir.h[t&1], dir.h[(t+1)&1], x.products(d, t)
	n := l.hidden
	gemm.MatMul(dir.gemm, l.rGates.args(rows, h, n, z, l.columns(), &accumulate))
	switch l.cell.Kind {
	case LSTM:
		for r := range rows {
			l.lstm(z[r*4*n:][:4*n], dir.c[r*n:][:n], next[r*n:][:n])
		}
	case GRU:
		dir.gru(rows, z, h, next)
	default:
		for r := range rows {
			row := next[r*n:][:n]
			copy(row, z[r*n:])
			l.activate(0, row)
		}
	}
	x.leave(d, t, next, 0, n)
}

// activate clips a row and applies function i of the cell.
func (l *Layer) activate(i int, row []float32) {
	if l.cell.Clip != 0 {
		gemm.Clip.Apply(row, -l.cell.Clip, l.cell.Clip, l.level)
	}
	l.cell.Functions[i].apply(row, l.level)
}

// lstm computes the cell state c and the state h after a step from the sums of the gates.
func (l *Layer) lstm(z, c, h []float32) {
	n := l.hidden
	in, out, forget, candidate := z[:n], z[n:][:n], z[2*n:][:n], z[3*n:][:n]
	if l.peepholes != nil {
		multiplyAdd(in, l.peepholes[:n], c)
		multiplyAdd(forget, l.peepholes[2*n:], c)
	}
	l.activate(0, in)
	if l.cell.InputForget {
		for i, v := range in {
			forget[i] = 1 - v
		}
	} else {
		l.activate(0, forget)
	}
	l.activate(1, candidate)
	for i := range c {
		c[i] = forget[i]*c[i] + in[i]*candidate[i]
	}
	if l.peepholes != nil {
		multiplyAdd(out, l.peepholes[n:], c)
	}
	l.activate(0, out)
	copy(h, c)
	l.activate(2, h)
	for i := range h {
		h[i] *= out[i]
	}
}

// gru computes the states after a step; z holds the sums of the first two gates, and of the third without what depends on h.
func (dir *direction) gru(rows int, z, h, next []float32) {
	l := dir.layer
	n := l.hidden
	dir.extra = grow(dir.extra, 2*rows*n)
	scaled, product := dir.extra[:rows*n], dir.extra[rows*n:]
	for r := range rows {
		l.activate(0, z[r*3*n:][:2*n])
	}
	from := h
	if !l.cell.LinearBeforeReset {
		from = scaled
		for r := range rows {
			reset := z[r*3*n+n:][:n]
			for i, v := range h[r*n:][:n] {
				scaled[r*n+i] = reset[i] * v
			}
		}
	}
	gemm.MatMul(dir.gemm, l.rCandidate.args(rows, from, n, product, n, nil))
	for r := range rows {
		update, reset, candidate, p := z[r*3*n:][:n], z[r*3*n+n:][:n], z[r*3*n+2*n:][:n], product[r*n:][:n]
		for i := range candidate {
			if l.cell.LinearBeforeReset {
				candidate[i] += reset[i] * (p[i] + l.candidate[i])
			} else {
				candidate[i] += p[i]
			}
		}
		l.activate(1, candidate)
		for i, v := range h[r*n:][:n] {
			next[r*n+i] = (1-update[i])*candidate[i] + update[i]*v
		}
	}
}

func multiplyAdd(y, a, b []float32) {
	for i := range y {
		y[i] += a[i] * b[i]
	}
}
