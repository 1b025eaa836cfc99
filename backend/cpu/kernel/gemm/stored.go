package gemm

import (
	"fmt"
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Layout says how a packed matrix lies in memory.
type Layout struct {
	K, N   int
	Width  int // columns of a panel
	Depth  int // greatest number of rows of a block
	Format Format
}

// Layout is that of p.
func (p *Packed) Layout() Layout {
	return Layout{K: p.k, N: p.n, Width: p.layout.width, Depth: p.layout.depth, Format: p.format}
}

// Best reports whether kernels of the current level read matrices of that layout best.
func (l Layout) Best() bool {
	lv, _ := level.Current() // an error is reported by those that make programs
	return layout{l.Width, l.Depth} == layoutOf(lv)
}

// Data is the memory of the elements; it must not be changed.
func (p *Packed) Data() []byte {
	if p.format == Float32 {
		return bytesOf(p.data)
	}
	return bytesOf(p.narrow)
}

func bytesOf[E any](s []E) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}

// numbersOf is the numbers in b, which begins where one may lie and ends with one.
func numbersOf[E float32 | uint16](b []byte) []E {
	var x E
	return unsafe.Slice((*E)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(x)))
}

// maxStored bounds the sizes of a stored matrix, so that no product of them overflows.
const maxStored = 1 << 28

// Restore is the packed matrix of a layout whose elements are data, of which [Packed.Data] was written. It keeps data, which must be aligned to
// the size of an element.
func Restore(l Layout, data []byte) (*Packed, error) {
	size := 4
	if l.Format != Float32 {
		size = 2
	}
	switch {
	case l.Format > BFloat16:
		return nil, fmt.Errorf("a packed matrix has format %d, which is none", l.Format)
	case l.K < 0 || l.N < 0 || l.K > maxStored || l.N > maxStored || l.Width != 16 && l.Width != 32 || l.Depth < 8 || l.Depth > maxDepth || l.Depth%8 != 0:
		return nil, fmt.Errorf("no packed matrix is %d by %d in panels of %d columns and blocks of %d rows", l.K, l.N, l.Width, l.Depth)
	}
	form := layout{l.Width, l.Depth}
	if want := form.len(l.K, l.N) * size; len(data) != want {
		return nil, fmt.Errorf("a packed matrix of %d by %d in %v takes %d bytes, %d are there", l.K, l.N, l.Format, want, len(data))
	}
	p := new(Packed)
	p.reset(l.K, l.N, form, nil)
	p.format = l.Format
	if len(data) == 0 {
		return p, nil
	}
	if uintptr(unsafe.Pointer(&data[0]))%uintptr(size) != 0 {
		return nil, fmt.Errorf("a packed matrix begins at an odd address")
	}
	if l.Format == Float32 {
		p.data = numbersOf[float32](data)
	} else {
		p.narrow = numbersOf[uint16](data)
	}
	return p, nil
}

// Unpack writes the elements where PackB read them: element (p, j) to b[p*ldb+j], or, if transB, to b[j*ldb+p].
func (p *Packed) Unpack(b []float32, ldb int, transB bool) {
	checkMatrix("B", b, p.k, p.n, ldb, transB)
	width := p.layout.width
	var wide []float32
	for k0 := 0; k0 < p.k; k0 += p.depth {
		kc := min(p.depth, p.k-k0)
		for j := range p.panels() {
			j0 := j * width
			cols := min(width, p.n-j0)
			var panel []float32
			if p.format == Float32 {
				panel = p.panel(k0, kc, j)
			} else {
				narrow := p.narrowPanel(k0, kc, j)
				if len(wide) < len(narrow) {
					wide = make([]float32, p.depth*width)
				}
				panel = wide[:len(narrow)]
				p.format.Widen(panel, narrow)
			}
			if transB {
				move.Transpose(b[j0*ldb+k0:], ldb, panel, width, cols, kc)
				continue
			}
			for q := range kc {
				copy(b[(k0+q)*ldb+j0:][:cols], panel[q*width:])
			}
		}
	}
}
