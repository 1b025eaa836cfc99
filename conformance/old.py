#!/usr/bin/env python3
"""Write the cases of older releases of onnx whose models differ from those of the newest, so that old versions of operators are tested.

usage: old.py SUITE WHEELS        (needs onnx==1.23.2, and in SUITE what gen.py writes)

WHEELS is a folder with the wheels of older releases (pip download --no-deps onnx==1.13.1 and so on up to 1.22.0; any platform). Writes
SUITE/node-old/test_x_opsetN/… as gen.py writes SUITE/node/test_x/…; afterwards
  go run ./conformance/pack SUITE conformance/testdata

Of models that differ in nothing but the opset, the oldest is taken. Left out are cases
  larger than LIMIT,
  that a later release corrected: the same graph and inputs with other outputs; they are named,
  in WRONG, with the reason,
  with recorded inputs of another shape than the model declares.
"""
import hashlib
import pathlib
import re
import shutil
import sys
import zipfile

import ml_dtypes
import numpy as np
import onnx
from onnx import numpy_helper

LIMIT = 60_000
FOLDER = "onnx/backend/test/data/node/"
WRONG = {
    r"test_attention_(?!.*expanded).*_qk_matmul_(bias|softcap)": "up to 1.21 the soft cap came after the mask, and the modes of the further output were 1: after "
    "the mask, 2: after the soft cap; both were corrected without a new version of the operator",
    r"test_rotary_embedding_(?!.*expanded).*rotary_dim": "1.18 has tables of half the head instead of half the rotated part",
    r"test_adam_multiple": "the outputs are those of epsilon 0.01, which the node does not have",
}


def release(path):
    return tuple(int(n) for n in path.name.split("-")[1].split("."))


def read(wheel):
    """The cases of a wheel: name → path in the case → bytes."""
    cases = {}
    with zipfile.ZipFile(wheel) as z:
        for name in sorted(z.namelist()):
            if name.startswith(FOLDER) and name.endswith((".onnx", ".pb")):
                case, _, rest = name[len(FOLDER) :].partition("/")
                cases.setdefault(case, {})[rest] = z.read(name)
    return cases


def folder(path):
    """The cases of gen.py, in the same form."""
    return {d.name: {str(f.relative_to(d)): f.read_bytes() for f in sorted(d.rglob("*")) if f.is_file()} for d in sorted(path.glob("test_*"))}


def graph(files):
    """What a model computes, without its opset and what is there for people; and its opset."""
    m = onnx.load_from_string(files["model.onnx"])
    g = m.graph
    g.ClearField("name")
    g.ClearField("doc_string")
    g.ClearField("value_info")
    for n in g.node:
        n.ClearField("doc_string")
        n.ClearField("name")
    h = hashlib.sha256(g.SerializeToString(deterministic=True))
    for f in sorted(m.functions, key=lambda f: f.name):
        h.update(f.SerializeToString(deterministic=True))
    return h.digest(), max(o.version for o in m.opset_import), tuple(sorted((o.domain, o.version) for o in m.opset_import))


def values(files, kind):
    """Recorded values by file: arrays where they are tensors, else bytes."""
    found = {}
    for name, b in files.items():
        if kind in name:
            found[name] = b
            try:
                t = onnx.TensorProto.FromString(b)
                if t.data_type:
                    found[name] = numpy_helper.to_array(t)
            except Exception:  # a sequence, optional or map
                pass
    return found


def key(found):
    """A hash of recorded values that does not depend on their encoding."""
    h = hashlib.sha256()
    for name, v in sorted(found.items()):
        h.update(name.encode())
        h.update(v if isinstance(v, bytes) else f"{v.dtype}{v.shape}".encode() + (repr(v.tolist()).encode() if v.dtype == object else v.tobytes()))
    return h.digest()


def close(a, b):
    """Whether recorded values are equal within the tolerance of the suite. Up to 1.18, bfloat16 is recorded as uint16."""
    if a.keys() != b.keys():
        return False
    for name, x in a.items():
        y = b[name]
        if getattr(x, "dtype", None) == np.uint16 and getattr(y, "dtype", None) == ml_dtypes.bfloat16:
            x = x.view(y.dtype)
        if isinstance(x, bytes) or isinstance(y, bytes) or x.dtype == object:
            if not np.array_equal(x, y):
                return False
        elif x.shape != y.shape or x.dtype != y.dtype:
            return False
        elif not np.allclose(x.astype(np.complex128), y.astype(np.complex128), rtol=1e-3, atol=1e-7, equal_nan=True):
            return False
    return True


def fits(files):
    """Whether the recorded inputs have the shapes that the model declares."""
    g = onnx.load_from_string(files["model.onnx"]).graph
    weights = {w.name for w in g.initializer}
    declared = [i.type.tensor_type.shape.dim for i in g.input if i.name not in weights]
    recorded = values(files, "input_")
    return not any(
        isinstance(x, np.ndarray) and (len(x.shape) != len(dims) or any(d.HasField("dim_value") and d.dim_value != n for d, n in zip(dims, x.shape)))
        for dims, (_, x) in zip(declared, sorted(recorded.items(), key=lambda item: int(re.search(r"input_(\d+)", item[0])[1])))
    )


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    suite = pathlib.Path(sys.argv[1])
    newest = folder(suite / "node")
    if not newest:
        sys.exit(f"{suite}/node is empty; run gen.py first")
    known, latest = set(), {}  # what newer releases hold, and their newest outputs of a graph with inputs
    oldest, corrected, wrong, misfit, large = {}, set(), set(), set(), set()
    wheels = sorted(pathlib.Path(sys.argv[2]).glob("onnx-*.whl"), key=release, reverse=True)
    for cases in [newest, *map(read, wheels)]:
        for name, files in cases.items():
            g, version, opsets = graph(files)
            outputs = values(files, "output_")
            expected = latest.setdefault((g, key(values(files, "input_"))), outputs)
            if (name, g, opsets) in known:
                continue
            known.add((name, g, opsets))
            if cases is newest:
                continue
            if not close(outputs, expected) and not re.search("bernoulli|training_dropout", name):
                corrected.add(name)
            elif any(re.match(pattern, name) for pattern in WRONG):
                wrong.add(name)
            elif not fits(files):
                misfit.add(f"{name}_opset{version}")
            elif sum(map(len, files.values())) > LIMIT:
                large.add(name)
            elif (name, g) not in oldest or version < oldest[name, g][0]:
                oldest[name, g] = version, files
    out = suite / "node-old"
    shutil.rmtree(out, ignore_errors=True)
    for (name, _), (version, files) in sorted(oldest.items(), key=lambda item: (item[0][0], item[1][0], item[0][1])):
        case = out / f"{name}_opset{version}"
        while case.exists():  # another graph of the same opset
            case = case.with_name(case.name + "b")
        for rest, b in files.items():
            (case / rest).parent.mkdir(parents=True, exist_ok=True)
            (case / rest).write_bytes(b)
    print("corrected later:", *sorted(corrected))
    print("wrong:", *sorted(wrong))
    print("inputs of another shape than declared:", *sorted(misfit))
    print("large:", *sorted(large))
    print(len(oldest), "cases of", len(wheels), "releases")


main()
