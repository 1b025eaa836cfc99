// Package channelnorm normalises float32 images, `[batch, channels, size]`, whose statistics belong to channels: batch, group and local response
// normalisation. The room works on slices of numbers: it knows neither tensors nor graphs.
package channelnorm
