#!/usr/bin/env python3
"""Write cases of the element types float6e2m3 and float6e3m2, which the backend test suite has no case of.

usage: float6.py OUT        (needs onnx==1.23.2; a second)

OUT/float6/test_x/{model.onnx,test_data_set_0/{input,output}_i.pb} for every operator that takes these types at opset 28, but for those that only pass values
on. The expected values are those of onnx.reference. Afterwards
  go run ./conformance/pack OUT conformance/testdata
writes the compressed archive of the repository.
"""
import pathlib
import shutil
import sys

import ml_dtypes
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

FLOAT6 = {"float6e2m3": ml_dtypes.float6_e2m3fn, "float6e3m2": ml_dtypes.float6_e3m2fn}
OTHERS = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16, np.int8, np.int32, np.int64, np.bool_, ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2,
          ml_dtypes.float4_e2m1fn]
rng = np.random.default_rng(6)


def element(x):
    return helper.np_dtype_to_tensor_dtype(x.dtype)


def case(out, name, op, inputs, constants=(), **attributes):
    """One node; the inputs that are numbered in constants are initialisers, of which every second has its elements in int32_data."""
    names = [f"x{i}" for i in range(len(inputs))]
    node = helper.make_node(op, names, ["y"], **attributes)
    weights = []
    for k, i in enumerate(constants):
        if k % 2:
            codes = inputs[i].view(np.uint8).ravel()
            weights.append(TensorProto(name=names[i], dims=inputs[i].shape, data_type=element(inputs[i]), int32_data=[int(c) for c in codes]))
        else:
            weights.append(numpy_helper.from_array(inputs[i], names[i]))
    fed = [i for i in range(len(inputs)) if i not in constants]
    info = [helper.make_tensor_value_info(names[i], element(inputs[i]), inputs[i].shape) for i in fed]
    result = helper.make_tensor_value_info("y", 0, None)
    model = helper.make_model(helper.make_graph([node], name, info, [result], weights), opset_imports=[helper.make_opsetid("", 28)], ir_version=14,
                              producer_name="float6.py")
    (y,) = ReferenceEvaluator(model).run(None, {names[i]: inputs[i] for i in fed})
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", element(y), y.shape))
    onnx.checker.check_model(model)
    folder = out / "float6" / f"test_{name}"
    (folder / "test_data_set_0").mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    for kind, values in (("input", [inputs[i] for i in fed]), ("output", [y])):
        for i, v in enumerate(values):
            (folder / "test_data_set_0" / f"{kind}_{i}.pb").write_bytes(numpy_helper.from_array(v, f"{kind}{i}").SerializeToString(deterministic=True))


def casts(out, name, dtype):
    codes = np.arange(64, dtype=np.uint8).view(dtype)
    for other in OTHERS:
        to = helper.np_dtype_to_tensor_dtype(np.dtype(other))
        label = TensorProto.DataType.Name(to).lower()
        case(out, f"cast_{name}_to_{label}", "Cast", [codes.reshape(4, 16)], to=to)
        if other in (np.int8, np.int32, np.int64):
            x = np.arange(-31, 32).astype(other)
        elif other == np.bool_:
            x = np.array([True, False, True])
        elif np.dtype(other).itemsize == 1:
            x = np.arange(256 if other != ml_dtypes.float4_e2m1fn else 16, dtype=np.uint8).view(other)
        else:
            x = np.concatenate([rng.standard_normal(46) * 8, [0, -0.0, np.inf, -np.inf, np.nan, 1e-9, -1e-9, 29, -29]]).astype(other)
        case(out, f"cast_{label}_to_{name}", "Cast", [x], to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def quantised(out, name, dtype):
    x = (rng.standard_normal((3, 5, 4)) * 9).astype(np.float32)
    scales = {"tensor": (np.float32(0.5), {}), "axis": (np.array([0.5, 1, 2, 0.25, 4], np.float32), {"axis": 1}),
              "blocked": (rng.uniform(0.5, 2, (3, 3, 4)).astype(np.float32), {"axis": 1, "block_size": 2})}
    for form, (scale, attributes) in scales.items():
        scale = np.asarray(scale)
        to = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        case(out, f"quantizelinear_{name}_{form}", "QuantizeLinear", [x, scale], output_dtype=to, **attributes)
        zero = np.zeros(scale.shape, dtype)
        case(out, f"quantizelinear_{name}_{form}_zero", "QuantizeLinear", [x, scale, zero], (2,), **attributes)
        q = rng.integers(0, 64, x.shape).astype(np.uint8).view(dtype)
        case(out, f"dequantizelinear_{name}_{form}", "DequantizeLinear", [q, scale], (0,), **attributes)
        case(out, f"dequantizelinear_{name}_{form}_zero", "DequantizeLinear", [q, scale, zero], (2, 0), **attributes)
        case(out, f"dequantizelinear_{name}_{form}_float16", "DequantizeLinear", [q, scale], output_dtype=TensorProto.FLOAT16, **attributes)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    shutil.rmtree(out / "float6", ignore_errors=True)
    for name, dtype in FLOAT6.items():
        casts(out, name, dtype)
        quantised(out, name, dtype)
    x = np.arange(64, dtype=np.uint8)
    a, b = FLOAT6.values()
    case(out, "cast_float6e2m3_to_float6e3m2", "Cast", [x.view(a)], to=TensorProto.FLOAT6E3M2)
    case(out, "cast_float6e3m2_to_float6e2m3", "Cast", [x.view(b)], to=TensorProto.FLOAT6E2M3)


main()
