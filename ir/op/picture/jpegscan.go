package picture

// zigzag is the place in rows of the coefficients of a block in the order of the file.
var zigzag = [64]byte{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// component is one of the planes of a frame.
type component struct {
	id         byte
	h, v       int // sampling factors
	table      byte
	quant      *[64]uint16
	wide, high int     // blocks that hold samples
	stride     int     // blocks in a row, with those that fill the last unit
	blocks     []int16 // coefficients, 64 a block
	dc, ac     *huffman
	last       int32 // the constant part of the block before
}

// scan is a pass over the coefficients from to to of some components (ITU-T T.81, annexes F and G). The first pass over a coefficient leaves out its
// low bits; each further one refines it by one.
type scan struct {
	*bitReader
	from, to  int
	low       uint // bits that are left out
	refine    bool
	zeroRun   int32 // blocks to come without further coefficients
	interval  int   // units between restarts, 0 without
	remaining int   // units to the next restart
}

// unit is called before each unit, a block of one component or some of each.
func (s *scan) unit(components []*component) {
	if s.interval == 0 {
		return
	}
	if s.remaining == 0 {
		s.restart()
		s.remaining, s.zeroRun = s.interval, 0
		for _, c := range components {
			c.last = 0
		}
	}
	s.remaining--
}

// run decodes the scan for a frame whose units are unitsX × unitsY.
func (s *scan) run(components []*component, unitsX, unitsY int) error {
	s.remaining = s.interval
	for _, c := range components {
		c.last = 0
	}
	if len(components) == 1 {
		c := components[0]
		for y := range c.high {
			for x := range c.wide {
				s.unit(components)
				s.block(c, x, y)
			}
			if s.err != nil {
				return s.err
			}
		}
		return nil
	}
	for y := range unitsY {
		for x := range unitsX {
			s.unit(components)
			for _, c := range components {
				for i := range c.h * c.v {
					s.block(c, x*c.h+i%c.h, y*c.v+i/c.h)
				}
			}
		}
		if s.err != nil {
			return s.err
		}
	}
	return nil
}

func (s *scan) block(c *component, x, y int) {
	b := c.blocks[64*(y*c.stride+x):][:64]
	k := s.from
	if k == 0 {
		if s.refine {
			b[0] |= int16(s.take(1) << s.low)
		} else {
			c.last += s.number(s.symbol(c.dc) & 15)
			b[0] = int16(c.last << s.low)
		}
		k++
	}
	if k > s.to {
		return
	}
	if s.refine {
		s.refineBlock(b, c.ac, k)
		return
	}
	if s.zeroRun > 0 {
		s.zeroRun--
		return
	}
	for k <= s.to && s.err == nil {
		code := s.symbol(c.ac)
		run, size := int(code>>4), code&15
		switch {
		case size > 0:
			if k += run; k <= s.to {
				b[zigzag[k]] = int16(s.number(size) << s.low)
			}
			k++
		case run == 15:
			k += 16
		default:
			s.zeroRun = 1<<run + s.take(uint(run)) - 1
			return
		}
	}
}

// refineBlock adds a bit to each coefficient that is not 0, and new ones of magnitude 1 between them.
func (s *scan) refineBlock(b []int16, ac *huffman, k int) {
	one := int16(1) << s.low
	more := func(v *int16) { // the next bit of a coefficient
		switch bit := int16(s.take(1)) * one; {
		case *v > 0:
			*v += bit
		default:
			*v -= bit
		}
	}
	for s.zeroRun == 0 && k <= s.to && s.err == nil {
		code := s.symbol(ac)
		run, size := int(code>>4), code&15
		fresh := int16(0)
		switch {
		case size > 0:
			fresh = -one
			if s.take(1) == 1 {
				fresh = one
			}
		case run < 15:
			s.zeroRun = 1<<run + s.take(uint(run))
		}
		if s.zeroRun > 0 {
			break
		}
		for ; k <= s.to; k++ {
			v := &b[zigzag[k]]
			if *v != 0 {
				more(v)
				continue
			}
			if run == 0 {
				*v = fresh
				k++
				break
			}
			run--
		}
	}
	if s.zeroRun > 0 {
		s.zeroRun--
		for ; k <= s.to; k++ {
			if v := &b[zigzag[k]]; *v != 0 {
				more(v)
			}
		}
	}
}
