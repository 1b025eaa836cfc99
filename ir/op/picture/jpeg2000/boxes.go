package jpeg2000

import "encoding/binary"

// container is what the boxes of a JP2 file say of the components (T.800, annex I). Without a file nothing is said.
type container struct {
	colour  int       // the enumerated colour space, 0 where it is not said
	palette *palette  // nil without
	mapping []mapping // of components to channels; nil if each is one
	meaning []meaning // of channels; nil if all are colours in their order
}

// palette is a table of values for the indices of a component.
type palette struct {
	depths []int // bits a value, by column
	values [][]uint16
}

// mapping says where a channel comes from.
type mapping struct {
	component int
	column    int // of the palette, -1 if the samples are the channel
}

// meaning is an entry of a channel definition.
type meaning struct{ channel, kind, colour int }

// Enumerated colour spaces.
const (
	spaceRGB  = 16
	spaceGray = 17
	spaceYCC  = 18
)

// nextBox divides data into the first box and the rest.
func nextBox(data []byte) (kind string, body, rest []byte, err error) {
	if len(data) < 8 {
		return "", nil, nil, ErrShort
	}
	size, head := uint64(binary.BigEndian.Uint32(data)), uint64(8)
	kind = string(data[4:8])
	switch size {
	case 0: // all that is left
		size = uint64(len(data))
	case 1:
		if len(data) < 16 {
			return "", nil, nil, ErrShort
		}
		size, head = binary.BigEndian.Uint64(data[8:]), 16
	}
	if size < head {
		return "", nil, nil, broken("box %q of %d bytes", kind, size)
	}
	if size > uint64(len(data)) {
		return "", nil, nil, ErrShort
	}
	return kind, data[head:size], data[size:], nil
}

// readBoxes reads the boxes up to the code stream, and returns that.
func (c *container) readBoxes(data []byte) ([]byte, error) {
	header := false
	for {
		kind, body, rest, err := nextBox(data)
		if err != nil {
			return nil, err
		}
		switch kind {
		case "jp2h":
			if err := c.readHeader(body); err != nil {
				return nil, err
			}
			header = true
		case "jp2c":
			if !header {
				return nil, broken("no header before the code stream")
			}
			return body, nil
		}
		data = rest
	}
}

func (c *container) readHeader(data []byte) error {
	coloured := false
	for len(data) > 0 {
		kind, body, rest, err := nextBox(data)
		if err != nil {
			return err
		}
		data = rest
		switch kind {
		case "colr":
			if coloured { // the first one counts
				continue
			}
			coloured = true
			err = c.readColour(body)
		case "pclr":
			err = c.readPalette(body)
		case "cmap":
			for ; len(body) >= 4; body = body[4:] {
				m := mapping{int(binary.BigEndian.Uint16(body)), -1}
				switch body[2] {
				case 0:
				case 1:
					m.column = int(body[3])
				default:
					return broken("component mapping of kind %d", body[2])
				}
				c.mapping = append(c.mapping, m)
			}
		case "cdef":
			if len(body) < 2 || len(body)-2 < 6*int(binary.BigEndian.Uint16(body)) {
				return ErrShort
			}
			n := int(binary.BigEndian.Uint16(body))
			for body = body[2:]; n > 0; n, body = n-1, body[6:] {
				c.meaning = append(c.meaning, meaning{int(binary.BigEndian.Uint16(body)), int(binary.BigEndian.Uint16(body[2:])), int(binary.BigEndian.Uint16(body[4:]))})
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readColour reads a colour specification. What profiles say is left out: components are taken as they are.
func (c *container) readColour(body []byte) error {
	if len(body) < 3 {
		return ErrShort
	}
	if body[0] != 1 {
		return nil
	}
	if len(body) < 7 {
		return ErrShort
	}
	switch c.colour = int(binary.BigEndian.Uint32(body[3:])); c.colour {
	case spaceRGB, spaceGray, spaceYCC:
		return nil
	}
	return unsupported("colour space %d", c.colour)
}

func (c *container) readPalette(body []byte) error {
	if len(body) < 3 || len(body) < 3+int(body[2]) {
		return ErrShort
	}
	entries, columns := int(binary.BigEndian.Uint16(body)), int(body[2])
	if entries < 1 || entries > 1024 || columns < 1 {
		return broken("palette of %d entries and %d columns", entries, columns)
	}
	p := &palette{depths: make([]int, columns), values: make([][]uint16, columns)}
	size := 0
	for i, d := range body[3 : 3+columns] {
		p.depths[i] = int(d&0x7f) + 1
		if d&0x80 != 0 || p.depths[i] > 16 {
			return unsupported("palette of %d bits, signed or not", p.depths[i])
		}
		size += entries * ((p.depths[i] + 7) / 8)
	}
	if body = body[3+columns:]; len(body) < size {
		return ErrShort
	}
	for range entries {
		for i, d := range p.depths {
			v := uint16(body[0])
			body = body[1:]
			if d > 8 {
				v = v<<8 | uint16(body[0])
				body = body[1:]
			}
			p.values[i] = append(p.values[i], min(v, 1<<d-1))
		}
	}
	c.palette = p
	return nil
}
