package gemm

var nativeKernels []Kernel
