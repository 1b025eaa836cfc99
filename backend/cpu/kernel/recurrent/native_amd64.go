//go:build amd64 && !noasm

package recurrent

import (
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

var nativeKernels = []Kernel{{
	Name: "avx2", Level: level.AVX2, Lanes: 8,
	steps: steps{
		gemm.Float32: {
			LSTM: {native(lstm1x8), native(lstm2x8), native(lstm3x8)},
			GRU:  {native(gru1x8), native(gru2x8), native(gru3x8), native(gru4x8)},
		},
		gemm.Float16:  {LSTM: {native(lstm1x8Half)}, GRU: {native(gru1x8Half)}},
		gemm.BFloat16: {LSTM: {native(lstm1x8Brain)}, GRU: {native(gru1x8Brain)}},
		gemm.Int8: {
			LSTM: {native(lstm1x8Byte), native(lstm2x8Byte), native(lstm3x8Byte)},
			GRU:  {native(gru1x8Byte), native(gru2x8Byte), native(gru3x8Byte), native(gru4x8Byte)},
		},
	},
}, {
	Name: "avx512", Level: level.AVX512, Lanes: 16,
	steps: steps{
		gemm.Float32: {
			LSTM: {native(lstm1x16), native(lstm2x16), native(lstm3x16), native(lstm4x16), native(lstm5x16), native(lstm6x16)},
			GRU: {native(gru1x16), native(gru2x16), native(gru3x16), native(gru4x16), native(gru5x16), native(gru6x16), native(gru7x16),
				native(gru8x16)},
		},
		gemm.Float16:  {LSTM: {native(lstm1x16Half)}, GRU: {native(gru1x16Half)}},
		gemm.BFloat16: {LSTM: {native(lstm1x16Brain)}, GRU: {native(gru1x16Brain)}},
		gemm.Int8: {
			LSTM: {native(lstm1x16Byte), native(lstm2x16Byte), native(lstm3x16Byte), native(lstm4x16Byte), native(lstm5x16Byte), native(lstm6x16Byte)},
			GRU: {native(gru1x16Byte), native(gru2x16Byte), native(gru3x16Byte), native(gru4x16Byte), native(gru5x16Byte), native(gru6x16Byte),
				native(gru7x16Byte), native(gru8x16Byte)},
		},
	},
}}

func native(f func(*byte)) func(*tile) {
	return func(t *tile) { f((*byte)(unsafe.Pointer(t))) }
}
