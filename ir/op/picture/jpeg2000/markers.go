package jpeg2000

import (
	"bytes"
	"encoding/binary"
)

// Markers (T.800, table A.2).
const (
	markerSIZ = 0xff51
	markerCOD = 0xff52
	markerCOC = 0xff53
	markerQCD = 0xff5c
	markerQCC = 0xff5d
	markerRGN = 0xff5e
	markerPOC = 0xff5f
	markerPPM = 0xff60
	markerPPT = 0xff61
	markerSOT = 0xff90
	markerSOP = 0xff91
	markerEPH = 0xff92
	markerSOD = 0xff93
	markerEOC = 0xffd9
)

var endOfStream = []byte("\xff\xd9")

// maxComponents bounds what a file may ask for: colours and transparency.
const maxComponents = 4

// maxGrid bounds coordinates, so that sums of them fit in 32 bits.
const maxGrid = 1 << 30

// size is a SIZ segment.
type size struct {
	rect                       // of the image on the reference grid
	tileX, tileY, tileW, tileH int
	samples                    []sample
}

// sample describes the samples of a component.
type sample struct {
	depth        int
	signed       bool
	stepX, stepY int
}

// stream is a code stream.
type stream struct {
	size
	data   []byte
	at     int
	params *params
	tiles  []*tilePart
}

// tilePart is what was read of a tile.
type tilePart struct {
	params      *params
	data        []byte // packets
	parts, last int    // tile-parts read, and how many there are, 0 where it is not said
}

// openStream reads the header of the stream.
func openStream(data []byte) (*stream, error) {
	s := &stream{data: data, at: 2}
	kind, body, err := s.segment()
	if err != nil {
		return nil, err
	}
	if kind != markerSIZ {
		return nil, broken("marker %#x in place of the size", kind)
	}
	if err := s.readSize(body); err != nil {
		return nil, err
	}
	s.params = &params{components: make([]coding, len(s.samples))}
	if err := s.header(s.params, markerSOT); err != nil {
		return nil, err
	}
	for _, c := range s.params.components {
		if s.params.layers == 0 || len(c.steps) == 0 {
			return nil, broken("coding or quantisation is not said")
		}
	}
	return s, nil
}

// segment reads a marker and the segment that follows it.
func (s *stream) segment() (kind int, body []byte, err error) {
	if len(s.data)-s.at < 4 {
		return 0, nil, ErrShort
	}
	kind = int(binary.BigEndian.Uint16(s.data[s.at:]))
	size := int(binary.BigEndian.Uint16(s.data[s.at+2:]))
	if kind < 0xff00 || size < 2 {
		return 0, nil, broken("%#x in place of a marker", kind)
	}
	if len(s.data)-s.at-2 < size {
		return 0, nil, ErrShort
	}
	body = s.data[s.at+4 : s.at+2+size]
	s.at += 2 + size
	return kind, body, nil
}

// header reads segments up to the marker end.
func (s *stream) header(p *params, end int) error {
	for {
		if len(s.data)-s.at < 2 {
			return ErrShort
		}
		switch kind := int(binary.BigEndian.Uint16(s.data[s.at:])); {
		case kind == end:
			return nil
		case kind == markerSOT || kind == markerSOD || kind == markerEOC:
			return broken("marker %#x in a header", kind)
		case kind >= 0xff30 && kind <= 0xff3f: // have no segment
			s.at += 2
			continue
		}
		kind, body, err := s.segment()
		if err != nil {
			return err
		}
		switch kind {
		case markerCOD:
			err = p.readDefault(body)
		case markerCOC:
			err = p.readComponent(body)
		case markerQCD:
			err = p.readQuant(body)
		case markerQCC:
			err = p.readQuantComponent(body)
		case markerRGN:
			err = p.readRegion(body)
		case markerPOC:
			err = p.readChanges(body, end == markerSOD)
		case markerPPM, markerPPT:
			err = unsupported("gathered packet headers")
		}
		if err != nil {
			return err
		}
	}
}

func (s *stream) readSize(body []byte) error {
	if len(body) < 36 {
		return ErrShort
	}
	var v [8]int
	for i := range v {
		n := binary.BigEndian.Uint32(body[2+4*i:])
		if n > maxGrid && i != 4 && i != 5 {
			return unsupported("a reference grid of %d", n)
		}
		v[i] = int(min(n, maxGrid))
	}
	s.x1, s.y1, s.x0, s.y0, s.tileW, s.tileH, s.tileX, s.tileY = v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]
	s.tileW, s.tileH = min(s.tileW, s.x1), min(s.tileH, s.y1)
	n := int(binary.BigEndian.Uint16(body[34:]))
	switch {
	case s.empty():
		return broken("image from (%d, %d) to (%d, %d)", s.x0, s.y0, s.x1, s.y1)
	case s.tileX > s.x0 || s.tileY > s.y0 || s.tileW <= s.x0-s.tileX || s.tileH <= s.y0-s.tileY:
		return broken("tiles of %d × %d from (%d, %d) on", s.tileW, s.tileH, s.tileX, s.tileY)
	case len(body) != 36+3*n || n == 0:
		return broken("%d bytes for the size of %d components", len(body), n)
	case n > maxComponents:
		return unsupported("%d components", n)
	}
	across, down := ceilDiv(s.x1-s.tileX, s.tileW), ceilDiv(s.y1-s.tileY, s.tileH)
	if across > 65535/down {
		return broken("%d × %d tiles", across, down)
	}
	s.tiles = make([]*tilePart, across*down)
	for b := body[36:]; len(b) > 0; b = b[3:] {
		c := sample{int(b[0]&0x7f) + 1, b[0]&0x80 != 0, int(b[1]), int(b[2])}
		if c.stepX == 0 || c.stepY == 0 {
			return broken("component with a sample every %d × %d", c.stepX, c.stepY)
		}
		if c.depth > 16 {
			return unsupported("%d bits a sample", c.depth)
		}
		if s.shrink(c.stepX, c.stepY).empty() {
			return broken("component without samples")
		}
		s.samples = append(s.samples, c)
	}
	return nil
}

// readTileParts reads the tile-parts, which may come in any order.
func (s *stream) readTileParts() error {
	for {
		start := s.at
		if start == len(s.data) || bytes.HasPrefix(s.data[start:], endOfStream) { // some files do not mark the end
			return nil
		}
		kind, body, err := s.segment()
		if err != nil {
			return err
		}
		if kind != markerSOT || len(body) != 8 {
			return broken("marker %#x of %d bytes in place of a tile", kind, len(body))
		}
		index, length := int(binary.BigEndian.Uint16(body)), binary.BigEndian.Uint32(body[2:])
		if index >= len(s.tiles) {
			return broken("tile %d of %d", index, len(s.tiles))
		}
		t := s.tiles[index]
		if t == nil {
			t = &tilePart{params: s.params.clone()}
			s.tiles[index] = t
		}
		t.parts, t.last = t.parts+1, max(t.last, int(body[7]))
		if err := s.header(t.params, markerSOD); err != nil {
			return err
		}
		s.at += 2
		end := len(s.data)
		if length == 0 { // the rest
			end = s.at + len(bytes.TrimSuffix(s.data[s.at:], endOfStream))
		} else if uint64(length) > uint64(end-start) {
			return ErrShort
		} else if end = start + int(length); end < s.at {
			return broken("tile-part of %d bytes", length)
		}
		if part := s.data[s.at:end:end]; t.data == nil {
			t.data = part
		} else {
			t.data = append(t.data, part...)
		}
		s.at = end
	}
}
