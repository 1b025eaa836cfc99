// Package conv convolves float32 images of one, two or three spatial axes, in groups, with any strides, dilations and padding.
//
// The way of a general convolution: the input is copied into planes in which padding is present and the positions of a stride lie side by
// side, so that each element of the kernel reads at a constant distance from the position (see planes). From them, panels of three vectors of
// positions, one row for each element of the kernel, are multiplied with strips of 4 output channels, whose weights were packed once. A panel whose
// positions lie side by side in the planes is read there, any other is gathered first. What follows the sum, a residual and an activation, is done to a
// strip while it is in the cache. What has no padding and no stride needs no planes, and neither does a long row without stride, but for the panels that
// meet its padding. A convolution of each channel with itself (depthwise) sums up rows of the planes directly. With AVX-512 it
// makes no planes: square windows of usual sizes are summed up for four rows of the result at a time, so that what is read serves several of them; others, of small
// images or where a row of the result is as long as a row that it is made of, see the whole channel as one row; masks leave padding out. Where positions fill vectors badly and output channels fill them well, a block of positions is multiplied with the
// weights instead, which room gemm does, and the result is transposed; one of very few positions is a product of few rows.
//
// The room works on slices of numbers: it knows neither tensors nor graphs. Each element of the result is a sum in the order of the
// kernel, whatever the number of threads, and NaN and infinities propagate as in the textbook loop, except that padding is zero.
package conv

//go:generate sh -c "cd _generate && go run . -level avx2 -out ../kernel_avx2_amd64.s -stubs ../stubs_avx2_amd64.go -pkg conv"
//go:generate sh -c "cd _generate && go run . -level avx512 -out ../kernel_avx512_amd64.s -stubs ../stubs_avx512_amd64.go -pkg conv"
