//go:build !amd64 && !arm64

package tensor

// unaligned: numbers must lie at multiples of their size.
const unaligned = false
