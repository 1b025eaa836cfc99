package op

import (
	"math"

	"github.com/gocompile/gocompile/ir/sym"
)

func divInt(a, b int64) int64 {
	switch b {
	case 0:
		return 0
	case -1:
		return -a // also for the smallest integer, where a / b would trap elsewhere
	}
	return a / b
}

func divUint(a, b uint64) uint64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func divSym(a, b sym.Expr) (sym.Expr, bool) {
	if q, ok := sym.DivExact(a, b); ok {
		return q, true
	}
	if k, ok := b.IsConst(); ok && k != 0 {
		return a.TruncDiv(k), true
	}
	return sym.Expr{}, false
}

func modSym(a, b sym.Expr) (sym.Expr, bool) {
	if k, ok := b.IsConst(); ok && k > 0 {
		return a.Mod(k), true
	}
	return sym.Expr{}, false
}

// modFloat has the sign of the divisor, zero included.
func modFloat(a, b float64) float64 {
	m := math.Mod(a, b)
	switch {
	case m == 0:
		return math.Copysign(0, b)
	case (m < 0) != (b < 0):
		return m + b
	}
	return m
}

func modInt(a, b int64) int64 {
	if b == 0 || b == -1 {
		return 0
	}
	m := a % b
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m
}

func modUint(a, b uint64) uint64 {
	if b == 0 {
		return 0
	}
	return a % b
}

// powInt wraps around on overflow; a negative exponent gives the truncated fraction.
func powInt(a, b int64) int64 {
	if b < 0 {
		switch a {
		case 1:
			return 1
		case -1:
			return 1 - 2*(b&1)
		}
		return 0
	}
	p := int64(1)
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			p *= a
		}
		a *= a
	}
	return p
}

func maxNaN(a, b float64) float64 {
	if a != a || b != b {
		return math.NaN()
	}
	return math.Max(a, b)
}

func minNaN(a, b float64) float64 {
	if a != a || b != b {
		return math.NaN()
	}
	return math.Min(a, b)
}
