package inputs

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// WriteFolder writes values, in the order of names, as dir/input_0.pb, input_1.pb, … with their names inside.
func WriteFolder(dir string, names []string, values map[string]tensor.Value) error {
	for i, name := range names {
		x := values[name]
		if x == nil {
			return fmt.Errorf("there is no value for input %q", name)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("input_%d.pb", i)), proto.EncodeValue(name, x), 0o644); err != nil {
			return err
		}
	}
	return nil
}
