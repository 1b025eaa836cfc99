//go:build linux

package vec

import (
	"syscall"
	"testing"
	"unsafe"
)

// fenced is memory of n numbers between pages that cannot be accessed: it ends or begins at one.
func fenced(t *testing.T, n int, atEnd bool) []float32 {
	page := syscall.Getpagesize()
	m, err := syscall.Mmap(-1, 0, 3*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { syscall.Munmap(m) })
	if syscall.Mprotect(m[:page], syscall.PROT_NONE) != nil || syscall.Mprotect(m[2*page:], syscall.PROT_NONE) != nil {
		t.Skip("pages cannot be protected")
	}
	at := page
	if atEnd {
		at = 2*page - 4*n
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&m[at])), n)
}

// TestNothingOutsideIsTouched ends the process with a fault if a function reads or writes outside its operands.
func TestNothingOutsideIsTouched(t *testing.T) {
	atLevels(t, func(t *testing.T) {
		for n := 1; n < 70; n++ {
			for _, atEnd := range []bool{false, true} {
				x, y, z := fenced(t, n, atEnd), fenced(t, n, atEnd), fenced(t, n, atEnd)
				Fill(x, 1.5)
				Fill(y, -2)
				for f := range funcs {
					f.Apply(z, x, 1, 2)
				}
				for op := range ops {
					op.VV(z, x, y)
					op.VS(z, x, 2)
					op.SV(z, 2, y)
				}
				AddScaled(z, x, 2, y)
				ExpSum(z, x, 1)
				for _, c := range [][2][]float32{{nil, nil}, {x, nil}, {nil, y}, {x, y}} {
					Normalize(z, x, 1, 2, c[0], c[1])
				}
				if Sum(x)+SumAbs(x)+SumSquares(x, 0)+Dot(x, y)+MaxOf(x)+MinOf(y) == 0 {
					t.Error("sums of numbers cancel")
				}
			}
		}
	})
}
