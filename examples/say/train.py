"""Trains the model of this folder, which says dates in English, and writes it as ONNX with recorded runs to verify it by.

    pip install -r requirements.txt
    python train.py

It is a small decoder of the kind that language models are: rotary positions, heads that share keys, gated units, and the keys and values of all
positions so far as inputs and outputs, so that a step is given new characters only:

    ids [batch, n], past.0.key [batch, 2, past, 16], … → logits [batch, n, 44], present.0.key [batch, 2, past + n, 16], …

It was trained on lines such as "1999-03-03:the third of march nineteen ninety nine", which spellings.py of the folder dates makes, and goes on from
"1999-03-03:" in one of many ways. Character i of "alphabet", which is metadata of the model, is id i; the first one ends a line.

Every twentieth date is never trained on.
"""

import argparse
import pathlib
import random
import sys
import time

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import nn

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "dates"))
from spellings import sample  # noqa: E402

ALPHABET = "\n abcdefghijklmnopqrstuvwxyz0123456789,.-/:"
PROMPT = len("1999-03-03:")
BATCH = 96
WIDTH, HEADS, GROUPS, SIZE, INNER, LAYERS = 64, 4, 2, 16, 192, 2


def encode(lines):
    """Ids of lines, padded with their end."""
    width = max(len(line) for line in lines) + 1
    return torch.tensor([[ALPHABET.index(c) for c in line.ljust(width, "\n")] for line in lines])


