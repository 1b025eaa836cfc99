package quant

import "math"

// A Finish says what becomes of the sums of a convolution: float(sum) · Scale + Bias, rounded after each, not less than Low and not more than High.
type Finish struct {
	Scale     []float32 // one, or one a channel
	Bias      []float32 // one a channel, or nil
	Low, High float32

	// Of a result that is bytes: it is divided by Step and rounded, ties to even, Zero is added, and what does not fit is saturated.
	Step   float32
	Zero   int32
	Signed bool
}

// A finishing does that to a tile of sums of 32 columns, to which add comes first. The assembly knows the offsets of the fields.
type finishing struct {
	c           []int32 // element (i, j) at 32·i + j
	add         []int32 // one a row
	scale, bias []float32
	bytes       []byte // the result: element (i, j) at i·row + j
	floats      []float32
	row         int
	rows        int // positive
	low, high   float32
	step        float32
	limits      limits
}

// value is the result of a sum of row i.
func (f *finishing) value(i int, sum int32) float32 {
	v := float32(float32(sum+f.add[i])*f.scale[i]) + f.bias[i]
	switch {
	case v < f.low:
		return f.low
	case v > f.high:
		return f.high
	}
	return v
}

func portableFinish(f *finishing) {
	for i := range f.rows {
		sums := f.c[i*panelColumns:][:panelColumns]
		if f.bytes != nil {
			to := f.bytes[i*f.row:][:panelColumns]
			for j, sum := range sums {
				to[j] = f.limits.round(f.value(i, sum) / f.step)
			}
			continue
		}
		to := f.floats[i*f.row:][:panelColumns]
		for j, sum := range sums {
			to[j] = f.value(i, sum)
		}
	}
}

// negativeZero changes nothing when it is added.
var negativeZero = float32(math.Copysign(0, -1))
