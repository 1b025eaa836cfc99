package jpeg2000

import "math"

// decode decodes all tiles to the components of the stream.
func (s *stream) decode() ([]Component, error) {
	if err := s.readTileParts(); err != nil {
		return nil, err
	}
	for i, t := range s.tiles {
		if t == nil {
			return nil, broken("tile %d of %d is missing", i, len(s.tiles))
		}
		if t.parts < t.last {
			return nil, ErrShort
		}
	}
	out := make([]Component, len(s.samples))
	for i, c := range s.samples {
		r := s.shrink(c.stepX, c.stepY)
		out[i] = Component{Width: r.width(), Height: r.height(), FirstX: r.x0*c.stepX - s.x0, FirstY: r.y0*c.stepY - s.y0, StepX: c.stepX, StepY: c.stepY,
			Depth: c.depth, Samples: make([]uint16, r.width()*r.height())}
	}
	d := &blockDecoder{}
	for i, part := range s.tiles {
		t, err := s.newTile(i, part.params, len(part.data))
		if err != nil {
			return nil, err
		}
		if err := t.readPackets(part.data); err != nil {
			return nil, err
		}
		planes := make([]samples, len(t.components))
		for i, c := range t.components {
			planes[i] = c.decode(d)
		}
		if t.rotated {
			if err := t.rotate(planes); err != nil {
				return nil, err
			}
		}
		for i, c := range t.components {
			whole := s.shrink(s.samples[i].stepX, s.samples[i].stepY)
			planes[i].store(out[i].Samples[(c.y0-whole.y0)*whole.width()+c.x0-whole.x0:], whole.width(), c.rect, s.samples[i])
		}
		s.tiles[i] = nil
	}
	return out, nil
}

// samples are those of a component in a tile, whole ones if the wavelet is reversible.
type samples struct {
	whole []int32
	real  []float32
}

// decode decodes the code-blocks of a component in a tile, and joins its sub-bands.
func (c *tileComponent) decode(d *blockDecoder) (p samples) {
	if c.empty() {
		return p
	}
	size := c.width() * c.height()
	if c.reversible {
		p.whole = make([]int32, size)
	} else {
		p.real = make([]float32, size)
	}
	for _, r := range c.resolutions {
		for i := range r.precincts {
			for k, b := range r.precincts[i].bands {
				for n, block := range b.blocks {
					if block != nil {
						area := b.area.intersect(cell(b.cells.x0+n%b.cells.width(), b.cells.y0+n/b.cells.width(), r.blockX, r.blockY))
						d.decode(block, area.width(), area.height(), r.bands[k].orientation, c.style)
						c.place(d, r.bands[k], area, p)
					}
				}
			}
		}
	}
	if c.reversible {
		synthesise(p.whole, c.resolutions, liftReversible)
	} else {
		synthesise(p.real, c.resolutions, liftIrreversible)
	}
	return p
}

// place writes the coefficients of a code-block, the part area of a sub-band.
func (c *tileComponent) place(d *blockDecoder, b *band, area rect, p samples) {
	for y := range area.height() {
		at := (b.atY+area.y0-b.y0+y)*c.width() + b.atX + area.x0 - b.x0
		for x := range area.width() {
			v, minus := d.magnitudes[y*d.width+x], d.flags[(y+1)*d.stride+x+1]&negative != 0
			if v == 0 {
				continue
			}
			if c.roi > 0 && v>>1>>c.roi != 0 { // in the region of interest
				v >>= c.roi
			}
			switch whole := int32(v >> 1); {
			case c.reversible && minus:
				p.whole[at+x] = -whole
			case c.reversible:
				p.whole[at+x] = whole
			case minus:
				p.real[at+x] = -float32(v) / 2 * b.delta
			default:
				p.real[at+x] = float32(v) / 2 * b.delta
			}
		}
	}
}

// store writes samples to the rows of a component, of which a tile has the part area.
func (p samples) store(to []uint16, stride int, area rect, s sample) {
	half, most := 1<<(s.depth-1), 1<<s.depth-1
	for y := range area.height() {
		row := to[y*stride:][:area.width()]
		for x := range row {
			v := 0
			if i := y*area.width() + x; p.real != nil {
				v = int(max(-1<<20, min(math.RoundToEven(float64(p.real[i])), 1<<20)))
			} else {
				v = int(p.whole[i])
			}
			row[x] = uint16(max(0, min(v+half, most)))
		}
	}
}
