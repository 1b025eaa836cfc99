package conformance

import (
	"regexp"
	"slices"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// dependsOnData are the cases with shapes that follow from the data: how many elements are unique, are kept or found, the words of a text, the size
// of a picture, the largest key of a map, the items of a sequence, and slices at places that a loop counts.
var dependsOnData = regexp.MustCompile(`/test_(unique|nonzero|compress|nonmaxsuppression|string_split|strnorm|image_decoder|cast_map_TO_\w+_DENSE$|sequence_model[145]$|loop11)`)

// TestInference checks that the shape of every output is known before a run, and that it is the recorded one, where the inputs have the declared
// shapes, open dimensions are those of the recorded inputs, and inputs that are parameters, such as axes and shapes, are constants. What the model declares of outputs and values in between is
// forgotten.
func TestInference(t *testing.T) {
	known := 0
	for _, c := range suite(t) {
		if len(c.Sets) == 0 {
			continue
		}
		m, err := proto.Decode(c.Model)
		if err != nil {
			t.Fatal(err)
		}
		in, want, err := c.Decode(m, 0)
		if err != nil {
			t.Fatal(err)
		}
		fix(m, in)
		declare(m, in)
		forgetResults(m.Graph)
		model, err := gocompile.Compile(m.Encode())
		if err != nil {
			continue // TestSuite is about this
		}
		for i, port := range model.Outputs() {
			x, ok := present(want.Items[i]).(*tensor.Tensor)
			if !ok || !port.Type.IsTensor() {
				continue
			}
			shape, static := port.Type.Static()
			if port.Type.Elem != x.DType() || static && !slices.Equal(shape, x.Shape()) {
				t.Errorf("%s: output %d is %v%v, inferred was %v", c.ID(), i, x.DType(), x.Shape(), port.Type)
			}
			if static {
				known++
			}
			if !static && !dependsOnData.MatchString(c.ID()) {
				t.Errorf("%s: the shape of output %d of %s is not known before a run: %v", c.ID(), i, c.Operator(), port.Type)
			}
		}
		model.Close()
	}
	t.Logf("the shapes of %d outputs are known", known)
}

// declare gives open dimensions of inputs the sizes that the recorded values have.
func declare(m *proto.Model, in Values) {
	for i, x := range in.Items {
		t, ok := x.(*tensor.Tensor)
		k := slices.IndexFunc(m.Graph.Inputs, func(v *proto.ValueInfo) bool { return v.Name == in.Names[i] })
		if !ok || t == nil || k < 0 || m.Graph.Inputs[k].Type == nil || len(m.Graph.Inputs[k].Type.Dims) != t.Rank() {
			continue
		}
		for a, d := range m.Graph.Inputs[k].Type.Dims {
			if !d.HasValue && d.Param != "" {
				m.Graph.Inputs[k].Type.Dims[a] = proto.Dim{Value: int64(t.Dim(a)), HasValue: true}
			}
		}
	}
}

// fix makes constants of inputs that look like parameters: vectors of integers, scales, and single numbers.
func fix(m *proto.Model, in Values) {
	for i, x := range in.Items {
		t, ok := x.(*tensor.Tensor)
		if !ok || t == nil || t.Rank() > 1 || t.Rank() == 1 && in.Names[i] != "scales" && (!t.DType().IsInteger() || t.DType().Bits() < 32) {
			continue
		}
		k := slices.IndexFunc(m.Graph.Inputs, func(v *proto.ValueInfo) bool { return v.Name == in.Names[i] })
		m.Graph.Inputs = slices.Delete(m.Graph.Inputs, k, k+1)
		m.Graph.Initializers = append(m.Graph.Initializers, proto.FromTensor(in.Names[i], t))
	}
}
