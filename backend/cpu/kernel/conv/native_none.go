//go:build !amd64 || noasm

package conv

import "github.com/gocompile/gocompile/backend/cpu/level"

func kernelsOf(level.Level) *kernels { return &portable }
