package rows

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// Reduction names a way to combine the elements of an axis.
type Reduction uint8

// The reductions, and what they make of no elements.
const (
	Sum       Reduction = iota // 0
	Mean                       // NaN
	Max                        // -Inf; NaN if any element is
	Min                        // Inf; NaN if any element is
	Prod                       // 1
	SumSquare                  // 0
	L1                         // Σ|x|: 0
	L2                         // √Σx²: 0
	LogSum                     // ln Σx: -Inf
	LogSumExp                  // ln Σeˣ: -Inf
	reductions
)

var reductionNames = [reductions]string{"sum", "mean", "max", "min", "prod", "sum-square", "l1", "l2", "log-sum", "log-sum-exp"}

// String is the name in lower case.
func (r Reduction) String() string {
	if r < reductions {
		return reductionNames[r]
	}
	return fmt.Sprintf("reduction(%d)", uint8(r))
}

// Reduce sets dst, [outer, inner], to the reduction of x, [outer, n, inner], along the middle axis. dst must not overlap x.
func Reduce(r Reduction, dst, x []float32, n, inner int) {
	if inner == 1 {
		for i := range dst {
			dst[i] = r.row(x[i*n : (i+1)*n])
		}
		return
	}
	for at := 0; at < len(dst); at += inner {
		block := x[at*n : (at+inner)*n]
		for lo := 0; lo < inner; lo += tile {
			hi := min(lo+tile, inner)
			r.columns(dst[at+lo:at+hi], block[min(lo, len(block)):], n, inner)
		}
	}
}

// row reduces elements that lie together.
func (r Reduction) row(x []float32) float32 {
	switch r {
	case Sum:
		return vec.Sum(x)
	case Mean:
		return vec.Sum(x) / float32(len(x))
	case Max:
		return vec.MaxOf(x)
	case Min:
		return vec.MinOf(x)
	case Prod:
		p := 1.0 // wide, so that partial products neither over- nor underflow early
		for _, v := range x {
			p *= float64(v)
		}
		return float32(p)
	case SumSquare:
		return vec.SumSquares(x, 0)
	case L1:
		return vec.SumAbs(x)
	case L2:
		return float32(math.Sqrt(float64(vec.SumSquares(x, 0))))
	case LogSum:
		return float32(math.Log(float64(vec.Sum(x))))
	case LogSumExp:
		peak := vec.MaxOf(x)
		if math.IsInf(float64(peak), 0) {
			return peak
		}
		return peak + float32(math.Log(float64(sumExp(x, peak))))
	}
	panic("BUG: rows: " + r.String())
}

// columns reduces up to tile columns of n rows that lie step apart.
func (r Reduction) columns(dst, x []float32, n, step int) {
	switch r {
	case Max, Min:
		op, v := vec.OpMax, float32(math.Inf(-1))
		if r == Min {
			op, v = vec.OpMin, -v
		}
		vec.Fill(dst, v)
		for i := range n {
			op.VV(dst, dst, x[i*step:])
		}
	case Prod:
		products(dst, x, n, step)
	case LogSumExp:
		logSumExp(dst, x, n, step)
	default:
		sums(dst, x, n, step, r.term())
		switch r {
		case Mean:
			vec.OpDiv.VS(dst, dst, float32(n))
		case L2:
			vec.Sqrt(dst, dst)
		case LogSum:
			vec.Log(dst, dst)
		}
	}
}

// term is the function whose values a sum adds up.
func (r Reduction) term() vec.Func {
	switch r {
	case SumSquare, L2:
		return vec.FuncSquare
	case L1:
		return vec.FuncAbs
	case Sum, Mean, LogSum:
		return identity
	}
	panic("BUG: rows: " + r.String())
}

const identity = vec.Func(255)

// run is how many rows are added up before their sum is added to the total.
const run = 32

// sums adds f of n rows, step apart, in runs of runs.
func sums(dst, x []float32, n, step int, f vec.Func) {
	vec.Fill(dst, 0)
	if n <= run {
		var room [tile]float32
		for i := range n {
			v := x[i*step : i*step+len(dst)]
			if f != identity {
				f.Apply(room[:len(dst)], v, 0, 0)
				v = room[:len(dst)]
			}
			vec.Add(dst, dst, v)
		}
		return
	}
	part := run
	for part*run < n {
		part *= run
	}
	var room [tile]float32
	for i := 0; i < n; i += part {
		sums(room[:len(dst)], x[i*step:], min(part, n-i), step, f)
		vec.Add(dst, dst, room[:len(dst)])
	}
}

func products(dst, x []float32, n, step int) {
	var wide [tile]float64
	for j := range dst {
		wide[j] = 1
	}
	for i := range n {
		for j, v := range x[i*step : i*step+len(dst)] {
			wide[j] *= float64(v)
		}
	}
	for j := range dst {
		dst[j] = float32(wide[j])
	}
}

func logSumExp(dst, x []float32, n, step int) {
	var sum, term, total [tile]float32
	w := len(dst)
	vec.Fill(dst, float32(math.Inf(-1)))
	for i := range n {
		vec.Max(dst, dst, x[i*step:])
	}
	for i := range n {
		vec.Sub(term[:w], x[i*step:], dst)
		vec.Exp(term[:w], term[:w])
		vec.Add(sum[:w], sum[:w], term[:w])
		if i%run == run-1 || i == n-1 {
			vec.Add(total[:w], total[:w], sum[:w])
			clear(sum[:w])
		}
	}
	vec.Log(total[:w], total[:w])
	for j, peak := range dst {
		if !math.IsInf(float64(peak), 0) {
			dst[j] = peak + total[j]
		}
	}
}
