package onnxgo

import (
	"fmt"
	"reflect"

	gorgonia "gorgonia.org/tensor"

	"github.com/gocompile/gocompile/tensor"
)

// fromGorgonia is a tensor of gorgonia as one of ours: over the same memory where that is in row-major order, else a copy. Elements int
// and uint become int64 and uint64.
func fromGorgonia(t gorgonia.Tensor) (*tensor.Tensor, error) {
	dense, ok := t.(*gorgonia.Dense)
	if s, sparse := t.(gorgonia.Sparse); sparse {
		dense, ok = s.Dense(), true
	}
	if !ok || dense == nil {
		return nil, fmt.Errorf("a tensor of type %T is not supported", t)
	}
	if !dense.IsNativelyAccessible() {
		return nil, fmt.Errorf("its memory cannot be read by Go")
	}
	shape, strides := []int(dense.Shape()), dense.Strides()
	if !dense.RequiresIterator() && dense.DataOrder().IsRowMajor() {
		strides = nil
	}
	switch data := dense.Data().(type) {
	case int:
		return read([]int64{int64(data)}, shape, strides)
	case uint:
		return read([]uint64{uint64(data)}, shape, strides)
	case []int:
		return read(widen[int64](data), shape, strides)
	case []uint:
		return read(widen[uint64](data), shape, strides)
	default:
		for _, as := range readers {
			if x, err := as(data, shape, strides); x != nil || err != nil {
				return x, err
			}
		}
	}
	return nil, fmt.Errorf("element type %v is not supported", dense.Dtype())
}

func widen[W int64 | uint64, N int | uint](data []N) []W {
	wide := make([]W, len(data))
	for i, v := range data {
		wide[i] = W(v)
	}
	return wide
}

// kinds, readers and writers have an entry for each element type that both sides have.
var (
	kinds = map[reflect.Kind]tensor.DType{reflect.Float32: tensor.Float32, reflect.Float64: tensor.Float64, reflect.Int64: tensor.Int64,
		reflect.Int32: tensor.Int32, reflect.Int16: tensor.Int16, reflect.Int8: tensor.Int8, reflect.Uint64: tensor.Uint64,
		reflect.Uint32: tensor.Uint32, reflect.Uint16: tensor.Uint16, reflect.Uint8: tensor.Uint8, reflect.Bool: tensor.Bool,
		reflect.String: tensor.String, reflect.Complex64: tensor.Complex64, reflect.Complex128: tensor.Complex128}
	readers = []func(data any, shape, strides []int) (*tensor.Tensor, error){readAs[float32], readAs[float64], readAs[int64], readAs[int32],
		readAs[int16], readAs[int8], readAs[uint64], readAs[uint32], readAs[uint16], readAs[uint8], readAs[bool], readAs[string],
		readAs[complex64], readAs[complex128]}
	writers = map[tensor.DType]func(*tensor.Tensor) any{tensor.Float32: storage[float32], tensor.Float64: storage[float64],
		tensor.Int64: storage[int64], tensor.Int32: storage[int32], tensor.Int16: storage[int16], tensor.Int8: storage[int8],
		tensor.Uint64: storage[uint64], tensor.Uint32: storage[uint32], tensor.Uint16: storage[uint16], tensor.Uint8: storage[uint8],
		tensor.Bool: storage[bool], tensor.String: storage[string], tensor.Complex64: storage[complex64], tensor.Complex128: storage[complex128]}
)

// readAs reads elements of type T; it returns nil, nil for others. The data of a scalar is its one element.
func readAs[T tensor.Element](data any, shape, strides []int) (*tensor.Tensor, error) {
	switch d := data.(type) {
	case T:
		return read([]T{d}, shape, nil)
	case []T:
		return read(d, shape, strides)
	}
	return nil, nil
}

// read takes elements in row-major order, if there are no strides, or gathers them in that order.
func read[T tensor.Element](data []T, shape, strides []int) (*tensor.Tensor, error) {
	if strides == nil {
		return tensor.FromSlice(data, shape...)
	}
	n, err := tensor.NumElements(shape)
	if err != nil {
		return nil, err
	}
	if len(strides) != len(shape) || n > len(data) {
		return nil, fmt.Errorf("its layout is not supported: shape %v, strides %v, %d elements in memory", shape, strides, len(data))
	}
	dense, at := make([]T, n), make([]int, len(shape))
	for i := range dense {
		from := 0
		for axis, k := range at {
			from += k * strides[axis]
		}
		if from < 0 || from >= len(data) {
			return nil, fmt.Errorf("shape %v with strides %v does not fit %d elements in memory", shape, strides, len(data))
		}
		dense[i] = data[from]
		for axis := len(at) - 1; axis >= 0; axis-- {
			if at[axis]++; at[axis] < shape[axis] {
				break
			}
			at[axis] = 0
		}
	}
	return tensor.FromSlice(dense, shape...)
}

func storage[T tensor.Element](x *tensor.Tensor) any { return tensor.Data[T](x) }

// toGorgonia is a result as a tensor of gorgonia over the same memory. One of rank 0 gets the shape (1), as the tests of onnx-go want it; elements
// that gorgonia does not have become those of carrier.
func toGorgonia(v tensor.Value) (gorgonia.Tensor, error) {
	x, ok := v.(*tensor.Tensor)
	if !ok {
		return nil, fmt.Errorf("gorgonia.org/tensor has nothing for a value that is no tensor (%T)", v)
	}
	if x.Len() == 0 {
		return nil, fmt.Errorf("gorgonia.org/tensor has no tensors without elements, and this one has the shape %v", x.Shape())
	}
	if c := carrier(x.DType()); c != x.DType() {
		wide, err := tensor.Convert(x, c)
		if err != nil {
			return nil, err
		}
		x = wide
	}
	write := writers[x.DType()]
	if write == nil {
		return nil, fmt.Errorf("gorgonia.org/tensor has no elements %v", x.DType())
	}
	shape := x.Shape()
	if len(shape) == 0 {
		shape = []int{1}
	}
	return gorgonia.New(gorgonia.WithShape(shape...), gorgonia.WithBacking(write(x))), nil
}

// carrier is the element type by which elements travel that gorgonia has no type for: float32 for floats of 16 bits and less, int8 and uint8
// for integers of 4 and 2 bits. Others travel as they are.
func carrier(d tensor.DType) tensor.DType {
	switch {
	case d.IsFloat() && d.Bits() < 32:
		return tensor.Float32
	case d.IsInteger() && d.IsPacked() && d.IsSigned():
		return tensor.Int8
	case d.IsInteger() && d.IsPacked():
		return tensor.Uint8
	}
	return d
}
