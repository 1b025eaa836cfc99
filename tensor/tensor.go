package tensor

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/gocompile/gocompile/internal/pages"
)

// Tensor is a dense array in row-major order. The zero Tensor is not usable.
type Tensor struct {
	dtype DType
	shape []int
	n     int
	data  []byte // nil for strings
	strs  []string
}

const alignment = 64 // of storage that this package allocates

// NumElements is the product of the dimensions. A negative dimension and a product beyond the range of int are errors.
func NumElements(shape []int) (int, error) {
	n := 1
	for i, d := range shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("dimension %d of shape %v is negative", i, shape)
		case d == 0:
			n = 0
		case n > math.MaxInt/16/d: // leaves room for the largest element
			return 0, fmt.Errorf("shape %v has too many elements", shape)
		default:
			n *= d
		}
	}
	return n, nil
}

// New returns a tensor of zeros, false or empty strings. The shape must have been checked: a bad one is a bug.
func New(d DType, shape ...int) *Tensor {
	n, err := NumElements(shape)
	if err != nil || !d.Valid() {
		panic(fmt.Sprintf("BUG: tensor.New(%v, %v): %v", d, shape, err))
	}
	t := &Tensor{dtype: d, shape: slices.Clone(shape), n: n}
	if d == String {
		t.strs = make([]string, n)
	} else {
		t.data = AlignedBytes(d.ByteLen(n))
	}
	return t
}

// AlignedBytes allocates n zeroed bytes that start at a multiple of 64, on huge pages where they are many and the system has them.
func AlignedBytes(n int) []byte {
	if n == 0 {
		return []byte{}
	}
	buf := make([]byte, n+alignment)
	if n >= pages.Large {
		pages.Advise(buf)
	}
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(buf))) % alignment)
	return buf[off : off+n : off+n]
}

// FromBytes returns a tensor over raw in ONNX's raw layout: little endian, packed types low bits first. It is a view of raw
// where the processor can read it there, and a copy elsewhere. Bools other than 0 and 1 become 1.
func FromBytes(d DType, shape []int, raw []byte) (*Tensor, error) {
	n, err := NumElements(shape)
	if err != nil {
		return nil, err
	}
	if !d.Valid() || d == String {
		return nil, fmt.Errorf("elements %v have no raw form", d)
	}
	if len(raw) != d.ByteLen(n) {
		return nil, fmt.Errorf("a tensor %v%v takes %d bytes, got %d", d, shape, d.ByteLen(n), len(raw))
	}
	t := &Tensor{dtype: d, shape: slices.Clone(shape), n: n, data: raw}
	if d == Bool && slices.ContainsFunc(raw, func(b byte) bool { return b > 1 }) {
		t.data = slices.Clone(raw)
		for i, b := range t.data {
			t.data[i] = min(b, 1)
		}
	}
	if !aligned(t.data, d) {
		t.data = AlignedBytes(len(raw))
		copy(t.data, raw)
	}
	return t, nil
}

// aligned reports whether elements may be read where b lies.
func aligned(b []byte, d DType) bool {
	if unaligned {
		return true
	}
	size := uintptr(max(1, min(8, d.Bits()/8)))
	return len(b) == 0 || uintptr(unsafe.Pointer(unsafe.SliceData(b)))%size == 0
}

// View returns a tensor over storage without copying. Storage of a wrong size or alignment is a bug.
func View(d DType, shape []int, storage []byte) *Tensor {
	t := &Tensor{dtype: d}
	t.SetView(shape, storage)
	return t
}

// SetView makes t a tensor of the same element type over other storage; it allocates nothing. The shape is kept, not copied.
func (t *Tensor) SetView(shape []int, storage []byte) {
	n, err := NumElements(shape)
	if err != nil || len(storage) != t.dtype.ByteLen(n) || !aligned(storage, t.dtype) {
		panic(fmt.Sprintf("BUG: %d bytes do not hold %v%v", len(storage), t.dtype, shape))
	}
	t.shape, t.n, t.data = shape, n, storage
}

