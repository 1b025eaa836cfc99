package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// LRN divides each element of X `[N, C, …]` by (Bias + Alpha/Size · Σ x²)^Beta, the sum over Size channels around its own, of which ⌊(Size−1)/2⌋ come
// before.
type LRN struct {
	Size              int
	Alpha, Beta, Bias float32
}

// Infer implements [ir.Op].
func (o *LRN) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Elem.IsFloat() || o.Size < 1 {
		return nil, fmt.Errorf("takes floats and a positive size, got %v and %d", t, o.Size)
	}
	return []ir.Fact{ir.Of(t)}, spatial(t)
}

// Around is the range [lo, hi) of the channels, of n, that belong to channel c.
func (o *LRN) Around(c, n int) (lo, hi int) {
	return max(0, c-(o.Size-1)/2), min(n, max(0, c+o.Size/2+1))
}

// Eval implements [ir.Op].
func (o *LRN) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	batch, channels, space := spatialShape(x.Shape())
	y := c.New(0, x.DType(), x.Shape()...)
	if y.Len() == 0 {
		return nil
	}
	v, size := tensor.Float64s(x), volume(space)
	for i := range batch * channels {
		ch := i % channels
		lo, hi := o.Around(ch, channels)
		for k := range size {
			sum := 0.0
			for j := lo; j < hi; j++ {
				e := v[(i-ch+j)*size+k]
				sum += e * e
			}
			y.SetFloat64(i*size+k, v[i*size+k]/math.Pow(float64(o.Bias)+float64(o.Alpha)/float64(o.Size)*sum, float64(o.Beta)))
		}
	}
	return nil
}

func init() { ir.Register[LRN]() }
