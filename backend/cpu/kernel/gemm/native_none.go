//go:build !amd64 || noasm

package gemm

var nativeKernels []Kernel
