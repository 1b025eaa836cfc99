package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// maxSamples bounds the samples that one element of RoiAlign is made of.
const maxSamples = 1 << 22

// RoiAlign reads X `[N, C, H, W]` in regions `[R, 4]`, each (x1, y1, x2, y2) times Scale, of the images that indices `[R]` name: each is divided into
// Height × Width bins, in which a grid of Samples × Samples points (0: as many as the bin has elements, rounded up) is interpolated bilinearly and averaged. With
// Max set it is the largest of the four weighted neighbours of all points. HalfPixel shifts coordinates by −½; without it, regions are at least of size 1.
// The result is `[R, C, Height, Width]`. (arXiv:1703.06870)
type RoiAlign struct {
	Height, Width, Samples int
	Scale                  float32
	HalfPixel, Max         bool
}

// regions infers the type of a pooling of regions with so many columns.
func regions(c *ir.InferContext, height, width, columns int) ([]ir.Fact, error) {
	x, r := c.Type(0), c.Type(1)
	if !x.Elem.IsFloat() || r.Elem != x.Elem {
		return nil, fmt.Errorf("takes floats of one type, got %v and %v", x, r)
	}
	if height < 1 || width < 1 || height > maxWindow || width > maxWindow {
		return nil, fmt.Errorf("a result of %d by %d", height, width)
	}
	dims := append(c.FreshDims("roi", 2), sym.Int(height), sym.Int(width))
	if x.Ranked {
		if len(x.Dims) != 4 {
			return nil, fmt.Errorf("takes [batch, channels, height, width], got %v", x)
		}
		dims[1] = x.Dims[1]
	}
	if r.Ranked {
		if len(r.Dims) != 2 {
			return nil, fmt.Errorf("regions must be of [R, %d], got %v", columns, r)
		}
		if _, err := sameDim(r.Dims[1], sym.Int(columns)); err != nil {
			return nil, fmt.Errorf("regions must be of [R, %d], got %v", columns, r)
		}
		dims[0] = r.Dims[0]
	}
	return []ir.Fact{ir.Of(x.WithDims(dims...))}, nil
}

// Infer implements [ir.Op].
func (o *RoiAlign) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, 3); err != nil {
		return nil, err
	}
	if c.Type(2).Elem != tensor.Int64 {
		return nil, fmt.Errorf("indices of images must be i64, got %v", c.Type(2))
	}
	return regions(c, o.Height, o.Width, 4)
}

// corner is a neighbour of a point and its weight.
type corner struct {
	at     int
	weight float64
}

// bilinear gives the four neighbours of a point in an image; far outside of it all weigh nothing.
func bilinear(y, x float64, height, width int) (c [4]corner) {
	if !(y >= -1 && y <= float64(height) && x >= -1 && x <= float64(width)) {
		return c
	}
	low := func(v float64, n int) (int, int, float64) {
		v = max(v, 0)
		if k := int(v); k < n-1 {
			return k, k + 1, v - float64(k)
		}
		return n - 1, n - 1, 0
	}
	y0, y1, dy := low(y, height)
	x0, x1, dx := low(x, width)
	return [4]corner{{y0*width + x0, (1 - dy) * (1 - dx)}, {y0*width + x1, (1 - dy) * dx}, {y1*width + x0, dy * (1 - dx)}, {y1*width + x1, dy * dx}}
}

