package onnxgo

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gocompile/gocompile/conformance"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// TestModels runs the example models on their recorded inputs, of two sizes, as the decoder of onnx-go passes them on: versions are found,
// sizes change, intermediate values are declared.
func TestModels(t *testing.T) {
	for _, name := range []string{"lstm", "gru", "transformer"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("../../../examples/dates", name)
			b, err := os.ReadFile(filepath.Join(dir, "model.onnx"))
			if err != nil {
				t.Fatal(err)
			}
			c, err := conformance.ReadCase(dir)
			if err != nil {
				t.Fatal(err)
			}
			file, err := proto.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			g, m := decoded(t, b)
			for set := range c.Sets {
				in, want, err := c.Decode(file, set)
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range in.Items {
					x, err := input(v)
					if err != nil {
						t.Fatal(err)
					}
					if err := m.SetInput(i, x); err != nil {
						t.Fatal(err)
					}
				}
				if err := g.Run(); err != nil {
					t.Fatal(err)
				}
				got, err := outputs(m, file)
				if err != nil {
					t.Fatal(err)
				}
				if err := conformance.Compare(got, want.Items, conformance.Tolerance{Rel: 1e-4, Abs: 1e-4}); err != nil {
					t.Errorf("set %d: %v", set, err)
				}
			}
		})
	}
}
