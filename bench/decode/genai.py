"""Worker of onnxruntime-genai: PROMPT, TOKENS and QUIT of the protocol of internal/peer. Needs onnxruntime-genai and numpy."""
import argparse
import json
import os
import sys
import tempfile
import time

import numpy as np
import onnxruntime_genai as og

ROOM = 512  # tokens behind a prompt


def peak():
    """The peak resident size in MB."""
    try:
        with open("/proc/self/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024
    except OSError:
        return 0


def configure(folder, model, threads):
    """What the library wants to know of SmolLM2-135M, beside the model."""
    os.symlink(os.path.abspath(model), os.path.join(folder, "model.onnx"))
    decoder = {
        "filename": "model.onnx",
        "session_options": {"provider_options": [], "intra_op_num_threads": threads},
        "head_size": 64, "hidden_size": 576, "num_attention_heads": 9, "num_key_value_heads": 3, "num_hidden_layers": 30,
        "inputs": {"input_ids": "input_ids", "attention_mask": "attention_mask",
                   "past_key_names": "past_key_values.%d.key", "past_value_names": "past_key_values.%d.value"},
        "outputs": {"logits": "logits", "present_key_names": "present.%d.key", "present_value_names": "present.%d.value"},
    }
    config = {
        "model": {"type": "llama", "vocab_size": 49152, "context_length": 8192, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2, "decoder": decoder},
        "search": {"do_sample": False, "max_length": 8192, "past_present_share_buffer": True},
    }
    with open(os.path.join(folder, "genai_config.json"), "w") as f:
        json.dump(config, f)


class Writer:
    def __init__(self, model):
        self.model = model

    def prompt(self, ids):
        self.generator = None  # the memory of the sequence before
        begin = time.perf_counter()
        params = og.GeneratorParams(self.model)
        n = len(ids) + ROOM
        params.set_search_options(do_sample=False, max_length=n, min_length=n)  # so that no token ends it
        self.generator = og.Generator(self.model, params)
        self.generator.append_tokens(np.array(ids, np.int32))
        return self.write(1, begin)

    def write(self, n, begin=None):
        begin = begin or time.perf_counter()
        ids, times = [], []
        for _ in range(n):
            self.generator.generate_next_token()
            ids.append(int(self.generator.get_next_tokens()[0]))
            now = time.perf_counter()
            times.append(now - begin)
            begin = now
        return {"ids": ids, "times_s": times}


def say(word, value):
    print(word, json.dumps(value), flush=True)


def main():
    p = argparse.ArgumentParser()
    for name in ("--model", "--inputs", "--outputs"):
        p.add_argument(name, required=True)
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            configure(folder, a.model, a.threads)
            begin = time.perf_counter()
            writer = Writer(og.Model(folder))
            load = time.perf_counter() - begin
            first = writer.prompt([1])["times_s"][0]
        except Exception as e:  # the reason is the answer
            say("FAIL", (str(e).splitlines() or [repr(e)])[0])
            return
    say("READY", {"load_s": load, "first_s": first, "rss_mb": peak(), "info": "onnxruntime-genai " + og.__version__})
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "PROMPT":
            say("TOKENS", writer.prompt(json.loads(rest)))
        elif word == "TOKENS":
            say("TOKENS", writer.write(int(rest)))
        else:
            break
    say("DONE", {"rss_mb": peak()})


main()
