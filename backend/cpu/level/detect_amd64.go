//go:build amd64 && !noasm

package level

import "github.com/klauspost/cpuid/v2"

func detect() Level {
	switch c := &cpuid.CPU; {
	case !c.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.F16C, cpuid.BMI2):
		return Portable
	case !c.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL):
		return AVX2
	}
	return AVX512
}

func detectVNNI() bool { return cpuid.CPU.Supports(cpuid.AVX512VNNI) }