// Eval implements [ir.Op].
func (o *RoiAlign) Eval(c *ir.EvalContext) error {
	x, rois, index := c.Tensor(0), c.Tensor(1), c.Tensor(2)
	if x.Rank() != 4 || rois.Rank() != 2 || rois.Dim(1) != 4 || index.Len() != rois.Dim(0) {
		return fmt.Errorf("data of shape %v, regions of %v and indices of %v do not fit together", x.Shape(), rois.Shape(), index.Shape())
	}
	channels, height, width := x.Dim(1), x.Dim(2), x.Dim(3)
	y := c.New(0, x.DType(), rois.Dim(0), channels, o.Height, o.Width)
	v, at := tensor.Float64s(x), 0
	if y.Len() > 0 && height*width == 0 {
		return fmt.Errorf("images of shape %v are empty", x.Shape())
	}
	for r := range rois.Dim(0) {
		image := index.Int64(r)
		if image < 0 || image >= int64(x.Dim(0)) {
			return fmt.Errorf("there is no image %d in a batch of %d", image, x.Dim(0))
		}
		shift := 0.0
		if o.HalfPixel {
			shift = 0.5
		}
		edge := func(i int) float64 { return rois.Float64(r*4+i)*float64(o.Scale) - shift }
		x0, y0 := edge(0), edge(1)
		w, h := edge(2)-x0, edge(3)-y0
		if !o.HalfPixel {
			w, h = max(w, 1), max(h, 1)
		}
		binH, binW := h/float64(o.Height), w/float64(o.Width)
		gridH, gridW := float64(o.Samples), float64(o.Samples)
		if o.Samples <= 0 {
			gridH, gridW = math.Ceil(binH), math.Ceil(binW)
		}
		if !(gridH*gridW <= maxSamples && gridH < maxSamples && gridW < maxSamples) {
			return fmt.Errorf("region %d asks for %v by %v samples a bin", r, gridH, gridW)
		}
		for ch := range channels {
			plane := v[(int(image)*channels+ch)*height*width:][:height*width]
			for ph := range o.Height {
				for pw := range o.Width {
					sum, peak := 0.0, math.Inf(-1)
					for i := range max(0, int(gridH)) {
						for j := range max(0, int(gridW)) {
							for _, k := range bilinear(y0+(float64(ph)+(float64(i)+0.5)/gridH)*binH, x0+(float64(pw)+(float64(j)+0.5)/gridW)*binW, height, width) {
								sum += k.weight * plane[k.at]
								peak = maxNaN(peak, k.weight*plane[k.at])
							}
						}
					}
					switch {
					case !o.Max:
						y.SetFloat64(at, sum/max(gridH*gridW, 1))
					case gridH > 0 && gridW > 0:
						y.SetFloat64(at, peak)
					}
					at++
				}
			}
		}
	}
	return nil
}

// MaxRoiPool is the largest element of X `[N, C, H, W]` in each of Height × Width bins of regions `[R, 5]`, each (image, x1, y1, x2, y2), the coordinates times
// Scale and rounded; the last ones are inside. An empty bin is 0. The result is `[R, C, Height, Width]`.
type MaxRoiPool struct {
	Height, Width int
	Scale         float32
}

// Infer implements [ir.Op].
func (o *MaxRoiPool) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	return regions(c, o.Height, o.Width, 5)
}

// Eval implements [ir.Op].
func (o *MaxRoiPool) Eval(c *ir.EvalContext) error {
	x, rois := c.Tensor(0), c.Tensor(1)
	if x.Rank() != 4 || rois.Rank() != 2 || rois.Dim(1) != 5 {
		return fmt.Errorf("data of shape %v and regions of %v do not fit together", x.Shape(), rois.Shape())
	}
	channels, height, width := x.Dim(1), x.Dim(2), x.Dim(3)
	y := c.New(0, x.DType(), rois.Dim(0), channels, o.Height, o.Width)
	v, at := tensor.Float64s(x), 0
	for r := range rois.Dim(0) {
		image := rois.Float64(r * 5)
		if !(image >= 0 && image < float64(x.Dim(0))) {
			return fmt.Errorf("there is no image %v in a batch of %d", image, x.Dim(0))
		}
		edge := func(i int) float64 { return math.Round(rois.Float64(r*5+i) * float64(o.Scale)) }
		bin := func(first, last float64, i, n, size int) (lo, hi int) {
			step := max(last-first+1, 1) / float64(n)
			clamp := func(f float64) int { return int(max(0, min(float64(size), f))) }
			return clamp(math.Floor(float64(i)*step) + first), clamp(math.Ceil(float64(i+1)*step) + first)
		}
		for ch := range channels {
			plane := v[(int(image)*channels+ch)*height*width:][:height*width]
			for ph := range o.Height {
				y0, y1 := bin(edge(2), edge(4), ph, o.Height, height)
				for pw := range o.Width {
					x0, x1 := bin(edge(1), edge(3), pw, o.Width, width)
					peak := math.Inf(-1)
					for i := y0; i < y1; i++ {
						for j := x0; j < x1; j++ {
							peak = maxNaN(peak, plane[i*width+j])
						}
					}
					if y0 < y1 && x0 < x1 {
						y.SetFloat64(at, peak)
					}
					at++
				}
			}
		}
	}
	return nil
}

func init() {
	ir.Register[RoiAlign]()
	ir.Register[MaxRoiPool]()
}
