package gemm

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// A packed matrix that was stored is the same, and so is what it was packed from.
func TestStored(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, l := range levels() {
		for _, f := range []Format{Float32, Float16, BFloat16} {
			for i := range 40 {
				k, n, pad := r.IntN(700), r.IntN(80), r.IntN(3)
				trans := i&1 != 0
				b, ldb := operandOf(r, k, n, pad, trans)
				p, want := packFor(l, b, k, n, ldb, trans), b
				if f != Float32 {
					p, want = packAs(l, f, b, k, n, ldb, trans), rounded(f, b)
				}
				name := fmt.Sprintf("%v %v %d by %d, transposed %t", l, f, k, n, trans)
				q, err := Restore(p.Layout(), p.Data())
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if q.Layout() != p.Layout() || !bytes.Equal(q.Data(), p.Data()) {
					t.Fatalf("%s: restored as %+v", name, q.Layout())
				}
				got := slices.Clone(want)
				for i := range k {
					for j := range n {
						if trans {
							got[j*ldb+i] = 9
						} else {
							got[i*ldb+j] = 9
						}
					}
				}
				q.Unpack(got, ldb, trans)
				if !slices.Equal(got, want) {
					t.Fatalf("%s: unpacked it is another matrix", name)
				}
			}
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	good := Layout{K: 4, N: 3, Width: 16, Depth: 320}
	data := make([]byte, 4*16*4)
	if _, err := Restore(good, data); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(l *Layout){
		"rows":    func(l *Layout) { l.K = -1 },
		"huge":    func(l *Layout) { l.K, l.N = 1<<40, 1<<40 },
		"columns": func(l *Layout) { l.N = 17 },
		"width":   func(l *Layout) { l.Width = 0 },
		"depth":   func(l *Layout) { l.Depth = 1 << 20 },
		"format":  func(l *Layout) { l.Format = 3 },
		"size":    func(l *Layout) { l.Format = Float16 },
	} {
		l := good
		change(&l)
		if _, err := Restore(l, data); err == nil {
			t.Errorf("%s: %+v is taken", name, l)
		}
	}
	if _, err := Restore(Layout{K: 3, N: 3, Width: 16, Depth: 320}, make([]byte, 3*64+1)[1:]); err == nil {
		t.Error("an odd address is taken")
	}
}

func TestGatherColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, l := range levels() {
		for range 40 {
			k, n := r.IntN(1300), 1+r.IntN(80)
			b, ldb := operandOf(r, k, n, r.IntN(3), false)
			p := packFor(l, b, k, n, ldb, false)
			names := make([]int64, 7)
			for i := range names {
				names[i] = int64(r.IntN(2*n) - n)
			}
			got := make([]float32, len(names)*k)
			GatherColumns(got, p, names, 0, 3)
			GatherColumns(got, p, names, 3, len(names))
			for i, name := range names {
				for q := range k {
					if want := b[q*ldb+int(name+int64(n))%n]; got[i*k+q] != want {
						t.Fatalf("%v: row %d of column %d of %d by %d is %v, want %v", l, q, name, k, n, got[i*k+q], want)
					}
				}
			}
		}
	}
}
