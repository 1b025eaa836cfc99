//go:build amd64 && !noasm

package roof

import "github.com/gocompile/gocompile/backend/cpu/level"

// multiply returns how many operations it did.
func multiply(l level.Level, n int) float64 {
	switch {
	case l >= level.AVX512:
		multiplyAVX512(n)
		return float64(n) * 24 * 16 * 2
	case l >= level.AVX2:
		multiplyAVX2(n)
		return float64(n) * 12 * 8 * 2
	}
	return portableMultiply(n)
}

// dot returns how many operations on bytes it did.
func dot(l level.Level, n int) float64 {
	switch {
	case l.VNNI():
		dotVNNI(n)
		return float64(n) * 24 * 64 * 2
	case l >= level.AVX2:
		dotAVX2(n)
		return float64(n) * 10 * 32 * 2
	}
	return portableDot(n)
}

func touch(data []byte) {
	if level.Highest() >= level.AVX2 {
		read(&data[0], len(data)/blockBytes)
	} else {
		portableTouch(data)
	}
}
