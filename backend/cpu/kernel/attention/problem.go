package attention

import "fmt"

// Operand is an array [batch, heads, rows, size] of float32 numbers whose last axis is dense: element (b, h, i, d) is
// Data[b*Batch + h*Head + i*Row + d]. Keys and values may be kept in fewer bits, in [Half] or [Bytes].
type Operand struct {
	Data             []float32
	Batch, Head, Row int

	half   []uint16  // IEEE half precision, instead of Data
	bytes  []byte    // signed integers, instead of Data
	scales []float32 // of the integers, one for each Row elements
}

// Dense is an operand in row-major order.
func Dense(data []float32, heads, rows, size int) Operand {
	return Operand{Data: data, Batch: heads * rows * size, Head: rows * size, Row: size}
}

// Beside is an operand [batch, rows, heads·size] with the heads of a row side by side.
func Beside(data []float32, heads, rows, size int) Operand {
	return Operand{Data: data, Batch: rows * heads * size, Head: size, Row: heads * size}
}

func (o *Operand) at(b, h, i int) int { return b*o.Batch + h*o.Head + i*o.Row }

// check makes sure that an operand of that shape lies in its slice.
func (o *Operand) check(name string, batch, heads, rows, size int) {
	if batch == 0 || heads == 0 || rows == 0 || size == 0 {
		return
	}
	if last := o.at(batch-1, heads-1, rows-1) + size; last > o.len() || o.Batch < 0 || o.Head < 0 || o.Row < 0 || rows > 1 && o.Row < size {
		panic(fmt.Sprintf("BUG: %s [%d, %d, %d, %d] with steps %d, %d, %d does not lie in %d elements", name, batch, heads, rows, size, o.Batch, o.Head,
			o.Row, o.len()))
	}
}

// Mask says which keys are masked, and what to add to their scores; at most one of Float and Bool is set.
type Mask struct {
	Float   []float32 // added; -Inf masks
	Bool    []bool    // false masks
	Steps   [4]int    // element (b, h, i, j) is at First + their sum of products; 0 repeats
	First   int
	Columns int // keys from here on are masked
}

// Empty says what becomes of a row without any key.
type Empty uint8

// The results of rows without keys.
const (
	Zero Empty = iota
	Mean       // the mean of all values
	NaN
)

// Problem is one attention: Y = softmax(cap(Q·Kᵀ·Scale) + bias)·V for each head, with the masks of ir/op.Attention.
type Problem struct {
	Batch, Heads, Groups int // heads of Q, and of K and V; query head h reads head h/(Heads/Groups)
	Queries, Keys        int
	Size, ValueSize      int     // of a head of Q and K, and of V
	Q, K, V, Y           Operand // Y must not share memory with the others
	Scale                float32
	Softcap              float32 // 0: none
	Left, Right          int     // keys to either side of a query that take part, its own position included; 0: all
	Starts               []int   // by batch: the position of the first query; nil: 0
	Lengths              []int   // by batch: keys that take part; nil: all
	Mask                 Mask
	Slopes, Sink         []float32 // by head, or nil
	Empty                Empty
}

// check panics if the operands do not fit.
func (p *Problem) check() {
	if p.Batch < 0 || p.Queries < 0 || p.Keys < 0 || p.Size < 0 || p.ValueSize < 0 || p.Groups <= 0 || p.Heads < p.Groups || p.Heads%p.Groups != 0 {
		panic(fmt.Sprintf("BUG: attention of %d batches, %d heads on %d, %d queries on %d keys, sizes %d and %d", p.Batch, p.Heads, p.Groups, p.Queries,
			p.Keys, p.Size, p.ValueSize))
	}
	p.Q.check("Q", p.Batch, p.Heads, p.Queries, p.Size)
	p.K.check("K", p.Batch, p.Groups, p.Keys, p.Size)
	p.V.check("V", p.Batch, p.Groups, p.Keys, p.ValueSize)
	p.Y.check("Y", p.Batch, p.Heads, p.Queries, p.ValueSize)
	if p.Q.narrow() || p.Y.narrow() {
		panic("BUG: only keys and values may be kept in fewer bits")
	}
	bad := func(n, want int) bool { return n != 0 && n < want }
	if bad(len(p.Starts), p.Batch) || bad(len(p.Lengths), p.Batch) || bad(len(p.Slopes), p.Heads) || bad(len(p.Sink), p.Heads) {
		panic("BUG: not one number for each batch or head")
	}
}

// share is the number of query heads on one head of keys.
func (p *Problem) share() int { return p.Heads / p.Groups }

// rows is the number of rows of a head of keys: query i of the head share·g+h is row i·share+h.
func (p *Problem) rows() int { return p.Queries * p.share() }

// visible is the range of keys that query i of batch b may see by its position and the lengths. Both ends grow with i.
func (p *Problem) visible(b, i int) (lo, hi int) {
	hi = p.Keys
	if p.Lengths != nil {
		hi = min(hi, p.Lengths[b])
	}
	if p.masked() {
		hi = min(hi, p.Mask.Columns)
	}
	at := i
	if p.Starts != nil {
		at += p.Starts[b]
	}
	if p.Right > 0 {
		hi = min(hi, at+p.Right)
	}
	if p.Left > 0 {
		lo = min(max(0, at-p.Left+1), max(hi, 0))
	}
	return lo, max(lo, hi)
}

func (p *Problem) masked() bool { return p.Mask.Float != nil || p.Mask.Bool != nil }

// hides reports whether a key that one row sees may be masked for another.
func (p *Problem) hides() bool { return p.Left > 0 || p.Right > 0 || p.masked() }

// scale is what scores are multiplied by before they are capped.
func (p *Problem) scale() float32 {
	if p.Softcap > 0 {
		return p.Scale / p.Softcap
	}
	return p.Scale
}

// inPlace reports whether queries are read where they lie, and scores are scaled in their place. For few queries, which have products of their own, that does
// not pay.
func (p *Problem) inPlace() bool { return p.share() == 1 && p.scale() != 0 && p.Queries > 8 }
