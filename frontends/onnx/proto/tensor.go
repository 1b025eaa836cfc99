package proto

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/tensor"
)

// maxExpand bounds what a sparse tensor, the only thing in a file that can be larger than the file, may expand to.
const maxExpand = min(1<<31, math.MaxInt)

// shape checks dimensions and counts elements before anything is allocated.
func (t *Tensor) shape() ([]int, int, error) {
	shape := make([]int, len(t.Dims))
	for i, d := range t.Dims {
		if d < 0 || d > math.MaxInt32*int64(1<<16) {
			return nil, 0, fmt.Errorf("dimension %d is %d", i, d)
		}
		shape[i] = int(d)
	}
	n, err := tensor.NumElements(shape)
	return shape, n, err
}

// Tensor converts a TensorProto of a model; external data is read from the model's directory.
func (m *Model) Tensor(t *Tensor) (*tensor.Tensor, error) {
	if !t.IsExternal {
		return t.Tensor()
	}
	if m.source == nil {
		return nil, fmt.Errorf("tensor %q has its data in another file, and the model was not opened from a file", t.Name)
	}
	raw, err := m.source.external(t)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: external data: %w", t.Name, err)
	}
	c := *t
	c.IsExternal, c.Raw, c.HasRaw = false, raw, true
	return c.Tensor()
}

// Tensor converts a TensorProto that holds its own data. Raw data is not copied where alignment permits.
func (t *Tensor) Tensor() (*tensor.Tensor, error) {
	out, err := t.convert()
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return out, nil
}

func (t *Tensor) convert() (*tensor.Tensor, error) {
	d := tensor.DType(t.DataType)
	if t.DataType < 0 || t.DataType > 255 || !d.Valid() {
		return nil, fmt.Errorf("element type %d is unknown", t.DataType)
	}
	if t.IsExternal {
		return nil, fmt.Errorf("its data is in another file")
	}
	if t.HasSegment {
		return nil, fmt.Errorf("segmented tensors are not supported")
	}
	shape, n, err := t.shape()
	if err != nil {
		return nil, err
	}
	if t.HasRaw && d != tensor.String {
		return tensor.FromBytes(d, shape, t.Raw)
	}
	want := func(field string, got, per int) error {
		if got != per*n {
			return fmt.Errorf("%v%v needs %d elements in %s, got %d", d, shape, per*n, field, got)
		}
		return nil
	}
	switch d {
	case tensor.Float32:
		if err := want("float_data", len(t.Floats), 1); err != nil {
			return nil, err
		}
		return tensor.FromSlice(t.Floats, shape...)
	case tensor.Float64:
		if err := want("double_data", len(t.Doubles), 1); err != nil {
			return nil, err
		}
		return tensor.FromSlice(t.Doubles, shape...)
	case tensor.Int64:
		if err := want("int64_data", len(t.Int64s), 1); err != nil {
			return nil, err
		}
		return tensor.FromSlice(t.Int64s, shape...)
	case tensor.Uint64, tensor.Uint32:
		if err := want("uint64_data", len(t.Uint64s), 1); err != nil {
			return nil, err
		}
		out := tensor.New(d, shape...)
		for i, v := range t.Uint64s {
			out.SetInt64(i, int64(v))
		}
		return out, nil
	case tensor.String:
		if err := want("string_data", len(t.Strings), 1); err != nil {
			return nil, err
		}
		out := tensor.New(d, shape...)
		for i, s := range t.Strings {
			out.Strings()[i] = string(s)
		}
		return out, nil
	case tensor.Complex64:
		if err := want("float_data", len(t.Floats), 2); err != nil {
			return nil, err
		}
		out := tensor.New(d, shape...)
		for i := range n {
			out.SetComplex128(i, complex(float64(t.Floats[2*i]), float64(t.Floats[2*i+1])))
		}
		return out, nil
	case tensor.Complex128:
		if err := want("double_data", len(t.Doubles), 2); err != nil {
			return nil, err
		}
		out := tensor.New(d, shape...)
		for i := range n {
			out.SetComplex128(i, complex(t.Doubles[2*i], t.Doubles[2*i+1]))
		}
		return out, nil
	}
	return t.fromInt32(d, shape, n)
}

