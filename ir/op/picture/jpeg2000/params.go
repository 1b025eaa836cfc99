package jpeg2000

import (
	"encoding/binary"
	"slices"
)

// Styles of code-blocks (T.800, table A.19).
const (
	styleBypass     = 1 << iota // late passes are bits as they are
	styleReset                  // contexts are reset after each pass
	styleTerminate              // the codeword ends after each pass
	styleCausal                 // contexts do not look below a stripe
	stylePredict                // codewords end so that errors can be found
	styleSymbols                // each bit plane ends with a known symbol
	styleHigh                   // another coder, of ISO/IEC 15444-15
	styleCodewords  = styleBypass | styleTerminate
	maxLevels       = 32
	maxProgressions = 32 // more changes of the order are refused
)

// params are what the headers of the stream or of a tile say of the coding.
type params struct {
	order      byte // of packets
	layers     int
	rotated    bool // the first three components
	sop, eph   bool // packets may start, packet headers end with a marker
	changes    []change
	ownChanges bool // they are of this header, not of that of the stream
	components []coding
}

// coding is what is said of a component.
type coding struct {
	levels         int // of the wavelet
	blockX, blockY int // binary logarithms of the size of code-blocks
	style          byte
	reversible     bool
	precincts      [maxLevels + 1][2]uint8 // binary logarithms of their sizes, by resolution
	quantisation
	roi            int  // how far the region of interest is shifted
	set, quantised bool // said for this component alone
}

// quantisation is how the coefficients of a component were made smaller.
type quantisation struct {
	plain   bool   // not at all
	derived bool   // all steps come from one
	guard   int    // bits that the exponents do not count
	steps   []step // by sub-band
}

// step is a size of quantisation, 2^(range of the sub-band - exponent) · (1 + mantissa / 2048).
type step struct{ exponent, mantissa int }

// change is a part of the packets in an order of its own: those of layers, resolutions and components in ranges that have not come yet.
type change struct {
	order             byte
	layers            int
	from, to          int // resolutions
	fromComp, endComp int
}

// clone is a copy for a tile, which may change all.
func (p *params) clone() *params {
	q := *p
	q.changes, q.components, q.ownChanges = slices.Clone(p.changes), slices.Clone(p.components), false
	for i := range q.components {
		q.components[i].set, q.components[i].quantised = false, false
	}
	return &q
}

// component reads a number of a component, whose size depends on how many there are.
func (p *params) component(s []byte) (*coding, []byte, error) {
	if len(s) < 1 { // more than 256 are refused
		return nil, nil, ErrShort
	}
	if int(s[0]) >= len(p.components) {
		return nil, nil, broken("component %d of %d", s[0], len(p.components))
	}
	return &p.components[s[0]], s[1:], nil
}

// readDefault reads a COD segment.
func (p *params) readDefault(s []byte) error {
	if len(s) < 10 {
		return ErrShort
	}
	p.sop, p.eph = s[0]&2 != 0, s[0]&4 != 0
	p.order, p.layers, p.rotated = s[1], int(binary.BigEndian.Uint16(s[2:])), s[4] != 0
	if p.order > 4 || p.layers == 0 || s[4] > 1 {
		return broken("packets in order %d, %d layers, component transformation %d", s[1], p.layers, s[4])
	}
	var c coding
	if err := c.read(s[0], s[5:]); err != nil {
		return err
	}
	for i := range p.components {
		if k := &p.components[i]; !k.set {
			k.setCoding(&c)
		}
	}
	return nil
}

// readComponent reads a COC segment.
func (p *params) readComponent(s []byte) error {
	k, s, err := p.component(s)
	if err != nil {
		return err
	}
	if len(s) < 6 {
		return ErrShort
	}
	var c coding
	if err := c.read(s[0], s[1:]); err != nil {
		return err
	}
	k.setCoding(&c)
	k.set = true
	return nil
}

func (c *coding) setCoding(from *coding) {
	c.levels, c.blockX, c.blockY, c.style, c.reversible, c.precincts = from.levels, from.blockX, from.blockY, from.style, from.reversible, from.precincts
}

