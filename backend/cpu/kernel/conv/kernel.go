package conv

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Kernel describes a micro kernel.
type Kernel struct {
	Name      string
	Level     level.Level // the least level that can run it
	Channels  int         // of the result, in the greatest tile
	Positions int         // the same
	Reads     string      // how it reads the input
}

// Kernels lists the micro kernels of this build. Those of the highest level that a processor has are chosen, but where package gemm multiplies positions with the
// weights.
func Kernels() []Kernel {
	var list []Kernel
	var last *kernels
	for _, l := range []level.Level{level.Portable, level.AVX2, level.AVX512} {
		k := kernelsOf(l)
		if k == last {
			continue
		}
		last = k
		channels := stripRows
		if k.tiles[1][panelVectors-1] != nil {
			channels *= 2
		}
		list = append(list, Kernel{fmt.Sprintf("%v-%dx%d", l, channels, k.panel()), l, channels, k.panel(), "gathered panels"},
			Kernel{fmt.Sprintf("%v-taps", l), l, 1, tapsVectors * k.lanes, "rows of planes"})
		if k.flat != nil {
			list = append(list, Kernel{fmt.Sprintf("%v-flat", l), l, 1, maskBlock * maskLanes, "a plane as one row"},
				Kernel{fmt.Sprintf("%v-window", l), l, 1, windowRows * 2 * maskLanes, "rows of windows"})
		}
	}
	return list
}

const tapsVectors = 8 // that the kernels for rows of planes sum up side by side
