package export

import (
	"fmt"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// listed is a vector of strings, integers or floats as the attribute that has the name for it.
func listed(t *tensor.Tensor, texted, whole, floating string) (*proto.Attribute, error) {
	switch name := map[tensor.DType]string{tensor.String: texted, tensor.Int64: whole, tensor.Float32: floating}[t.DType()]; {
	case name == "":
		return nil, fmt.Errorf("a list of %v", t.DType())
	case t.DType() == tensor.String:
		return texts(name, t.Strings()), nil
	case t.DType() == tensor.Int64:
		return wholes(name, tensor.Int64s(t)), nil
	default:
		return floats(name, tensor.Data[float32](t)), nil
	}
}

// keyed is the spelling of an operator with a list of keys.
func keyed(name, texted, whole string, keys func(c *call) (*tensor.Tensor, []*proto.Attribute)) spelling {
	return func(c *call) error {
		t, list := keys(c)
		k, err := listed(t, texted, whole, "")
		if err != nil {
			return err
		}
		c.as(learning+"::"+name, append(list, k), c.in(0))
		return nil
	}
}

func tensorAttribute(name string, t *tensor.Tensor) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttrTensor, T: tensorOf(t, "")}
}

// numbers is a vector of features as the operators of ai.onnx.ml take it: i32, i64, f32 or f64.
func (c *call) numbers() string {
	switch c.typ(0).Elem {
	case tensor.Int32, tensor.Int64, tensor.Float32, tensor.Float64:
		return c.in(0)
	}
	return c.emit("Cast", attrs(integer("to", int(tensor.Float32))), c.in(0))
}

func init() {
	spell("CastMap", same(learning+"::CastMap", func(o *op.CastMap) []*proto.Attribute {
		to := map[tensor.DType]string{tensor.Float32: "TO_FLOAT", tensor.Int64: "TO_INT64", tensor.String: "TO_STRING"}[o.Elem]
		if o.Length == 0 {
			return attrs(text("cast_to", to), text("map_form", "DENSE"))
		}
		return attrs(text("cast_to", to), text("map_form", "SPARSE"), integer("max_map", o.Length))
	}))
	spell("CategoryOneHot", keyed("OneHotEncoder", "cats_strings", "cats_int64s", func(c *call) (*tensor.Tensor, []*proto.Attribute) {
		o := c.node.Op.(*op.CategoryOneHot)
		return o.Categories, attrs(flag("zeros", !o.Strict))
	}))
	spell("DictVectorizer", keyed("DictVectorizer", "string_vocabulary", "int64_vocabulary", func(c *call) (*tensor.Tensor, []*proto.Attribute) {
		return c.node.Op.(*op.DictVectorizer).Vocabulary, nil
	}))
	spell("FeatureVectorizer", same(learning+"::FeatureVectorizer", func(o *op.FeatureVectorizer) []*proto.Attribute {
		return attrs(integers("inputdimensions", o.Sizes))
	}))
	spell("LabelEncoder", same(learning+"::LabelEncoder", func(o *op.LabelEncoder) []*proto.Attribute {
		def := tensor.New(o.Default.DType(), 1)
		def.CopyFrom(o.Default)
		return attrs(tensorAttribute("keys_tensor", o.Keys), tensorAttribute("values_tensor", o.Values), tensorAttribute("default_tensor", def))
	}))
	spell("LinearScores", func(c *call) error {
		o := c.node.Op.(*op.LinearScores)
		c.as(learning+"::LinearRegressor", attrs(integer("targets", o.Targets), floats("coefficients", o.Weights),
			when(len(o.Intercepts) > 0, floats("intercepts", o.Intercepts))), c.numbers())
		return nil
	})
	spell("SVMClassifier", func(c *call) error {
		o := c.node.Op.(*op.SVMClassifier)
		labels, err := listed(o.Labels, "classlabels_strings", "classlabels_ints", "")
		c.as(learning+"::SVMClassifier", attrs(labels, text("kernel_type", string(o.Kernel)), when(len(o.Params) > 0, floats("kernel_params", o.Params)),
			floats("coefficients", o.Coefficients), when(len(o.Vectors) > 0, floats("support_vectors", o.Vectors)),
			when(len(o.PerClass) > 0, integers("vectors_per_class", o.PerClass)), when(len(o.Rho) > 0, floats("rho", o.Rho)),
			when(len(o.ProbA) > 0, floats("prob_a", o.ProbA)), when(len(o.ProbB) > 0, floats("prob_b", o.ProbB)), text("post_transform", string(o.Post))), c.numbers())
		return err
	})
	spell("SVMRegressor", func(c *call) error {
		o := c.node.Op.(*op.SVMRegressor)
		c.as(learning+"::SVMRegressor", attrs(text("kernel_type", string(o.Kernel)), when(len(o.Params) > 0, floats("kernel_params", o.Params)),
			floats("coefficients", o.Coefficients), integer("n_supports", o.Supports), when(len(o.Vectors) > 0, floats("support_vectors", o.Vectors)),
			floats("rho", []float32{o.Rho}), flag("one_class", o.OneClass)), c.numbers())
		return nil
	})
	spell("ZipMap", keyed("ZipMap", "classlabels_strings", "classlabels_int64s", func(c *call) (*tensor.Tensor, []*proto.Attribute) {
		return c.node.Op.(*op.ZipMap).Keys, nil
	}))
}
