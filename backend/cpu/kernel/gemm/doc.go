// Package gemm multiplies matrices: C = scale·A·B, with the epilogue (bias, activation, residual) applied while C is in
// cache. Weights are packed once, in float32, in a 16-bit format (see [Format]) or as integers with scales (see [Integers]); A is read in place.
//
// The inner loops are micro kernels, declared in a table (see Kernels) with what each needs and how good it is; every one
// of them passes the same tests. The room works on slices of numbers: it knows neither tensors nor graphs.
//
// Rounding: each element of C is summed in an order that depends on the shape and on the kernel, never on the number of
// threads. NaN and infinities propagate as in the textbook loop; no product is skipped.
package gemm

//go:generate sh -c "cd _generate && go run . -level avx2 -out ../kernel_avx2_amd64.s -stubs ../stubs_avx2_amd64.go -pkg gemm"
//go:generate sh -c "cd _generate && go run . -level avx512 -out ../kernel_avx512_amd64.s -stubs ../stubs_avx512_amd64.go -pkg gemm"