def lines(rng, n, test=False):
    return [f"{iso}:{text}" for text, iso in sample(rng, n, test)]


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(WIDTH, HEADS * SIZE, bias=False)
        self.k, self.v = (nn.Linear(WIDTH, GROUPS * SIZE, bias=False) for _ in range(2))
        self.out = nn.Linear(HEADS * SIZE, WIDTH, bias=False)

    def split(self, x, heads):
        return x.reshape(x.shape[0], x.shape[1], heads, SIZE).transpose(1, 2)

    def forward(self, x, past, cos, sin, seen):
        q, k, v = turn(self.split(self.q(x), HEADS), cos, sin), turn(self.split(self.k(x), GROUPS), cos, sin), self.split(self.v(x), GROUPS)
        k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        many = [y[:, :, None].expand(-1, -1, HEADS // GROUPS, -1, -1).reshape(y.shape[0], HEADS, y.shape[2], SIZE) for y in (k, v)]
        y = F.scaled_dot_product_attention(q, *many, attn_mask=seen)
        return self.out(y.transpose(1, 2).flatten(2)), (k, v)


def turn(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.norms = Attention(), nn.ModuleList(nn.RMSNorm(WIDTH, eps=1e-5) for _ in range(2))
        self.gate, self.up = nn.Linear(WIDTH, INNER, bias=False), nn.Linear(WIDTH, INNER, bias=False)
        self.down = nn.Linear(INNER, WIDTH, bias=False)

    def forward(self, x, past, cos, sin, seen):
        y, present = self.attention(self.norms[0](x), past, cos, sin, seen)
        x = x + y
        y = self.norms[1](x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y)), present


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.norm = nn.Embedding(len(ALPHABET), WIDTH), nn.RMSNorm(WIDTH, eps=1e-5)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.register_buffer("frequency", 100.0 ** (-torch.arange(0, SIZE, 2) / SIZE), persistent=False)

    def forward(self, ids, past):
        before, n = past[0][0].shape[2], ids.shape[1]
        at = torch.arange(n) + before
        angle = (at[:, None] * self.frequency).repeat(1, 2)
        seen = torch.arange(before + n) <= at[:, None]
        x, present = self.embedding(ids), []
        for block, p in zip(self.blocks, past):
            x, p = block(x, p, angle.cos(), angle.sin(), seen)
            present.append(p)
        return F.linear(self.norm(x), self.embedding.weight), present


def nothing(batch):
    """Keys and values of no positions."""
    return [(torch.zeros(batch, GROUPS, 0, SIZE), torch.zeros(batch, GROUPS, 0, SIZE)) for _ in range(LAYERS)]


def batches(rng):
    """Endless batches of lines of similar length."""
    while True:
        pool = sorted(lines(rng, 16 * BATCH), key=len)
        parts = [pool[i : i + BATCH] for i in range(0, len(pool), BATCH)]
        rng.shuffle(parts)
        for part in parts:
            yield encode(part)


def loss_of(model, ids):
    """Of the characters behind the prompt, one end of the line included."""
    logits, _ = model(ids[:, :-1], nothing(ids.shape[0]))
    target = ids[:, 1:].clone()
    target[:, 1:][(target[:, 1:] == 0) & (target[:, :-1] == 0)] = -100
    target[:, : PROMPT - 1] = -100
    return F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=-100)


def train(steps, rate):
    torch.manual_seed(1)
    model, data = Decoder(), batches(random.Random(1))
    optimizer = torch.optim.AdamW(model.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps, pct_start=0.1)
    begin = time.time()
    for step in range(1, steps + 1):
        optimizer.zero_grad()
        loss = loss_of(model, next(data))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 250 == 0:
            print(f"step {step}, loss {loss.item():.4f}, {say(model, '1999-03-03:')!r}, {time.time() - begin:.0f} s", flush=True)
    with torch.no_grad():
        unseen = sum(loss_of(model, encode(lines(random.Random(2), BATCH, test=True))).item() for _ in range(8)) / 8
    print(f"loss on unseen dates {unseen:.4f}")
    return model.eval()


@torch.no_grad()
def say(model, prompt):
    """The most probable characters after a prompt."""
    past, ids, text = nothing(1), encode([prompt])[:, :-1], ""
    while len(text) < 80:
        logits, past = model(ids, past)
        ids = logits[:, -1:].argmax(-1)
        if ids.item() == 0:
            break
        text += ALPHABET[ids.item()]
    return text


@torch.no_grad()
def export(model):
    batch, n, before = torch.export.Dim("batch"), torch.export.Dim("n"), torch.export.Dim("past_length")
    first = encode(lines(random.Random(3), 3))
    _, past = model(first[:, :20], nothing(3))
    names = [f"{kind}.{layer}.{part}" for kind in ("past", "present") for layer in range(LAYERS) for part in ("key", "value")]
    states = [({0: batch, 2: before}, {0: batch, 2: before}) for _ in range(LAYERS)]
    program = torch.onnx.export(model, (first[:, 20:24], past), dynamo=True, opset_version=20, input_names=["ids", *names[: 2 * LAYERS]],
                                output_names=["logits", *names[2 * LAYERS :]], dynamic_shapes=({0: batch, 1: n}, states), optimize=True, verbose=False)
    proto = program.model_proto
    proto.metadata_props.add(key="alphabet", value=ALPHABET)
    proto.doc_string = 'Says dates, 1900 to 2099, in English: goes on from "1999-03-03:".'
    strip(proto)
    onnx.checker.check_model(proto, full_check=True)
    onnx.save(proto, HERE / "model.onnx")
    for i, (size, before) in enumerate([(1, 0), (4, 12)]):
        ids = encode(lines(random.Random(4 + i), size, test=True))
        past = nothing(size)
        if before:
            _, past = model(ids[:, :before], past)
        args = [ids[:, before : before + 9], *(x for pair in past for x in pair)]
        logits, present = model(args[0], past)
        data = HERE / f"test_data_set_{i}"
        data.mkdir(exist_ok=True)
        for k, x in enumerate(args):
            (data / f"input_{k}.pb").write_bytes(numpy_helper.from_array(x.numpy(), ["ids", *names][k]).SerializeToString())
        for k, x in enumerate([logits, *(x for pair in present for x in pair)]):
            (data / f"output_{k}.pb").write_bytes(numpy_helper.from_array(x.numpy(), ["logits", *names[2 * LAYERS :]][k]).SerializeToString())


def strip(proto):
    """Removes what the exporter notes of its own source code and machine."""
    del proto.graph.metadata_props[:]
    for part in [*proto.graph.node, *proto.graph.value_info, *proto.graph.input, *proto.graph.output, *proto.graph.initializer]:
        del part.metadata_props[:]
    for node in proto.graph.node:
        node.doc_string = ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--rate", type=float, default=6e-3)
    parser.add_argument("--threads", type=int, default=1)
    o = parser.parse_args()
    torch.set_num_threads(o.threads)
    export(train(o.steps, o.rate))


if __name__ == "__main__":
    main()
