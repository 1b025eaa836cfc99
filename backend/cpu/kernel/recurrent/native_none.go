//go:build !amd64 || noasm

package recurrent

var nativeKernels []Kernel
