package onnx

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// seed is attribute seed, a float or, of Dropout, an integer; nil where the node has none.
func (c *call) seed() *uint64 {
	a := c.attrs["seed"]
	if a == nil {
		return nil
	}
	v := uint64(a.I)
	if a.F != 0 {
		v = uint64(math.Float32bits(a.F))
	}
	return &v
}

// distribution returns RandomNormal or RandomUniform without its element type.
func (c *call) distribution(normal bool) *op.Random {
	if normal {
		return &op.Random{Normal: true, A: c.float("mean", 0), B: c.float("scale", 1), Seed: c.seed()}
	}
	return &op.Random{A: c.float("low", 0), B: c.float("high", 1), Seed: c.seed()}
}

// random: the shape is an attribute.
func random(normal bool) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(0, 0); err != nil {
			return nil, err
		}
		o := c.distribution(normal)
		o.Elem = c.dtype("dtype", tensor.Float32)
		c.require("shape")
		shape := c.ints("shape")
		if c.err != nil {
			return nil, c.err
		}
		return c.add(o, c.vector(shape...))
	}
}

// randomLike: the shape is that of the input, the element type too unless it is an attribute.
func randomLike(normal bool) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(1, 1); err != nil {
			return nil, err
		}
		o := c.distribution(normal)
		o.Elem = c.dtype("dtype", c.in[0].Type.Elem)
		if c.err != nil {
			return nil, c.err
		}
		shape, err := c.one(&op.Shape{}, c.in[0])
		if err != nil {
			return nil, err
		}
		return c.add(o, shape)
	}
}

// draw returns uniform numbers in [0, 1) of the shape of x.
func (c *call) draw(x *ir.Value, elem tensor.DType) (*ir.Value, error) {
	shape, err := c.one(&op.Shape{}, x)
	if err != nil {
		return nil, err
	}
	return c.one(&op.Random{B: 1, Elem: elem, Seed: c.seed()}, shape)
}

// importBernoulli: 1 where a uniform number is below the probability.
func importBernoulli(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	p := c.in[0]
	elem := c.dtype("dtype", p.Type.Elem)
	u, err := c.draw(p, tensor.Float64)
	if err != nil {
		return nil, err
	}
	if p, err = c.one(&op.Cast{To: tensor.Float64}, p); err != nil {
		return nil, err
	}
	less, err := c.one(&op.Binary{Fn: op.Less}, u, p)
	if err != nil {
		return nil, err
	}
	return c.add(&op.Cast{To: elem}, less)
}

func importMultinomial(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	return c.add(&op.Multinomial{Count: int(c.int("sample_size", 1)), Elem: c.dtype("dtype", tensor.Int32), Seed: c.seed()}, c.in[0])
}

// importDropout: ratio and training mode were attributes before opset 12. Opsets 7 to 11 only know inference, where nothing is
// dropped; the mask was of the type of the data before opset 10.
func importDropout(c *call) ([]*ir.Value, error) {
	most := 1
	if c.version >= 12 {
		most = 3
	}
	if err := c.expect(1, most); err != nil {
		return nil, err
	}
	x, ratio, training := c.in[0], c.input(1), c.input(2)
	if c.version < 7 && !c.bool("is_test", false) {
		ratio = c.constant(tensor.Scalar(c.float("ratio", 0.5)))
		training = c.constant(tensor.Scalar(true))
	}
	if c.err != nil {
		return nil, c.err
	}
	if training == nil || training.Const != nil && training.Const.DType() == tensor.Bool && training.Const.Len() == 1 && training.Const.Int64(0) == 0 {
		if !c.wants(1) {
			return []*ir.Value{x}, nil
		}
		mask, err := c.maskOfOnes(x)
		return []*ir.Value{x, mask}, err
	}
	y, mask, err := c.dropout(x, ratio, training)
	if err == nil && c.version < 10 {
		mask, err = c.one(&op.Cast{To: x.Type.Elem}, mask)
	}
	return []*ir.Value{y, mask}, err
}

func (c *call) maskOfOnes(x *ir.Value) (*ir.Value, error) {
	one := tensor.New(tensor.Bool, 1)
	if c.version < 10 {
		one = tensor.New(x.Type.Elem, 1)
	}
	one.SetInt64(0, 1)
	shape, err := c.one(&op.Shape{}, x)
	if err != nil {
		return nil, err
	}
	return c.one(&op.ConstantOfShape{Value: one}, shape)
}

// dropout is where(u ≥ r, x / (1 − r), 0) with uniform u, where r is the ratio in training and 0 otherwise.
func (c *call) dropout(x, ratio, training *ir.Value) (y, mask *ir.Value, err error) {
	b := &builder{call: c}
	r := c.constant(tensor.Scalar(float32(0.5)))
	if ratio != nil {
		r = b.add(&op.Cast{To: tensor.Float32}, ratio)
	}
	zero, one := c.constant(tensor.Scalar(float32(0))), c.constant(tensor.Scalar(float32(1)))
	r = b.add(&op.Where{}, training, r, zero)
	u, err := c.draw(x, tensor.Float32)
	if err != nil {
		return nil, nil, err
	}
	mask = b.add(&op.Binary{Fn: op.GreaterOrEqual}, u, r)
	wide := tensor.Float32
	if x.Type.Elem == tensor.Float64 {
		wide = tensor.Float64
	}
	scale := b.add(&op.Cast{To: wide}, b.add(&op.Binary{Fn: op.Sub}, one, r))
	y = b.add(&op.Binary{Fn: op.Div}, b.add(&op.Cast{To: wide}, x), scale)
	y = b.add(&op.Where{}, mask, y, b.add(&op.Cast{To: wide}, zero))
	y = b.add(&op.Cast{To: x.Type.Elem}, y)
	return y, mask, b.err
}

func init() {
	register(
		row{"", "Bernoulli", 15, importBernoulli},
		row{"", "Dropout", 1, importDropout},
		row{"", "Multinomial", 7, importMultinomial},
		row{"", "RandomNormal", 1, random(true)},
		row{"", "RandomNormalLike", 1, randomLike(true)},
		row{"", "RandomUniform", 1, random(false)},
		row{"", "RandomUniformLike", 1, randomLike(false)},
	)
}
