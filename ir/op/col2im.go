package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Col2Im adds up the columns of the first input, [N, C·∏block, L], into an image [N, C, image…]: each column is a block that slides over the
// image. The second input is the shape of the image, the third that of the block. Strides and Dilations have an entry an axis, 1 if empty;
// Pads has all beginnings, then all ends (ONNX Col2Im 18).
type Col2Im struct{ Dilations, Pads, Strides []int }

// Infer implements [ir.Op].
func (o *Col2Im) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, 3); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Elem.IsFloat() && !t.Elem.IsInteger() && !t.Elem.IsComplex() && t.Elem != tensor.Bool {
		return nil, fmt.Errorf("does not take elements %v", t.Elem)
	}
	if t.Ranked && len(t.Dims) != 3 {
		return nil, fmt.Errorf("needs columns of rank 3, got %v", t)
	}
	n, channels := c.Fresh("batch"), c.Fresh("channels")
	if t.Ranked {
		n = t.Dims[0]
		if block, ok := c.Exprs(2); ok {
			if q, ok := sym.DivExact(t.Dims[1], sym.Product(block...)); ok {
				channels = q
			}
		}
	}
	image, ok := c.Exprs(1)
	if !ok {
		s, ok := c.Type(1).Static()
		if !ok || len(s) != 1 {
			return []ir.Fact{ir.Of(ir.UnrankedType(t.Elem))}, nil
		}
		image = c.FreshDims("image", s[0])
	}
	return []ir.Fact{ir.Of(t.WithDims(append([]sym.Expr{n, channels}, image...)...))}, nil
}

// Eval implements [ir.Op].
func (o *Col2Im) Eval(c *ir.EvalContext) error {
	x, image, block := c.Tensor(0), tensor.Ints(c.Tensor(1)), tensor.Ints(c.Tensor(2))
	w, err := o.windows(image, block)
	if err != nil {
		return err
	}
	size, err := tensor.NumElements(block)
	if err != nil {
		return err
	}
	if x.Rank() != 3 || size == 0 || x.Dim(1)%size != 0 {
		return fmt.Errorf("columns of shape %v are no blocks of %v", x.Shape(), block)
	}
	count, err := tensor.NumElements(w.count)
	if err != nil {
		return err
	}
	if count != x.Dim(2) {
		return fmt.Errorf("%d columns are given, but blocks of %v have %d places in an image of %v", x.Dim(2), block, count, image)
	}
	channels := x.Dim(1) / size
	y := c.New(0, x.DType(), append([]int{x.Dim(0), channels}, image...)...)
	strides := rowMajor(image)
	pixels := y.Len() / max(1, x.Dim(0)*channels)
	column := 0
	each := func(inBlock, place []int) int { // offset in the image, −1 for padding
		at := 0
		for i := range image {
			p := place[i]*w.stride[i] + inBlock[i]*w.dilation[i] - w.begin[i]
			if p < 0 || p >= image[i] {
				return -1
			}
			at += p * strides[i]
		}
		return at
	}
	for nc := range x.Dim(0) * channels {
		indices(block, func(inBlock []int) {
			indices(w.count, func(place []int) {
				if at := each(inBlock, place); at >= 0 {
					addElement(y, nc*pixels+at, x, column)
				}
				column++
			})
		})
	}
	return nil
}

// windows are the places of a block in an image.
type windows struct{ stride, dilation, begin, count []int }

func (o *Col2Im) windows(image, block []int) (windows, error) {
	n := len(image)
	w := windows{stride: slices.Clone(o.Strides), dilation: slices.Clone(o.Dilations), begin: make([]int, n), count: make([]int, n)}
	if len(w.stride) == 0 {
		w.stride = slices.Repeat([]int{1}, n)
	}
	if len(w.dilation) == 0 {
		w.dilation = slices.Repeat([]int{1}, n)
	}
	pads := o.Pads
	if len(pads) == 0 {
		pads = make([]int, 2*n)
	}
	if len(block) != n || len(w.stride) != n || len(w.dilation) != n || len(pads) != 2*n {
		return w, fmt.Errorf("image %v, block %v, strides %v, dilations %v, pads %v do not have as many axes", image, block, o.Strides, o.Dilations, o.Pads)
	}
	const most = min(1<<31, math.MaxInt)
	for i := range n {
		for _, v := range []int{image[i], block[i], w.stride[i], w.dilation[i], pads[i] + 1, pads[n+i] + 1} {
			if v < 1 || v > most {
				return w, fmt.Errorf("image %v, block %v, strides %v, dilations %v, pads %v have a number out of range", image, block, o.Strides, o.Dilations, o.Pads)
			}
		}
		w.begin[i] = pads[i]
		if block[i]-1 > most/w.dilation[i] {
			return w, fmt.Errorf("a block of %d with dilation %d is too large", block[i], w.dilation[i])
		}
		room := image[i] + pads[i] + pads[n+i] - (block[i]-1)*w.dilation[i] - 1
		if room < 0 {
			return w, fmt.Errorf("a block of %v with dilations %v does not fit an image of %v with pads %v", block, w.dilation, image, pads)
		}
		w.count[i] = room/w.stride[i] + 1
	}
	return w, nil
}

// indices calls f for every index of shape in row-major order; the index is reused from call to call.
func indices(shape []int, f func(index []int)) {
	index := make([]int, len(shape))
	n := 1
	for _, d := range shape {
		n *= d
	}
	for range n {
		f(index)
		for axis := len(shape) - 1; axis >= 0; axis-- {
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
		}
	}
}

// addElement adds element k of x to element i of y, of one numeric type.
func addElement(y *tensor.Tensor, i int, x *tensor.Tensor, k int) {
	switch d := y.DType(); {
	case d.IsComplex():
		y.SetComplex128(i, y.Complex128(i)+x.Complex128(k))
	case d.IsFloat():
		y.SetFloat64(i, y.Float64(i)+x.Float64(k))
	default:
		y.SetInt64(i, y.Int64(i)+x.Int64(k))
	}
}

func init() { ir.Register[Col2Im]() }
