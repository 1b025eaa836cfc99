package level

import (
	"strings"
	"testing"
)

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		asked string
		best  Level
		want  Level
		err   string
	}{
		{"", Portable, Portable, ""},
		{"", AVX2, AVX2, ""},
		{"portable", AVX2, Portable, ""},
		{"avx2", AVX2, AVX2, ""},
		{"avx2", Portable, Portable, "at most level portable"},
		{"", AVX512, AVX512, ""},
		{"avx2", AVX512, AVX2, ""},
		{"avx512", AVX2, Portable, "at most level avx2"},
		{"sse9", AVX2, Portable, `unknown CPU level "sse9"`},
	} {
		got, err := decide(c.asked, c.best)
		if got != c.want {
			t.Errorf("decide(%q, %v) = %v, want %v", c.asked, c.best, got, c.want)
		}
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("decide(%q, %v): error %v, want one with %q", c.asked, c.best, err, c.err)
		}
	}
}

func TestNames(t *testing.T) {
	for l := Portable; l <= AVX512; l++ {
		if got, err := Parse(l.String()); got != l || err != nil {
			t.Errorf("Parse(%q) = %v, %v", l, got, err)
		}
	}
	if s := Level(77).String(); s != "level(77)" {
		t.Error(s)
	}
}

func TestCurrent(t *testing.T) {
	l, err := Current()
	if err == nil && l > Highest() {
		t.Errorf("current level %v is above the highest, %v", l, Highest())
	}
}
