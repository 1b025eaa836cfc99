package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

const mlDomain = "ai.onnx.ml"

// strs is a vector of strings, nil if there are none.
func strs(s []string) *tensor.Tensor {
	if s == nil {
		return nil
	}
	return tensor.Must(s, len(s))
}

func int64s(v []int64) *tensor.Tensor {
	if v == nil {
		return nil
	}
	return tensor.Must(v, len(v))
}

func float32s(v []float32) *tensor.Tensor {
	if v == nil {
		return nil
	}
	return tensor.Must(v, len(v))
}

// oneOf is the only one of some tensors that is there.
func (c *call) oneOf(what string, list ...*tensor.Tensor) *tensor.Tensor {
	var found *tensor.Tensor
	for _, t := range list {
		if t == nil || t.Len() == 0 {
			continue
		}
		if found != nil && c.err == nil {
			c.err = fmt.Errorf("%s are given twice", what)
		}
		found = t
	}
	if found == nil && c.err == nil {
		c.err = fmt.Errorf("%s are required", what)
	}
	return found
}

// single is an operator of one input that is made from attributes.
func single(build func(c *call) ir.Op) importer { return simple(1, 1, build) }

func importBinarizer(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	x := c.in[0]
	wide := x
	if x.Type.Elem.IsInteger() {
		wide = c.to(x, tensor.Float64)
	}
	y := c.expr(&op.Binary{Fn: op.Greater}, wide, c.number(float64(c.float("threshold", 0)), wide))
	return []*ir.Value{c.to(y, x.Type.Elem)}, c.err
}

func importScaler(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	offset, scale := float32s(c.floats("offset")), float32s(c.floats("scale"))
	x := c.in[0]
	if x.Type.Elem != tensor.Float64 {
		x = c.to(x, tensor.Float32)
	}
	constant := func(t *tensor.Tensor) *ir.Value { return c.to(c.constant(t), x.Type.Elem) }
	if c.err == nil && offset != nil {
		x = c.minus(x, constant(offset))
	}
	if c.err == nil && scale != nil {
		x = c.times(x, constant(scale))
	}
	return []*ir.Value{c.to(x, tensor.Float32)}, c.err
}

// importNormalizer divides by the maximum, the sum of the sizes or the length of each row, where that is not zero.
func importNormalizer(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	fn, ok := map[string]op.ReduceFn{"MAX": op.ReduceMax, "L1": op.ReduceL1, "L2": op.ReduceL2}[c.string("norm", "MAX")]
	if !ok {
		return nil, fmt.Errorf(`attribute "norm" must be MAX, L1 or L2, got %q`, c.string("norm", ""))
	}
	x := c.to(c.in[0], tensor.Float32)
	d := c.expr(&op.Reduce{Fn: fn, KeepDims: true}, x, c.vector(-1))
	d = c.choose(c.equals(d, c.number(0, x)), c.number(1, x), d)
	return []*ir.Value{c.over(x, d)}, c.err
}

func importImputer(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	x := c.in[0]
	var values *tensor.Tensor
	replaced := float64(c.float("replaced_value_float", 0))
	if x.Type.Elem.IsInteger() {
		values, replaced = int64s(c.ints("imputed_value_int64s")), float64(c.int("replaced_value_int64", 0))
	} else {
		values = float32s(c.floats("imputed_value_floats"))
	}
	if c.err != nil || values == nil {
		return nil, fmt.Errorf("imputed values are required for elements %v", x.Type.Elem)
	}
	var missing *ir.Value
	if replaced != replaced {
		missing = c.apply(op.IsNaN, x)
	} else {
		missing = c.equals(x, c.number(replaced, x))
	}
	return []*ir.Value{c.choose(missing, c.to(c.constant(values), x.Type.Elem), x)}, c.err
}

// importArrayFeatures takes elements of the last axis; a vector counts as one row.
func importArrayFeatures(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	rank, ok := c.in[0].Type.Rank()
	if !ok || rank == 0 {
		return nil, fmt.Errorf("needs an input of known rank above 0, got %v", c.in[0].Type)
	}
	y := c.expr(&op.Gather{Axis: -1}, c.in[0], c.expr(&op.Reshape{}, c.in[1], c.vector(-1)))
	if rank == 1 {
		y = c.expr(&op.Unsqueeze{}, y, c.vector(0))
	}
	return []*ir.Value{y}, c.err
}

// labelEncoder: version 1 knows strings and their places, 2 vectors of three types, 4 also tensors.
func labelEncoder(c *call) ir.Op {
	if c.version < 2 {
		return c.labelEncoder1()
	}
	o := &op.LabelEncoder{Keys: c.oneOf("keys", strs(c.strings("keys_strings")), int64s(c.ints("keys_int64s")), float32s(c.floats("keys_floats")), c.tensor("keys_tensor")),
		Values: c.oneOf("values", strs(c.strings("values_strings")), int64s(c.ints("values_int64s")), float32s(c.floats("values_floats")), c.tensor("values_tensor"))}
	if c.err != nil {
		return o
	}
	if c.version < 4 {
		o.Keys, o.Values = withoutNaN(o.Keys, o.Values)
	}
	if o.Default = c.tensor("default_tensor"); o.Default != nil && c.has("values_tensor") {
		return o
	}
	switch d := o.Values.DType(); {
	case d == tensor.String:
		o.Default = strs([]string{c.string("default_string", "_Unused")})
	case d.IsFloat():
		o.Default = tensor.New(d, 1)
		o.Default.SetFloat64(0, float64(c.float("default_float", float32(negativeZero))))
	default:
		o.Default = tensor.New(d, 1)
		o.Default.SetInt64(0, c.int("default_int64", -1))
	}
	return o
}

