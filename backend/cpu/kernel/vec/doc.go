// Package vec computes float32 functions element by element, and reduces slices to one number.
//
// The room works on slices of float32 and knows nothing of tensors, shapes of operators or graphs; the one shape it understands is that
// of a walk over two broadcast operands ([Broadcast]). Every function has a portable version and, on amd64, one for AVX2 with FMA and one for
// AVX-512, chosen once by [level.Current].
//
// A destination may be exactly one of the sources; it must not overlap one otherwise. Operands shorter than the destination are a
// programmer's bug. No function allocates.
//
// Accuracy, over all float32 arguments, denormal results included: [Exp], [Log], [Tanh], [Sigmoid] and [Erf] are within 2 ULP; [Sin] and
// [Cos] too, where the result is not denormal. [Silu] and [Gelu] are within 3 ULP, [Softplus] within 4, where the result is not denormal;
// [GeluRough] is within 4 ULP of the larger of the result and min(|x|, 8)/8.
// [GeluTanh] and [Silu] with a factor other than 1 within 4 ULP plus the error of rounding the argument of the exponential. Add, Sub, Mul,
// Div, Sqrt, Reciprocal, Abs, Neg and Square round once, as IEEE 754 asks; FuncFloor, FuncCeil, FuncRound and FuncSign are exact. NaN propagates through every function, Min and Max included. The
// sign of a zero that Min or Max returns for zeros of both signs is not specified.
//
// The result for an element does not depend on where it lies in the slice. Reductions sum in an order that depends on the length alone.
package vec

//go:generate sh -c "cd _generate && go run . -level avx2 -out ../kernel_avx2_amd64.s -stubs ../stubs_avx2_amd64.go -pkg vec"
//go:generate sh -c "cd _generate && go run . -level avx512 -out ../kernel_avx512_amd64.s -stubs ../stubs_avx512_amd64.go -pkg vec"
