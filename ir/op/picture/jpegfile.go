package picture

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// errOther is for JPEG files that decodeJPEG leaves to others: of other than one or three components, or not coded by Huffman's method in 8 bits.
var errOther = errors.New("jpeg: another kind of file")

// jpegFile is what was read of a file so far.
type jpegFile struct {
	width, height int
	progressive   bool
	components    []*component
	unitsX        int // units of all components, each of h × v blocks
	unitsY        int
	h, v          int // the largest sampling factors
	quant         [4]*[64]uint16
	codes         [2][4]*huffman // for the constant part and the others
	interval      int
	jfif          bool
	adobe         int // how colours are coded, -1 where it is not said
	scans         int
}

// maxScans bounds the work for a file: scans may say in a few bytes that nothing changes in the whole picture.
const maxScans = 256

// decodeJPEG decodes a sequential or progressive JPEG file of one or three components (ITU-T T.81) as libjpeg does, to the bit.
func decodeJPEG(data []byte) (*RGB, error) {
	f := &jpegFile{adobe: -1}
	at := 0
	for {
		for at+1 < len(data) && (data[at] != 0xff || data[at+1] == 0 || data[at+1] == 0xff) { // what is left of a scan, and fill bytes
			at++
		}
		if at+1 >= len(data) || data[at+1] == 0xd9 { // the end, which some files do not mark
			return f.rgb()
		}
		marker := data[at+1]
		at += 2
		switch {
		case marker == 0x01 || marker >= 0xd0 && marker <= 0xd8: // markers without a segment
			continue
		case at+2 > len(data):
			return nil, errShort
		}
		size := int(binary.BigEndian.Uint16(data[at:]))
		if size < 2 || at+size > len(data) {
			return nil, errShort
		}
		segment := data[at+2 : at+size]
		at += size
		var err error
		switch marker {
		case 0xda:
			at, err = f.scan(segment, data, at)
		case 0xc4:
			err = f.huffmanTables(segment)
		case 0xdb:
			err = f.quantTables(segment)
		case 0xdd:
			if len(segment) < 2 {
				return nil, errShort
			}
			f.interval = int(binary.BigEndian.Uint16(segment))
		case 0xe0:
			f.jfif = f.jfif || len(segment) >= 5 && string(segment[:5]) == "JFIF\x00"
		case 0xee:
			if len(segment) >= 12 && string(segment[:5]) == "Adobe" {
				f.adobe = int(segment[11])
			}
		case 0xc0, 0xc1, 0xc2:
			f.progressive = marker == 0xc2
			err = f.frame(segment, len(data))
		case 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf: // lossless, hierarchical or arithmetically coded
			err = errOther
		}
		if err != nil {
			return nil, err
		}
	}
}

