//go:build amd64 && !noasm

package gemm

import (
	"testing"
	"unsafe"
)

// TestTileOffsets keeps the struct and what the generator of the assembly knows of it the same.
func TestTileOffsets(t *testing.T) {
	var x tile
	for _, c := range []struct {
		name      string
		got, want uintptr
	}{
		{"a", unsafe.Offsetof(x.a), 0},
		{"b", unsafe.Offsetof(x.b), 24},
		{"c", unsafe.Offsetof(x.c), 48},
		{"aRow", unsafe.Offsetof(x.aRow), 72},
		{"aStep", unsafe.Offsetof(x.aStep), 80},
		{"bStep", unsafe.Offsetof(x.bStep), 88},
		{"cRow", unsafe.Offsetof(x.cRow), 96},
		{"k", unsafe.Offsetof(x.k), 104},
		{"cols", unsafe.Offsetof(x.cols), 120},
		{"scale", unsafe.Offsetof(x.scale), 128},
		{"accumulate", unsafe.Offsetof(x.accumulate), 132},
		{"bias", unsafe.Offsetof(x.bias), 152},
		{"next", unsafe.Offsetof(x.next), 176},
		{"nextStep", unsafe.Offsetof(x.nextStep), 200},
		{"narrow", unsafe.Offsetof(x.narrow), 208},
		{"small", unsafe.Offsetof(x.small), 232},
		{"scales", unsafe.Offsetof(x.scales), 256},
		{"zeros", unsafe.Offsetof(x.zeros), 280},
		{"group", unsafe.Offsetof(x.group), 304},
		{"panelStep", unsafe.Offsetof(x.panelStep), 320},
		{"strips", unsafe.Offsetof(x.strips), 360},
		{"aSkip", unsafe.Offsetof(x.aSkip), 368},
		{"cSkip", unsafe.Offsetof(x.cSkip), 376},
		{"aAt", unsafe.Offsetof(x.aAt), 384},
		{"cAt", unsafe.Offsetof(x.cAt), 392},
		{"rounded", unsafe.Offsetof(x.rounded), 328},
		{"roundedRow", unsafe.Offsetof(x.roundedRow), 352},
	} {
		if c.got != c.want {
			t.Errorf("field %s is at %d, the assembly reads it at %d", c.name, c.got, c.want)
		}
	}
}
