package backend

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// Rows is the memory of a state that runs append to, such as the keys of all positions so far: [batch, heads, rows, size], with room behind the
// rows of each head, so that new rows are written and old ones stay where they are. Capacity doubles as it is needed, up to the limits.
type Rows struct {
	elem     tensor.DType
	kept     tensor.DType
	shape    [4]int // of the rows so far
	capacity int
	data     []byte
	scales   []float32 // of 8 bit integers
	limits   *Limits
}

// Limits bound what the states of one session take together.
type Limits struct {
	Rows  int   // of a state; 0: no limit
	Bytes int64 // of all states; 0: no limit
	used  int64
}

// Used is the memory that states with these limits take, in bytes.
func (l *Limits) Used() int64 { return l.used }

// FullError says that a state would need more rows than its limit.
type FullError struct{ Rows, Limit int }

// Error tells both numbers.
func (e *FullError) Error() string {
	return fmt.Sprintf("%d positions are more than the limit of %d", e.Rows, e.Limit)
}

const firstRows = 64 // least capacity

// NewRows makes a state without rows. Elements must be of whole bytes.
func NewRows(elem tensor.DType, batch, heads, size int, l *Limits) *Rows {
	return NewRowsIn(elem, elem, batch, heads, size, l)
}

// NewRowsIn is NewRows for elements that are kept in another type: float32 in tensor.Float16, to which they are rounded, or in tensor.Int8, as multiples
// of a scale for each row. What a row has that is not finite, integers have not: NaN becomes 0, and infinities become the largest multiples.
func NewRowsIn(kept, elem tensor.DType, batch, heads, size int, l *Limits) *Rows {
	return &Rows{elem: elem, kept: kept, shape: [4]int{batch, heads, 0, size}, limits: l}
}

// CanKeep reports whether elements of a type can be kept in another one, see [NewRowsIn].
func CanKeep(elem, kept tensor.DType) bool {
	return elem == kept || elem == tensor.Float32 && (kept == tensor.Float16 || kept == tensor.Int8)
}

// Shape is that of the rows so far; not to be modified, and good until their number changes.
func (r *Rows) Shape() []int { return r.shape[:] }

// heads is the number of heads in all batches.
func (r *Rows) heads() int { return r.shape[0] * r.shape[1] }

// Elem is the type of the elements.
func (r *Rows) Elem() tensor.DType { return r.elem }

// Len is the number of rows.
func (r *Rows) Len() int { return r.shape[2] }

// Cap is the number of rows that there is room for.
func (r *Rows) Cap() int { return r.capacity }

// Limits are those that the memory counts against.
func (r *Rows) Limits() *Limits { return r.limits }

// Kept is the type in which elements are kept.
func (r *Rows) Kept() tensor.DType { return r.kept }

// Data is the memory, [batch, heads, Cap(), size] of the type in which elements are kept.
func (r *Rows) Data() []byte { return r.data }

// Scales are those of rows that are kept in integers, [batch, heads, Cap()], else nil.
func (r *Rows) Scales() []float32 { return r.scales }

// Bytes is the size of the memory.
func (r *Rows) Bytes() int { return len(r.data) + 4*len(r.scales) }

// row is the size of the elements of a row in bytes.
func (r *Rows) row() int { return r.kept.ByteLen(r.shape[3]) }

// scaleBytes is the size of what a row has beside its elements.
func (r *Rows) scaleBytes() int {
	if r.kept == tensor.Int8 && r.elem != r.kept {
		return 4
	}
	return 0
}

