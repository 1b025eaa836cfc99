package export

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// seed is the attribute of that name, a float, whose bits the seed is; nil if there is no seed.
func seed(s *uint64) (*proto.Attribute, error) {
	if s == nil {
		return nil, nil
	}
	if *s > math.MaxUint32 {
		return nil, fmt.Errorf("seed %d has more than 32 bits", *s)
	}
	return float("seed", math.Float32frombits(uint32(*s))), nil
}

// writeRandom: a shape that is not constant has to come from a tensor.
func writeRandom(c *call) error {
	o := c.node.Op.(*op.Random)
	name, list := "RandomUniform", attrs(float("low", o.A), float("high", o.B), integer("dtype", int(o.Elem)))
	if o.Normal {
		name, list = "RandomNormal", attrs(float("mean", o.A), float("scale", o.B), integer("dtype", int(o.Elem)))
	}
	s, err := seed(o.Seed)
	if err != nil {
		return err
	}
	list = append(list, attrs(s)...)
	if shape := c.node.Input(0).Const; shape != nil {
		c.as(name, append(list, integers("shape", tensor.Ints(shape))))
		return nil
	}
	c.as(name+"Like", list, c.emit("ConstantOfShape", nil, c.in(0)))
	return nil
}

func init() {
	spell("Multinomial", func(c *call) error {
		o := c.node.Op.(*op.Multinomial)
		s, err := seed(o.Seed)
		c.as("Multinomial", attrs(integer("sample_size", o.Count), integer("dtype", int(o.Elem)), s), c.in(0))
		return err
	})
	spell("Random", writeRandom)
}
