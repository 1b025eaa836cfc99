package jpeg2000

const (
	maxPlanes   = 31 // bits of a magnitude
	firstBypass = 10 // coding passes before those of bits as they are
	stripe      = 4  // rows that are scanned together
)

// isBypass tells whether pass n of a code-block in the bypass style is bits as they are.
func isBypass(n int) bool { return n >= firstBypass && (n+2)%3 != 2 }

// blockDecoder decodes code-blocks (T.800, annex D).
type blockDecoder struct {
	width, height int
	stride        int
	flags         []uint16 // with a border of one all around
	// magnitudes, twice as large, of which the lowest bit that is known is followed by a one: the middle of what the coefficient can be
	magnitudes []uint32
	zero       *[256]uint8 // contexts
	contexts   [contexts]context
	style      byte
	raw        bool // bits as they are
	mq         mqDecoder
	bits       bitReader
}

// decode decodes a code-block of a size in a sub-band of an orientation, to d.magnitudes and signs in d.flags.
func (d *blockDecoder) decode(b *codeBlock, width, height, orientation int, style byte) {
	d.width, d.height, d.stride, d.style = width, height, width+2, style
	d.flags = cleared(d.flags, d.stride*(height+2))
	d.magnitudes = cleared(d.magnitudes, width*height)
	d.zero, d.contexts = &significance[orientation], startContexts
	data, pass := b.data, 0
	for _, s := range b.segments {
		if d.raw = style&styleBypass != 0 && isBypass(pass); d.raw {
			d.bits = bitReader{data: data[:s.length]}
		} else {
			d.mq.start(data[:s.length])
		}
		data = data[s.length:]
		for range s.passes {
			plane := uint(b.planes - 1 - (pass+2)/3)
			switch (pass + 2) % 3 {
			case 0:
				d.scan(d.propagate, plane)
			case 1:
				d.scan(d.refine, plane)
			default:
				d.cleanUp(plane)
			}
			if style&styleReset != 0 {
				d.contexts = startContexts
			}
			pass++
		}
	}
}

func cleared[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// scan calls f for each coefficient, with its place in d.flags and d.magnitudes and what is known of its neighbours: columns of stripes of four rows.
func (d *blockDecoder) scan(f func(at, i int, known uint16, plane uint), plane uint) {
	for y0 := 0; y0 < d.height; y0 += stripe {
		for x := range d.width {
			for y := y0; y < min(y0+stripe, d.height); y++ {
				at := (y+1)*d.stride + x + 1
				f(at, y*d.width+x, d.known(at, y), plane)
			}
		}
	}
}

// known is the flags of a coefficient in row y.
func (d *blockDecoder) known(at, y int) uint16 {
	f := d.flags[at]
	if d.style&styleCausal != 0 && y%stripe == stripe-1 {
		f &^= below
	}
	return f
}

// symbol is the next decision.
func (d *blockDecoder) symbol(context uint8) uint32 {
	if d.raw {
		return d.bits.bit()
	}
	return d.mq.decode(&d.contexts[context])
}

// propagate is the significance propagation pass: coefficients with neighbours that are not zero.
func (d *blockDecoder) propagate(at, i int, known uint16, plane uint) {
	if known&significant != 0 || known&sigAny == 0 {
		return
	}
	if d.symbol(d.zero[known&0xff]) == 1 {
		d.appear(at, i, known, plane)
	}
	d.flags[at] |= visited
}

// refine is the magnitude refinement pass: coefficients that were not zero before this bit plane.
func (d *blockDecoder) refine(at, i int, known uint16, plane uint) {
	if known&(significant|visited) != significant {
		return
	}
	context := uint8(refineContext)
	switch {
	case known&refined != 0:
		context += 2
	case known&sigAny != 0:
		context++
	}
	if d.symbol(context) == 1 {
		d.magnitudes[i] += 1 << plane
	} else {
		d.magnitudes[i] -= 1 << plane
	}
	d.flags[at] |= refined
}

// cleanUp is the clean-up pass: what the other two left out. Four coefficients whose neighbours are all zero may be decided at once.
func (d *blockDecoder) cleanUp(plane uint) {
	for y0 := 0; y0 < d.height; y0 += stripe {
		for x := range d.width {
			y, appeared := y0, false
			if d.quiet(x, y0) {
				if d.symbol(runContext) == 0 {
					continue
				}
				y += int(d.symbol(uniformContext)<<1 | d.symbol(uniformContext))
				appeared = true
			}
			for ; y < min(y0+stripe, d.height); y++ {
				at := (y+1)*d.stride + x + 1
				known := d.known(at, y)
				if known&(significant|visited) == 0 && (appeared || d.symbol(d.zero[known&0xff]) == 1) {
					d.appear(at, y*d.width+x, known, plane)
				}
				appeared = false
				d.flags[at] &^= visited
			}
		}
	}
	if d.style&styleSymbols != 0 {
		for range 4 {
			d.symbol(uniformContext)
		}
	}
}

// quiet tells whether the column of a stripe is four coefficients of which neither they nor their neighbours are known not to be zero.
func (d *blockDecoder) quiet(x, y int) bool {
	if y+stripe > d.height {
		return false
	}
	at := (y+1)*d.stride + x + 1
	f := d.flags[at] | d.flags[at+d.stride] | d.flags[at+2*d.stride] | d.known(at+3*d.stride, y+3)
	return f&(sigAny|significant|visited) == 0
}

// appear reads the sign of a coefficient that is not zero from this bit plane on, and tells its neighbours.
func (d *blockDecoder) appear(at, i int, known uint16, plane uint) {
	d.magnitudes[i] = 3 << plane
	var minus uint32
	if d.raw {
		minus = d.bits.bit()
	} else {
		context, turned := signOf(known)
		minus = d.symbol(context) ^ turned
	}
	sign := uint16(minus)
	f, s := d.flags, d.stride
	f[at] |= significant | sign*negative
	f[at-s] |= sigS | sign*negS
	f[at+s] |= sigN | sign*negN
	f[at-1] |= sigE | sign*negE
	f[at+1] |= sigW | sign*negW
	f[at-s-1] |= sigSE
	f[at-s+1] |= sigSW
	f[at+s-1] |= sigNE
	f[at+s+1] |= sigNW
}
