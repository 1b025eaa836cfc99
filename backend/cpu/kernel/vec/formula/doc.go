// Package formula says how package vec computes its functions of one number: as instructions on vectors, for any unit that can write them.
//
// Two units write them: the generator of vec's kernels, and the compiler of loop programs. Both give the same bits, as they emit the same
// operations in the same order; but vec's kernels for AVX-512 have a [GeluRough] of their own. A formula prepares what does not change from element to element, and returns the body of the loop. Package
// vec tells how accurate each is.
package formula
