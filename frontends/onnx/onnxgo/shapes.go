package onnxgo

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// shapes says which axes of the inputs have one size in all runs, and which of the others were always equal. A program that is compiled for
// it fits every run so far and those like them.
type shapes struct {
	class []int // of each axis of each input, numbered as they first appear
	size  []int // of each class; open if it changes
}

const open = -1

// fixed expects the sizes of one run again.
func fixed(sizes []int) shapes {
	var s shapes
	for _, n := range sizes {
		c := slices.Index(s.size, n)
		if c < 0 {
			c = len(s.size)
			s.size = append(s.size, n)
		}
		s.class = append(s.class, c)
	}
	return s
}

// admit makes sizes fit: axes that turn out to vary are opened, and classes that turn out to differ are split. It reports whether anything
// changed, which it does no more than twice for each axis.
func (s *shapes) admit(sizes []int) bool {
	var next shapes
	classes := map[[2]int]int{}
	for axis, n := range sizes {
		old := s.class[axis]
		c, ok := classes[[2]int{old, n}]
		if !ok {
			c = len(next.size)
			classes[[2]int{old, n}] = c
			if s.size[old] == n {
				next.size = append(next.size, n)
			} else {
				next.size = append(next.size, open)
			}
		}
		next.class = append(next.class, c)
	}
	if slices.Equal(next.size, s.size) && slices.Equal(next.class, s.class) {
		return false
	}
	*s = next
	return true
}

// varies reports whether there is an axis without a size.
func (s *shapes) varies() bool { return slices.Contains(s.size, open) }

// dim declares an axis, counted through all inputs.
func (s *shapes) dim(axis int) proto.Dim {
	c := s.class[axis]
	if s.size[c] == open {
		return proto.Dim{Param: fmt.Sprintf("d%d", c)}
	}
	return proto.Dim{Value: int64(s.size[c]), HasValue: true}
}