// frame reads the header of the frame. In the file there is at least a bit for every block, which bounds what is allocated.
func (f *jpegFile) frame(s []byte, size int) error {
	if len(s) < 6 || len(s) != 6+3*int(s[5]) || f.components != nil {
		return errors.New("jpeg: a wrong frame header")
	}
	f.height, f.width = int(binary.BigEndian.Uint16(s[1:])), int(binary.BigEndian.Uint16(s[3:]))
	if s[0] != 8 || s[5] != 1 && s[5] != 3 {
		return errOther
	}
	if f.width == 0 || f.height == 0 {
		return fmt.Errorf("jpeg: a picture of %d × %d pixels", f.width, f.height)
	}
	if f.width > MaxPixels/f.height {
		return ErrTooLarge
	}
	f.h, f.v = 1, 1
	for s := s[6:]; len(s) > 0; s = s[3:] {
		c := &component{id: s[0], h: int(s[1] >> 4), v: int(s[1] & 15), table: s[2]}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.table > 3 {
			return fmt.Errorf("jpeg: component %d with sampling factors %d and %d and table %d", c.id, c.h, c.v, c.table)
		}
		f.h, f.v = max(f.h, c.h), max(f.v, c.v)
		f.components = append(f.components, c)
	}
	if len(f.components) == 1 {
		c := f.components[0]
		c.h, c.v, f.h, f.v = 1, 1, 1, 1
	}
	f.unitsX, f.unitsY = ceilDiv(f.width, 8*f.h), ceilDiv(f.height, 8*f.v)
	for _, c := range f.components {
		if f.h%c.h != 0 || f.v%c.v != 0 {
			return errOther
		}
		c.wide, c.high = ceilDiv(ceilDiv(f.width*c.h, f.h), 8), ceilDiv(ceilDiv(f.height*c.v, f.v), 8)
		c.stride = f.unitsX * c.h
		if c.wide*c.high > 8*size {
			return errShort
		}
		c.blocks = make([]int16, 64*c.stride*f.unitsY*c.v)
	}
	return nil
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

func (f *jpegFile) quantTables(s []byte) error {
	for len(s) > 0 {
		wide, id := int(s[0]>>4), s[0]&15
		if wide > 1 || id > 3 || len(s) < 1+64*(1+wide) {
			return errors.New("jpeg: a wrong quantisation table")
		}
		t := &[64]uint16{}
		for i, place := range zigzag {
			if wide == 1 {
				t[place] = binary.BigEndian.Uint16(s[1+2*i:])
			} else {
				t[place] = uint16(s[1+i])
			}
		}
		f.quant[id] = t
		s = s[1+64*(1+wide):]
	}
	return nil
}

func (f *jpegFile) huffmanTables(s []byte) error {
	for len(s) > 0 {
		class, id := s[0]>>4, s[0]&15
		if class > 1 || id > 3 {
			return fmt.Errorf("jpeg: Huffman table %d of class %d", id, class)
		}
		h, n, err := newHuffman(s[1:])
		if err != nil {
			return err
		}
		f.codes[class][id] = h
		s = s[1+n:]
	}
	return nil
}

// scan reads the header of a scan, and decodes what follows from at on; it returns where that ends.
func (f *jpegFile) scan(header, data []byte, at int) (int, error) {
	wrong := errors.New("jpeg: a wrong scan header")
	if f.scans++; f.scans > maxScans {
		return 0, fmt.Errorf("jpeg: more than %d scans", maxScans)
	}
	if len(header) < 1 || len(header) != 4+2*int(header[0]) || header[0] == 0 || int(header[0]) > len(f.components) {
		return 0, wrong
	}
	n := int(header[0])
	rest := header[1+2*n:]
	s := &scan{bitReader: &bitReader{data: data, at: at}, from: int(rest[0]), to: int(rest[1]), low: uint(rest[2] & 15), refine: rest[2]>>4 > 0, interval: f.interval}
	if !f.progressive {
		s.from, s.to, s.low, s.refine = 0, 63, 0, false
	}
	if s.from > s.to || s.to > 63 || s.low > 13 || f.progressive && (s.from == 0) != (s.to == 0) || s.from > 0 && n != 1 {
		return 0, wrong
	}
	var components []*component
	blocks := 0
	for i := range n {
		var c *component
		for _, k := range f.components {
			if k.id == header[1+2*i] {
				c = k
			}
		}
		if c == nil {
			return 0, wrong
		}
		dc, ac := header[2+2*i]>>4, header[2+2*i]&15
		if dc > 3 || ac > 3 {
			return 0, wrong
		}
		c.dc, c.ac = f.codes[0][dc], f.codes[1][ac]
		if s.from == 0 && !s.refine && c.dc == nil || s.to > 0 && c.ac == nil {
			return 0, errors.New("jpeg: a Huffman table is missing")
		}
		if c.quant == nil {
			c.quant = f.quant[c.table]
		}
		components = append(components, c)
		blocks += c.h * c.v
	}
	if n > 1 && blocks > 10 {
		return 0, wrong
	}
	err := s.run(components, f.unitsX, f.unitsY)
	return s.at, err
}

// plane is the samples of a component.
func (f *jpegFile) plane(c *component) (plane, error) {
	if c.quant == nil {
		return plane{}, errors.New("jpeg: a component without scan or quantisation table")
	}
	p := plane{ceilDiv(f.width*c.h, f.h), ceilDiv(f.height*c.v, f.v), 8 * c.wide, make([]byte, 64*c.wide*c.high)}
	for y := range c.high {
		for x := range c.wide {
			idct(p.pix[8*(y*p.stride+x):], p.stride, c.blocks[64*(y*c.stride+x):], c.quant)
		}
	}
	return p, nil
}

// rgb interpolates components in full resolution and converts their colours. Three components are luminance and colour differences unless the file
// says otherwise, in libjpeg's order: by a JFIF header, by one of Adobe, by the names of the components.
func (f *jpegFile) rgb() (*RGB, error) {
	if f.components == nil {
		return nil, errors.New("jpeg: no frame")
	}
	var up [3]upsampler
	for i := range up {
		c := f.components[min(i, len(f.components)-1)]
		p, err := f.plane(c)
		if err != nil {
			return nil, err
		}
		up[i] = upsampler{plane: p, wide: f.h / c.h, tall: f.v / c.v}
		if len(f.components) == 1 {
			return gray(p), nil
		}
	}
	named := string([]byte{f.components[0].id, f.components[1].id, f.components[2].id}) == "RGB"
	direct := !f.jfif && (f.adobe == 0 || f.adobe < 0 && named)
	out := newRGB(f.width, f.height)
	for y := range f.height {
		a, b, c := up[0].line(y), up[1].line(y), up[2].line(y)
		row := out.Pix[3*f.width*y:][:3*f.width]
		for x := range f.width {
			if direct {
				row[3*x], row[3*x+1], row[3*x+2] = a[x], b[x], c[x]
			} else {
				jpegColor(row[3*x:], int(a[x]), int(b[x])-128, int(c[x])-128)
			}
		}
	}
	return out, nil
}

// gray repeats one component as the three of a picture.
func gray(p plane) *RGB {
	out := newRGB(p.width, p.height)
	for y := range p.height {
		for x, v := range p.row(y) {
			i := 3 * (y*p.width + x)
			out.Pix[i], out.Pix[i+1], out.Pix[i+2] = v, v, v
		}
	}
	return out
}