// fromInt32 reads the types that are stored in int32_data: an element each, or for elements of 2 and 4 bits a byte each.
func (t *Tensor) fromInt32(d tensor.DType, shape []int, n int) (*tensor.Tensor, error) {
	stored := n
	if d.Bits() == 2 || d.Bits() == 4 {
		stored = d.ByteLen(n)
	}
	if len(t.Int32s) != stored {
		return nil, fmt.Errorf("%v%v needs %d elements in int32_data, got %d", d, shape, stored, len(t.Int32s))
	}
	out := tensor.New(d, shape...)
	switch raw := out.Bytes(); {
	case d == tensor.Bool:
		for i, v := range t.Int32s {
			if v != 0 {
				raw[i] = 1
			}
		}
	case d == tensor.Float6E2M3 || d == tensor.Float6E3M2:
		for i, v := range t.Int32s {
			out.SetFloat64(i, tensor.DecodeFloat(d, uint16(v)&0x3f))
		}
	case d.Bits() <= 8:
		for i, v := range t.Int32s {
			raw[i] = byte(v)
		}
	case d.Bits() == 16:
		for i, v := range t.Int32s {
			raw[2*i], raw[2*i+1] = byte(v), byte(v>>8)
		}
	default:
		for i, v := range t.Int32s {
			out.SetInt64(i, int64(v))
		}
	}
	return out, nil
}

// FromTensor is the inverse of [Tensor.Tensor]; the data is not copied.
func FromTensor(name string, x *tensor.Tensor) *Tensor {
	t := &Tensor{Name: name, DataType: int32(x.DType()), Dims: make([]int64, x.Rank())}
	for i, d := range x.Shape() {
		t.Dims[i] = int64(d)
	}
	if x.DType() == tensor.String {
		for _, s := range x.Strings() {
			t.Strings = append(t.Strings, []byte(s))
		}
		return t
	}
	t.Raw, t.HasRaw = x.Bytes(), true
	return t
}

// Dense expands a sparse tensor. Its indices are either linear, [NNZ], or coordinates, [NNZ, rank].
func (m *Model) Dense(s *SparseTensor) (*tensor.Tensor, error) {
	if s.Values == nil || s.Indices == nil {
		return nil, fmt.Errorf("sparse tensor without values or indices")
	}
	values, err := m.Tensor(s.Values)
	if err != nil {
		return nil, err
	}
	indices, err := m.Tensor(s.Indices)
	if err != nil {
		return nil, err
	}
	shape, n, err := (&Tensor{Dims: s.Dims}).shape()
	if err != nil {
		return nil, fmt.Errorf("sparse tensor %q: %w", s.Values.Name, err)
	}
	d := values.DType()
	if n > maxExpand || d.ByteLen(n) > maxExpand {
		return nil, fmt.Errorf("sparse tensor %q of shape %v is larger than %d bytes", s.Values.Name, shape, int64(maxExpand))
	}
	nnz := values.Len()
	linear := indices.Rank() == 1 && indices.Len() == nnz
	coordinates := indices.Rank() == 2 && indices.Dim(0) == nnz && indices.Dim(1) == len(shape)
	if indices.DType() != tensor.Int64 || values.Rank() != 1 || !linear && !coordinates {
		return nil, fmt.Errorf("sparse tensor %q: indices %v%v do not fit %d values of shape %v", s.Values.Name, indices.DType(), indices.Shape(), nnz, shape)
	}
	out := tensor.New(d, shape...)
	idx := tensor.Data[int64](indices)
	for i := range nnz {
		at := int64(0)
		if linear {
			at = idx[i]
			if at < 0 || at >= int64(n) {
				return nil, fmt.Errorf("sparse tensor %q: index %d is out of range for %d elements", s.Values.Name, at, n)
			}
		} else {
			for k, x := range idx[i*len(shape) : (i+1)*len(shape)] {
				if x < 0 || x >= int64(shape[k]) {
					return nil, fmt.Errorf("sparse tensor %q: index %d is out of range for axis %d of shape %v", s.Values.Name, x, k, shape)
				}
				at = at*int64(shape[k]) + x
			}
		}
		out.CopyElement(int(at), values, i)
	}
	return out, nil
}
