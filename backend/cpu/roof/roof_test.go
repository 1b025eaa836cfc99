package roof

import (
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

func TestFMA(t *testing.T) {
	for l := level.Portable; l <= level.Highest(); l++ {
		rate := FMA(l)
		t.Logf("%v: %.1f GFLOP/s", l, rate/1e9)
		if !(rate > 0) {
			t.Errorf("%v: %g operations a second", l, rate)
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
