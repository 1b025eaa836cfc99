package pages

import "testing"

func TestAdvise(t *testing.T) {
	for _, n := range []int{0, 1, 4096, Large, 5<<20 + 1} {
		b := make([]byte, n+1)[1:]
		Advise(b)
		for i := range b {
			b[i] = byte(i)
		}
		for i, v := range b {
			if v != byte(i) {
				t.Fatalf("%d bytes: byte %d is %d", n, i, v)
			}
		}
	}
}
