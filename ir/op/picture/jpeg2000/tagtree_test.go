package jpeg2000

import "testing"

// TestTagTree reads the first three leaves of the example of T.800, B.10.2: 1, 3 and 2, coded as 01111, 001 and 101.
func TestTagTree(t *testing.T) {
	in := &bitReader{data: []byte{0b01111_001, 0b101_00000}}
	tree := newTagTree(6, 3)
	for x, want := range []int{1, 3, 2} {
		if _, ok := tree.below(in, x, 0, want); ok {
			t.Errorf("leaf %d is less than %d", x, want)
		}
		if v, ok := tree.below(in, x, 0, want+1); !ok || v != want {
			t.Errorf("leaf %d is %d (%t), want %d", x, v, ok, want)
		}
	}
	if in.left != 5 || in.at != 2 {
		t.Errorf("%d bits are left of byte %d", in.left, in.at)
	}
}

// TestBits: the highest bit after a byte of ones is left out, and ones follow the end.
func TestBits(t *testing.T) {
	in := &bitReader{data: []byte{0xff, 0x2a, 0x80}}
	if v := in.bits(15); v != 0xff<<7|0x2a {
		t.Errorf("got %#x", v)
	}
	if in.align(); in.bit() != 1 || in.short {
		t.Error("not at the third byte")
	}
	if in.align(); in.bits(9) != 1<<9-1 || !in.short {
		t.Error("no ones after the end")
	}
}