// FromSlice returns a tensor over data without copying.
func FromSlice[T Element](data []T, shape ...int) (*Tensor, error) {
	n, err := NumElements(shape)
	if err != nil {
		return nil, err
	}
	if n != len(data) {
		return nil, fmt.Errorf("shape %v holds %d elements, got %d", shape, n, len(data))
	}
	t := &Tensor{dtype: DTypeOf[T](), shape: slices.Clone(shape), n: n}
	if s, ok := any(data).([]string); ok {
		t.strs = s
		return t, nil
	}
	t.data = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), t.dtype.ByteLen(n))
	if n == 0 {
		t.data = []byte{}
	}
	return t, nil
}

// Must is FromSlice for shapes that are known to fit; a misfit is a bug.
func Must[T Element](data []T, shape ...int) *Tensor {
	t, err := FromSlice(data, shape...)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return t
}

// Scalar returns a tensor of rank 0.
func Scalar[T Element](v T) *Tensor { return Must([]T{v}) }

// Data is the storage as a slice of its Go type. Another element type than the tensor's, or a packed one, is a bug.
func Data[T Element](t *Tensor) []T {
	if d := DTypeOf[T](); d != t.dtype {
		panic(fmt.Sprintf("BUG: %v elements asked of a tensor of %v", d, t.dtype))
	}
	if t.dtype == String {
		return any(t.strs).([]T)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(t.data))), t.n)
}

// DType returns the element type.
func (t *Tensor) DType() DType { return t.dtype }

// Shape returns the dimensions, outermost first; not to be modified.
func (t *Tensor) Shape() []int { return t.shape }

// Rank returns the number of axes.
func (t *Tensor) Rank() int { return len(t.shape) }

// Dim returns dimension i.
func (t *Tensor) Dim(i int) int { return t.shape[i] }

// Len returns the number of elements.
func (t *Tensor) Len() int { return t.n }

// Bytes returns the storage in ONNX's raw layout, nil for strings.
func (t *Tensor) Bytes() []byte { return t.data }

// Strings returns the elements of a tensor of strings, nil for others.
func (t *Tensor) Strings() []string { return t.strs }

// Reshape returns a tensor of another shape over the same storage.
func (t *Tensor) Reshape(shape ...int) (*Tensor, error) {
	n, err := NumElements(shape)
	if err != nil {
		return nil, err
	}
	if n != t.n {
		return nil, fmt.Errorf("shape %v with %d elements cannot become %v with %d", t.shape, t.n, shape, n)
	}
	return &Tensor{dtype: t.dtype, shape: slices.Clone(shape), n: n, data: t.data, strs: t.strs}, nil
}

// Clone returns a copy with storage of its own.
func (t *Tensor) Clone() *Tensor {
	c := New(t.dtype, t.shape...)
	c.CopyFrom(t)
	return c
}

// CopyFrom copies the elements of src, which must have the same element type and number of elements.
func (t *Tensor) CopyFrom(src *Tensor) {
	if t.dtype != src.dtype || t.n != src.n {
		panic(fmt.Sprintf("BUG: copying %v%v to %v%v", src.dtype, src.shape, t.dtype, t.shape))
	}
	copy(t.data, src.data)
	copy(t.strs, src.strs)
}

// Equal reports whether two tensors have the same element type, shape and bits.
func Equal(a, b *Tensor) bool {
	return a.dtype == b.dtype && slices.Equal(a.shape, b.shape) && slices.Equal(a.strs, b.strs) && string(a.data) == string(b.data)
}

// String is a short form for messages: element type, shape and the first elements.
func (t *Tensor) String() string {
	const most = 8
	s := fmt.Sprintf("%v%v", t.dtype, t.shape)
	for i := range min(t.n, most) {
		if i == 0 {
			s += " ["
		} else {
			s += " "
		}
		switch {
		case t.dtype == String:
			s += fmt.Sprintf("%q", t.strs[i])
		case t.dtype.IsComplex():
			s += fmt.Sprint(t.Complex128(i))
		case t.dtype.IsFloat():
			s += fmt.Sprintf("%.6g", t.Float64(i))
		default:
			s += fmt.Sprint(t.Int64(i))
		}
	}
	switch {
	case t.n > most:
		s += " …]"
	case t.n > 0:
		s += "]"
	}
	return s
}
