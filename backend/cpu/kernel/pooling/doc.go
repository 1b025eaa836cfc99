// Package pooling takes maxima and means of float32 images under a sliding window, over one, two or three spatial axes.
//
// A window is taken apart: the rows that it covers are combined element by element, then the elements of that one row. The room works on
// slices of numbers: it knows neither tensors nor graphs. NaN propagates.
package pooling
