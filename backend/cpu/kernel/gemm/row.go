package gemm

import "github.com/gocompile/gocompile/backend/cpu/level"

// rowFunctions are what an epilogue consists of, for one level.
type rowFunctions struct {
	level     level.Level
	add       func(dst, src []float32) // dst += src, as long as dst
	addScalar func(dst []float32, x float32)
	activate  func(f Activation, row []float32, alpha, beta float32)
}

// allRows is ordered by level.
var allRows = append([]rowFunctions{{level.Portable, portableAdd, portableAddScalar, portableActivate}}, nativeRows...)

// rowsOf is the best that level l can run.
func rowsOf(l level.Level) *rowFunctions {
	i := len(allRows) - 1
	for allRows[i].level > l {
		i--
	}
	return &allRows[i]
}

// Apply replaces each element x of row by f(x), with the instructions of level l. Alpha and beta are those of Epilogue.
func (f Activation) Apply(row []float32, alpha, beta float32, l level.Level) {
	rowsOf(l).activate(f, row, alpha, beta)
}

func portableAdd(dst, src []float32) {
	src = src[:len(dst)]
	for i, x := range src {
		dst[i] += x
	}
}

func portableAddScalar(dst []float32, x float32) {
	for i := range dst {
		dst[i] += x
	}
}
