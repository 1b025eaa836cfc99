package proto

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gocompile/gocompile/tensor"
)

// DecodeTensor reads a TensorProto, such as a file input_0.pb of a test data set.
func DecodeTensor(b []byte) (name string, x *tensor.Tensor, err error) {
	t := &Tensor{}
	d := &decoder{message: "TensorProto", buf: b}
	t.decode(d)
	if d.err != nil {
		return "", nil, d.err
	}
	x, err = t.Tensor()
	return t.Name, x, err
}

// DecodeValue reads a TensorProto, SequenceProto, OptionalProto or MapProto, whichever t asks for (nil: a tensor).
func DecodeValue(b []byte, t *Type) (name string, x tensor.Value, err error) {
	kind := TypeTensor
	if t != nil && t.Kind != TypeNone {
		kind = t.Kind
	}
	d := &decoder{buf: b}
	switch kind {
	case TypeTensor:
		return decodeTensorValue(b)
	case TypeSequence:
		d.message = "SequenceProto"
		x, name = decodeSequence(d)
	case TypeOptional:
		d.message = "OptionalProto"
		x, name = decodeOptional(d)
	case TypeMap:
		d.message = "MapProto"
		x, name = decodeMap(d)
	default:
		return "", nil, fmt.Errorf("values of this type have no file form")
	}
	return name, x, d.err
}

func decodeTensorValue(b []byte) (string, tensor.Value, error) {
	name, x, err := DecodeTensor(b)
	if err != nil {
		return "", nil, err
	}
	return name, x, nil
}

// value reads the current field as a nested tensor, sequence, map or optional by its number less base.
func (d *decoder) value(base protowire.Number) (x tensor.Value) {
	switch d.num - base {
	case 0:
		t, err := decodeTensor(d).Tensor()
		if err != nil {
			d.fail("%v", err)
			return nil
		}
		return t
	case 2:
		d.nested("SequenceProto", func(d *decoder) { x, _ = decodeSequence(d) })
	case 3:
		d.nested("MapProto", func(d *decoder) { x, _ = decodeMap(d) })
	case 4:
		d.nested("OptionalProto", func(d *decoder) { x, _ = decodeOptional(d) })
	default:
		d.fail("values of field %d are not supported", d.num)
	}
	return x
}

func decodeSequence(d *decoder) (tensor.Value, string) {
	s, name := &tensor.Sequence{}, ""
	for d.next() {
		switch {
		case d.num == 1:
			name = d.text()
		case d.num == 2:
			d.skip() // the kind of the items, which their field tells too
		case d.num >= 3 && d.num <= 7:
			x := d.value(3)
			if t, ok := x.(*tensor.Tensor); ok && t != nil {
				s.Elem = t.DType()
			}
			s.Items = append(s.Items, x)
		default:
			d.skip()
		}
	}
	return s, name
}

func decodeOptional(d *decoder) (tensor.Value, string) {
	o, name := &tensor.Optional{}, ""
	for d.next() {
		switch {
		case d.num == 1:
			name = d.text()
		case d.num >= 3 && d.num <= 7:
			o.Item = d.value(3)
		default:
			d.skip()
		}
	}
	return o, name
}

func decodeMap(d *decoder) (tensor.Value, string) {
	var (
		name string
		ints []int64
		strs []string
		m    = &tensor.Map{}
	)
	for d.next() {
		switch d.num {
		case 1:
			name = d.text()
		case 3:
			ints = repeated(d, ints, protowire.VarintType, readInt64)
		case 4:
			strs = append(strs, d.text())
		case 5:
			d.nested("SequenceProto", func(d *decoder) { m.Values, _ = decodeSequence(d) })
		default:
			d.skip()
		}
	}
	if strs != nil {
		m.Keys = tensor.Must(strs, len(strs))
	} else {
		m.Keys = tensor.Must(ints, len(ints))
	}
	m.Values = vectorOf(m.Values, m.Keys.Len())
	return m, name
}

// vectorOf makes the values of a map a vector, where they are one already, in a sequence of its own, or n scalars of one type.
func vectorOf(v tensor.Value, n int) tensor.Value {
	s, ok := v.(*tensor.Sequence)
	if !ok || len(s.Items) == 0 {
		return v
	}
	first, ok := s.Items[0].(*tensor.Tensor)
	if !ok || first == nil {
		return v
	}
	if len(s.Items) == 1 && first.Rank() == 1 && first.Len() == n {
		return first
	}
	y := tensor.New(first.DType(), len(s.Items))
	for i, item := range s.Items {
		t, ok := item.(*tensor.Tensor)
		if !ok || t == nil || t.Rank() != 0 || t.DType() != first.DType() {
			return v
		}
		y.CopyElement(i, t, 0)
	}
	return y
}

// EncodeValue writes a value as the TensorProto, SequenceProto, OptionalProto or MapProto of that name.
func EncodeValue(name string, x tensor.Value) []byte {
	var e encoder
	switch x := x.(type) {
	case *tensor.Tensor:
		return FromTensor(name, x).Encode()
	case *tensor.Sequence:
		e.text(1, name)
		kind := uint64(1)
		if len(x.Items) > 0 {
			kind = valueKind(x.Items[0])
		}
		e.varint(2, kind)
		for _, item := range x.Items {
			e.bytes(protowire.Number(valueField(item)+3), EncodeValue("", item))
		}
	case *tensor.Optional:
		e.text(1, name)
		if x.Item == nil {
			e.varint(2, 0)
			break
		}
		e.varint(2, valueKind(x.Item))
		e.bytes(protowire.Number(valueField(x.Item)+3), EncodeValue("", x.Item))
	case *tensor.Map:
		e.text(1, name)
		e.varint(2, uint64(x.Keys.DType()))
		if x.Keys.DType() == tensor.String {
			for _, s := range x.Keys.Strings() {
				e.bytes(4, []byte(s))
			}
		} else {
			e.int64s(3, tensor.Int64s(x.Keys))
		}
		values := x.Values
		if t, ok := values.(*tensor.Tensor); ok {
			values = &tensor.Sequence{Elem: t.DType(), Items: []tensor.Value{t}}
		}
		e.bytes(5, EncodeValue("", values))
	}
	return e.buf
}

// valueKind is the number of SequenceProto.DataType, and valueField the offset of the field that holds the value.
func valueKind(x tensor.Value) uint64 { return uint64(valueField(x)) + 1 }

func valueField(x tensor.Value) int {
	switch x.(type) {
	case *tensor.Sequence:
		return 2
	case *tensor.Map:
		return 3
	case *tensor.Optional:
		return 4
	}
	return 0
}
