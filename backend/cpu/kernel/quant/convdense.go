package quant

// isDense reports whether a convolution has one position, which meets all of X, and weights that can be a right operand too.
func (x *convolver) isDense() bool {
	p, w := &x.planes, x.args.Weights
	return p.positions == 1 && p.inPlace && p.taps == p.size && x.args.Groups == 1 && w.bytes != nil && w.onceMatrix != nil
}

// dense computes such a convolution as a product of the images, a row each, with the weights.
func (x *convolver) dense() {
	a, w := &x.args, x.args.Weights
	x.sums, x.zeroX[0] = grown(x.sums, a.Batch*w.out), a.ZeroX
	MatMul(x.Ctx, Args{M: a.Batch, N: w.out, K: w.depth, A: a.X, SignedA: a.SignedX, ZeroA: x.zeroX[:], Packed: w.asMatrix(), ZeroB: w.zero, C: x.sums})
	for i, sum := range x.sums {
		m := i % w.out
		if a.Offset != nil {
			sum += a.Offset[m]
		}
		x.storeOne(i, m, sum)
	}
}

// asMatrix is the weights of the only group as a right operand `[depth, out]` of unsigned bytes, packed at the first call.
func (w *ConvWeights) asMatrix() *Packed {
	w.onceMatrix.Do(func() {
		b := make([]byte, w.depth*w.out)
		for m := range w.out {
			for k, x := range w.bytes[m*w.stride:][:w.depth] {
				b[k*w.out+m] = x
			}
		}
		w.matrix = new(Packed)
		w.matrix.pack(b, w.depth, w.out, true, true, nil)
	})
	return w.matrix
}
