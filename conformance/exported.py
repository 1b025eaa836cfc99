#!/usr/bin/env python3
"""Run what `gocompile export` writes in onnxruntime.

usage: exported.py [--gocompile CMD] [--opset N] [--contrib | --as-is] [--quiet] DIR...

Each DIR, or each folder below it, with model.onnx and test_data_set_0/{input,output}_i.pb is exported, checked by onnx.checker with strict inference of
types and shapes, run in onnxruntime with all its optimisations off and on, and compared: numbers relative to the peak of an output within the tolerance of
meta.json, the relative one of data.json, 1e-3 for names that begin with test_, or 1e-4; everything else exactly. With --as-is models are taken as they
are, such as those that `GOCOMPILE_EXPORTED=DIR go test ./frontends/onnx/export` leaves. A line each:

  ok           NAME  error of the peak
  differs      NAME  what differs
  invalid      NAME  what the checker says
  not run      NAME  what onnxruntime says of the exported model
  refused      NAME  why there is no exported model
  not run before     NAME  what onnxruntime says of the model itself, where it does not run or differs from the record
The exit status is 1 if there are lines that begin with differs, invalid or not run. Needs onnx, onnxruntime and numpy.
"""
import argparse
import collections
import glob
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

TIMEOUT = 600  # seconds a model may take


def read(path, kind):
    """A recorded value and its name."""
    with open(path, "rb") as f:
        b = f.read()
    if kind == "sequence_type":
        p = onnx.SequenceProto.FromString(b)
        return p.name, numpy_helper.to_list(p)
    if kind == "optional_type":
        p = onnx.OptionalProto.FromString(b)
        return p.name, numpy_helper.to_optional(p)
    if kind == "map_type":
        p = onnx.MapProto.FromString(b)
        return p.name, numpy_helper.to_dict(p)
    p = onnx.TensorProto.FromString(b)
    return p.name, numpy_helper.to_array(p)


def records(folder, what, infos):
    """Recorded values by the names of the model."""
    values = {}
    for i, info in enumerate(infos):
        path = folder / "test_data_set_0" / f"{what}_{i}.pb"
        if path.exists():
            name, value = read(path, info.type.WhichOneof("value"))
            values[name if any(v.name == name for v in infos) else info.name] = value
    return values


def error(got, want):
    """The largest error relative to the peak of want."""
    if got is None or want is None:
        if got is not want:
            raise ValueError(f"got {got}, expected {want}")
        return 0
    if isinstance(want, (list, dict)):
        if len(got) != len(want):
            raise ValueError(f"{len(got)} items, expected {len(want)}")
        if isinstance(want, dict):
            return max((error(got[k], want[k]) for k in want), default=0)
        return max((error(g, w) for g, w in zip(got, want)), default=0)
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        raise ValueError(f"shape {got.shape}, expected {want.shape}")
    if want.dtype.kind in "OUSb":
        if (got.astype(str) != want.astype(str)).any():
            raise ValueError("other elements")
        return 0
    wide = np.complex128 if want.dtype.kind == "c" else np.float64
    got, want = got.astype(wide), want.astype(wide)
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    if not (np.isfinite(got) | same).all() or not (np.isfinite(want) | same).all():
        raise ValueError("infinities or NaN at other places")
    finite = np.isfinite(want)
    with np.errstate(invalid="ignore"):
        difference = np.abs(np.where(same, 0, got - want)).max(initial=0)
    peak = np.abs(want[finite]).max(initial=0)
    return difference / peak if difference else 0


def run(path, feeds, level):
    o = ort.SessionOptions()
    o.log_severity_level, o.graph_optimization_level, o.intra_op_num_threads = 4, level, 2
    s = ort.InferenceSession(path, o, providers=["CPUExecutionProvider"])
    names = [i.name for i in s.get_inputs()]
    return dict(zip([x.name for x in s.get_outputs()], s.run(None, {n: feeds[n] for n in names if n in feeds})))


def first(e):
    return f"{type(e).__name__}: {str(e).strip().splitlines()[0] if str(e).strip() else ''}"[:300]


