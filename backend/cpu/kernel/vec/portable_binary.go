package vec

import "math"

func portableVV(op Op, dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	switch op {
	case OpAdd:
		for i := range dst {
			dst[i] = a[i] + b[i]
		}
	case OpSub:
		for i := range dst {
			dst[i] = a[i] - b[i]
		}
	case OpMul:
		for i := range dst {
			dst[i] = a[i] * b[i]
		}
	case OpDiv:
		for i := range dst {
			dst[i] = a[i] / b[i]
		}
	case OpMin:
		for i := range dst {
			dst[i] = min(a[i], b[i])
		}
	case OpMax:
		for i := range dst {
			dst[i] = max(a[i], b[i])
		}
	case OpPow:
		for i := range dst {
			dst[i] = pow(a[i], b[i])
		}
	default:
		panic("BUG: vec: " + op.String())
	}
}

func portableVS(op Op, dst, a []float32, b float32) {
	a = a[:len(dst)]
	switch op {
	case OpAdd:
		for i := range dst {
			dst[i] = a[i] + b
		}
	case OpSub:
		for i := range dst {
			dst[i] = a[i] - b
		}
	case OpMul:
		for i := range dst {
			dst[i] = a[i] * b
		}
	case OpDiv:
		for i := range dst {
			dst[i] = a[i] / b
		}
	case OpMin:
		for i := range dst {
			dst[i] = min(a[i], b)
		}
	case OpMax:
		for i := range dst {
			dst[i] = max(a[i], b)
		}
	case OpPow:
		powScalar(dst, a, b)
	default:
		panic("BUG: vec: " + op.String())
	}
}

// portableSV serves the functions that do not commute.
func portableSV(op Op, dst []float32, a float32, b []float32) {
	b = b[:len(dst)]
	switch op {
	case OpSub:
		for i := range dst {
			dst[i] = a - b[i]
		}
	case OpDiv:
		for i := range dst {
			dst[i] = a / b[i]
		}
	case OpPow:
		for i := range dst {
			dst[i] = pow(a, b[i])
		}
	default:
		panic("BUG: vec: " + op.String())
	}
}

func pow(x, y float32) float32 { return float32(math.Pow(float64(x), float64(y))) }

// powScalar takes short cuts for the exponents that models use most; they are within an ULP of [math.Pow] and agree in all limits.
func powScalar(dst, a []float32, y float32) {
	switch y {
	case 1:
		copy(dst, a)
	case 2:
		Square(dst, a)
	case 3:
		for i, v := range a {
			dst[i] = float32(float64(v) * float64(v) * float64(v))
		}
	case -1:
		Reciprocal(dst, a)
	default:
		for i, v := range a {
			dst[i] = pow(v, y)
		}
	}
}
