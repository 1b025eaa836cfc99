//go:build !amd64 || noasm

package quant

var native []functions
