package rows

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// Scores is what softmax is taken of: Scale·x + Mask, row by row.
type Scores struct {
	N        int       // the length of a row
	Scale    float32   // a factor; 0 stands for 1
	Mask     []float32 // what to add, or nil
	MaskStep int       // from the mask of a row to that of the next: 0 to use one row of N for all
}

// of is the scores of row i, of which x is the input: x itself if it is that already, else written to y.
func (s *Scores) of(y, x []float32, i int) []float32 {
	scale := s.Scale
	if scale == 0 {
		scale = 1
	}
	switch {
	case s.Mask != nil:
		vec.AddScaled(y, s.Mask[i*s.MaskStep:], scale, x)
	case scale != 1:
		vec.MulScalar(y, x, scale)
	default:
		return x
	}
	return y
}

// Softmax sets dst, [rows, N], to e^score divided by the row's sum. A row whose scores are all -Inf, or that holds NaN or Inf, becomes NaN.
// dst may be x, but not the mask.
func (s *Scores) Softmax(dst, x []float32) {
	for i, at := 0, 0; at < len(dst); i, at = i+1, at+s.N {
		y := dst[at : at+s.N]
		v := s.of(y, x[at:at+s.N], i)
		sum := vec.ExpSum(y, v, vec.MaxOf(v))
		vec.MulScalar(y, y, 1/sum)
	}
}

// LogSoftmax sets dst, [rows, N], to the logarithm of [Scores.Softmax], as precise where that is far below 1. dst may be x, but not the mask.
func (s *Scores) LogSoftmax(dst, x []float32) {
	for i, at := 0, 0; at < len(dst); i, at = i+1, at+s.N {
		y := dst[at : at+s.N]
		v := s.of(y, x[at:at+s.N], i)
		vec.AddScalar(y, v, -vec.MaxOf(v))
		vec.AddScalar(y, y, -float32(math.Log(float64(sumExp(y, 0)))))
	}
}

// tile is the length of scratch space on the stack.
const tile = 256

// sumExp is the sum of e^(x-c).
func sumExp(x []float32, c float32) float32 {
	var room [tile]float32
	if len(x) <= tile {
		return vec.ExpSum(room[:len(x)], x, c)
	}
	half := (len(x)/2 + tile - 1) / tile * tile
	return sumExp(x[:half], c) + sumExp(x[half:], c)
}
