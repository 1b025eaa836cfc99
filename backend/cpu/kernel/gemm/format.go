package gemm

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Format is that of the elements of a packed matrix. Products are computed in float32 whatever it is.
type Format uint8

// The formats.
const (
	Float32 Format = iota
	Float16
	BFloat16
	Int8 // as [Integers]
	Int4
)

// String is the name in lower case.
func (f Format) String() string {
	return [...]string{"float32", "float16", "bfloat16", "int8", "int4"}[f]
}

// form is how a kernel reads packed elements without a copy in float32.
func (f Format) form() Form { return [...]Form{Panels, Halves, Brains, Bytes, Nibbles}[f] }

// quads is form for kernels that read A rounded; the format is one of integers.
func (f Format) quads() Form { return f.form() - Bytes + ByteQuads }

// Holds tells whether rounding the elements of b makes none infinite.
func (f Format) Holds(b []float32) bool {
	if f != Float16 {
		return true
	}
	for _, x := range b {
		if a := math.Abs(float64(x)); a >= 65520 && a <= math.MaxFloat32 {
			return false
		}
	}
	return true
}

// Widen sets dst to the elements of src, which are in a 16-bit format.
func (f Format) Widen(dst []float32, src []uint16) {
	if f == Float16 {
		move.WidenFloat16(dst, src)
	} else {
		move.WidenBFloat16(dst, src)
	}
}

// Round sets dst to the elements of src, rounded to a 16-bit format.
func (f Format) Round(dst []uint16, src []float32) {
	if f == Float16 {
		move.NarrowFloat16(dst, src)
	} else {
		move.NarrowBFloat16(dst, src)
	}
}

// narrowPanel is panel in a 16-bit format.
func (p *Packed) narrowPanel(k0, kc, j int) []uint16 {
	return p.narrow[(k0*p.layout.panels(p.n)+j*kc)*p.layout.width:][:kc*p.layout.width]
}

// widen sets dst to rows [k0, k0+kc), a block, of panel j as float32 numbers.
func (p *Packed) widen(dst []float32, k0, kc, j int, l level.Level) {
	if p.format >= Int8 {
		p.widenIntegers(dst, k0, kc, j, l)
	} else {
		p.format.Widen(dst, p.narrowPanel(k0, kc, j))
	}
}