// withoutNaN leaves out the keys that are NaN, and their values: before version 4 nothing is equal to them.
func withoutNaN(keys, values *tensor.Tensor) (*tensor.Tensor, *tensor.Tensor) {
	if keys.DType() != tensor.Float32 || keys.Len() != values.Len() {
		return keys, values
	}
	var kept []float32
	var places []int64
	for i, k := range tensor.Data[float32](keys) {
		if k == k {
			kept, places = append(kept, k), append(places, int64(i))
		}
	}
	switch d := values.DType(); d {
	case tensor.String:
		return tensor.Must(kept, len(kept)), pick[string](values, places)
	case tensor.Int64:
		return tensor.Must(kept, len(kept)), pick[int64](values, places)
	case tensor.Float32:
		return tensor.Must(kept, len(kept)), pick[float32](values, places)
	}
	return keys, values
}

func pick[T tensor.Element](t *tensor.Tensor, places []int64) *tensor.Tensor {
	y := make([]T, len(places))
	for i, k := range places {
		y[i] = tensor.Data[T](t)[k]
	}
	return tensor.Must(y, len(y))
}

func (c *call) labelEncoder1() ir.Op {
	classes := c.strings("classes_strings")
	places := make([]int64, len(classes))
	for i := range places {
		places[i] = int64(i)
	}
	if c.in[0].Type.Elem == tensor.String {
		return &op.LabelEncoder{Keys: tensor.Must(classes, len(classes)), Values: int64s(places), Default: int64s([]int64{c.int("default_int64", -1)})}
	}
	return &op.LabelEncoder{Keys: int64s(places), Values: tensor.Must(classes, len(classes)), Default: strs([]string{c.string("default_string", "_Unused")})}
}

// categoryMapper goes from strings to integers, or back, as the input asks.
func categoryMapper(c *call) ir.Op {
	names, numbers := c.oneOf("categories", strs(c.strings("cats_strings"))), c.oneOf("categories", int64s(c.ints("cats_int64s")))
	if c.err == nil && c.in[0].Type.Elem == tensor.String {
		return &op.LabelEncoder{Keys: names, Values: numbers, Default: int64s([]int64{c.int("default_int64", -1)})}
	}
	return &op.LabelEncoder{Keys: numbers, Values: names, Default: strs([]string{c.string("default_string", "_Unused")})}
}

func castMap(c *call) ir.Op {
	o := &op.CastMap{}
	switch to := c.string("cast_to", "TO_FLOAT"); to {
	case "TO_FLOAT":
		o.Elem = tensor.Float32
	case "TO_INT64":
		o.Elem = tensor.Int64
	case "TO_STRING":
		o.Elem = tensor.String
	}
	switch form := c.string("map_form", "DENSE"); form {
	case "DENSE":
	case "SPARSE":
		o.Length = int(c.int("max_map", 1))
		if o.Length < 1 && c.err == nil {
			c.err = fmt.Errorf(`attribute "max_map" must be positive, got %d`, o.Length)
		}
	default:
		if c.err == nil {
			c.err = fmt.Errorf(`attribute "map_form" must be DENSE or SPARSE, got %q`, form)
		}
	}
	return o
}

func init() {
	register(
		row{mlDomain, "ArrayFeatureExtractor", 1, importArrayFeatures},
		row{mlDomain, "Binarizer", 1, importBinarizer},
		row{mlDomain, "CastMap", 1, single(castMap)},
		row{mlDomain, "CategoryMapper", 1, single(categoryMapper)},
		row{mlDomain, "DictVectorizer", 1, single(func(c *call) ir.Op {
			return &op.DictVectorizer{Vocabulary: c.oneOf("vocabularies", strs(c.strings("string_vocabulary")), int64s(c.ints("int64_vocabulary")))}
		})},
		row{mlDomain, "FeatureVectorizer", 1, simple(1, -1, func(c *call) ir.Op {
			return &op.FeatureVectorizer{Sizes: c.intSlice("inputdimensions")}
		})},
		row{mlDomain, "Imputer", 1, importImputer},
		row{mlDomain, "LabelEncoder", 1, single(labelEncoder)},
		row{mlDomain, "Normalizer", 1, importNormalizer},
		row{mlDomain, "OneHotEncoder", 1, single(func(c *call) ir.Op {
			return &op.CategoryOneHot{Categories: c.oneOf("categories", strs(c.strings("cats_strings")), int64s(c.ints("cats_int64s"))), Strict: !c.bool("zeros", true)}
		})},
		row{mlDomain, "Scaler", 1, importScaler},
		row{mlDomain, "ZipMap", 1, single(func(c *call) ir.Op {
			return &op.ZipMap{Keys: c.oneOf("keys", strs(c.strings("classlabels_strings")), int64s(c.ints("classlabels_int64s")))}
		})},
	)
}
