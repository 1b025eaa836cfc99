// Package move copies elements without looking at them, and converts them between numeric types: transposes, slices, expansion, padding,
// gathering, selection, casts.
//
// The room works on bytes and element sizes of 1, 2, 4, 8 or 16, and knows nothing of tensors or graphs. Plans are made once for a shape and
// run on any memory, whole or in ranges, without allocating. Shapes, strides and ranges that do not fit their memory are a programmer's bug;
// indices that come from data are checked and reported as errors. Destinations must not overlap sources. Memory need not be aligned, except
// for [Cast]. Halves, the commonest casts and transposes of 4-byte elements have AVX2 versions, chosen once by [level.Current].
package move

//go:generate sh -c "cd _generate && go run . -out ../kernel_amd64.s -stubs ../stubs_amd64.go -pkg move"
