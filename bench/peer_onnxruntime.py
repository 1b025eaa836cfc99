"""Worker of onnxruntime for bench/models: the protocol of bench/worker. Needs onnxruntime, onnx and numpy."""
import argparse
import glob
import json
import os
import resource
import sys
import time

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper


def peak():
    """The peak resident size in MB. What getrusage tells includes the parent before the program was started."""
    try:
        with open("/proc/self/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    p = argparse.ArgumentParser()
    for name in ("--model", "--inputs", "--outputs"):
        p.add_argument(name, required=True)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    feeds = {}
    for i in range(len(glob.glob(os.path.join(a.inputs, "input_*.pb")))):
        t = onnx.TensorProto()
        with open(os.path.join(a.inputs, f"input_{i}.pb"), "rb") as f:
            t.ParseFromString(f.read())
        feeds[t.name] = np.ascontiguousarray(numpy_helper.to_array(t))
    o = ort.SessionOptions()
    o.intra_op_num_threads, o.inter_op_num_threads = a.threads, 1
    o.log_severity_level = 4
    try:
        begin = time.perf_counter()
        s = ort.InferenceSession(a.model, o, providers=["CPUExecutionProvider"])
        load = time.perf_counter() - begin
        feeds = {i.name: feeds[i.name] for i in s.get_inputs()}
        begin = time.perf_counter()
        s.run(None, feeds)
        first = time.perf_counter() - begin
    except Exception as e:  # the reason is the answer
        print("FAIL", json.dumps(str(e).splitlines()[0]), flush=True)
        return
    print("READY", json.dumps({"load_s": load, "first_s": first, "rss_mb": peak(), "info": ort.__version__}), flush=True)
    for line in sys.stdin:
        word = line.split()
        if not word or word[0] != "RUN":
            break
        n, budget = int(word[1]), float(word[2])
        s.run(None, feeds)
        times, end = [], time.perf_counter() + budget
        while not times or len(times) < n and time.perf_counter() < end:
            begin = time.perf_counter()
            s.run(None, feeds)
            times.append(time.perf_counter() - begin)
        print("TIMES", json.dumps(times), flush=True)
    print("DONE", json.dumps({"rss_mb": peak()}), flush=True)


main()
