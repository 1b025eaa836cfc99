// Package jpeg2000 decodes JP2 files and bare code streams of JPEG 2000 (ITU-T T.800, ISO/IEC 15444-1) to planes of samples.
//
// The way of a file: boxes (boxes.go) say what the components mean and where the code stream is; its markers (markers.go, params.go) divide it
// into tiles; the packets of a tile come in one of five orders (progression.go), and a header in each (packet.go) says which bytes belong to
// which code-block (tile.go has their places). A code-block is decoded bit plane by bit plane (block.go) with an arithmetic decoder
// (mq.go). The sub-bands of a component are joined by inverse wavelets (wavelet.go), and the colours of three components by an inverse
// rotation (rotation.go).
//
// Not supported are samples of more than 16 bits, more than 4 components, packet headers that are gathered in PPM or PPT segments, and what other parts of
// the standard add.
package jpeg2000

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrUnsupported is wrapped by errors about files that may be right, but need what is not supported.
var ErrUnsupported = errors.New("jpeg2000: not supported")

// ErrShort says that a file ends too early.
var ErrShort = errors.New("jpeg2000: the file ends too early")

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

func broken(format string, args ...any) error {
	return fmt.Errorf("jpeg2000: "+format, args...)
}

// Space is what the colour components of an image are.
type Space int

const (
	Gray Space = iota // one component
	RGB               // three: red, green, blue
	YCC               // three: luminance and the differences of blue and red from it, ITU-R BT.601 with all values used
)

// Image is a decoded picture. Components that are not colours, as transparency, are left out.
type Image struct {
	Width, Height int
	Space         Space
	Components    []Component // one for Gray, otherwise three
}

// Component is a plane of samples, of which one comes every StepX × StepY pixels, the first one at pixel (FirstX, FirstY).
type Component struct {
	Width, Height  int
	FirstX, FirstY int
	StepX, StepY   int
	Depth          int      // bits a sample, at most 16
	Samples        []uint16 // rows from the top; of signed samples the difference from the least
}

// Row is the samples for row y of the image.
func (c *Component) Row(y int) []uint16 {
	return c.Samples[nearest(y, c.FirstY, c.StepY, c.Height)*c.Width:][:c.Width]
}

// Column is the place in a row of the sample for column x of the image.
func (c *Component) Column(x int) int { return nearest(x, c.FirstX, c.StepX, c.Width) }

// nearest is the last of n samples at or before a pixel, or the first one.
func nearest(pixel, first, step, n int) int {
	if pixel < first {
		return 0
	}
	return min((pixel-first)/step, n-1)
}

// File is a file whose headers have been read.
type File struct {
	Width, Height int
	container
	stream *stream
}

const (
	signature  = "\x00\x00\x00\x0cjP  \r\n\x87\n"
	bareStream = "\xff\x4f\xff\x51"
)

// Is recognises JP2 files and bare code streams by their first bytes.
func Is(data []byte) bool {
	return bytes.HasPrefix(data, []byte(signature)) || bytes.HasPrefix(data, []byte(bareStream))
}

// Open reads the headers of a JP2 file or of a bare code stream. The file refers to data.
func Open(data []byte) (*File, error) {
	f := &File{}
	code := data
	if !bytes.HasPrefix(data, []byte(bareStream)) {
		var err error
		if code, err = f.readBoxes(data); err != nil {
			return nil, err
		}
	}
	var err error
	if f.stream, err = openStream(code); err != nil {
		return nil, err
	}
	f.Width, f.Height = f.stream.width(), f.stream.height()
	return f, nil
}

// Decode decodes the picture. It needs memory for Width × Height samples a component, 2 bytes each, and 4 bytes for each of the largest tile.
func (f *File) Decode() (*Image, error) {
	channels, err := f.stream.decode()
	if err != nil {
		return nil, err
	}
	return f.image(f.Width, f.Height, channels)
}
