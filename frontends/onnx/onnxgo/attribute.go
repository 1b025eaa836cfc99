package onnxgo

import (
	"fmt"
	"maps"
	"slices"

	gorgonia "gorgonia.org/tensor"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// attributes translates those of an operation, in alphabetical order.
func attributes(given map[string]any) ([]*proto.Attribute, error) {
	var list []*proto.Attribute
	for _, name := range slices.Sorted(maps.Keys(given)) {
		a, err := attribute(name, given[name])
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
		list = append(list, a)
	}
	return list, nil
}

func attribute(name string, value any) (*proto.Attribute, error) {
	a := &proto.Attribute{Name: name}
	switch v := value.(type) {
	case float32:
		a.Type, a.F = proto.AttrFloat, v
	case float64:
		a.Type, a.F = proto.AttrFloat, float32(v)
	case int64:
		a.Type, a.I = proto.AttrInt, v
	case int:
		a.Type, a.I = proto.AttrInt, int64(v)
	case string:
		a.Type, a.S = proto.AttrString, []byte(v)
	case []float32:
		a.Type, a.Floats = proto.AttrFloats, v
	case []int64:
		a.Type, a.Ints = proto.AttrInts, v
	case []string:
		a.Type = proto.AttrStrings
		for _, s := range v {
			a.Strings = append(a.Strings, []byte(s))
		}
	case gorgonia.Tensor:
		x, err := fromGorgonia(v)
		if err != nil {
			return nil, err
		}
		a.Type, a.T = proto.AttrTensor, proto.FromTensor(name, x)
	case struct{}: // the file gives the attribute no type, and onnx-go keeps nothing of it
		return nil, fmt.Errorf("its value is lost: the file does not say its type")
	default:
		return nil, fmt.Errorf("a value of type %T is no attribute of ONNX", value)
	}
	return a, nil
}
