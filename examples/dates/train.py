"""Trains the three models of this folder and writes them as ONNX, each with recorded runs to verify it by.

    pip install -r requirements.txt
    python train.py transformer lstm gru

All read the text of a date character by character and give scores for the characters of the ISO date:

    transformer  text [batch, chars], prefix [batch, n] → scores [batch, n, 11]: an encoder and decoder, asked once a character
    gru          the same with recurrent layers, and attention from decoder to encoder
    lstm         text [batch, chars] → scores [batch, 10, 11]: a bidirectional layer, all characters at once

The alphabets are metadata of the models: character i of "alphabet" is id i of text, character i of "digits" is id i of prefix
and of scores; a prefix starts with the id after the last one. Texts of a batch are padded with spaces, id 0.

Every twentieth date is never trained on; accuracies are on those.
"""

import argparse
import itertools
import math
import pathlib
import random
import time

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import nn

from spellings import sample

HERE = pathlib.Path(__file__).parent
ALPHABET = " abcdefghijklmnopqrstuvwxyz0123456789,.-/"
DIGITS = "0123456789-"
START = len(DIGITS)
LENGTH = len("1999-03-03")
BATCH = 128


def encode(pairs):
    """Ids of texts, padded with spaces, and of dates."""
    width = max(len(text) for text, _ in pairs)
    text = torch.tensor([[ALPHABET.index(c) for c in t.ljust(width)] for t, _ in pairs])
    return text, torch.tensor([[DIGITS.index(c) for c in iso] for _, iso in pairs])


def batches(rng):
    """Endless batches of texts of similar length, so that no length is known only with padding."""
    while True:
        pairs = sorted(sample(rng, 16 * BATCH), key=lambda pair: len(pair[0]))
        parts = [pairs[i : i + BATCH] for i in range(0, len(pairs), BATCH)]
        rng.shuffle(parts)
        for part in parts:
            yield encode(part)


def prefix_of(iso):
    """The decoder's input: the date, one character later."""
    return torch.cat([torch.full((iso.shape[0], 1), START), iso[:, :-1]], 1)


class Positions(nn.Module):
    """Adds sines and cosines of the position."""

    def __init__(self, width, limit=128):
        super().__init__()
        angle = torch.arange(limit)[:, None] * torch.exp(torch.arange(0, width, 2) * (-math.log(1000.0) / width))
        self.register_buffer("table", torch.stack([angle.sin(), angle.cos()], 2).flatten(1))

    def forward(self, x):
        return x + self.table[: x.shape[1]]


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))

    def split(self, x):
        return x.reshape(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, x, y, causal=False):
        q, k, v = self.split(self.q(x)), self.split(self.k(y)), self.split(self.v(y))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.out(a.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads, inner, cross):
        super().__init__()
        self.own, self.cross = Attention(width, heads), Attention(width, heads) if cross else None
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3 if cross else 2))
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x, memory=None):
        y = self.norms[0](x)
        x = x + self.own(y, y, causal=self.cross is not None)
        if self.cross is not None:
            x = x + self.cross(self.norms[2](x), memory)
        return x + self.down(F.gelu(self.up(self.norms[1](x))))


