package quant

import (
	"fmt"
	"sync"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// ConvSource is weights of a convolution: Groups of Out channels, each with a kernel of Taps elements for each of the In channels of X in a group. Channel i
// has zero point Zero[i%len(Zero)], 0 if there is none.
type ConvSource struct {
	Groups, Out, In, Taps int
	W                     []byte // `[Groups·Out, In, Taps]`
	Signed                bool
	Zero                  []int32
}

// ConvWeights are such weights in the form that kernels read. They are read-only and may be shared.
type ConvWeights struct {
	groups, out, depth int
	stride             int        // of a row of bytes or wide, of which one is there
	bytes              []byte     // unsigned, for kernels that add four products at once
	wide               []int16    // less their zero points
	zero               []int32    // of the bytes, one a channel
	uniform            bool       // which is the same for all
	pairs              []int32    // of channels with small kernels of their own: less their zero point, 16 bits each, two and two
	onceMatrix         *sync.Once // nil: they may be packed anew
	matrix             *Packed
	sums               []int32 // of the weights of a channel less their zero point
}

// PackConv packs weights for convolutions at level l.
func PackConv(s ConvSource, l level.Level) *ConvWeights {
	w := &ConvWeights{onceMatrix: new(sync.Once)}
	w.Pack(s, l)
	return w
}

// Pack makes w the packed s; it reuses its memory.
func (w *ConvWeights) Pack(s ConvSource, l level.Level) {
	quads := l.VNNI()
	channels, depth := s.Groups*s.Out, s.In*s.Taps
	if len(s.W) < channels*depth || len(s.Zero) > 1 && len(s.Zero) != channels {
		panic(fmt.Sprintf("BUG: %d weights and %d zero points for %d groups of %d channels of %d", len(s.W), len(s.Zero), s.Groups, s.Out, depth))
	}
	w.groups, w.out, w.depth = s.Groups, s.Out, depth
	w.sums, w.zero, w.uniform = grown(w.sums, channels), grown(w.zero, channels), true
	if quads {
		w.stride = 4 * quadsOf(depth)
		w.bytes = grown(w.bytes, channels*w.stride)
	} else {
		w.stride = 2 * pairs(depth)
		w.wide = grown(w.wide, channels*w.stride)
	}
	w.pairs = w.pairs[:0]
	for i := range channels {
		zero := int32(0)
		if len(s.Zero) > 0 {
			zero = s.Zero[i%len(s.Zero)]
		}
		row, sum := s.W[i*depth:][:depth], int32(0)
		for _, x := range row {
			sum += integer(x, s.Signed)
		}
		w.sums[i] = sum - int32(depth)*zero
		if s.Groups > 1 && s.In == 1 && s.Taps <= mostPaired {
			w.pair(row, s.Signed, zero)
		}
		if !quads {
			to := w.wide[i*w.stride:][:w.stride]
			widen(&portable, to, row, s.Signed, int16(zero))
			clear(to[len(row):])
			continue
		}
		to := w.bytes[i*w.stride:][:w.stride]
		unsigned(to, row, s.Signed)
		clear(to[len(row):])
		w.zero[i], _ = unsignedZero(zero, s.Signed)
		w.uniform = w.uniform && w.zero[i] == w.zero[0]
	}
}

const mostPaired = 128 // weights of a channel

// pair appends the weights of a channel to pairs; that which an odd last one lacks is 0.
func (w *ConvWeights) pair(row []byte, signed bool, zero int32) {
	for k, x := range row {
		v := (integer(x, signed) - zero) & 0xffff
		if k%2 == 0 {
			w.pairs = append(w.pairs, v)
		} else {
			w.pairs[len(w.pairs)-1] |= v << 16
		}
	}
}

// Bytes is the memory that the weights take.
func (w *ConvWeights) Bytes() int { return len(w.bytes) + 2*len(w.wide) + 4*len(w.pairs) }
