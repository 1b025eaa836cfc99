//go:build !amd64 || noasm

package quant

import "github.com/gocompile/gocompile/backend/cpu/level"

var native []functions

func multiplyQuads(*quadTile) { panic("BUG: no kernel for quads") }

func packWholeQuads([]int8, []byte, int, byte, []int32) { panic("BUG: no kernel for quads") }

func finishAt(l level.Level) func(f *finishing) { return at(l).finish }
