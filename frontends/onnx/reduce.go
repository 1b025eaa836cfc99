package onnx

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// reduce: the axes became an input in opset 13 (ReduceSum) or 18 (the others).
func reduce(fn op.ReduceFn) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(1, 2); err != nil {
			return nil, err
		}
		o := &op.Reduce{Fn: fn, KeepDims: c.bool("keepdims", true), NoopWithEmptyAxes: c.bool("noop_with_empty_axes", false)}
		if axes := c.axesInput(1, "axes"); axes != nil {
			return c.add(o, c.in[0], axes)
		}
		return c.add(o, c.in[0])
	}
}

func arg(min bool) importer {
	return simple(1, 1, func(c *call) ir.Op {
		return &op.Arg{Axis: int(c.int("axis", 0)), Min: min, Last: c.bool("select_last_index", false), KeepDims: c.bool("keepdims", true)}
	})
}

// softmax: before opset 13 all axes from axis on, which is 1 by default, are one.
func softmax(log bool) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(1, 1); err != nil {
			return nil, err
		}
		x := c.in[0]
		if c.version >= 13 {
			return c.add(&op.Softmax{Axis: int(c.int("axis", -1)), Log: log}, x)
		}
		axis := int(c.int("axis", 1))
		if rank, ok := x.Type.Rank(); ok && (axis == rank-1 || axis == -1) {
			return c.add(&op.Softmax{Axis: -1, Log: log}, x)
		}
		flat, err := c.one(&op.Flatten{Axis: axis}, x)
		if err != nil {
			return nil, err
		}
		y, err := c.one(&op.Softmax{Axis: -1, Log: log}, flat)
		if err != nil {
			return nil, err
		}
		shape, err := c.one(&op.Shape{}, x)
		if err != nil {
			return nil, err
		}
		return c.add(&op.Reshape{AllowZero: true}, y, shape)
	}
}

func importGemm(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 3); err != nil {
		return nil, err
	}
	return c.add(&op.Gemm{Alpha: c.float("alpha", 1), Beta: c.float("beta", 1), TransA: c.bool("transA", false), TransB: c.bool("transB", false)}, c.in...)
}

func init() {
	for i, fn := range []op.ReduceFn{op.ReduceSum, op.ReduceMean, op.ReduceMax, op.ReduceMin, op.ReduceProd, op.ReduceL1, op.ReduceL2,
		op.ReduceSumSquare, op.ReduceLogSum, op.ReduceLogSumExp} {
		name := []string{"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"}[i]
		register(row{"", name, 1, reduce(fn)})
	}
	register(
		row{"", "ArgMax", 1, arg(false)},
		row{"", "ArgMin", 1, arg(true)},
		row{"", "Einsum", 12, simple(1, -1, func(c *call) ir.Op { return &op.Einsum{Equation: c.string("equation", "")} })},
		row{"", "Gemm", 1, importGemm},
		row{"", "LogSoftmax", 1, softmax(true)},
		row{"", "MatMul", 1, simple(2, 2, func(*call) ir.Op { return &op.MatMul{} })},
		row{"", "Softmax", 1, softmax(false)},
	)
}
