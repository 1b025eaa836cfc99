//go:build !amd64 || noasm

package gemm

import "github.com/gocompile/gocompile/backend/cpu/level"

var nativeKernels []Kernel

func nativeWiden(_ []float32, _ []byte, _, _ []float32, _ *Packed, _ int, _ level.Level) bool {
	return false
}

func nativeRound(_ []byte, _ []float32, _, _ int, _ level.Level) bool { return false }
