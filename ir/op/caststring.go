package op

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gocompile/gocompile/tensor"
)

// formatElement writes a number as NumPy does when it converts to strings.
func formatElement(x *tensor.Tensor, i int) string {
	switch d := x.DType(); {
	case d == tensor.Bool:
		if x.Int64(i) != 0 {
			return "True"
		}
		return "False"
	case d == tensor.Uint64:
		return strconv.FormatUint(tensor.Data[uint64](x)[i], 10)
	case d.IsInteger():
		return strconv.FormatInt(x.Int64(i), 10)
	case d == tensor.Float64:
		return formatFloat(x.Float64(i), 64, 16)
	case d == tensor.Float16 || d == tensor.BFloat16:
		return formatShort(x, i)
	default:
		return formatFloat(x.Float64(i), 32, 16)
	}
}

// formatFloat is the shortest decimal that reads back, positional between 1e-4 and 1e16.
func formatFloat(v float64, bits, digits int) string {
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	}
	a := math.Abs(v)
	if a != 0 && (a < 1e-4 || a >= math.Pow10(digits)) {
		return strconv.FormatFloat(v, 'e', -1, bits)
	}
	s := strconv.FormatFloat(v, 'f', -1, bits)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// formatShort finds the shortest decimal that reads back as the same low precision number.
func formatShort(x *tensor.Tensor, i int) string {
	v := x.Float64(i)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return formatFloat(v, 32, 16)
	}
	back := tensor.New(x.DType(), 1)
	for prec := 1; prec < 17; prec++ {
		short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', prec, 64), 64)
		if back.SetFloat64(0, short); back.Float64(0) == v {
			return formatFloat(short, 64, 16)
		}
	}
	return formatFloat(v, 64, 16)
}

func parseElement(y *tensor.Tensor, i int, s string) error {
	s = strings.TrimSpace(s)
	d := y.DType()
	if d.IsInteger() {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			y.SetInt64(i, n)
			return nil
		}
	}
	if d == tensor.Bool && (s == "True" || s == "true") {
		y.SetInt64(i, 1)
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(v, 0) {
		return fmt.Errorf("string %q is no number", s)
	}
	y.SetFloat64(i, v)
	return nil
}
