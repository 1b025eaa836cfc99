//go:build amd64 && !noasm

package gemm

// The functions of this file do eight elements at a time; a last incomplete eight is done in a copy.

func avx2Activate(f Activation, row []float32, alpha, beta float32) {
	blocks := len(row) / 8
	if blocks > 0 {
		activateBlocks(f, &row[0], blocks, alpha, beta)
	}
	if rest := row[blocks*8:]; len(rest) > 0 {
		var x [8]float32
		copy(x[:], rest)
		activateBlocks(f, &x[0], 1, alpha, beta)
		copy(rest, x[:])
	}
}

func activateBlocks(f Activation, x *float32, blocks int, alpha, beta float32) {
	switch f {
	case Relu:
		reluRow(x, blocks)
	case Clip:
		clipRow(x, blocks, alpha, beta)
	case LeakyRelu:
		leakyReluRow(x, blocks, alpha)
	case GeluErf:
		geluErfRow(x, blocks)
	case GeluTanh:
		geluTanhRow(x, blocks)
	case Silu:
		siluRow(x, blocks)
	case Sigmoid:
		sigmoidRow(x, blocks)
	case Tanh:
		tanhRow(x, blocks)
	}
}

func avx2Add(dst, src []float32) {
	src = src[:len(dst)]
	blocks := len(dst) / 8
	if blocks > 0 {
		addRow(&dst[0], blocks, &src[0])
	}
	portableAdd(dst[blocks*8:], src[blocks*8:])
}

func avx2AddScalar(dst []float32, x float32) {
	blocks := len(dst) / 8
	if blocks > 0 {
		addScalarRow(&dst[0], blocks, x)
	}
	portableAddScalar(dst[blocks*8:], x)
}
