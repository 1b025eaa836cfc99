"""Worker of onnxruntime: the protocol of internal/peer. Needs onnxruntime, onnx and numpy."""
import argparse
import glob
import json
import os
import resource
import sys
import threading
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


def read_inputs(folder):
    feeds = {}
    for i in range(len(glob.glob(os.path.join(glob.escape(folder), "input_*.pb")))):
        t = onnx.TensorProto()
        with open(os.path.join(folder, f"input_{i}.pb"), "rb") as f:
            t.ParseFromString(f.read())
        feeds[t.name] = np.ascontiguousarray(numpy_helper.to_array(t))
    return feeds


def write_outputs(folder, session, results):
    for i, (o, x) in enumerate(zip(session.get_outputs(), results)):
        with open(os.path.join(folder, f"output_{i}.pb"), "wb") as f:
            f.write(numpy_helper.from_array(np.asarray(x), o.name).SerializeToString())


def callers(run, n, budget):
    """How many runs n threads make within the budget, and how long they take for them."""
    counts, begin = [0] * n, time.perf_counter()

    def call(i):
        while not counts[i] or time.perf_counter() < begin + budget:
            run()
            counts[i] += 1

    threads = [threading.Thread(target=call, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return {"runs": sum(counts), "seconds": time.perf_counter() - begin}


def say(word, value):
    print(word, json.dumps(value), flush=True)


def main():
    p = argparse.ArgumentParser()
    for name in ("--model", "--inputs", "--outputs"):
        p.add_argument(name, required=True)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    feeds = read_inputs(a.inputs)
    o = ort.SessionOptions()
    o.intra_op_num_threads, o.inter_op_num_threads = a.threads, 1
    o.log_severity_level = 4
    try:
        begin = time.perf_counter()
        s = ort.InferenceSession(a.model, o, providers=["CPUExecutionProvider"])
        load = time.perf_counter() - begin
        feeds = {i.name: feeds[i.name] for i in s.get_inputs()}
        begin = time.perf_counter()
        results = s.run(None, feeds)
        first = time.perf_counter() - begin
    except Exception as e:  # the reason is the answer
        say("FAIL", (str(e).splitlines() or [repr(e)])[0])
        return
    if a.outputs:
        write_outputs(a.outputs, s, results)
    del results
    say("READY", {"load_s": load, "first_s": first, "rss_mb": peak(), "info": "onnxruntime " + ort.__version__})
    run = lambda: s.run(None, feeds)
    for line in sys.stdin:
        word = line.split()
        if word[:1] == ["RUN"]:
            n, budget = int(word[1]), float(word[2])
            run()
            times, end = [], time.perf_counter() + budget
            while not times or len(times) < n and time.perf_counter() < end:
                begin = time.perf_counter()
                run()
                times.append(time.perf_counter() - begin)
            say("TIMES", times)
        elif word[:1] == ["SESSIONS"]:
            say("COUNT", callers(run, int(word[1]), float(word[2])))
        elif word[:1] == ["IDLE"]:
            before = time.process_time()
            time.sleep(float(word[1]))
            say("CPU", {"cpu_s": time.process_time() - before})
        else:
            break
    say("DONE", {"rss_mb": peak()})


main()
