package op

import (
	"errors"
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op/picture"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// ImageDecoder decodes the bytes of a picture, u8 [n], to [height, width, channels]; Format is "RGB" ("" too), "BGR" or "Grayscale", which
// has one channel (0.299 R + 0.587 G + 0.114 B). A picture that is broken or of an unknown format gives no rows and columns (ONNX
// ImageDecoder 20).
type ImageDecoder struct{ Format string }

func (o *ImageDecoder) channels() (int, error) {
	switch o.Format {
	case "", "RGB", "BGR":
		return 3, nil
	case "Grayscale":
		return 1, nil
	}
	return 0, fmt.Errorf("pixel format %q is none of RGB, BGR, Grayscale", o.Format)
}

// Infer implements [ir.Op].
func (o *ImageDecoder) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if t.Elem != tensor.Uint8 || t.Ranked && len(t.Dims) != 1 {
		return nil, fmt.Errorf("needs bytes, u8[n], got %v", t)
	}
	n, err := o.channels()
	if err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(ir.TensorType(tensor.Uint8, c.Fresh("height"), c.Fresh("width"), sym.Int(n)))}, nil
}

// Eval implements [ir.Op].
func (o *ImageDecoder) Eval(c *ir.EvalContext) error {
	channels, err := o.channels()
	if err != nil {
		return err
	}
	p, err := picture.Decode(c.Tensor(0).Bytes())
	if errors.Is(err, picture.ErrTooLarge) || errors.Is(err, picture.ErrUnsupported) {
		return err
	}
	if err != nil {
		c.New(0, tensor.Uint8, 0, 0, channels)
		return nil
	}
	y := c.New(0, tensor.Uint8, p.Height, p.Width, channels).Bytes()
	switch o.Format {
	case "BGR":
		for i := 0; i < len(y); i += 3 {
			y[i], y[i+1], y[i+2] = p.Pix[i+2], p.Pix[i+1], p.Pix[i]
		}
	case "Grayscale":
		for i := range y {
			r, g, b := int(p.Pix[3*i]), int(p.Pix[3*i+1]), int(p.Pix[3*i+2])
			y[i] = byte((19595*r + 38470*g + 7471*b + 1<<15) >> 16)
		}
	default:
		copy(y, p.Pix)
	}
	return nil
}

func init() { ir.Register[ImageDecoder]() }
