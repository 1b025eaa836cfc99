package conv

import (
	"sync"
	"sync/atomic"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
)

const (
	stripRows    = 4 // output channels of a strip
	panelVectors = 3 // of positions, in a panel
	maxLanes     = 16
)

// Weights are the weights of a convolution `[Groups·Out, In, kernel…]`, put in the order in which kernels read them at their first use.
// They may be shared by any number of goroutines.
type Weights struct {
	groups, out, depth int
	data               []float32
	spent              func() // or nil; see OnPacked

	flat atomic.Pointer[flatPlan]

	once   sync.Once
	strips []float32 // by group, strip, element of the sum, row

	onceMatrices sync.Once
	matrices     []*gemm.Packed // by group: [depth, out]

	onceTaps sync.Once
	taps     []*gemm.Packed // the same, the elements of a sum by element of the kernel and channel
}

// NewWeights prepares w for groups of out channels, each of depth products. It keeps w, which must not change.
func NewWeights(w []float32, groups, out, depth int) *Weights {
	return &Weights{groups: groups, out: out, depth: depth, data: w[:groups*out*depth]}
}

// OnPacked has f called each time that the weights were packed in some order: they are not read again, unless another order is needed. It is to be called before
// the first use.
func (w *Weights) OnPacked(f func()) { w.spent = f }

func (w *Weights) release() {
	if w.spent != nil {
		w.spent()
	}
}

func stripsOf(out int) int { return (out + stripRows - 1) / stripRows }

// stripsLen is the number of floats that the strips of all groups take.
func stripsLen(groups, out, depth int) int { return groups * stripsOf(out) * stripRows * depth }

// packed returns the strips of a group.
func (w *Weights) packed(group int) []float32 {
	w.once.Do(func() {
		w.strips = make([]float32, stripsLen(w.groups, w.out, w.depth))
		packStrips(w.strips, w.data, w.groups, w.out, w.depth)
		w.release()
	})
	n := len(w.strips) / w.groups
	return w.strips[group*n:][:n]
}

// matrix returns the weights of a group for products, [depth, out].
func (w *Weights) matrix(group int) *gemm.Packed {
	w.onceMatrices.Do(func() {
		w.matrices = make([]*gemm.Packed, w.groups)
		for g := range w.matrices {
			w.matrices[g] = gemm.PackB(w.data[g*w.out*w.depth:], w.depth, w.out, w.depth, true)
		}
		w.release()
	})
	return w.matrices[group]
}

// byTaps is as matrix, with the elements of a sum by element of the kernel and channel; there are so many channels in a group.
func (w *Weights) byTaps(group, channels int) *gemm.Packed {
	taps := w.depth / channels
	if taps == 1 || channels == 1 {
		return w.matrix(group)
	}
	w.onceTaps.Do(func() {
		w.taps = make([]*gemm.Packed, w.groups)
		turned := make([]float32, w.out*w.depth)
		for g := range w.taps {
			for m := range w.out {
				row := w.data[(g*w.out+m)*w.depth:][:w.depth]
				move.Transpose(turned[m*w.depth:], channels, row, taps, taps, channels)
			}
			w.taps[g] = gemm.PackB(turned, w.depth, w.out, w.depth, true)
		}
		w.release()
	})
	return w.taps[group]
}

// packStrips writes weights in strips; missing rows are zero.
func packStrips(dst, w []float32, groups, out, depth int) {
	for g := range groups {
		for s := range stripsOf(out) {
			strip := dst[:stripRows*depth]
			dst = dst[stripRows*depth:]
			for r := range stripRows {
				m := s*stripRows + r
				if m >= out {
					for k := range depth {
						strip[k*stripRows+r] = 0
					}
					continue
				}
				for k, v := range w[(g*out+m)*depth:][:depth] {
					strip[k*stripRows+r] = v
				}
			}
		}
	}
}
