#!/usr/bin/env python3
"""Write cases of onnxruntime's own operators (domain com.microsoft), with the outputs that onnxruntime gives.

usage: contrib.py OUT        (needs onnx==1.23.2, onnxruntime==1.32.*; a few seconds)

OUT/contrib/test_x/{model.onnx,test_data_set_0/{input,output}_i.pb} as gen.py writes them; afterwards
  go run ./conformance/pack OUT conformance/testdata
Cases that onnxruntime refuses on CPUs are named and left out. The seed of a case is its name, so that the bytes are the same on every run.
"""
import itertools
import pathlib
import shutil
import sys
import zlib

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

DOMAIN = "com.microsoft"
OPSETS = [helper.make_opsetid("", 21), helper.make_opsetid(DOMAIN, 1)]


class Draw:
    """Random tensors whose seed is a name."""

    def __init__(self, name):
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))

    def __call__(self, *shape):
        return self.rng.standard_normal(shape).astype(np.float32)

    def ints(self, low, high, *shape, dtype=np.int32):
        return self.rng.integers(low, high, shape).astype(dtype)

    def padding(self, batch, rows):
        """1 for the first words of each batch, at least one, 0 for the others."""
        n = self.rng.integers(1, rows + 1, batch)
        n[0] = rows
        return (np.arange(rows) < n[:, None]).astype(np.int32)


def options(**lists):
    """All combinations of the values of each keyword."""
    for values in itertools.product(*lists.values()):
        yield dict(zip(lists, values))


def tag(value):
    return {True: "1", False: "0", None: "none"}.get(value, str(value)) if not isinstance(value, (list, tuple)) else "x".join(map(str, value))


