// Package resample resizes arrays along axes: by weighted sums of float32 elements, and by copies of elements of any size.
package resample