class Transformer(nn.Module):
    def __init__(self, width=64, heads=4, inner=128, layers=2):
        super().__init__()
        self.read, self.written = nn.Embedding(len(ALPHABET), width), nn.Embedding(len(DIGITS) + 1, width)
        self.positions = Positions(width)
        self.encoder = nn.ModuleList(Block(width, heads, inner, False) for _ in range(layers))
        self.decoder = nn.ModuleList(Block(width, heads, inner, True) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.out = nn.Linear(width, len(DIGITS))

    def forward(self, text, prefix):
        x, y = self.positions(self.read(text)), self.positions(self.written(prefix))
        for block in self.encoder:
            x = block(x)
        x = self.norms[0](x)
        for block in self.decoder:
            y = block(y, x)
        return self.out(self.norms[1](y))


class GRU(nn.Module):
    def __init__(self, width=48, hidden=96):
        super().__init__()
        self.read, self.written = nn.Embedding(len(ALPHABET), width), nn.Embedding(len(DIGITS) + 1, width)
        self.encoder = nn.GRU(width, hidden, batch_first=True, bidirectional=True)
        self.decoder = nn.GRU(width, 2 * hidden, batch_first=True)
        self.look = nn.Linear(2 * hidden, 2 * hidden)
        self.mix, self.out = nn.Linear(4 * hidden, 2 * hidden), nn.Linear(2 * hidden, len(DIGITS))

    def forward(self, text, prefix):
        states, last = self.encoder(self.read(text))
        start = torch.cat([last[0], last[1]], 1)[None]
        y, _ = self.decoder(self.written(prefix), start)
        scores = self.look(y) @ states.transpose(1, 2)
        seen = torch.softmax(scores, 2) @ states
        return self.out(torch.tanh(self.mix(torch.cat([y, seen], 2))))


class LSTM(nn.Module):
    def __init__(self, width=48, hidden=128):
        super().__init__()
        self.read = nn.Embedding(len(ALPHABET), width)
        self.encoder = nn.LSTM(width, hidden, batch_first=True, bidirectional=True)
        self.look = nn.Linear(2 * hidden, LENGTH)
        self.out = nn.Parameter(torch.randn(LENGTH, 2 * hidden, len(DIGITS)) * 0.05)

    def forward(self, text):
        states, _ = self.encoder(self.read(text))
        weights = torch.softmax(self.look(states), 1).transpose(1, 2)
        seen = weights @ states  # [batch, 10, 2·hidden]
        return (seen.transpose(0, 1) @ self.out).transpose(0, 1)


MODELS = {"transformer": Transformer, "gru": GRU, "lstm": LSTM}
RECIPES = {"transformer": (5000, 3e-3), "gru": (3000, 4e-3), "lstm": (3000, 4e-3)}  # steps and largest rate


def arguments(name, text, iso):
    return (text,) if name == "lstm" else (text, prefix_of(iso))


def greedy(name, model, text):
    """The ids of the dates that the model answers with."""
    if name == "lstm":
        return model(text).argmax(2)
    prefix = torch.full((text.shape[0], 1), START)
    for _ in range(LENGTH):
        prefix = torch.cat([prefix, model(text, prefix)[:, -1:].argmax(2)], 1)
    return prefix[:, 1:]


@torch.no_grad()
def accuracy(name, model, n):
    """The share of whole dates that are right, of n that were not trained on, each read without padding."""
    model.eval()
    pairs = sorted(sample(random.Random(7), n, test=True), key=lambda pair: len(pair[0]))
    right = 0
    for _, group in itertools.groupby(pairs, key=lambda pair: len(pair[0])):
        text, iso = encode(list(group))
        right += (greedy(name, model, text) == iso).all(1).sum().item()
    model.train()
    return right / n


def train(name, steps, rate):
    torch.manual_seed(1)
    rng = random.Random(1)
    model = MODELS[name]()
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.1)
    print(f"{name}: {sum(p.numel() for p in model.parameters()):,} parameters", flush=True)
    begin = time.time()
    for step, (text, iso) in zip(range(1, steps + 1), batches(rng)):
        loss = F.cross_entropy(model(*arguments(name, text, iso)).flatten(0, 1), iso.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 250 == 0 or step == steps:
            share = accuracy(name, model, 500 if step < steps else 10000)
            print(f"{name}: step {step}, loss {loss.item():.4f}, {share:.2%} of unseen dates right, {time.time() - begin:.0f} s", flush=True)
    return model.eval()


@torch.no_grad()
def export(name, model):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    rng = random.Random(3)
    example = arguments(name, *encode(sample(rng, 3)))
    inputs = ["text", "prefix"][: len(example)]
    batch = torch.export.Dim("batch")
    dims = [{0: batch, 1: torch.export.Dim(d)} for d in ["chars", "n"][: len(example)]]
    program = torch.onnx.export(model, example, dynamo=True, opset_version=20, input_names=inputs, output_names=["scores"], dynamic_shapes=dims,
                                optimize=True, verbose=False)
    proto = program.model_proto
    for key, value in {"alphabet": ALPHABET, "digits": DIGITS}.items():
        proto.metadata_props.add(key=key, value=value)
    proto.doc_string = f"Reads English dates, 1900 to 2099, and writes them as YYYY-MM-DD ({name})."
    strip(proto)
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, folder / "model.onnx")
    for i, n in enumerate([1, 5]):
        args = arguments(name, *encode(sample(rng, n, test=True)))
        data = folder / f"test_data_set_{i}"
        data.mkdir(exist_ok=True)
        for k, x in enumerate(args):
            (data / f"input_{k}.pb").write_bytes(numpy_helper.from_array(x.numpy(), inputs[k]).SerializeToString())
        (data / "output_0.pb").write_bytes(numpy_helper.from_array(model(*args).numpy(), "scores").SerializeToString())


def strip(proto):
    """Removes what the exporter notes of its own source code and machine."""
    del proto.graph.metadata_props[:]
    for part in [*proto.graph.node, *proto.graph.value_info, *proto.graph.input, *proto.graph.output, *proto.graph.initializer]:
        del part.metadata_props[:]
    for node in proto.graph.node:
        node.doc_string = ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--steps", type=int, help="default: %s" % {name: steps for name, (steps, _) in RECIPES.items()})
    parser.add_argument("--threads", type=int, default=1)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    for name in o.names:
        steps, rate = RECIPES[name]
        export(name, train(name, o.steps or steps, rate))


if __name__ == "__main__":
    main()
