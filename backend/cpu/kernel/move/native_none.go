//go:build !amd64 || noasm

package move

import "github.com/gocompile/gocompile/backend/cpu/level"

func nativeWiden(l level.Level, dst []float32, src []uint16, from Type) bool { return false }

func nativeNarrow(l level.Level, dst []uint16, src []float32, to Type) bool { return false }

func nativeCast(l level.Level, dst []byte, to Type, src []byte, from Type) int { return 0 }

func nativeTranspose(l level.Level, dst *uint32, toStep int, src *uint32, step, rows, columns int) (int, int) {
	return 0, 0
}
