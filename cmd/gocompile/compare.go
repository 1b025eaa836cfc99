package main

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// difference says how far a result lies from the recorded one.
type difference struct {
	MaxULP  uint64  `json:"max_ulp"`       // largest number of steps between neighbouring numbers of the type
	MaxErr  float64 `json:"max_error"`     // largest absolute error
	OfPeak  float64 `json:"of_peak"`       // MaxErr relative to the largest magnitude that was recorded, if that is not 0
	Unequal int     `json:"unequal"`       // elements that are not the same
	Why     string  `json:"why,omitempty"` // why the two cannot be compared by number
	exact   bool    // a type without rounding
}

// within reports whether a result is right.
func (d difference) within(tolerance float64) bool {
	switch {
	case d.Why != "":
		return false
	case d.exact:
		return d.Unequal == 0
	}
	return d.OfPeak <= tolerance
}

// row is the difference in three columns.
func (d difference) row() []string {
	switch {
	case d.Why != "":
		return []string{"", "", d.Why}
	case d.exact && d.Unequal > 0:
		return []string{"", "", fmt.Sprintf("%d differ", d.Unequal)}
	case d.exact:
		return []string{"0", "0", "equal"}
	}
	ulp := number(int64(min(d.MaxULP, math.MaxInt64)))
	if d.MaxULP > 1e7 {
		ulp = fmt.Sprintf("%.1e", float64(d.MaxULP))
	}
	return []string{ulp, fmt.Sprintf("%.2g", d.MaxErr), fmt.Sprintf("%.2g", d.OfPeak)}
}

// compare measures got against want.
func compare(got, want tensor.Value) difference {
	got, want = bare(got), bare(want)
	switch w := want.(type) {
	case nil:
		if got == nil {
			return difference{exact: true}
		}
	case *tensor.Tensor:
		if g, ok := got.(*tensor.Tensor); ok {
			return compareTensors(g, w)
		}
	case *tensor.Sequence:
		if g, ok := got.(*tensor.Sequence); ok && len(g.Items) == len(w.Items) {
			d := difference{exact: true}
			for i := range w.Items {
				d = d.and(compare(g.Items[i], w.Items[i]))
			}
			return d
		}
	case *tensor.Map:
		if g, ok := got.(*tensor.Map); ok {
			return compare(g.Keys, w.Keys).and(compare(g.Values, w.Values))
		}
	}
	return difference{Why: fmt.Sprintf("got %s", typeText(got))}
}

// and joins the differences of two parts of a value.
func (d difference) and(o difference) difference {
	j := difference{max(d.MaxULP, o.MaxULP), max(d.MaxErr, o.MaxErr), max(d.OfPeak, o.OfPeak), d.Unequal + o.Unequal, d.Why, d.exact && o.exact}
	if j.Why == "" {
		j.Why = o.Why
	}
	if !j.exact && (d.exact && d.Unequal > 0 || o.exact && o.Unequal > 0) {
		j.Why = "parts differ"
	}
	return j
}

// bare strips optionals; an absent value is nil.
func bare(v tensor.Value) tensor.Value {
	for {
		o, ok := v.(*tensor.Optional)
		if !ok {
			return v
		}
		v = o.Item
	}
}

func compareTensors(g, w *tensor.Tensor) difference {
	if g.DType() != w.DType() || !slices.Equal(g.Shape(), w.Shape()) {
		return difference{Why: "got " + typeText(g)}
	}
	d := difference{exact: !w.DType().IsFloat() && !w.DType().IsComplex()}
	var peak float64
	for i := range w.Len() {
		switch {
		case w.DType() == tensor.String:
			if g.Strings()[i] != w.Strings()[i] {
				d.Unequal++
			}
		case w.DType().IsComplex():
			a, b := g.Complex128(i), w.Complex128(i)
			peak = max(peak, d.number(real(a), real(b), w.DType()), d.number(imag(a), imag(b), w.DType()))
		case d.exact:
			if g.Int64(i) != w.Int64(i) {
				d.Unequal++
			}
		default:
			peak = max(peak, d.number(g.Float64(i), w.Float64(i), w.DType()))
		}
	}
	if d.OfPeak = d.MaxErr; peak > 0 {
		d.OfPeak /= peak
	}
	return d
}

// number adds one number, and returns its recorded magnitude as far as it is finite.
func (d *difference) number(g, w float64, t tensor.DType) float64 {
	if g == w || math.IsNaN(g) && math.IsNaN(w) {
		return finite(w)
	}
	d.Unequal++
	if math.IsNaN(g-w) || math.IsInf(g-w, 0) {
		d.Why = fmt.Sprintf("got %v, expected %v", g, w)
		return finite(w)
	}
	d.MaxErr = max(d.MaxErr, math.Abs(g-w))
	d.MaxULP = max(d.MaxULP, ulps(g, w, t))
	return finite(w)
}

func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return math.Abs(x)
}

// ulps counts the numbers of a type from a to b.
func ulps(a, b float64, t tensor.DType) uint64 {
	var x, y int64
	switch t {
	case tensor.Float64, tensor.Complex128:
		x, y = ordered(math.Float64bits(a), 64), ordered(math.Float64bits(b), 64)
	case tensor.Float32, tensor.Complex64:
		x, y = ordered(uint64(math.Float32bits(float32(a))), 32), ordered(uint64(math.Float32bits(float32(b))), 32)
	case tensor.Float8E8M0: // powers of two
		x, y = int64(math.Ilogb(a)), int64(math.Ilogb(b))
	default:
		x, y = ordered(uint64(tensor.EncodeFloat(t, a, false)), t.Bits()), ordered(uint64(tensor.EncodeFloat(t, b, false)), t.Bits())
	}
	if x < y {
		x, y = y, x
	}
	return uint64(x) - uint64(y)
}

// ordered maps the bits of a number with a sign bit to an integer that grows with the number.
func ordered(bits uint64, width int) int64 {
	sign := uint64(1) << (width - 1)
	if bits&sign != 0 {
		return -int64(bits &^ sign)
	}
	return int64(bits)
}

// typeText is the element type and shape of a value.
func typeText(v tensor.Value) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case *tensor.Tensor:
		return v.DType().String() + shapeText(v.Shape())
	case *tensor.Sequence:
		return fmt.Sprintf("sequence of %d", len(v.Items))
	}
	return ir.TypeOf(v).String()
}
