package move

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

func TestTuples(t *testing.T) {
	// A tensor [2, 3, 4, size]: one axis goes together, tuples count along the next two.
	tuples := &Tuples{Shape: []int{3, 4}, Steps: []int{4, 1}, PerBatch: 2, Batch: 12}
	at := make([]int, 4)
	if err := Resolve(tuples, at, []int64{0, 1, 2, 3, -1, -4, 1, 0}); err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 11, 20, 16}; !slices.Equal(at, want) {
		t.Errorf("tuples point to %v, want %v", at, want)
	}
	var e *IndexError
	if err := Resolve(tuples, at, []int32{0, 0, 0, 4, 0, 0, 0, 0}); !errors.As(err, &e) || e.Position != 3 || e.Index != 4 || e.Size != 4 {
		t.Errorf("got error %v", err)
	}
	for _, size := range []int{1, 3, 8} {
		src := make([]byte, 24*size)
		for i := range src {
			src[i] = byte(i)
		}
		at = []int{1, 11, 20, 16}
		got, back := make([]byte, 4*size), make([]byte, len(src))
		Take(got, src, at, size)
		Put(back, got, at, size)
		for i, k := range at {
			if want := src[k*size : (k+1)*size]; !bytes.Equal(got[i*size:(i+1)*size], want) || !bytes.Equal(back[k*size:(k+1)*size], want) {
				t.Errorf("size %d: slice %d is %v, and %v put back, want %v", size, i, got[i*size:(i+1)*size], back[k*size:(k+1)*size], want)
			}
		}
	}
}
