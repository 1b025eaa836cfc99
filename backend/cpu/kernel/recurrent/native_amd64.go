//go:build amd64 && !noasm

package recurrent

import (
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

var nativeKernels = []Kernel{{
	Name: "avx2", Level: level.AVX2, Lanes: 8,
	lstm: []func(*tile){native(lstm1), native(lstm2), native(lstm3)},
	gru:  []func(*tile){native(gru1), native(gru2), native(gru3), native(gru4)},
}}

func native(f func(*byte)) func(*tile) {
	return func(t *tile) { f((*byte)(unsafe.Pointer(t))) }
}
