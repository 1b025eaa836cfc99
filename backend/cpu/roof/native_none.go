//go:build !amd64 || noasm

package roof

import "github.com/gocompile/gocompile/backend/cpu/level"

func multiply(_ level.Level, n int) float64 { return portableMultiply(n) }

func dot(_ level.Level, n int) float64 { return portableDot(n) }

func touch(data []byte) { portableTouch(data) }
