"""Writes the tokenizer.json of a model in the format GGUF that has a byte-level BPE, such as SmolLM2. Needs the package gguf.

    python tokenizer.py SmolLM2-135M-Instruct.Q4_1.gguf tokenizer.json
"""
import json
import os
import sys

from gguf import GGUFReader

CONTROL = 3  # the type of tokens that frame text

# How text is cut before pairs of bytes are merged, by the name that the format has for it.
CUTS = {"smollm": [{"type": "Digits", "individual_digits": True}]}


def main(source, target):
    fields = GGUFReader(source).fields
    get = lambda name: fields["tokenizer.ggml." + name].contents()
    if get("model") != "gpt2" or get("pre") not in CUTS:
        sys.exit(f"{source} has a tokenizer {get('model')}, {get('pre')}; gpt2 and one of {', '.join(CUTS)} can be written")
    tokens = get("tokens")
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    special = [
        {"id": i, "content": t, "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
        for i, (t, kind) in enumerate(zip(tokens, get("token_type"))) if kind == CONTROL
    ]
    result = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": None, "post_processor": None, "decoder": level,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": CUTS[get("pre")] + [level]},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False,
                  "byte_fallback": False, "vocab": {t: i for i, t in enumerate(tokens)}, "merges": get("merges")},
    }
    with open(target + ".part", "w", encoding="utf-8") as f:
        json.dump(result, f, ensure_ascii=False)
    os.replace(target + ".part", target)


if len(sys.argv) != 3:
    sys.exit(__doc__)
main(*sys.argv[1:])
