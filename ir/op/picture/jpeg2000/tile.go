package jpeg2000

import "math"

// tile is a tile while it is decoded.
type tile struct {
	*params
	rect
	components []*tileComponent
}

// tileComponent is the part of a component in a tile.
type tileComponent struct {
	*coding
	rect
	resolutions []*resolution // from the smallest on
}

// resolution is what one level of the wavelet adds: the whole of the smallest picture, or three sub-bands.
type resolution struct {
	rect
	cells     rect // precincts, squares counted from the origin
	precX     int  // binary logarithm of their size
	precY     int
	bands     []*band
	precincts []precinct
	component int
	index     int
	stepX     int64 // a sample on the reference grid
	stepY     int64
	blockX    int // binary logarithm of the size of code-blocks
	blockY    int
}

// Orientations of sub-bands.
const (
	lowLow = iota
	highLow
	lowHigh
	highHigh
)

// band is a sub-band.
type band struct {
	rect
	orientation int
	planes      int     // bits of a magnitude, those of a region of interest left out
	delta       float32 // the size of a quantisation step
	atX, atY    int     // its place in the plane of the component
}

// newTile divides tile number n, for whose packets there are so many bytes.
func (s *stream) newTile(n int, p *params, bytes int) (*tile, error) {
	across := ceilDiv(s.x1-s.tileX, s.tileW)
	x, y := s.tileX+n%across*s.tileW, s.tileY+n/across*s.tileH
	t := &tile{params: p, rect: s.rect.intersect(rect{x, y, x + s.tileW, y + s.tileH})}
	for i, sample := range s.samples {
		c := &tileComponent{coding: &p.components[i], rect: t.shrink(sample.stepX, sample.stepY)}
		for r := range c.levels + 1 {
			res, err := c.resolution(r, sample)
			if err != nil {
				return nil, err
			}
			res.component = i
			if bytes -= res.cells.width() * res.cells.height(); bytes < 0 { // a packet has a byte at least
				return nil, ErrShort
			}
			res.precincts = make([]precinct, res.cells.width()*res.cells.height())
			c.resolutions = append(c.resolutions, res)
		}
		t.components = append(t.components, c)
	}
	return t, nil
}

// resolution is resolution r of a component, without precincts.
func (c *tileComponent) resolution(r int, s sample) (*resolution, error) {
	left := c.levels - r
	px, py := int(c.precincts[r][0]), int(c.precincts[r][1])
	res := &resolution{rect: c.halve(left, 0, 0), precX: px, precY: py, index: r, stepX: int64(s.stepX) << left, stepY: int64(s.stepY) << left}
	res.cells = res.rect.cells(px, py)
	if r == 0 {
		res.blockX, res.blockY = min(c.blockX, px), min(c.blockY, py)
		b, err := c.newBand(lowLow, 0, left, s.depth)
		res.bands = []*band{b}
		return res, err
	}
	res.blockX, res.blockY = min(c.blockX, px-1), min(c.blockY, py-1)
	low := c.halve(left+1, 0, 0)
	for o := highLow; o <= highHigh; o++ {
		b, err := c.newBand(o, 3*(r-1)+o, left+1, s.depth)
		if err != nil {
			return nil, err
		}
		if o != lowHigh {
			b.atX = low.width()
		}
		if o != highLow {
			b.atY = low.height()
		}
		res.bands = append(res.bands, b)
	}
	return res, nil
}

// newBand is a sub-band of a component; place is its number, level how often the wavelet made it smaller.
func (c *tileComponent) newBand(orientation, place, level, depth int) (*band, error) {
	s, err := c.coding.step(place, level)
	if err != nil {
		return nil, err
	}
	b := &band{rect: c.halve(level, orientation&1, orientation>>1), orientation: orientation, planes: max(0, c.guard+s.exponent-1), delta: 1}
	if !c.reversible {
		gain := orientation&1 + orientation>>1
		b.delta = float32(math.Ldexp(1+float64(s.mantissa)/2048, depth+gain-s.exponent))
	}
	if b.planes+c.roi > maxPlanes {
		return nil, unsupported("magnitudes of %d bits", b.planes+c.roi)
	}
	return b, nil
}
