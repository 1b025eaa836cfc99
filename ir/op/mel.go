package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// MelWeightMatrix is the matrix `[length/2+1, bins]` that sums a spectrum up into triangular bands, equally wide on the mel scale 2595·log10(1 + f/700). Inputs
// are single numbers: bins, the length of the transform, the sample rate, and the lowest and highest frequency in Hz.
type MelWeightMatrix struct{ Elem tensor.DType }

// Infer implements [ir.Op].
func (o *MelWeightMatrix) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(5, 5); err != nil {
		return nil, err
	}
	if !o.Elem.IsFloat() && !o.Elem.IsInteger() {
		return nil, fmt.Errorf("does not make elements %v", o.Elem)
	}
	return []ir.Fact{ir.Of(ir.TensorType(o.Elem, scalarDim(c, 1, "dft").FloorDiv(2).Add(sym.Const(1)), scalarDim(c, 0, "mel")))}, nil
}

// Eval implements [ir.Op].
func (o *MelWeightMatrix) Eval(c *ir.EvalContext) error {
	bins, length, rate := oneInt(c.Tensor(0), "the number of bands"), oneInt(c.Tensor(1), "the length of the transform"), oneInt(c.Tensor(2), "the sample rate")
	if c.Tensor(3).Len() != 1 || c.Tensor(4).Len() != 1 {
		return fmt.Errorf("frequencies must be single numbers")
	}
	mel := func(i int) float64 { return 2595 * math.Log10(1+c.Tensor(i).Float64(0)/700) }
	low, high := mel(3), mel(4)
	spectrum := length/2 + 1
	y := c.New(0, o.Elem, spectrum, bins)
	edges := make([]int, bins+2)
	for i := range edges {
		hertz := 700 * (math.Pow(10, (low+float64(i)*(high-low)/float64(bins+2))/2595) - 1)
		bin := math.Floor(float64(length+1) * hertz / float64(rate))
		if !(bin >= 0 && bin < float64(spectrum)) {
			return fmt.Errorf("a band from %v to %v Hz does not lie in a spectrum of %d up to %v Hz", c.Tensor(3), c.Tensor(4), spectrum, float64(rate)/2)
		}
		edges[i] = int(bin)
	}
	for i := range bins {
		left, centre, right := edges[i], edges[i+1], edges[i+2]
		if left == centre {
			y.SetFloat64(centre*bins+i, 1)
		}
		for j := left; left < centre && j <= centre; j++ {
			y.SetFloat64(j*bins+i, float64(j-left)/float64(centre-left))
		}
		for j := centre; j < right; j++ {
			y.SetFloat64(j*bins+i, float64(right-j)/float64(right-centre))
		}
	}
	return nil
}

func init() { ir.Register[MelWeightMatrix]() }
