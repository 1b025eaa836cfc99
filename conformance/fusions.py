"""Tell what onnxruntime's optimiser makes of models: for each path on standard input a line of JSON, {"before": {op: count}, "after": {op: count}}, or
{"failed": reason}. Names of operators outside of ai.onnx have their domain in front. Bodies are counted.

usage: fusions.py < PATHS        (needs onnx==1.23.2, onnxruntime==1.32.*)
"""
import collections
import json
import os
import sys
import tempfile

import onnx
import onnxruntime as ort


def count(graph, ops):
    for node in graph.node:
        ops[node.op_type if node.domain in ("", "ai.onnx") else node.domain + "." + node.op_type] += 1
        for a in node.attribute:
            for body in [a.g, *a.graphs]:
                count(body, ops)
    return ops


def operators(path):
    return dict(count(onnx.load(path, load_external_data=False).graph, collections.Counter()))


def optimised(path):
    """The operators after all optimisations for the CPU, layouts included."""
    o = ort.SessionOptions()
    o.log_severity_level = 4
    o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    with tempfile.TemporaryDirectory() as folder:
        o.optimized_model_filepath = os.path.join(folder, "model.onnx")
        o.add_session_config_entry("session.optimized_model_external_initializers_file_name", "weights")
        ort.InferenceSession(path, o, providers=["CPUExecutionProvider"])
        return operators(o.optimized_model_filepath)


for line in sys.stdin:
    path = line.rstrip("\n")
    try:
        answer = {"before": operators(path), "after": optimised(path)}
    except Exception as e:  # the reason is the answer
        answer = {"failed": str(e).splitlines()[0]}
    print(json.dumps(answer), flush=True)
