//go:build !amd64 || noasm

package gemm

import "github.com/gocompile/gocompile/backend/cpu/level"

var (
	nativeKernels []Kernel
	nativeRows    []rowFunctions
)

func transposePanel(dst, b []float32, kc, ld int, l level.Level) int { return 0 }
