package jpeg2000

import (
	"bytes"
	"math/bits"
)

// precinct is the code-blocks of a resolution in a square; the packets of a precinct have one layer each.
type precinct struct {
	layers int            // packets read so far
	bands  []precinctBand // nil before the first packet with something in it
}

// precinctBand is the code-blocks of a precinct in a sub-band.
type precinctBand struct {
	cells    rect // code-blocks, squares counted from the origin
	area     rect
	included *tagTree // the layer that a code-block starts in
	missing  *tagTree // the bit planes that are zero
	blocks   []*codeBlock
}

// codeBlock is what was read of a code-block.
type codeBlock struct {
	planes     int // bits of a magnitude
	passes     int
	lengthBits int
	data       []byte
	segments   []segment // of data
}

// segment is a codeword of one or more passes.
type segment struct{ passes, room, length int }

// divide finds the code-blocks of precinct n.
func (r *resolution) divide(n int) []precinctBand {
	found := make([]precinctBand, len(r.bands))
	square := rect{r.cells.x0 + n%r.cells.width(), r.cells.y0 + n/r.cells.width(), 0, 0}
	px, py := r.precX, r.precY
	if r.index > 0 {
		px, py = px-1, py-1
	}
	for i, b := range r.bands {
		area := b.intersect(cell(square.x0, square.y0, px, py))
		cells := area.cells(r.blockX, r.blockY)
		found[i] = precinctBand{area: area, cells: cells}
		if n := cells.width() * cells.height(); n > 0 {
			found[i].included, found[i].missing = newTagTree(cells.width(), cells.height()), newTagTree(cells.width(), cells.height())
			found[i].blocks = make([]*codeBlock, n)
		}
	}
	return found
}

// piece is a codeword or a part of one in a packet.
type piece struct {
	block  *codeBlock
	length int
}

// readPacket reads the packet at the start of data, that of the next layer of precinct n, and returns what follows.
func (t *tile) readPacket(data []byte, r *resolution, n int) ([]byte, error) {
	p := &r.precincts[n]
	layer := p.layers
	p.layers++
	if t.sop && bytes.HasPrefix(data, []byte{markerSOP >> 8, markerSOP & 0xff}) {
		data = data[min(6, len(data)):]
	}
	in := &bitReader{data: data}
	var pieces []piece
	if in.bit() == 1 {
		if p.bands == nil {
			p.bands = r.divide(n)
		}
		for i := range p.bands {
			for k := range p.bands[i].blocks {
				var err error
				if pieces, err = p.bands[i].readBlock(in, t.components[r.component], r.bands[i], k, layer, pieces); err != nil {
					return nil, err
				}
			}
		}
	}
	if in.align(); in.short {
		return nil, ErrShort
	}
	data = data[in.at:]
	if t.eph {
		data = bytes.TrimPrefix(data, []byte{markerEPH >> 8, markerEPH & 0xff})
	}
	for _, s := range pieces {
		if s.length > len(data) {
			return nil, ErrShort
		}
		part := data[:s.length:s.length]
		data = data[s.length:]
		if s.block.data == nil {
			s.block.data = part
		} else {
			s.block.data = append(s.block.data, part...)
		}
	}
	return data, nil
}

// readBlock reads what a packet header says of code-block k, and appends the pieces that are in the packet.
func (b *precinctBand) readBlock(in *bitReader, c *tileComponent, of *band, k, layer int, pieces []piece) ([]piece, error) {
	x, y := k%b.cells.width(), k/b.cells.width()
	block := b.blocks[k]
	if block != nil {
		if in.bit() == 0 {
			return pieces, nil
		}
	} else {
		if _, ok := b.included.below(in, x, y, layer+1); !ok {
			return pieces, nil
		}
		missing, known := b.missing.below(in, x, y, of.planes+c.roi)
		if !known {
			return nil, broken("a code-block of no bit planes")
		}
		block = &codeBlock{planes: of.planes + c.roi - missing, lengthBits: 3}
		b.blocks[k] = block
	}
	passes := readPasses(in)
	for in.bit() == 1 && !in.short {
		block.lengthBits++
	}
	if block.passes+passes > 3*block.planes-2 {
		return nil, broken("%d coding passes for %d bit planes", block.passes+passes, block.planes)
	}
	for passes > 0 {
		s := block.segment(c.style)
		n := min(passes, s.room)
		width := block.lengthBits + bits.Len(uint(n)) - 1
		if width > 31 {
			return nil, broken("a length of %d bits", width)
		}
		length := in.bits(width)
		s.passes, s.room, s.length = s.passes+n, s.room-n, s.length+length
		block.passes, passes = block.passes+n, passes-n
		pieces = append(pieces, piece{block, length})
	}
	return pieces, nil
}

// segment is the codeword that the next pass belongs to.
func (b *codeBlock) segment(style byte) *segment {
	if n := len(b.segments); n > 0 && b.segments[n-1].room > 0 {
		return &b.segments[n-1]
	}
	room := 3 * maxPlanes
	switch {
	case style&styleTerminate != 0:
		room = 1
	case style&styleBypass == 0:
	case b.passes < firstBypass:
		room = firstBypass
	case isBypass(b.passes):
		room = 2
	default:
		room = 1
	}
	b.segments = append(b.segments, segment{room: room})
	return &b.segments[len(b.segments)-1]
}

// readPasses reads the number of coding passes (T.800, table B.4).
func readPasses(in *bitReader) int {
	if in.bit() == 0 {
		return 1
	}
	if in.bit() == 0 {
		return 2
	}
	if n := in.bits(2); n < 3 {
		return 3 + n
	}
	if n := in.bits(5); n < 31 {
		return 6 + n
	}
	return 37 + in.bits(7)
}
