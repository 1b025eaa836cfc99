package picture

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

// The portable formats: a header of decimal numbers, then samples in decimal (P1, P2, P3) or binary (P4, P5, P6).
func init() {
	for _, magic := range []string{"P1", "P2", "P3", "P4", "P5", "P6"} {
		image.RegisterFormat("pnm", magic, decodePNM, configPNM)
	}
}

type pnm struct {
	r                  *bufio.Reader
	kind               int // digit of the magic
	width, height, max int
}

var errPNM = errors.New("no portable bitmap, graymap or pixmap")

func readPNM(r io.Reader) (*pnm, error) {
	p := &pnm{r: bufio.NewReader(r), max: 1}
	var magic [2]byte
	if _, err := io.ReadFull(p.r, magic[:]); err != nil || magic[0] != 'P' || magic[1] < '1' || magic[1] > '6' {
		return nil, errPNM
	}
	p.kind = int(magic[1] - '0')
	fields := []*int{&p.width, &p.height, &p.max}
	if p.kind == 1 || p.kind == 4 {
		fields = fields[:2]
	}
	for _, f := range fields {
		var err error
		if *f, err = p.number(); err != nil {
			return nil, err
		}
	}
	if p.width < 1 || p.height < 1 || p.max < 1 || p.max > 65535 {
		return nil, fmt.Errorf("a picture of %d × %d pixels with samples up to %d", p.width, p.height, p.max)
	}
	return p, nil
}

// number reads a decimal number and the one byte behind it.
func (p *pnm) number() (int, error) {
	n, digits := 0, 0
	for {
		b, err := p.r.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && digits > 0:
			return n, nil
		case err != nil:
			return 0, errPNM
		case b == '#' && digits == 0:
			if _, err := p.r.ReadString('\n'); err != nil {
				return 0, errPNM
			}
		case b >= '0' && b <= '9':
			if n, digits = 10*n+int(b-'0'), digits+1; n > MaxPixels {
				return 0, ErrTooLarge
			}
		case b == ' ' || b >= '\t' && b <= '\r':
			if digits > 0 {
				return n, nil
			}
		default:
			return 0, errPNM
		}
	}
}

// sample reads one sample of a decimal or binary format of more than one bit.
func (p *pnm) sample() (byte, error) {
	v, err := 0, error(nil)
	switch {
	case p.kind <= 3:
		v, err = p.number()
	default:
		var b [2]byte
		n := 1
		if p.max > 255 {
			n = 2
		}
		_, err = io.ReadFull(p.r, b[:n])
		if v = int(b[0]); n == 2 {
			v = v<<8 | int(b[1])
		}
	}
	return byte((min(v, p.max)*255 + p.max/2) / p.max), err
}

// bit reads a digit of P1; 1 is black.
func (p *pnm) bit() (byte, error) {
	for {
		b, err := p.r.ReadByte()
		if err != nil || b == '0' || b == '1' {
			return (b & 1) ^ 1, err
		}
	}
}

func configPNM(r io.Reader) (image.Config, error) {
	p, err := readPNM(r)
	if err != nil {
		return image.Config{}, err
	}
	return image.Config{ColorModel: color.RGBAModel, Width: p.width, Height: p.height}, nil
}

func decodePNM(r io.Reader) (image.Image, error) {
	p, err := readPNM(r)
	if err != nil {
		return nil, err
	}
	if p.width > MaxPixels/p.height {
		return nil, ErrTooLarge
	}
	m := image.NewRGBA(image.Rect(0, 0, p.width, p.height))
	for y := range p.height {
		if err := p.row(m.Pix[y*m.Stride:][:4*p.width]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (p *pnm) row(out []byte) error {
	var packed byte
	var err error
	for x := range p.width {
		c := out[4*x:][:4]
		switch p.kind {
		case 3, 6:
			for k := range 3 {
				if c[k], err = p.sample(); err != nil {
					return err
				}
			}
		case 4:
			if x%8 == 0 {
				packed, err = p.r.ReadByte()
			}
			c[0] = 255 * (^packed >> (7 - x%8) & 1)
		case 1:
			c[0], err = p.bit()
			c[0] *= 255
		default:
			c[0], err = p.sample()
		}
		if err != nil {
			return err
		}
		if p.kind != 3 && p.kind != 6 {
			c[1], c[2] = c[0], c[0]
		}
		c[3] = 255
	}
	return nil
}
