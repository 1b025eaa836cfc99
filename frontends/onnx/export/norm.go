package export

import (
	"fmt"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// ones is a scale of the normalised axes of input 0 that changes nothing.
func (c *call) ones(from int) (string, error) {
	t := c.typ(0)
	if !t.Ranked {
		return "", fmt.Errorf("the rank of its input is not known")
	}
	if from < 0 {
		from += len(t.Dims)
	}
	shape, ok := t.WithDims(t.Dims[max(0, min(from, len(t.Dims))):]...).Static()
	if !ok {
		return "", fmt.Errorf("it has no scale, and the normalised axes of %v have no fixed lengths", t)
	}
	one := tensor.New(t.Elem, shape...)
	for i := range one.Len() {
		one.SetFloat64(i, 1)
	}
	return c.constant(one, "ones"), nil
}

// covers reports whether a scale or bias, if it is there, has just the normalised axes of x, as onnxruntime wants it.
func covers(x ir.Type, v *ir.Value, from int) bool {
	if v == nil {
		return true
	}
	if from < 0 {
		from += len(x.Dims)
	}
	return x.Ranked && from >= 0 && from <= len(x.Dims) && v.Type.Equal(ir.TensorType(v.Type.Elem, x.Dims[from:]...))
}

func norm(name string, axis int, epsilon float32, stash tensor.DType) spelling {
	return func(c *call) error {
		list := attrs(integer("axis", axis), float("epsilon", epsilon), when(stash != 0, integer("stash_type", int(stash))))
		hasBias := name == "LayerNormalization"
		scale, bias := c.in(1), c.in(2)
		late := "" // a scale that is no vector of the normalised axes is applied afterwards
		if scale != "" && !covers(c.typ(0), c.node.Input(1), axis) && c.typ(0).Ranked && c.typ(1).Elem == c.typ(0).Elem {
			late, scale = scale, ""
		}
		if scale == "" {
			var err error
			if scale, err = c.ones(axis); err != nil {
				return err
			}
		}
		if late == "" && (bias == "" || hasBias && covers(c.typ(0), c.node.Input(2), axis)) {
			c.as(name, list, c.in(0), scale, bias)
			return nil
		}
		out := make([]string, len(c.node.Out()))
		y := c.name("norm")
		out[0] = y
		for i := 1; i < len(out); i++ {
			out[i] = c.out(i)
		}
		c.scope.node(name, list, []string{c.in(0), scale}, out, "")
		result := c.out(0)
		switch {
		case late != "" && bias != "":
			c.scope.node("Add", nil, []string{c.emit("Mul", nil, y, late), bias}, []string{result}, c.node.Name)
		case late != "":
			c.scope.node("Mul", nil, []string{y, late}, []string{result}, c.node.Name)
		default:
			c.scope.node("Add", nil, []string{y, bias}, []string{result}, c.node.Name)
		}
		return nil
	}
}

func init() {
	spell("LayerNorm", func(c *call) error {
		o := c.node.Op.(*op.LayerNorm)
		return norm("LayerNormalization", o.Axis, o.Epsilon, o.Stash)(c)
	})
	spell("RMSNorm", func(c *call) error {
		o := c.node.Op.(*op.RMSNorm)
		if !c.has(23) || c.used(1) {
			return c.olderRMSNorm(o)
		}
		return norm("RMSNormalization", o.Axis, o.Epsilon, o.Stash)(c)
	})
	spell("BatchNorm", same("BatchNormalization", func(o *op.BatchNorm) []*proto.Attribute { return attrs(float("epsilon", o.Epsilon)) }))
	spell("GroupNorm", func(c *call) error {
		o := c.node.Op.(*op.GroupNorm)
		switch {
		case o.Groups == 0:
			c.as("InstanceNormalization", attrs(float("epsilon", o.Epsilon)), c.ins()...)
		case !c.has(21):
			return c.olderGroupNorm(o)
		default:
			c.as("GroupNormalization", attrs(float("epsilon", o.Epsilon), integer("num_groups", o.Groups)), c.ins()...)
		}
		return nil
	})
	spell("LRN", same("LRN", func(o *op.LRN) []*proto.Attribute {
		return attrs(integer("size", o.Size), float("alpha", o.Alpha), float("beta", o.Beta), float("bias", o.Bias))
	}))
}
