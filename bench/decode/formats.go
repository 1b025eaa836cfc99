package main

import (
	"fmt"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

// formatOf is the option that keeps weights in a format, by name.
func formatOf(name string) (gocompile.Option, error) {
	switch name {
	case "float32":
		return gocompile.WithWeights(tensor.Float32), nil
	case "float16":
		return gocompile.WithWeights(tensor.Float16), nil
	case "bfloat16":
		return gocompile.WithWeights(tensor.BFloat16), nil
	}
	return nil, fmt.Errorf("no format of weights is named %q; float32, float16 and bfloat16 are", name)
}
