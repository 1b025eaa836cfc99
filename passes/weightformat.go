package passes

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gocompile/gocompile/tensor"
)

// WeightFormat says how the weights of a product of matrices become integers.
type WeightFormat struct {
	Bits       int  // 8 or 4
	Block      int  // weights of one sum that have a scale in common; 0: all of them
	Asymmetric bool // the range of integers is that of the weights, by a zero point, and not the same to both sides of zero
	RoundLeft  bool // permit products to round what they multiply too, to 8 bits, block by block: see [op.DequantizeLinear]
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
	if f.RoundLeft {
		s += roundLeftSuffix
	}
	return s
}

const roundLeftSuffix = "a8" // of names: activations of 8 bits

// ParseWeightFormat reads the name of a format: int8 or int4, uint8 or uint4 for an asymmetric one, and behind a slash the block: int4/64, 0 for none. Without that,
// 8 bits have none and 4 bits one of 32. An a8 at the end permits products to round what they multiply: int4a8, int8/64a8.
func ParseWeightFormat(name string) (WeightFormat, error) {
	weights, roundLeft := strings.CutSuffix(name, roundLeftSuffix)
	kind, block, blocked := strings.Cut(weights, "/")
	kind, asymmetric := strings.CutPrefix(kind, "u")
	f := WeightFormat{Asymmetric: asymmetric, RoundLeft: roundLeft}
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
		return f, fmt.Errorf("no format of weights is named %q; int8, int4, uint8 and uint4 are, with a block behind them such as int4/32, and a8 behind a block of a multiple of 16 such as int4/32a8", name)
	}
	return f, nil
}

func (f WeightFormat) check() error {
	if f.Bits != 8 && f.Bits != 4 || f.Block < 0 || f.Block > 1<<20 {
		return fmt.Errorf("weights of %d bits in blocks of %d are not supported; 8 and 4 bits are", f.Bits, f.Block)
	}
	if f.RoundLeft && (f.Block == 0 || f.Block%16 != 0) {
		return fmt.Errorf("what weights multiply is rounded in blocks of a multiple of 16 of them, not of %d", f.Block)
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
	roundLeft      bool           // the same
	err            float64        // root of the mean square of the errors over that of the weights
}

func (w *roundedWeights) bytes() int {
	n := len(w.q.Bytes()) + len(w.scale.Bytes())
	if w.zero != nil {
		n += len(w.zero.Bytes())
	}
	return n
}

const sumsAtOnce = 16 // that are rounded together, as they lie side by side

// round rounds a matrix whose sums run along an axis; moments may be nil. It fails for weights that are not finite.
func (f WeightFormat) round(t *tensor.Tensor, sum int, moments *Moments) (*roundedWeights, error) {
	m := &rounding{f: f, w: tensor.Data[float32](t), length: t.Dim(0), count: t.Dim(1), step: t.Dim(1), next: 1, block: f.Block, blocks: 1}
	if sum == 1 {
		m.length, m.count, m.step, m.next = t.Dim(1), t.Dim(0), 1, t.Dim(1)
	}
	r := &roundedWeights{axis: 1 - sum, block: f.Block, roundLeft: f.RoundLeft}
	shape := []int{m.count}
	if f.Block == 0 {
		m.block = max(1, m.length)
	} else {
		m.blocks = (m.length + m.block - 1) / m.block
		shape, m.nextBlock, m.nextScale = []int{m.blocks, m.count}, m.count, 1
		if r.axis = sum; sum == 1 {
			shape, m.nextBlock, m.nextScale = []int{m.count, m.blocks}, 1, m.blocks
		}
	}
	m.nextScale = max(1, m.nextScale)
	r.scale = tensor.New(tensor.Float32, shape...)
	m.scales, m.zeros, m.q = tensor.Data[float32](r.scale), make([]byte, r.scale.Len()), make([]byte, t.Len())
	parts := (m.count + sumsAtOnce - 1) / sumsAtOnce
	m.wrong, m.all, m.infinite = make([]float64, parts), make([]float64, parts), make([]bool, parts)
	body := m.part
	if moments != nil && moments.size == m.length {
		if m.carried = moments.carried(); m.carried != nil {
			body = m.compensated
		}
	}
	inParallel(parts, body)
	if slices.Contains(m.infinite, true) {
		return nil, fmt.Errorf("some are not finite")
	}
	r.q = f.integers(m.q, t.Shape())
	if f.Asymmetric {
		r.zero = f.integers(m.zeros, shape)
	}
	var wrong, all float64
	for i := range parts {
		wrong, all = wrong+m.wrong[i], all+m.all[i]
	}
	if all > 0 {
		r.err = math.Sqrt(wrong / all)
	}
	return r, nil
}

// integers is a tensor of what lies in the low bits of bytes.
func (f WeightFormat) integers(b []byte, shape []int) *tensor.Tensor {
	if f.Bits == 8 {
		return tensor.View(f.elem(), shape, b)
	}
	t := tensor.New(f.elem(), shape...)
	dst := t.Bytes()
	for i, x := range b {
		dst[i/2] |= x & 15 << (i % 2 * 4)
	}
	return t
}

// inParallel calls f for the numbers up to n on all processors.
func inParallel(n int, f func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}

// rounding is a matrix on its way to integers: count sums of a length, of which elements lie step apart, and the sums next.
type rounding struct {
	f                    WeightFormat
	w                    []float32
	length, count        int
	step, next           int
	block, blocks        int
	nextBlock, nextScale int // distances of the scales of blocks, and of sums
	scales               []float32
	zeros, q             []byte
	wrong, all           []float64 // by part: sums of squares, of the errors and of the weights
	infinite             []bool
	carried              []float32 // see [Moments]; nil: errors stay
}

// part rounds some sums.
func (m *rounding) part(i int) {
	first := i * sumsAtOnce
	n := min(sumsAtOnce, m.count-first)
	x := make([]float32, n*m.block)
	for b := range m.blocks {
		from := b * m.block
		size := min(m.block, m.length-from)
		for k := range size {
			for j := range n {
				x[j*m.block+k] = m.w[(first+j)*m.next+(from+k)*m.step]
			}
		}
		for j := range n {
			g, ok := m.f.fit(x[j*m.block:][:size])
			if !ok {
				m.infinite[i] = true
				return
			}
			m.keep(b, first+j, g)
			for k, v := range x[j*m.block:][:size] {
				q, d := g.nearest(float64(v))
				m.q[(first+j)*m.next+(from+k)*m.step] = byte(int(q))
				m.wrong[i], m.all[i] = m.wrong[i]+d*d, m.all[i]+float64(v)*float64(v)
			}
		}
	}
}

// keep stores the grid of a block of a sum.
func (m *rounding) keep(block, sum int, g grid) {
	at := block*m.nextBlock + sum*m.nextScale
	m.scales[at], m.zeros[at] = g.scale, byte(int(g.zero))
}

// fit is the grid that covers weights; not ok if they are not finite.
func (f WeightFormat) fit(x []float32) (g grid, ok bool) {
	low, high := float32(0), float32(0)
	for _, v := range x {
		if v-v != 0 {
			return g, false
		}
		low, high = min(low, v), max(high, v)
	}
	return f.grid(float64(low), float64(high)), true
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

// nearest is the integer whose number is nearest to x, and by how much that is off.
func (g grid) nearest(x float64) (q, off float64) {
	q = max(g.low, min(g.high, math.RoundToEven(x/float64(g.scale))+g.zero))
	return q, (q-g.zero)*float64(g.scale) - x
}
