package recurrent

import "testing"

func TestDivide(t *testing.T) {
	for _, c := range []struct {
		what                       string
		general                    bool
		dirs, threads, step, steps int
		by                         division
		members                    int
	}{
		{"one thread", false, 2, 1, 1 << 20, 100, caller, 1},
		{"a small step of two directions", false, 2, 2, 1 << 16, 1, caller, 1},
		{"a large step of one direction", false, 1, 2, 1 << 20, 1, units, 2},
		{"two directions on two threads", false, 2, 2, 1 << 18, 100, directions, 2},
		{"two directions of many small steps", false, 2, 8, 1 << 12, 100, directions, 2},
		{"two directions of few small steps", false, 2, 8, 1 << 12, 16, caller, 1},
		{"one direction of many small steps", false, 1, 8, 1 << 12, 1000, caller, 1},
		{"two directions on many threads", false, 2, 8, 1 << 18, 100, units, 8},
		{"two directions for three members", false, 2, 8, 1 << 15, 100, units, 3},
		{"one direction on two threads", false, 1, 2, 1 << 18, 100, units, 2},
		{"a general direction", true, 1, 8, 1 << 18, 100, caller, 1},
		{"two general directions", true, 2, 8, 1 << 18, 100, directions, 2},
	} {
		by, members := divide(c.general, c.dirs, c.threads, c.step, c.steps)
		if by != c.by || members != c.members {
			t.Errorf("%s: division %d with %d members, want %d with %d", c.what, by, members, c.by, c.members)
		}
	}
}
