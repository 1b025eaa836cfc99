package onnx

import (
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir/sym"
)

// Names that say nothing make a symbol for each dimension; expressions and numbers are read.
func TestNamesOfDimensions(t *testing.T) {
	for param, want := range map[string][2]string{
		"": {"x_0", "x_1"}, "?": {"x_0", "x_1"}, "-1": {"x_0", "x_1"}, "*": {"x_0", "x_1"}, "None": {"x_0", "x_1"},
		"batch": {"batch", "batch"}, "2*n": {"2*n", "2*n"}, "16": {"16", "16"}, "_": {"_", "_"}, "größe": {"größe", "größe"}, "a b": {"`a b`", "`a b`"},
	} {
		sc := sym.NewScope()
		for i, name := range []string{"x_0", "x_1"} {
			if got := dimFrom(proto.Dim{Param: param}, sc, name).String(); got != want[i] {
				t.Errorf("dimension %d named %q is %s, want %s", i, param, got, want[i])
			}
		}
	}
}
