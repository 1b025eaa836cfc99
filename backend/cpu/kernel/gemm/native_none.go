//go:build !amd64 || noasm

package gemm

import "github.com/gocompile/gocompile/backend/cpu/level"

var nativeKernels []Kernel

func transposePanel(dst, b []float32, kc, cols, width, ld int, l level.Level) (rows, columns int) {
	return 0, 0
}
