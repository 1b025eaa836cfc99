package export

import (
	"testing"

	"github.com/gocompile/gocompile/ir"
)

// TestEveryOperator finds operators that have no spelling. Constants and dimensions are written where they are used.
func TestEveryOperator(t *testing.T) {
	leaves := map[string]bool{"Const": true, "Dims": true}
	known := map[string]bool{}
	for _, name := range ir.OpNames() {
		known[name] = true
		if _, ok := table[name]; !ok && !leaves[name] {
			t.Errorf("%s has no spelling: register one that writes it, or one that returns an error saying why ONNX cannot express it", name)
		}
	}
	for name := range table {
		if !known[name] {
			t.Errorf("there is a spelling of %s, which is no operator", name)
		}
	}
}
