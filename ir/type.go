package ir

import (
	"strings"

	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Kind tells tensors from the other values that a model can pass around.
type Kind uint8

// The kinds of values.
const (
	KindTensor Kind = iota
	KindSequence
	KindOptional
	KindMap
)

// Type is the type of a value: for a tensor its element type and, where the rank is known, one symbolic dimension an axis.
//
// The zero Type is a tensor of unknown element type and rank; it is legal only while a graph is being built.
type Type struct {
	Kind   Kind
	Elem   tensor.DType // element type of a tensor; key type of a map
	Ranked bool         // whether Dims is meaningful; a ranked tensor without Dims is a scalar
	Dims   []sym.Expr   // one expression an axis, outermost first; not to be modified
	Item   *Type        // element of a sequence or optional, value of a map; nil for tensors
}

// TensorType is the type of a tensor with the given dimensions.
func TensorType(elem tensor.DType, dims ...sym.Expr) Type {
	return Type{Elem: elem, Ranked: true, Dims: dims}
}

// StaticType is the type of a tensor with constant dimensions.
func StaticType(elem tensor.DType, shape ...int) Type {
	return TensorType(elem, ConstDims(shape)...)
}

// ConstDims turns a constant shape into dimensions.
func ConstDims(shape []int) []sym.Expr {
	dims := make([]sym.Expr, len(shape))
	for i, n := range shape {
		dims[i] = sym.Int(n)
	}
	return dims
}

// UnrankedType is the type of a tensor whose rank is not known before it is computed.
func UnrankedType(elem tensor.DType) Type { return Type{Elem: elem} }

// SequenceType is the type of a sequence of items of one type.
func SequenceType(item Type) Type { return Type{Kind: KindSequence, Item: &item} }

// OptionalType is the type of a value that may be absent when the program runs.
func OptionalType(item Type) Type { return Type{Kind: KindOptional, Item: &item} }

// MapType is the type of a map from integer or string keys to values of one type.
func MapType(key tensor.DType, value Type) Type {
	return Type{Kind: KindMap, Elem: key, Item: &value}
}

// IsTensor reports whether t is the type of a tensor.
func (t Type) IsTensor() bool { return t.Kind == KindTensor }

// Rank returns the number of axes, and whether it is known.
func (t Type) Rank() (int, bool) { return len(t.Dims), t.Kind == KindTensor && t.Ranked }

// Static returns the shape if every dimension is a constant.
func (t Type) Static() ([]int, bool) {
	if t.Kind != KindTensor || !t.Ranked {
		return nil, false
	}
	shape := make([]int, len(t.Dims))
	for i, d := range t.Dims {
		n, ok := d.IsConst()
		if !ok {
			return nil, false
		}
		shape[i] = int(n)
	}
	return shape, true
}

// NumElements is the symbolic number of elements of a ranked tensor.
func (t Type) NumElements() sym.Expr { return sym.Product(t.Dims...) }

// WithElem returns t with another element type.
func (t Type) WithElem(d tensor.DType) Type {
	t.Elem = d
	return t
}

// WithDims returns a ranked tensor type with t's element type.
func (t Type) WithDims(dims ...sym.Expr) Type { return TensorType(t.Elem, dims...) }

// Equal reports whether two types are the same, dimensions compared structurally.
func (t Type) Equal(o Type) bool {
	if t.Kind != o.Kind || t.Elem != o.Elem || t.Ranked != o.Ranked || len(t.Dims) != len(o.Dims) || (t.Item == nil) != (o.Item == nil) {
		return false
	}
	for i := range t.Dims {
		if !t.Dims[i].Equal(o.Dims[i]) {
			return false
		}
	}
	return t.Item == nil || t.Item.Equal(*o.Item)
}

// String is the text form: f32[N, 3], f32[*] for unknown rank, seq<…>, opt<…>, map<i64, …>.
func (t Type) String() string {
	switch t.Kind {
	case KindSequence:
		return "seq<" + t.Item.String() + ">"
	case KindOptional:
		return "opt<" + t.Item.String() + ">"
	case KindMap:
		return "map<" + t.Elem.String() + ", " + t.Item.String() + ">"
	}
	if !t.Ranked {
		return t.Elem.String() + "[*]"
	}
	return t.Elem.String() + "[" + joinDims(t.Dims) + "]"
}

func joinDims(dims []sym.Expr) string {
	parts := make([]string, len(dims))
	for i, d := range dims {
		parts[i] = d.String()
	}
	return strings.Join(parts, ", ")
}

// TypeOf is the type of a value at hand; an empty sequence or optional of unknown element has an unranked item.
func TypeOf(v tensor.Value) Type {
	switch v := v.(type) {
	case *tensor.Tensor:
		return StaticType(v.DType(), v.Shape()...)
	case *tensor.Sequence:
		if len(v.Items) == 0 {
			return SequenceType(UnrankedType(v.Elem))
		}
		item := TypeOf(v.Items[0])
		for _, x := range v.Items[1:] {
			if !TypeOf(x).Equal(item) && item.IsTensor() {
				return SequenceType(UnrankedType(item.Elem))
			}
		}
		return SequenceType(item)
	case *tensor.Optional:
		if v.Item == nil {
			return OptionalType(UnrankedType(tensor.Invalid))
		}
		return OptionalType(TypeOf(v.Item))
	case *tensor.Map:
		return MapType(v.Keys.DType(), TypeOf(v.Values))
	}
	return Type{}
}
