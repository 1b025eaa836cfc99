package recurrent

import "github.com/gocompile/gocompile/backend/cpu/kernel/gemm"

// direction is the state of one direction. Its sequences are in the order of Ctx.
type direction struct {
	layer  *Layer
	gemm   *gemm.Ctx
	bias   gemm.Epilogue
	t0, t1 int          // steps of the chunk in progress
	x      []float32    // rows of X that are copied together
	xw     []float32    // products of the chunk
	h      [2][]float32 // [batch, padded] states before and after a step, changing places
	c      []float32    // [batch, padded]
	extra  []float32    // scratch of the general way
}

// begin makes memory, sets the initial states and clears what of the results no step writes.
func (x *Ctx) begin(d int) {
	a, dir, l := &x.args, &x.dirs[d], x.args.Layers[d]
	hidden := l.hidden
	dir.layer, dir.gemm = l, x.gemm
	for i := range dir.h {
		dir.h[i] = grow(dir.h[i], a.Batch*l.padded)
	}
	dir.c = grow(dir.c, a.Batch*l.padded)
	clear(dir.h[0])
	clear(dir.c)
	for r, b := range x.order {
		row := a.rowState(d, b)
		if a.H0 != nil {
			copy(dir.h[0][r*l.padded:], a.H0[row*hidden:][:hidden])
		}
		if a.C0 != nil {
			copy(dir.c[r*l.padded:], a.C0[row*hidden:][:hidden])
		}
		if a.length(b) == 0 {
			x.finish(d, r, dir.h[0], 0, hidden)
		}
		if a.Y == nil {
			continue
		}
		for t := a.length(b); t < a.Seq; t++ {
			clear(a.Y[a.rowY(t, d, b)*hidden:][:hidden])
		}
	}
}

// forget lets go of what belongs to a call.
func (dir *direction) forget() { dir.layer, dir.gemm, dir.bias.ColumnBias = nil, nil, nil }

// project begins a chunk with step t0: it computes its products with W.
func (x *Ctx) project(d, t0 int) {
	a, dir := &x.args, &x.dirs[d]
	l := dir.layer
	dir.t0, dir.t1 = t0, min(len(x.active), t0+max(1, chunkFloats/max(1, l.columns()*x.active[0])))
	rows := x.first[dir.t1] - x.first[t0]
	dir.xw = grow(dir.xw, rows*l.columns())
	var in []float32
	if x.gather {
		dir.x = grow(dir.x, rows*l.input)
		in = dir.x
		at := 0
		for t := t0; t < dir.t1; t++ {
			for r := range x.active[t] {
				copy(in[at:][:l.input], a.X[a.rowX(x.time(d, r, t), x.order[r])*l.input:])
				at += l.input
			}
		}
	} else {
		time := t0
		if a.Reverse[d] {
			time = x.time(d, 0, dir.t1-1)
		}
		in = a.X[time*a.Batch*l.input:]
	}
	dir.bias.ColumnBias = l.bias
	gemm.MatMul(dir.gemm, l.w.args(rows, in, l.input, dir.xw, l.columns(), &dir.bias))
}

// products is the rows of step t with W.
func (x *Ctx) products(d, t int) []float32 {
	dir := &x.dirs[d]
	row := x.first[t] - x.first[dir.t0]
	if x.args.Reverse[d] && !x.gather {
		row = x.first[dir.t1] - x.first[t+1]
	}
	return dir.xw[row*dir.layer.columns():]
}

// leave copies units [u0, u1) of the states after a step to the results.
func (x *Ctx) leave(d, t int, next []float32, u0, u1 int) {
	a, dir := &x.args, &x.dirs[d]
	hidden, padded := dir.layer.hidden, dir.layer.padded
	ends := 0
	if t+1 < len(x.active) {
		ends = x.active[t+1]
	}
	for r := range x.active[t] {
		if a.Y != nil {
			row := a.rowY(x.time(d, r, t), d, x.order[r])
			copy(a.Y[row*hidden+u0:row*hidden+u1], next[r*padded+u0:])
		}
		if r >= ends {
			x.finish(d, r, next, u0, u1)
		}
	}
}

// finish copies units [u0, u1) of the states of the sequence in row r to the last states.
func (x *Ctx) finish(d, r int, h []float32, u0, u1 int) {
	a, dir := &x.args, &x.dirs[d]
	row, from := a.rowState(d, x.order[r])*dir.layer.hidden, r*dir.layer.padded
	if a.YH != nil {
		copy(a.YH[row+u0:row+u1], h[from+u0:])
	}
	if a.YC != nil {
		copy(a.YC[row+u0:row+u1], dir.c[from+u0:])
	}
}
