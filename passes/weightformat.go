package passes

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/gocompile/gocompile/tensor"
)

// WeightFormat says how the weights of a product of matrices become integers.
type WeightFormat struct {
	Bits       int  // 8 or 4
	Block      int  // weights of one sum that have a scale in common; 0: all of them
	Asymmetric bool // the range of integers is that of the weights, by a zero point, and not the same to both sides of zero
}

// defaultBlock is the block of a name without one, by bits.
var defaultBlock = map[int]int{8: 0, 4: 32}

// String is int8, uint4/64 and so on, as [ParseWeightFormat] reads it.
func (f WeightFormat) String() string {
	s := fmt.Sprintf("int%d", f.Bits)
	if f.Asymmetric {
		s = "u" + s
	}
	if f.Block > 0 || defaultBlock[f.Bits] > 0 {
		s += fmt.Sprintf("/%d", f.Block)
	}
	return s
}

// ParseWeightFormat reads the name of a format: int8 or int4, uint8 or uint4 for an asymmetric one, and behind a slash the block: int4/64, 0 for none. Without that,
// 8 bits have none and 4 bits one of 32.
func ParseWeightFormat(name string) (WeightFormat, error) {
	kind, block, blocked := strings.Cut(name, "/")
	kind, asymmetric := strings.CutPrefix(kind, "u")
	f := WeightFormat{Asymmetric: asymmetric}
	switch kind {
	case "int8":
		f.Bits = 8
	case "int4":
		f.Bits = 4
	}
	f.Block = defaultBlock[f.Bits]
	var err error
	if blocked {
		f.Block, err = strconv.Atoi(block)
	}
	if err != nil || f.check() != nil {
		return f, fmt.Errorf("no format of weights is named %q; int8, int4, uint8 and uint4 are, with a block behind them such as int4/32", name)
	}
	return f, nil
}

func (f WeightFormat) check() error {
	if f.Bits != 8 && f.Bits != 4 || f.Block < 0 || f.Block > 1<<20 {
		return fmt.Errorf("weights of %d bits in blocks of %d are not supported; 8 and 4 bits are", f.Bits, f.Block)
	}
	return nil
}

func (f WeightFormat) elem() tensor.DType {
	switch {
	case f.Bits == 8 && f.Asymmetric:
		return tensor.Uint8
	case f.Bits == 8:
		return tensor.Int8
	case f.Asymmetric:
		return tensor.Uint4
	}
	return tensor.Int4
}

// roundedWeights are integers q that stand for (q − zero)·scale, with a scale for each index of an axis, or for each block along the other one.
type roundedWeights struct {
	q, scale, zero *tensor.Tensor // zero is nil where it is 0
	axis, block    int            // as of DequantizeLinear
	err            float64        // root of the mean square of the errors over that of the weights
}

func (w *roundedWeights) bytes() int {
	n := len(w.q.Bytes()) + len(w.scale.Bytes())
	if w.zero != nil {
		n += len(w.zero.Bytes())
	}
	return n
}

// round rounds a matrix whose sums run along an axis. It fails for weights that are not finite.
func (f WeightFormat) round(t *tensor.Tensor, sum int) (*roundedWeights, error) {
	w, rows, cols := tensor.Data[float32](t), t.Dim(0), t.Dim(1)
	length, count := rows, cols // of a sum, and of sums
	step, next := cols, 1
	if sum == 1 {
		length, count, step, next = cols, rows, 1, cols
	}
	block, blocks := f.Block, 1
	r := &roundedWeights{q: tensor.New(f.elem(), rows, cols), axis: 1 - sum, block: f.Block}
	shape := []int{count}
	if block == 0 {
		block = max(1, length)
	} else {
		blocks = (length + block - 1) / block
		shape = []int{blocks, count}
		r.axis = sum
		if sum == 1 {
			shape = []int{count, blocks}
		}
	}
	r.scale = tensor.New(tensor.Float32, shape...)
	if f.Asymmetric {
		r.zero = tensor.New(f.elem(), shape...)
	}
	scales := tensor.Data[float32](r.scale)
	var wrong, all float64
	for n := range count {
		for b := range blocks {
			at := n // of the scale
			if f.Block > 0 && sum == 0 {
				at = b*count + n
			} else if f.Block > 0 {
				at = n*blocks + b
			}
			first, last := b*block, min(length, (b+1)*block)
			low, high := 0.0, 0.0
			for k := first; k < last; k++ {
				x := float64(w[n*next+k*step])
				low, high = min(low, x), max(high, x)
			}
			if math.IsNaN(low) || math.IsInf(low, 0) || math.IsInf(high, 0) || math.IsNaN(high) {
				return nil, fmt.Errorf("some are not finite")
			}
			g := f.grid(low, high)
			if scales[at] = g.scale; r.zero != nil {
				r.zero.SetInt64(at, int64(g.zero))
			}
			for k := first; k < last; k++ {
				i := n*next + k*step
				x := float64(w[i])
				q := g.nearest(x)
				r.q.SetInt64(i, int64(q))
				d := (q-g.zero)*float64(g.scale) - x
				wrong, all = wrong+d*d, all+x*x
			}
		}
	}
	if all > 0 {
		r.err = math.Sqrt(wrong / all)
	}
	return r, nil
}

// grid is numbers that are evenly spaced: (q − zero)·scale for the integers q from low to high.
type grid struct {
	scale           float32
	zero, low, high float64
}

// grid covers weights from low to high, which include zero. In 4 bits the symmetric grid has its odd element on the side of the largest weight.
func (f WeightFormat) grid(low, high float64) grid {
	n := math.Ldexp(1, f.Bits)
	var g grid
	switch {
	case f.Asymmetric:
		g = grid{scale: float32((high - low) / (n - 1)), high: n - 1}
	case f.Bits == 8:
		g = grid{scale: float32(max(high, -low) / (n/2 - 1)), low: -(n/2 - 1), high: n/2 - 1}
	case high > -low:
		g = grid{scale: float32(-high / (n / 2)), low: -n / 2, high: n/2 - 1}
	default:
		g = grid{scale: float32(-low / (n / 2)), low: -n / 2, high: n/2 - 1}
	}
	if g.scale == 0 {
		g.scale = 1
	}
	if f.Asymmetric {
		g.zero = min(g.high, math.RoundToEven(-low/float64(g.scale)))
	}
	return g
}

func (g grid) nearest(x float64) float64 {
	return max(g.low, min(g.high, math.RoundToEven(x/float64(g.scale))+g.zero))
}
