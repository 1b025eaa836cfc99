package conformance

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"

	"github.com/gocompile/gocompile/tensor"
)

// Compare checks outputs as the ONNX backend test runner does: count, shapes and element types must be equal, numbers equal
// within the tolerance (for bfloat16 of at least 2⁻⁶ relative), NaN is equal to NaN, strings are exact.
func Compare(got, want []tensor.Value, tol Tolerance) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d outputs, expected %d", len(got), len(want))
	}
	for i := range want {
		if err := compareValue(got[i], want[i], tol, fmt.Sprintf("output %d", i)); err != nil {
			return err
		}
	}
	return nil
}

func compareValue(got, want tensor.Value, tol Tolerance, where string) error {
	got, want = present(got), present(want)
	if got == nil || want == nil {
		if got == nil && want == nil {
			return nil
		}
		return fmt.Errorf("%s: present %t, expected %t", where, got != nil, want != nil)
	}
	switch w := want.(type) {
	case *tensor.Tensor:
		if g, ok := got.(*tensor.Tensor); ok {
			return compareTensor(g, w, tol, where)
		}
	case *tensor.Sequence:
		g, ok := got.(*tensor.Sequence)
		if !ok {
			break
		}
		if len(g.Items) != len(w.Items) {
			return fmt.Errorf("%s: sequence of %d, expected %d", where, len(g.Items), len(w.Items))
		}
		for i := range w.Items {
			if err := compareValue(g.Items[i], w.Items[i], tol, fmt.Sprintf("%s[%d]", where, i)); err != nil {
				return err
			}
		}
		return nil
	case *tensor.Map:
		g, ok := got.(*tensor.Map)
		if !ok {
			break
		}
		if err := compareTensor(g.Keys, w.Keys, Tolerance{}, where+" keys"); err != nil {
			return err
		}
		return compareValue(g.Values, w.Values, Tolerance{}, where+" values")
	}
	return fmt.Errorf("%s: %T, expected %T", where, got, want)
}

// present strips optionals; an absent value is nil.
func present(x tensor.Value) tensor.Value {
	for {
		switch o := x.(type) {
		case *tensor.Optional:
			if o == nil {
				return nil
			}
			x = o.Item
		case *tensor.Tensor:
			if o == nil {
				return nil
			}
			return x
		default:
			return x
		}
	}
}

func compareTensor(got, want *tensor.Tensor, tol Tolerance, where string) error {
	if !slices.Equal(got.Shape(), want.Shape()) {
		return fmt.Errorf("%s: shape %v, expected %v", where, got.Shape(), want.Shape())
	}
	d := want.DType()
	if got.DType() != d {
		return fmt.Errorf("%s: element type %v, expected %v", where, got.DType(), d)
	}
	if d == tensor.String {
		g, w := got.Strings(), want.Strings()
		for i := range w {
			if g[i] != w[i] {
				return fmt.Errorf("%s: element %d is %q, expected %q", where, i, g[i], w[i])
			}
		}
		return nil
	}
	if d == tensor.BFloat16 {
		tol.Rel = max(tol.Rel, 0x1p-6)
	}
	bad, first := 0, -1
	for i := range want.Len() {
		if !closeAt(got, want, i, tol) {
			if bad++; first < 0 {
				first = i
			}
		}
	}
	if bad == 0 {
		return nil
	}
	if d.IsComplex() {
		return fmt.Errorf("%s: %d of %d elements differ; element %d is %v, expected %v", where, bad, want.Len(), first,
			got.Complex128(first), want.Complex128(first))
	}
	return fmt.Errorf("%s: %d of %d elements differ; element %d is %v, expected %v", where, bad, want.Len(), first,
		got.Float64(first), want.Float64(first))
}

func closeAt(got, want *tensor.Tensor, i int, tol Tolerance) bool {
	if want.DType().IsComplex() {
		g, w := got.Complex128(i), want.Complex128(i)
		return g == w || cmplx.IsNaN(g) && cmplx.IsNaN(w) || cmplx.Abs(g-w) <= tol.Abs+tol.Rel*cmplx.Abs(w) && !cmplx.IsInf(w)
	}
	return near(got.Float64(i), want.Float64(i), tol)
}

func near(g, w float64, tol Tolerance) bool {
	switch {
	case g == w, math.IsNaN(g) && math.IsNaN(w):
		return true
	case math.IsInf(w, 0):
		return false
	}
	return math.Abs(g-w) <= tol.Abs+tol.Rel*math.Abs(w)
}
