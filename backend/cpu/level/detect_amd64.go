//go:build amd64 && !noasm

package level

import "github.com/klauspost/cpuid/v2"

func detect() Level {
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.F16C) {
		return AVX2
	}
	return Portable
}