// read reads what COD and COC segments have in common; s has 5 bytes at least.
func (c *coding) read(flags byte, s []byte) error {
	c.levels, c.blockX, c.blockY, c.style, c.reversible = int(s[0]), int(s[1])+2, int(s[2])+2, s[3], s[4] == 1
	switch {
	case c.levels > maxLevels:
		return broken("%d levels of the wavelet", c.levels)
	case c.blockX > 10 || c.blockY > 10 || c.blockX+c.blockY > 12:
		return broken("code-blocks of 2^%d × 2^%d", c.blockX, c.blockY)
	case c.style >= styleHigh:
		return unsupported("code-blocks of style %#x", c.style)
	case s[4] > 1:
		return unsupported("wavelet %d", s[4])
	case flags&1 != 0 && len(s) < 6+c.levels:
		return ErrShort
	}
	for r := range c.levels + 1 {
		size := byte(0xff)
		if flags&1 != 0 {
			size = s[5+r]
		}
		x, y := size&15, size>>4
		if r > 0 && (x == 0 || y == 0) {
			return broken("precincts of 2^%d × 2^%d in resolution %d", x, y, r)
		}
		c.precincts[r] = [2]uint8{x, y}
	}
	return nil
}

// readQuant reads a QCD segment.
func (p *params) readQuant(s []byte) error {
	q, err := readSteps(s)
	if err != nil {
		return err
	}
	for i := range p.components {
		if k := &p.components[i]; !k.quantised {
			k.quantisation = q
		}
	}
	return nil
}

// readQuantComponent reads a QCC segment.
func (p *params) readQuantComponent(s []byte) error {
	k, s, err := p.component(s)
	if err != nil {
		return err
	}
	k.quantised = true
	k.quantisation, err = readSteps(s)
	return err
}

func readSteps(s []byte) (quantisation, error) {
	if len(s) < 1 {
		return quantisation{}, ErrShort
	}
	kind := s[0] & 31
	if kind > 2 {
		return quantisation{}, broken("quantisation of kind %d", kind)
	}
	q := quantisation{plain: kind == 0, derived: kind == 1, guard: int(s[0] >> 5)}
	for s = s[1:]; len(s) > 0; {
		v := int(s[0]) << 8
		s = s[1:]
		if !q.plain {
			if len(s) == 0 {
				return q, ErrShort
			}
			v |= int(s[0])
			s = s[1:]
		}
		q.steps = append(q.steps, step{v >> 11, v & 0x7ff})
	}
	if len(q.steps) == 0 {
		return q, ErrShort
	}
	return q, nil
}

// step is that of a sub-band, by its place: 0, then three a resolution; level is how often the wavelet made it smaller.
func (c *coding) step(place, level int) (step, error) {
	if c.derived {
		s := c.steps[0]
		s.exponent += level - c.levels
		return s, nil
	}
	if place >= len(c.steps) {
		return step{}, broken("%d steps for %d levels of the wavelet", len(c.steps), c.levels)
	}
	return c.steps[place], nil
}

// readRegion reads an RGN segment.
func (p *params) readRegion(s []byte) error {
	k, s, err := p.component(s)
	if err != nil {
		return err
	}
	if len(s) < 2 {
		return ErrShort
	}
	if s[0] != 0 {
		return broken("region of interest of kind %d", s[0])
	}
	k.roi = int(s[1])
	return nil
}

// readChanges reads a POC segment. Those of a tile replace those of the stream.
func (p *params) readChanges(s []byte, ofTile bool) error {
	if ofTile && !p.ownChanges {
		p.changes, p.ownChanges = nil, true
	}
	for ; len(s) >= 7; s = s[7:] {
		c := change{order: s[6], layers: int(binary.BigEndian.Uint16(s[2:])), from: int(s[0]), to: int(s[4]), fromComp: int(s[1]), endComp: int(s[5])}
		if c.endComp == 0 {
			c.endComp = 256
		}
		if c.order > 4 {
			return broken("packets in order %d", c.order)
		}
		if p.changes = append(p.changes, c); len(p.changes) > maxProgressions {
			return unsupported("more than %d changes of the order of packets", maxProgressions)
		}
	}
	return nil
}