// Reserve makes room for n rows in all, beside other memory of some bytes that the limit is for too.
func (r *Rows) Reserve(n int, beside int64) error {
	if n <= r.capacity {
		return nil
	}
	l := r.limits
	if l.Rows > 0 && n > l.Rows {
		return &FullError{n, l.Rows}
	}
	capacity := max(firstRows, 2*r.capacity)
	for capacity < n {
		capacity *= 2
	}
	if l.Rows > 0 {
		capacity = min(capacity, l.Rows)
	}
	each, err := tensor.NumElements([]int{r.shape[0], r.shape[1], r.row() + r.scaleBytes()}) // bytes
	if err != nil {
		return err
	}
	fits := func(rows int) bool {
		return l.Bytes == 0 || l.used+beside+int64(each)*int64(rows-r.capacity) <= l.Bytes
	}
	if !fits(capacity) {
		capacity = n
	}
	if !fits(capacity) {
		return fmt.Errorf("a state of %d positions of %d bytes, beside %d bytes of others, is more than the memory limit of %d", n, each, l.used+beside, l.Bytes)
	}
	if size, err := tensor.NumElements([]int{each, capacity}); err != nil || l.Bytes == 0 && size > ir.DefaultMaxBytes {
		return fmt.Errorf("%d positions of %d bytes each in a state are more than the limit of %d bytes", capacity, each, int64(ir.DefaultMaxBytes))
	}
	r.grow(capacity)
	return nil
}

// grow gives the rows other memory.
func (r *Rows) grow(capacity int) {
	before := r.Bytes()
	data := tensor.AlignedBytes(r.heads() * capacity * r.row())
	var scales []float32
	if r.scaleBytes() > 0 {
		scales = make([]float32, r.heads()*capacity)
	}
	for h := range r.heads() {
		copy(data[h*capacity*r.row():], r.head(h))
		if scales != nil {
			copy(scales[h*capacity:], r.headScales(h))
		}
	}
	r.data, r.scales, r.capacity = data, scales, capacity
	r.limits.used += int64(r.Bytes() - before)
}

// head is the filled part of a head.
func (r *Rows) head(h int) []byte {
	return r.data[h*r.capacity*r.row():][:r.shape[2]*r.row()]
}

// headScales are those of the filled part of a head that is kept in integers.
func (r *Rows) headScales(h int) []float32 {
	return r.scales[h*r.capacity:][:r.shape[2]]
}

// SetLen makes n the number of rows, which there must be room for. Those behind the old number have what was written into [Rows.Data].
func (r *Rows) SetLen(n int) {
	if n < 0 || n > r.capacity {
		panic(fmt.Sprintf("BUG: %d rows of %d", n, r.capacity))
	}
	r.shape[2] = n
}

// Tensor is a copy of the rows, [batch, heads, rows, size].
func (r *Rows) Tensor() *tensor.Tensor {
	t := tensor.New(r.elem, r.shape[:]...)
	each := r.shape[2] * r.elem.ByteLen(r.shape[3])
	for h := range r.heads() {
		r.read(t.Bytes()[h*each:][:each], h)
	}
	return t
}

// Set makes the rows a copy of those of t, whose shape must be that of the rows but for their number.
func (r *Rows) Set(t *tensor.Tensor) error {
	if s := t.Shape(); t.DType() != r.elem || len(s) != 4 || s[0] != r.shape[0] || s[1] != r.shape[1] || s[3] != r.shape[3] {
		return fmt.Errorf("want %v[%d, %d, rows, %d], got %v%v", r.elem, r.shape[0], r.shape[1], r.shape[3], t.DType(), s)
	}
	r.shape[2] = 0
	if err := r.Reserve(t.Dim(2), 0); err != nil {
		return err
	}
	r.shape[2] = t.Dim(2)
	each := r.shape[2] * r.elem.ByteLen(r.shape[3])
	for h := range r.heads() {
		r.write(h, t.Bytes()[h*each:][:each])
	}
	return nil
}

// Clone is a copy with memory of its own, which counts against l.
func (r *Rows) Clone(l *Limits) (*Rows, error) {
	c := NewRowsIn(r.kept, r.elem, r.shape[0], r.shape[1], r.shape[3], l)
	if err := c.Reserve(r.shape[2], 0); err != nil {
		return nil, err
	}
	c.shape[2] = r.shape[2]
	for h := range r.heads() {
		copy(c.head(h), r.head(h))
		if r.scales != nil {
			copy(c.headScales(h), r.headScales(h))
		}
	}
	return c, nil
}

// Free gives the memory back.
func (r *Rows) Free() {
	r.limits.used -= int64(r.Bytes())
	r.data, r.scales, r.shape[2], r.capacity = nil, nil, 0, 0
}