def compare(path, feeds, want, tolerance, level):
    """The error of a model, or what is wrong with it."""
    try:
        got = run(path, feeds, level)
    except Exception as e:
        return "not run", first(e)
    worst = 0
    for name, w in want.items():
        try:
            worst = max(worst, error(got[name], w))
        except (ValueError, KeyError) as e:
            return "differs", f"{name}: {first(e)}"
    return ("ok" if worst <= tolerance else "differs"), f"{worst:.1e}"


def judge(folder, a, out):
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    initial = {t.name for t in model.graph.initializer}
    feeds = records(folder, "input", [i for i in model.graph.input if i.name not in initial])
    want = records(folder, "output", model.graph.output)
    tolerance = 1e-4
    if (folder / "meta.json").exists():
        tolerance = json.loads((folder / "meta.json").read_text()).get("tolerance", tolerance)
    elif (folder / "data.json").exists():
        tolerance = json.loads((folder / "data.json").read_text())["rtol"]
    elif folder.name.startswith("test_"):
        tolerance = 1e-3
    all_on, off = ort.GraphOptimizationLevel.ORT_ENABLE_ALL, ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    if a.as_is:
        path = str(folder / "model.onnx")
        try:
            onnx.checker.check_model(path, full_check=True)
        except Exception as e:
            return "invalid", first(e)
        return max((compare(path, feeds, want, 2e-3, level) for level in (off, all_on)), key=lambda r: (r[0] != "ok", r[1]))
    path = os.path.join(out, "model.onnx")
    export = a.gocompile.split() + ["export", str(folder / "model.onnx"), "-o", path]
    if a.opset:
        export += ["--opset", str(a.opset)]
    if a.contrib:
        export += ["--contrib"]
    p = subprocess.run(export, capture_output=True, text=True)
    if p.returncode:
        return "refused", p.stderr.strip().splitlines()[-1] if p.stderr.strip() else f"status {p.returncode}"
    before = compare(str(folder / "model.onnx"), feeds, want, tolerance, all_on)
    try:
        big = os.path.getsize(path) > 1 << 30
        if not big:
            onnx.checker.check_model(path, full_check=True)
    except Exception as e:
        return ("invalid", first(e)) if before[0] == "ok" else ("not run before", f"{before[1]}; exported: {first(e)}")
    worst = "0"
    for level in (off, all_on):
        verdict, why = compare(path, feeds, want, tolerance, level)
        if verdict != "ok":
            return (verdict, why) if before[0] == "ok" else ("not run before", f"{before[1]}; exported: {why}")
        worst = max(worst, why, key=float)
    return "ok", worst + ("" if before[0] == "ok" else f", before: {before[1]}")


def work(folder, a, pipe):
    with tempfile.TemporaryDirectory(dir=a.tmp) as out:
        try:
            pipe.send(judge(folder, a, out))
        except Exception as e:
            pipe.send(("not run before", first(e)))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("dirs", nargs="+", type=pathlib.Path)
    p.add_argument("--gocompile", default="gocompile", help="the command")
    p.add_argument("--opset", type=int, default=0)
    p.add_argument("--contrib", action="store_true")
    p.add_argument("--as-is", action="store_true", help="models were exported already")
    p.add_argument("--quiet", action="store_true", help="no lines for what is ok")
    p.add_argument("--tmp", default=None, help="folder of temporary files")
    a = p.parse_args()
    count = collections.Counter()
    for d in a.dirs:
        for m in sorted(glob.glob(str(d / "**" / "model.onnx"), recursive=True)):
            folder = pathlib.Path(m).parent
            if not (folder / "test_data_set_0").is_dir():
                continue
            # A process a model: onnxruntime may crash or never return.
            ours, theirs = multiprocessing.Pipe(False)
            child = multiprocessing.get_context("fork").Process(target=work, args=(folder, a, theirs))
            child.start()
            theirs.close()
            try:
                verdict, why = ours.recv() if ours.poll(TIMEOUT) else ("not run", "it takes too long")
            except EOFError:
                verdict, why = "not run", "onnxruntime crashed"
            child.kill()
            child.join()
            count[verdict] += 1
            if verdict != "ok" or not a.quiet:
                print(f"{verdict:<12} {folder.name:<40} {why}", flush=True)
    print(", ".join(f"{n} {verdict}" for verdict, n in sorted(count.items())))
    sys.exit(1 if count["differs"] + count["invalid"] + count["not run"] else 0)


if __name__ == "__main__":
    main()
