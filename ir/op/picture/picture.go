// Package picture decodes images to rows of RGB bytes, as ONNX ImageDecoder 20 asks: BMP, JPEG, JPEG 2000, PNG, TIFF, WebP and the portable
// formats PBM, PGM and PPM. The decoders are those of the standard library and golang.org/x/image, but for JPEG in gray and in colours, which is
// decoded as libjpeg does, to the bit; so are the colours of WebP, which x/image leaves to the program, as in libwebp.
// JPEG 2000 is decoded by package jpeg2000.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // registers
	_ "image/png"  // registers

	_ "golang.org/x/image/bmp"  // registers
	_ "golang.org/x/image/tiff" // registers
	_ "golang.org/x/image/webp" // registers

	"github.com/gocompile/gocompile/ir/op/picture/jpeg2000"
)

// MaxPixels bounds the size of a picture.
const MaxPixels = 1 << 27

// Errors that say more than that a picture is broken.
var (
	ErrTooLarge    = errors.New("the picture has too many pixels")
	ErrUnsupported = jpeg2000.ErrUnsupported // a kind of JPEG 2000 file
)

// RGB is a picture of three bytes a pixel, rows from the top.
type RGB struct {
	Width, Height int
	Pix           []byte
}

func newRGB(width, height int) *RGB {
	return &RGB{width, height, make([]byte, 3*width*height)}
}

// Decode decodes a picture whose format its first bytes tell. Transparency is dropped.
func Decode(data []byte) (*RGB, error) {
	if jpeg2000.Is(data) {
		return decodeJPEG2000(data)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if config.Width <= 0 || config.Height <= 0 {
		return nil, fmt.Errorf("a picture of %d × %d pixels", config.Width, config.Height)
	}
	if config.Width > MaxPixels/config.Height {
		return nil, ErrTooLarge
	}
	if format == "jpeg" {
		if p, err := decodeJPEG(data); !errors.Is(err, errOther) {
			return p, err
		}
	}
	m, format, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if y, ok := m.(*image.YCbCr); ok && format == "webp" {
		return fromWebP(y), nil
	}
	if y, ok := m.(*image.NYCbCrA); ok && format == "webp" {
		return fromWebP(&y.YCbCr), nil
	}
	b := m.Bounds()
	p := newRGB(b.Dx(), b.Dy())
	at := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
			p.Pix[at], p.Pix[at+1], p.Pix[at+2] = c.R, c.G, c.B
			at += 3
		}
	}
	return p, nil
}

// plane is one component of a picture.
type plane struct {
	width, height, stride int
	pix                   []byte
}

// row is a row, the outermost one where y is out of range.
func (p plane) row(y int) []byte {
	y = max(0, min(y, p.height-1))
	return p.pix[y*p.stride:][:p.width]
}

func clamp8(v int) byte { return byte(max(0, min(v, 255))) }
