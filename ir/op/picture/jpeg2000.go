package picture

import (
	"fmt"

	"github.com/gocompile/gocompile/ir/op/picture/jpeg2000"
)

// maxWavelet bounds the size of a picture that is decoded in integers, some seven times the bytes of the result, however small the file.
const maxWavelet = MaxPixels / 4

// decodeJPEG2000 decodes a JP2 file or a code stream. Samples of other than 8 bits are scaled; a sample that stands for more than one pixel is
// repeated.
func decodeJPEG2000(data []byte) (*RGB, error) {
	f, err := jpeg2000.Open(data)
	if err != nil {
		return nil, err
	}
	if f.Width > maxWavelet/f.Height {
		return nil, fmt.Errorf("%w: %d by %d, at most %d are decoded of JPEG 2000", ErrTooLarge, f.Width, f.Height, maxWavelet)
	}
	m, err := f.Decode()
	if err != nil {
		return nil, err
	}
	p := newRGB(m.Width, m.Height)
	for y := range m.Height {
		row := p.Pix[3*m.Width*y:][:3*m.Width]
		for i := range 3 {
			c := &m.Components[min(i, len(m.Components)-1)]
			most := 1<<c.Depth - 1
			line := c.Row(y)
			for x := range m.Width {
				row[3*x+i] = byte((int(line[c.Column(x)])*255 + most/2) / most)
			}
		}
		if m.Space == jpeg2000.YCC {
			for at := 0; at < len(row); at += 3 {
				jpegColor(row[at:], int(row[at]), int(row[at+1])-128, int(row[at+2])-128)
			}
		}
	}
	return p, nil
}
