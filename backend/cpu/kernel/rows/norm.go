package rows

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// Norm holds the operands of a normalisation of rows; all slices but those that Run is given may be nil.
type Norm struct {
	N        int       // the length of a row
	Epsilon  float32   // added to the variance or mean square
	Scale    []float32 // [N], a factor of each column
	Bias     []float32 // [N], added to each column
	Residual []float32 // [rows, N], added to the input first
	Sum      []float32 // [rows, N], set to input + Residual; may be the input or Residual. With Residual alone, dst holds it for a while.
	Mean     []float32 // [rows], set to the means; LayerNorm only
	InvStd   []float32 // [rows], set to 1/√(variance+Epsilon) or 1/√(mean square+Epsilon)
}

// input adds the residual of a row.
func (o *Norm) input(dst, x []float32, at int) []float32 {
	v := x[at : at+o.N]
	if o.Residual == nil {
		if o.Sum != nil {
			vec.Copy(o.Sum[at:at+o.N], v)
		}
		return v
	}
	sum := dst[at : at+o.N]
	if o.Sum != nil {
		sum = o.Sum[at : at+o.N]
	}
	vec.Add(sum, v, o.Residual[at:at+o.N])
	return sum
}

// LayerNorm sets dst, [rows, N], to (x-mean)/√(variance+Epsilon)·Scale+Bias, with mean and (biased) variance of each row.
func (o *Norm) LayerNorm(dst, x []float32) {
	for i, at := 0, 0; at < len(dst); i, at = i+1, at+o.N {
		v := o.input(dst, x, at)
		mean := vec.Sum(v) / float32(o.N)
		inv := inverse(vec.SumSquares(v, mean)/float32(o.N), o.Epsilon)
		vec.Normalize(dst[at:at+o.N], v, mean, inv, o.Scale, o.Bias)
		if o.Mean != nil {
			o.Mean[i] = mean
		}
		if o.InvStd != nil {
			o.InvStd[i] = inv
		}
	}
}

// RMSNorm sets dst, [rows, N], to x/√(mean of x²+Epsilon)·Scale+Bias.
func (o *Norm) RMSNorm(dst, x []float32) {
	for i, at := 0, 0; at < len(dst); i, at = i+1, at+o.N {
		v := o.input(dst, x, at)
		inv := inverse(vec.SumSquares(v, 0)/float32(o.N), o.Epsilon)
		vec.Normalize(dst[at:at+o.N], v, 0, inv, o.Scale, o.Bias)
		if o.InvStd != nil {
			o.InvStd[i] = inv
		}
	}
}

func inverse(square, epsilon float32) float32 {
	return float32(1 / math.Sqrt(float64(square)+float64(epsilon)))
}

// L2Norm sets dst, [rows, n], to x divided by the larger of epsilon and the root of its row's sum of squares. With epsilon 0, a row of zeros
// stays so.
func L2Norm(dst, x []float32, n int, epsilon float32) {
	for at := 0; at < len(dst); at += n {
		v := x[at : at+n]
		root := max(float32(math.Sqrt(float64(vec.SumSquares(v, 0)))), epsilon)
		if root == 0 {
			vec.Copy(dst[at:at+n], v)
			continue
		}
		vec.OpDiv.VS(dst[at:at+n], v, root)
	}
}
