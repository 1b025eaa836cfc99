package export

import (
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// typeOf writes dimensions as numbers or, other than those that depend on data, as the text of their expressions.
func typeOf(t ir.Type) *proto.Type {
	switch t.Kind {
	case ir.KindSequence:
		return &proto.Type{Kind: proto.TypeSequence, Item: typeOf(*t.Item)}
	case ir.KindOptional:
		return &proto.Type{Kind: proto.TypeOptional, Item: typeOf(*t.Item)}
	case ir.KindMap:
		return &proto.Type{Kind: proto.TypeMap, Elem: int32(t.Elem), Item: typeOf(*t.Item)}
	}
	p := &proto.Type{Kind: proto.TypeTensor, Elem: int32(t.Elem), HasShape: t.Ranked}
	for _, d := range t.Dims {
		var dim proto.Dim
		if n, ok := d.IsConst(); ok {
			dim = proto.Dim{Value: n, HasValue: true}
		} else if !d.HasFresh() {
			dim.Param = d.String()
			if y := d.Symbols(); len(y) == 1 && d.Equal(y[0].Expr()) {
				dim.Param = y[0].Name()
			}
		}
		p.Dims = append(p.Dims, dim)
	}
	return p
}

func tensorOf(t *tensor.Tensor, name string) *proto.Tensor {
	p := &proto.Tensor{Name: name, DataType: int32(t.DType())}
	for _, n := range t.Shape() {
		p.Dims = append(p.Dims, int64(n))
	}
	if t.DType() == tensor.String {
		for _, s := range t.Strings() {
			p.Strings = append(p.Strings, []byte(s))
		}
		return p
	}
	p.Raw, p.HasRaw = t.Bytes(), true
	return p
}

func integer(name string, n int) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttrInt, I: int64(n)}
}

func flag(name string, b bool) *proto.Attribute {
	if b {
		return integer(name, 1)
	}
	return integer(name, 0)
}

func float(name string, x float32) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttrFloat, F: x}
}

func text(name, s string) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttrString, S: []byte(s)}
}

// named is a text that may be left out where it is empty.
func named(name, s string) *proto.Attribute { return when(s != "", text(name, s)) }

func integers(name string, list []int) *proto.Attribute {
	a := &proto.Attribute{Name: name, Type: proto.AttrInts}
	for _, n := range list {
		a.Ints = append(a.Ints, int64(n))
	}
	return a
}

func floats(name string, list []float32) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttrFloats, Floats: list}
}

func texts(name string, list []string) *proto.Attribute {
	a := &proto.Attribute{Name: name, Type: proto.AttrStrings}
	for _, s := range list {
		a.Strings = append(a.Strings, []byte(s))
	}
	return a
}

func attrs(a ...*proto.Attribute) []*proto.Attribute {
	var list []*proto.Attribute
	for _, x := range a {
		if x != nil {
			list = append(list, x)
		}
	}
	return list
}

// when is a if it says something.
func when(b bool, a *proto.Attribute) *proto.Attribute {
	if b {
		return a
	}
	return nil
}
