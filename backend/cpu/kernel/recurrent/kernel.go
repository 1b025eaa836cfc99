package recurrent

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// A tile is one call of a step kernel: some sequences by the hidden units of some panels. The sequences are rows of H, Own, Next and C,
// which are stride elements apart, and of XW, which are xwRow apart. The assembly knows the offsets of the fields.
type tile struct {
	r      []float32 // panels of R: row k has the lanes of each gate side by side
	h      []float32 // states before the step, of all units
	own    []float32 // the same from the first unit of the panels on
	next   []float32 // states after the step, from there on
	c      []float32 // LSTM: cell states from there on, in place
	xw     []float32 // products with W plus bias, from the first panel on; overwritten
	bias   []float32 // GRU: bias of R for the candidate gate, from the first unit on
	xwRow  int
	stride int
	k      int // hidden units of H
	panels int
	narrow []uint16  // r in a 16-bit format
	small  []int8    // r as integers
	scale  []float32 // of each row of R, from the first panel on, as xw is laid out
}

// Kernel is a family of step kernels: the usual LSTM (sigmoid, tanh, tanh; no peepholes) and the usual GRU (sigmoid, tanh; linear before
// reset) without clipping, for up to so many sequences at a time.
type Kernel struct {
	Name  string
	Level level.Level // the least level that can run it
	Lanes int         // hidden units of a panel

	steps steps
}

// steps are functions by format of R, kind and rows, less one. Those of 16-bit formats are for one row; for more, R is widened.
type steps [gemm.Int8 + 1][kinds][]func(*tile)

// Kernels is the table of all families of this build, by ascending level.
var Kernels = append([]Kernel{{Name: "portable", Level: level.Portable, Lanes: portableLanes, steps: portableSteps}}, nativeKernels...)

// choose is the family for a cell at level l, or nil if the cell is not the usual one.
func choose(c *Cell, peepholes bool, l level.Level) *Kernel {
	f := &c.Functions
	if c.Clip != 0 || f[0].Name != Sigmoid || f[1].Name != Tanh {
		return nil
	}
	switch c.Kind {
	case LSTM:
		if peepholes || c.InputForget || f[2].Name != Tanh {
			return nil
		}
	case GRU:
		if !c.LinearBeforeReset {
			return nil
		}
	default:
		return nil
	}
	i := len(Kernels) - 1
	for Kernels[i].Level > l {
		i--
	}
	return &Kernels[i]
}
