// Package cuda is the place of the back end for NVIDIA processors. This build has none: the package holds its name and the
// refusal, so that asking for it is an error that says so and not a silent run elsewhere.
package cuda

import (
	"errors"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/ir"
)

// ErrNotBuilt is the error of every use of the back end.
var ErrNotBuilt = errors.New("no CUDA back end in this build")

// Backend is the back end "cuda", which always refuses.
func Backend() backend.Backend {
	return backend.Backend{
		Name:    "cuda",
		Doc:     "NVIDIA processors",
		Detect:  func() error { return ErrNotBuilt },
		Compile: func(*ir.Graph, backend.Options) (backend.Program, error) { return nil, ErrNotBuilt },
	}
}
