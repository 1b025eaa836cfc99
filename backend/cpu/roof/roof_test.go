package roof

import (
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

func TestFMA(t *testing.T) {
	for l := level.Portable; l <= level.Highest(); l++ {
		rate, bytes := FMA(l), Dot(l)
		t.Logf("%v: %.1f GFLOP/s, %.1f on bytes", l, rate/1e9, bytes/1e9)
		if !(rate > 0) || !(bytes > 0) {
			t.Errorf("%v: %g operations a second, %g on bytes", l, rate, bytes)
		}
	}
}

func TestRead(t *testing.T) {
	for _, size := range []int{4 << 10, 5000, 1 << 20, 64 << 20} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(i)
		}
		rate := Read(data)
		t.Logf("%d KiB: %.1f GB/s", size>>10, rate/1e9)
		if !(rate > 0) {
			t.Errorf("%d bytes: %g a second", size, rate)
		}
	}
}

func TestMeasure(t *testing.T) {
	l := Measure(level.Highest(), 2)
	t.Logf("%d threads: %.1f GFLOP/s", l.Threads, l.FMA/1e9)
	if l.Threads != 2 || !(l.FMA > 0) || !(l.Dot > 0) || len(l.Reads) < 2 {
		t.Fatalf("%+v", l)
	}
	for i, b := range l.Reads {
		t.Logf("%d KiB: %.1f GB/s", b.Bytes>>10, b.Rate/1e9)
		if !(b.Rate > 0) || i > 0 && b.Bytes <= l.Reads[i-1].Bytes {
			t.Errorf("%+v", l.Reads)
		}
	}
}

func TestRate(t *testing.T) {
	l := Limits{Reads: []Bandwidth{{1 << 10, 100}, {1 << 20, 40}, {1 << 30, 50}}}
	for _, c := range []struct {
		bytes int64
		want  float64
	}{{0, 100}, {1 << 10, 100}, {1<<10 + 1, 50}, {1 << 30, 50}, {1 << 40, 50}} {
		if got := l.Rate(c.bytes); got != c.want {
			t.Errorf("Rate(%d) = %g, want %g", c.bytes, got, c.want)
		}
	}
}
