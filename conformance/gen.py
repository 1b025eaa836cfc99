#!/usr/bin/env python3
"""Write the cases of the ONNX backend test suite as files.

usage: gen.py OUT        (needs onnx==1.23.2; about ten seconds)

OUT/<group>/test_x/{model.onnx,test_data_set_N/{input,output}_i.pb[,data.json]} for the groups
  node               one operator or function each; they exist only in memory until this writes them
  simple             small graphs
  pytorch-converted  } layers exported by PyTorch, shipped as files in the wheel
  pytorch-operator   }
  light              image classifiers with constant weights, inputs 0, 1/n, 2/n, …
data.json holds the tolerance where it is not rtol 1e-3, atol 1e-7.

The bytes are the same on every run: the package seeds NumPy before each group of cases. Afterwards
  go run ./conformance/pack OUT conformance/testdata
writes the compressed archives of the repository.
"""
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case.model import collect_testcases as model_cases
from onnx.backend.test.case.node import collect_testcases as node_cases
import onnx.backend.test

VERSION = "1.23.2"
DATA = pathlib.Path(onnx.backend.test.__file__).parent / "data"
MESSAGES = (onnx.TensorProto, onnx.SequenceProto, onnx.OptionalProto, onnx.MapProto)
ENCODERS = {
    "tensor_type": lambda v, name: numpy_helper.from_array(np.asarray(v), name),
    "sequence_type": numpy_helper.from_list,
    "optional_type": numpy_helper.from_optional,
    "map_type": numpy_helper.from_dict,
}


def put(path, message_or_bytes):
    path.parent.mkdir(parents=True, exist_ok=True)
    b = message_or_bytes
    path.write_bytes(b if isinstance(b, bytes) else b.SerializeToString(deterministic=True))


def encode(value, info):
    if isinstance(value, MESSAGES):
        return value
    return ENCODERS[info.type.WhichOneof("value")](value, info.name)


def put_tolerance(folder, rtol, atol):
    if (rtol, atol) != (1e-3, 1e-7):
        put(folder / "data.json", json.dumps({"rtol": rtol, "atol": atol}).encode())


def put_case(folder, case):
    put(folder / "model.onnx", case.model)
    for n, (inputs, outputs) in enumerate(case.data_sets):
        for kind, values, infos in (("input", inputs, case.model.graph.input), ("output", outputs, case.model.graph.output)):
            for i, v in enumerate(values):
                put(folder / f"test_data_set_{n}" / f"{kind}_{i}.pb", encode(v, infos[i]))
    put_tolerance(folder, case.rtol, case.atol)


def put_shipped(out, group):
    for f in sorted((DATA / group).rglob("*")):
        if f.suffix in (".onnx", ".pb", ".json"):
            put(out / group / f.relative_to(DATA / group), f.read_bytes())


def put_light(folder, about):
    source = DATA / "light" / about["url"].rsplit("/", 1)[1]
    put(folder / "model.onnx", source.read_bytes())
    put_tolerance(folder, about["rtol"], about["atol"])
    graph = onnx.load(source).graph
    weights = {w.name for w in graph.initializer}
    for i, info in enumerate(x for x in graph.input if x.name not in weights):
        shape = [d.dim_value or 1 for d in info.type.tensor_type.shape.dim]
        n = int(np.prod(shape))
        ramp = (np.arange(n).reshape(shape) / n).astype(np.float32)
        put(folder / "test_data_set_0" / f"input_{i}.pb", numpy_helper.from_array(ramp, info.name))
    put(folder / "test_data_set_0" / "output_0.pb", source.with_name(source.stem + "_output_0.pb").read_bytes())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if onnx.__version__ != VERSION:
        sys.exit(f"the suite is that of onnx {VERSION}; this is onnx {onnx.__version__}")
    out = pathlib.Path(sys.argv[1])
    count = 0
    for case in node_cases(None):
        if case.kind == "node":
            put_case(out / "node" / case.name, case)
            count += 1
    for group in ("simple", "pytorch-converted", "pytorch-operator"):
        put_shipped(out, group)
    for case in model_cases():
        folder = out / "simple" / case.name
        if case.kind == "simple" and not folder.exists():
            put_case(folder, case)
    for about in sorted((DATA / "real").glob("*/data.json")):
        put_light(out / "light" / about.parent.name, json.loads(about.read_text()))
    print(f"{count} node cases,", sum(1 for _ in out.glob("*/test_*/model.onnx")), "in all")


main()
