// Package rows computes what needs a whole row of float32 numbers: softmax, norms, reductions along an axis, cumulative sums.
//
// The room works on slices: rows of n elements one after another, or an axis of n elements in the layout [outer, n, inner]. It
// knows nothing of tensors or graphs. Functions work on the rows that they are given, so callers divide work by slicing. Destinations
// may be exactly one of the sources unless it is said otherwise. Operands that are too short are a programmer's bug. No function allocates.
//
// Sums of long rows are added in halves or blocks, so that their error does not grow with the length; variances take two passes, the mean
// first. Results of a row do not depend on how rows are divided among calls.
package rows
