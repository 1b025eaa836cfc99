//go:build linux

package gemm

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"unsafe"
)

// guarded copies s so that the byte after its last element, or the byte before its first, cannot be accessed.
func guarded[E any](t *testing.T, s []E, before bool) []E {
	page := syscall.Getpagesize()
	elem := int(unsafe.Sizeof(*new(E)))
	size := (len(s)*elem + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { syscall.Munmap(m) })
	for _, guard := range [][]byte{m[:page], m[page+size:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Skip(err)
		}
	}
	if len(s) == 0 {
		return nil
	}
	at := page + size - len(s)*elem
	if before {
		at = page
	}
	g := unsafe.Slice((*E)(unsafe.Pointer(&m[at])), len(s))
	copy(g, s)
	return g
}

// TestNothingOutsideIsTouched ends the process with a fault if a kernel reads or writes outside its operands.
func TestNothingOutsideIsTouched(t *testing.T) {
	for _, l := range levels() {
		x := NewCtx(nil, l)
		r := rand.New(rand.NewPCG(1, 1))
		for i := range 300 {
			m, n, k := 1+r.IntN(14), 1+r.IntN(40), 1+r.IntN(40)
			if i%10 == 0 {
				n, k = 1+r.IntN(300), 300+r.IntN(100)
			}
			t.Run(fmt.Sprintf("%s/%d/%dx%dx%d", l, i, m, n, k), func(t *testing.T) {
				e := randomEpilogue(r, m, n)
				args := Args{M: m, N: n, K: k, TransA: i&1 != 0, TransB: i&2 != 0, LDC: n, Epilogue: e}
				args.A, args.LDA = operandOf(r, m, k, i%3, args.TransA)
				args.B, args.LDB = operandOf(r, k, n, i%3, args.TransB)
				before := i&4 != 0
				args.A, args.B, args.C = guarded(t, args.A, before), guarded(t, args.B, before), guarded(t, make([]float32, m*n), before)
				for _, s := range []*[]float32{&e.ColumnBias, &e.RowBias, &e.Residual} {
					if *s != nil {
						*s = guarded(t, *s, before)
					}
				}
				if i&8 != 0 {
					args.Packed = packFor(levels()[r.IntN(len(levels()))], args.B, k, n, args.LDB, args.TransB)
					args.Packed.data = guarded(t, args.Packed.data, before)
				}
				if w := randomIntegers(r, 4+i%2*4, k, n, args.LDB, args.TransB); i&24 == 16 {
					if p := packIntegers(l, w, nil); p != nil {
						p.small, p.scales, p.zeros = guarded(t, p.small, before), guarded(t, p.scales, before), guarded(t, p.zeros, before)
						args.Packed, args.B = p, w.Floats()
					}
				}
				old := append([]float32(nil), args.C...)
				MatMul(x, args)
				check(t, "guarded", args, old)
			})
		}
	}
}
