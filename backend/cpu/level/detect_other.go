//go:build !amd64 || noasm

package level

func detect() Level { return Portable }