class Writer:
    def __init__(self, out):
        self.out, self.refused, self.count = out, [], 0

    def case(self, op, name, inputs, outputs, attrs=None, domain=DOMAIN, types={}):  # noqa: B006
        """inputs: arrays in the order of the operator's inputs, None where absent; outputs: how many, or a list of flags."""
        wanted = [True] * outputs if isinstance(outputs, int) else outputs
        names = [f"x{i}" if x is not None else "" for i, x in enumerate(inputs)]
        results = [f"y{i}" if w else "" for i, w in enumerate(wanted)]
        while results and not results[-1]:
            results.pop()
        node = helper.make_node(op, names, results, name="node", domain=domain, **(attrs or {}))
        infos = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for n, x in zip(names, inputs) if n]
        outs = [helper.make_tensor_value_info(n, types.get(i, TensorProto.FLOAT), None) for i, n in enumerate(results) if n]
        graph = helper.make_graph([node], name, infos, outs)
        model = helper.make_model(graph, opset_imports=OPSETS, ir_version=10, producer_name="contrib.py")
        feeds = {n: x for n, x in zip(names, inputs) if n}
        o = ort.SessionOptions()
        o.log_severity_level = 4
        o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            session = ort.InferenceSession(model.SerializeToString(), o, providers=["CPUExecutionProvider"])
            got = session.run(None, feeds)
        except Exception as e:  # noqa: BLE001 - the message says why
            self.refused.append(f"{op} {name}: {str(e).splitlines()[0][:300]}")
            return
        for info, y in zip(model.graph.output, got):
            info.type.tensor_type.elem_type = helper.np_dtype_to_tensor_dtype(y.dtype)
            info.type.tensor_type.shape.SetInParent()
            for d in y.shape:
                info.type.tensor_type.shape.dim.add().dim_value = d
        folder = self.out / "contrib" / f"test_{op.lower()}_{name}"
        (folder / "test_data_set_0").mkdir(parents=True)
        (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
        for kind, values, infos in (("input", feeds.values(), model.graph.input), ("output", got, model.graph.output)):
            for i, (value, info) in enumerate(zip(values, infos)):
                t = numpy_helper.from_array(value, info.name)
                (folder / "test_data_set_0" / f"{kind}_{i}.pb").write_bytes(t.SerializeToString(deterministic=True))
        self.count += 1


def label(o):
    return "_".join(f"{k}_{tag(v)}" for k, v in o.items() if v not in (None, False)) or "plain"


def gelus(w):
    d = Draw("gelus")  # without numbers whose result onnxruntime itself finds by cancellation, about -5
    x = np.concatenate([d(2, 3, 8) * 1.5, np.array([0, -0.0, 40, -40, 1e-6, np.inf, 2, -2] * 3, np.float32).reshape(1, 3, 8)])
    w.case("Gelu", "plain", [x], 1)
    w.case("QuickGelu", "plain", [x], 1)
    w.case("QuickGelu", "alpha", [x], 1, {"alpha": 0.5})
    w.case("FastGelu", "plain", [x], 1)
    w.case("FastGelu", "bias", [x, d(8)], 1)
    w.case("BiasGelu", "plain", [x, d(8)], 1)
    w.case("BiasSplitGelu", "plain", [x, d(8)], 1)


def products(w):
    for ta, tb in itertools.product((0, 1), repeat=2):
        d = Draw(f"products{ta}{tb}")
        a, b = d(3, 4, 5), d(3, 5, 2)
        w.case("FusedMatMul", f"trans_{ta}{tb}", [a.swapaxes(1, 2) if ta else a, b.swapaxes(1, 2) if tb else b], 1,
               {"transA": ta, "transB": tb, "alpha": 0.5 + ta})
        w.case("TransposeMatMul", f"trans_{ta}{tb}", [a.swapaxes(1, 2) if ta else a, b.swapaxes(1, 2) if tb else b], 1, {"transA": ta, "transB": tb})
    for ba, bb, ta, tb in itertools.product((0, 1), repeat=4):
        if not (ba or bb):
            continue
        d = Draw(f"batches{ba}{bb}{ta}{tb}")
        a, b = d(2, 3, 4, 5), d(2, 3, 5, 6)
        a, b = a.swapaxes(2, 3) if ta else a, b.swapaxes(2, 3) if tb else b
        a, b = np.moveaxis(a, 2, 0) if ba else a, np.moveaxis(b, 2, 0) if bb else b
        w.case("FusedMatMul", f"batch_{ba}{bb}_trans_{ta}{tb}", [np.ascontiguousarray(a), np.ascontiguousarray(b)], 1,
               {"transA": ta, "transB": tb, "transBatchA": ba, "transBatchB": bb})
    d = Draw("products")
    w.case("FusedMatMul", "broadcast", [d(2, 1, 3, 4), d(5, 4, 2)], 1, {"alpha": -2.0})
    w.case("FusedMatMul", "vector", [d(4), d(4, 2)], 1, {"alpha": 3.0})


def few_bits(w):
    for o in options(bits=(4, 8, 2), k=(64, 48), block=(32, 16), zeros=(None, "packed", "float"), bias=(False, True)):
        if o["k"] == 64 and o["block"] == 16 or o["bias"] and o["zeros"] or o["bits"] == 8 and o["zeros"] == "float":
            continue
        d = Draw("nbits" + label(o))
        n, bits, block = 6, o["bits"], o["block"]
        blocks = -(-o["k"] // block)
        zeros = {None: None, "packed": d.ints(0, 256, n, -(-blocks * bits // 8), dtype=np.uint8), "float": d(n, blocks)}[o["zeros"]]
        w.case("MatMulNBits", label(o),
               [d(2, 3, o["k"]), d.ints(0, 256, n, blocks, block * bits // 8, dtype=np.uint8), abs(d(n, blocks)) / 8, zeros, None, d(n) if o["bias"] else None], 1,
               {"K": o["k"], "N": n, "bits": bits, "block_size": block, "accuracy_level": 1})


def norms(w):
    for o in options(skip=("full", "row", "matrix"), beta=(True, False), bias=(True, False)):
        d = Draw("skip" + label(o))
        skip = {"full": (2, 3, 8), "row": (1, 3, 8), "matrix": (3, 8)}[o["skip"]]
        w.case("SkipLayerNormalization", label(o), [d(2, 3, 8), d(*skip), d(8), d(8) if o["beta"] else None, d(8) if o["bias"] else None],
               [True, False, False, True], {"epsilon": 1e-3})
        if o["beta"]:
            w.case("SkipSimplifiedLayerNormalization", label(o), [d(2, 3, 8), d(*skip), d(8), d(8) if o["bias"] else None],
                   [True, False, False, True], {"epsilon": 1e-3})
    d = Draw("simplified")
    for axis in (-1, 1):
        x = d(2, 3, 4)
        w.case("SimplifiedLayerNormalization", f"axis_{axis % 3}", [x, d(*x.shape[axis:])], 2, {"axis": axis, "epsilon": 1e-2}, "")
    w.case("SkipSimplifiedLayerNormalization", "rank2", [d(4, 8), d(4, 8), d(8)], 1)
    for o in options(segments=(True, False), mask=(True, False), positions=(None, "own", "shared")):
        d = Draw("embed" + label(o))
        ids = d.ints(0, 10, 2, 5)
        places = {None: None, "own": d.ints(0, 7, 2, 5), "shared": d.ints(0, 7, 1, 5)}[o["positions"]]
        w.case("EmbedLayerNormalization", label(o),
               [ids, d.ints(0, 2, 2, 5) if o["segments"] else None, d(10, 8), d(7, 8), d(2, 8) if o["segments"] else None, d(8), d(8),
                d.padding(2, 5) if o["mask"] else None, places], 3, {"epsilon": 1e-5},
               types={1: TensorProto.INT32})


def rotary(w):
    for o in options(rank=(3, 4), positions=("first", "all"), interleaved=(0, 1), part=(False, True)):
        d = Draw("rotary" + label(o))
        angles = d(12, 2 if o["part"] else 4)
        x = d(2, 5, 3 * 8) if o["rank"] == 3 else d(2, 3, 5, 8)
        at = np.array([4], np.int64) if o["positions"] == "first" else d.ints(0, 12, 2, 5, dtype=np.int64)
        attrs = {"interleaved": o["interleaved"]}
        if o["part"]:
            attrs |= {"num_heads": 3, "rotary_embedding_dim": 4}
        w.case("RotaryEmbedding", label(o), [x, at, np.cos(angles), np.sin(angles)], 1, attrs)


B, H, D = 2, 3, 4


def padding_mask(d, kind, batch, rows, total):
    m = d.padding(batch, total)
    return {
        None: None, "keys": m, "ends": m.sum(1).astype(np.int32),
        "spans": np.concatenate([np.full(batch, total, np.int32), total - m.sum(1).astype(np.int32)]).astype(np.int32),
        "rows": np.tril(np.broadcast_to(m[:, None], (batch, rows, total)).copy(), total - rows + 1).astype(np.int32),
        "square": (d.ints(0, 4, batch, 1, 9, 9) > 0).astype(np.int32),
    }[kind]


def multi_head(w):
    for o in options(mask=(None, "keys", "ends", "rows"), bias=(None, "all", "shared", "batch"), past=(0, 3), causal=(0, 1), rows=(1, 4)):
        if o["past"] and o["mask"] == "ends" or o["bias"] == "batch" and o["mask"] == "rows":
            continue
        d = Draw("mha" + label(o))
        s, t = o["rows"], o["past"] + o["rows"]
        score = {None: None, "all": (B, H, s, t), "shared": (1, 1, s, t), "batch": (B, 1, s, t)}[o["bias"]]
        past = [d(B, H, 3, D), d(B, H, 3, D)] if o["past"] else [None, None]
        w.case("MultiHeadAttention", label(o),
               [d(B, s, H * D), d(B, s, H * D), d(B, s, H * D), None, padding_mask(d, o["mask"], B, s, t), d(*score) if score else None, *past], 3,
               {"num_heads": H, "unidirectional": o["causal"]})
    for o in options(project=(False, True), wide=(0, 2), scale=(None, 0.3), presents=(False, True)):
        d = Draw("cross" + label(o))
        e = D + o["wide"]
        attrs = {"num_heads": H} | ({"scale": o["scale"]} if o["scale"] else {})
        w.case("MultiHeadAttention", "cross_" + label(o),
               [d(B, 3, H * D), d(B, 5, H * D), d(B, 5, H * e), d(2 * H * D + H * e) if o["project"] else None], 3 if o["presents"] else 1, attrs)
    d = Draw("mha")
    w.case("MultiHeadAttention", "cross_split", [d(B, 3, H * D), d(B, H, 5, D), d(B, H, 5, D), None, d.padding(B, 5)], 1, {"num_heads": H})
    w.case("MultiHeadAttention", "packed", [d(B, 5, H, 3, D)], 1, {"num_heads": H})
    w.case("MultiHeadAttention", "packed_keys", [d(B, 3, H * D), d(B, 5, H, 2, D)], 1, {"num_heads": H})
    w.case("MultiHeadAttention", "filter", [d(B, 3, H * D), d(B, 3, H * D), d(B, 3, H * D), None, d.padding(B, 3)], 1,
           {"num_heads": H, "mask_filter_value": -1.5})
    w.case("MultiHeadAttention", "scores", [d(B, 3, H * D), d(B, 3, H * D), d(B, 3, H * D), None, d.padding(B, 3)], [True, False, False, True],
           {"num_heads": H, "unidirectional": 1})
    q, p = d(B, 1, H * D), d(B, H, 8, D)
    w.case("MultiHeadAttention", "buffer", [q, q + 1, q - 1, None, None, None, p, p + 1, np.array([5], np.int32)], 3, {"num_heads": H})


def contrib_attention(w):
    for o in options(mask=(None, "keys", "ends", "spans", "rows"), bias=(False, True), past=(0, 3), causal=(0, 1), rows=(1, 4)):
        if o["past"] and (o["bias"] or o["mask"] in ("ends", "spans")) or o["mask"] == "spans" and o["causal"] and o["rows"] > 1:
            # The first is refused. In the second, queries before the start have no key; onnxruntime adds -10000 to all of their scores, which
            # costs them three digits.
            continue
        d = Draw("attention" + label(o))
        s, t = o["rows"], o["past"] + o["rows"]
        w.case("Attention", label(o),
               [d(B, s, 5), d(5, 3 * H * D), d(3 * H * D), padding_mask(d, o["mask"], B, s, t), d(2, B, H, 3, D) if o["past"] else None,
                d(B, H, s, t) if o["bias"] else None], 2 if o["past"] else 1, {"num_heads": H, "unidirectional": o["causal"]})
    d = Draw("attention")
    w.case("Attention", "sizes", [d(B, 4, 5), d(5, 2 * H * D + H * 6), d(2 * H * D + H * 6)], 1,
           {"num_heads": H, "qkv_hidden_sizes": [H * D, H * D, H * 6], "scale": 0.4})
    w.case("Attention", "no_bias", [d(B, 4, 5), d(5, 3 * H * D), None], 1, {"num_heads": H})
    w.case("Attention", "square", [d(B, 4, 5), d(5, 3 * H * D), d(3 * H * D), padding_mask(d, "square", B, 4, 7), d(2, B, H, 3, D)], 2,
           {"num_heads": H, "mask_filter_value": -3.0})
    w.case("Attention", "present", [d(B, 4, 5), d(5, 3 * H * D), d(3 * H * D)], 2, {"num_heads": H})


def decoder(w):
    for o in options(mask=(False, True), bias=(False, True), past=(0, 5), project=(False, True)):
        d = Draw("decoder" + label(o))
        t = o["past"] + 1
        buffers = d.rng.standard_normal((2, B, H, 8, D)).astype(np.float32)
        buffers[:, :, :, o["past"]:] = 0
        w.case("DecoderMaskedMultiHeadAttention", label(o),
               [d(B, 1, H * D), d(B, 1, H * D), d(B, 1, H * D), d.padding(B, t) if o["mask"] else None, d(1, 1, 1, t) if o["bias"] else None, *buffers,
                np.array([o["past"]], np.int32), None, None, d(3 * H * D) if o["project"] else None], 3,
               {"num_heads": H, "past_present_share_buffer": 1})
    d = Draw("decoder")
    w.case("DecoderMaskedMultiHeadAttention", "cross", [d(B, 1, H * D), d(B, H, 5, D), d(B, H, 5, D), d.padding(B, 5)], 1, {"num_heads": H})


def group_query(w):
    heads, groups = 4, 2

    def call(name, rows, past, lengths, room=None, packed=False, rotary=None, bias=None, sink=False, places=None, outputs=3, batch=B, queries=None, **attrs):
        """past keys a batch are lengths - rows; the buffer has room for as many."""
        d, size = Draw("gqa" + name), 32 if rotary == "part" else 16
        lengths = np.array(lengths, np.int32)
        total = int(lengths.max())
        room = past if room is None else room
        kv = d.rng.standard_normal((2, batch, groups, room, size)).astype(np.float32)
        valid = np.maximum(lengths - rows, 0)
        kv *= (np.arange(room) < valid[:, None])[None, :, None, :, None]
        q, k, v = d(batch, rows, heads * size), d(batch, rows, groups * size), d(batch, rows, groups * size)
        if packed:
            q, k, v = np.concatenate([q, k, v], 2), None, None
        angles = d(16, 8)
        attrs = {"num_heads": heads, "kv_num_heads": groups} | attrs
        if rotary:
            attrs |= {"do_rotary": 1, "rotary_interleaved": int(rotary == "interleaved")}
        scores = {None: None, "all": (batch, heads, rows, total), "shared": (1, 1, rows, total)}[bias]
        w.case("GroupQueryAttention", name,
               [q, k, v, kv[0] if room or past else None, kv[1] if room or past else None, lengths - 1, np.array(total, np.int32),
                np.cos(angles) if rotary else None, np.sin(angles) if rotary else None, places, d(*scores) if scores else None, d(heads) if sink else None,
                None, None, None, None, queries], outputs, attrs)

    for o in options(step=("prompt", "decode", "more"), packed=(False, True), rotary=(None, "halves", "interleaved", "part")):
        rows, lengths = {"prompt": (5, [5, 5]), "decode": (1, [6, 6]), "more": (3, [8])}[o["step"]]
        past = 0 if o["step"] == "prompt" else lengths[0] - rows
        call(label(o), rows, past, lengths, packed=o["packed"], rotary=o["rotary"], batch=len(lengths))
    for o in options(step=("prompt", "decode"), window=(None, 1, 2, 4), softcap=(None, 1.5), bias=(None, "all", "shared"), smooth=(None, "factor", "sink")):
        if sum(v is not None for v in o.values()) not in (2, 3):
            continue
        rows, lengths, past = (5, [5, 5], 0) if o["step"] == "prompt" else (1, [6, 6], 5)
        attrs = {}
        if o["window"]:
            attrs["local_window_size"] = o["window"]
        if o["softcap"]:
            attrs["softcap"] = o["softcap"]
        if o["smooth"] == "factor":
            attrs["smooth_softmax"] = 1
        call(label(o), rows, past, lengths, bias=o["bias"], sink=o["smooth"] == "sink", **attrs)
    call("scale", 5, 0, [5, 5], scale=0.7)
    call("ragged_decode", 1, 6, [7, 4], room=6, rotary="halves")
    call("buffer_decode", 1, 5, [6, 6], room=9, rotary="halves")
    call("buffer_prompt", 4, 0, [4, 4], room=9, rotary="halves")
    call("positions", 3, 4, [7], batch=1, rotary="halves", places=np.array([[4, 5, 6]], np.int64))
    call("positions_prompt", 3, 0, [3, 3], rotary="halves", places=np.array([[0, 1, 2]] * 2, np.int64))
    call("bidirectional", 4, 0, [4, 4], causal=0)
    for mode in (1, 2):
        call(f"scores_{mode}_decode", 1, 3, [4, 4], outputs=4, qk_output=mode, softcap=2.0)
        call(f"scores_{mode}_prompt", 4, 0, [4, 4], outputs=4, qk_output=mode, local_window_size=2)
    call("chunk", 3, 6, [7, 5], room=9, rotary="halves", queries=np.array([3, 3], np.int32))


def quantised(w):
    """Bytes with scales: what onnxruntime computes in other orders may round to the byte beside it, so scales keep results off the middle between two."""
    d = Draw("quantised")

    def f(x):
        return np.array(x, np.float32)

    def operand(*shape, signed=False, scale=0.5, zero=3):
        t = np.int8 if signed else np.uint8
        low = -128 if signed else 0
        return [d.ints(low, low + 256, *shape, dtype=t), f(scale), np.array(zero, t)]

    for signed in (False, True):
        t, name = (np.int8, "i8") if signed else (np.uint8, "u8")
        types = {0: TensorProto.INT8 if signed else TensorProto.UINT8}
        end = [f(1.9), np.array(7, t)]
        for op in ("QLinearAdd", "QLinearMul"):
            w.case(op, f"{name}_same", operand(2, 3, 4, signed=signed) + operand(2, 3, 4, signed=signed, scale=0.3, zero=9) + end, 1, types=types)
            w.case(op, f"{name}_channels", operand(2, 3, 4, signed=signed) + operand(2, 3, 1, signed=signed, scale=0.3, zero=9) + end, 1, types=types)
        w.case("QLinearSigmoid", name, operand(3, 50, signed=signed, scale=0.07) + [f(1 / 256), np.array(0, t)], 1, types=types)
        w.case("QLinearLeakyRelu", name, operand(3, 50, signed=signed, scale=0.07, zero=20) + [f(0.09), np.array(5, t)], 1, {"alpha": 0.2}, types=types)
        w.case("QLinearGlobalAveragePool", name, operand(2, 5, 7, 7, signed=signed) + [f(0.23), np.array(4, t)], 1, {"channels_last": 0}, types=types)
        w.case("QLinearGlobalAveragePool", f"{name}_last", operand(2, 7, 7, 5, signed=signed) + [f(0.23), np.array(4, t)], 1, {"channels_last": 1}, types=types)
        w.case("QLinearConcat", name, [f(0.7), np.array(4, t)] + operand(2, 3, 4, signed=signed) + operand(2, 2, 4, signed=signed, scale=0.3, zero=9), 1, {"axis": 1}, types=types)
    bias = d.ints(-5000, 5000, 6)
    for o in options(trans=(0, 1), bias=(False, True), columns=(False, True), float=(False, True)):
        a, b = operand(4, 5), operand(*((6, 5) if o["trans"] else (5, 6)), signed=True)
        if o["columns"]:
            b[1:] = [np.linspace(0.1, 0.6, 6, dtype=np.float32), np.zeros(6, np.int8)]
        end = [] if o["float"] else [f(51.3), np.array(120, np.uint8)]
        ins = a + b + [bias if o["bias"] else None] + end
        w.case("QGemm", label(o), ins, 1, {"transB": o["trans"], "alpha": 1.5}, types={0: TensorProto.FLOAT if o["float"] else TensorProto.UINT8})


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    shutil.rmtree(out / "contrib", ignore_errors=True)
    w = Writer(out)
    for family in (gelus, products, few_bits, norms, rotary, multi_head, contrib_attention, decoder, group_query, quantised):
        family(w)
    for r in w.refused:
        print("refused:", r)
    print(w.count, "cases written,", len(w.refused), "refused")


if __name__ == "__main__":
    main()
