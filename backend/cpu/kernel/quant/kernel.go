package quant

import "github.com/gocompile/gocompile/backend/cpu/level"

// Kernel describes a micro kernel for products of bytes.
type Kernel struct {
	Name   string
	Level  level.Level // the least level that can run it
	MR, NR int         // greatest tile
	Group  int         // bytes that it adds up at a time, and that lie side by side in a packed B
}

// Kernels lists the micro kernels of this build on this processor. The last one that a level can run is chosen, whatever the shape.
func Kernels() []Kernel {
	list := []Kernel{{"portable-6x16", level.Portable, stripRows, panelWidth, 2}}
	for i := range native {
		l := native[i].level
		list = append(list, Kernel{l.String() + "-6x16", l, stripRows, panelWidth, 2})
	}
	if level.Highest().VNNI() {
		list = append(list, Kernel{"avx512vnni-6x32", level.AVX512, stripRows, quadWidth, 4})
	}
	return list
}
