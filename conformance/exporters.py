#!/usr/bin/env python3
"""Export small models of many architectures as torch's exporters spell them, with the outputs that torch gives.

usage: exporters.py OUT [NAME…]      (needs torch==2.15.0, transformers==5.24.0, timm==1.0.31, onnx==1.23.2, onnxscript==0.7.2, onnxruntime==1.32.*)

OUT/exporters/test_ARCHITECTURE_EXPORTER_ATTENTION/{model.onnx,data.json,test_data_set_0/{input,output}_i.pb}, EXPORTER being ts (TorchScript) or dynamo with
the opset, ATTENTION sdpa or eager, and OUT/exporters.txt with the parts that each architecture has; afterwards
  go run ./conformance/pack OUT conformance/testdata && cp OUT/exporters.txt conformance/testdata/parts
Everything is deterministic. Weights are small multiples of powers of two that repeat, so that an archive of them is small. What is recorded has other sizes than
what was exported. An export that torch refuses, or that onnxruntime refuses or computes differently from torch, is named and left out; REFUSED has exceptions.
With names only these architectures are exported again.
"""
import contextlib
import io
import json
import logging
import math
import os
import pathlib
import shutil
import sys
import warnings
import zlib

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import numpy as np
import onnx
import onnxruntime as ort
import torch
import torch.nn.functional as F
import transformers as tf
from onnx import numpy_helper
from torch import nn

torch.backends.mha.set_fastpath_enabled(False)  # an operator of its own that no exporter knows
WIDTH, HEADS, LAYERS, INNER, VOCABULARY, LIMIT = 32, 4, 2, 48, 40, 24
TOLERANCE = {"rtol": 1e-4, "atol": 2e-5}
TABLE = np.round(np.random.default_rng(1).standard_normal(61) * 64) / 64


def fill(module):
    """Weights by name: the same numbers over and over, from another place on, times a power of two that keeps activations of one size."""
    for name, p in module.named_parameters():
        if p.dim() == 1 and name.endswith("weight") and bool((p == 1).all()):
            scale, base = 0.125, 1.0
        elif p.dim() == 1:
            scale, base = 0.125, 0.0
        else:
            fan = math.prod(p.shape[1:]) if "embed" not in name else 4
            scale, base = 2.0 ** round(-math.log2(fan) / 2), 0.0
        if any(part in name for part in ("A_log", "dt_bias", "ssm")):
            continue  # made by a formula
        at = zlib.crc32(name.encode()) % 61 + np.arange(p.numel())
        with torch.no_grad():
            p.copy_(torch.from_numpy((base + scale * TABLE[at % 61]).astype(np.float32)).reshape(p.shape))
    return module.eval()


class Draw:
    """Inputs whose seed is a name."""

    def __init__(self, name):
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))

    def ids(self, *shape, low=3):
        return torch.from_numpy(self.rng.integers(low, VOCABULARY, shape))

    def floats(self, *shape):
        return torch.from_numpy((np.round(self.rng.standard_normal(shape) * 32) / 32).astype(np.float32))

    def mask(self, batch, rows, left=False):
        """1 for words, the last sequence shorter than the others."""
        m = np.ones((batch, rows), np.int64)
        if left:
            m[-1, : rows // 3] = 0
        else:
            m[-1, rows - rows // 3 :] = 0
        return torch.from_numpy(m)


# What calls a model: forward has one tensor for each input.


class Text(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, return_dict=True)[0]


class Decoder(Text):
    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False, return_dict=True)[0]


class Pixels(Text):
    def forward(self, pixel_values):
        return self.model(pixel_values, return_dict=True)[0]


class Embedded(Text):
    def forward(self, inputs_embeds):
        return self.model(inputs_embeds=inputs_embeds, use_cache=False, return_dict=True)[0]


class Translator(Text):
    def forward(self, input_ids, attention_mask, decoder_input_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, decoder_input_ids=decoder_input_ids, use_cache=False, return_dict=True)[0]


class Speech(Text):
    def forward(self, input_features, decoder_input_ids):
        return self.model(input_features=input_features, decoder_input_ids=decoder_input_ids, use_cache=False, return_dict=True)[0]


class Cached(Text):
    """One step of generation: keys and values of the past go in, those with the new ones come out."""

    def forward(self, input_ids, attention_mask, *past):
        cache = tf.DynamicCache(ddp_cache_data=[(past[i], past[i + 1]) for i in range(0, len(past), 2)])
        out = self.model(input_ids=input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True, return_dict=True)
        present = out.past_key_values
        return (out[0], *(t for layer in present.layers for t in (layer.keys, layer.values)))


class Architecture:
    """A model by name, how it is called, and how many parts it has by its definition."""

    def __init__(self, name, make, kind, attention=0, norm=0, activation=0, rotary=0, recurrent=0, eager=True, sdpa=True, ts=True, dynamo=True, kv=HEADS, size=WIDTH // HEADS,
                 image=16, opset23=False):
        self.name, self.make, self.kind = name, make, kind
        self.parts = (attention, norm, activation, rotary, recurrent)
        self.eager, self.sdpa, self.ts, self.dynamo, self.kv, self.size, self.image, self.opset23 = eager, sdpa, ts, dynamo, kv, size, image, opset23

    def inputs(self, recorded):
        """Names, tensors and names of their axes."""
        d, batch, rows, more = (Draw(self.name), 3, 7, 5) if recorded else (Draw(self.name), 2, 9, 6)
        ids, mask = {0: "batch", 1: "rows"}, {0: "batch", 1: "rows"}
        if self.kind in (Text, Decoder):
            return {"input_ids": (d.ids(batch, rows), ids), "attention_mask": (d.mask(batch, rows), mask)}
        if self.kind is Translator:
            return {"input_ids": (d.ids(batch, rows), ids), "attention_mask": (d.mask(batch, rows), mask), "decoder_input_ids": (d.ids(batch, more), {0: "batch", 1: "written"})}
        if self.kind is Pixels:
            return {"pixel_values": (d.floats(batch, 3, self.image, self.image), {0: "batch"})}
        if self.kind is Embedded:
            return {"inputs_embeds": (d.floats(batch, rows, WIDTH), ids)}
        if self.kind is Speech:
            return {"input_features": (d.floats(batch, 8, 2 * LIMIT), {0: "batch"}), "decoder_input_ids": (d.ids(batch, more), {0: "batch", 1: "written"})}
        if self.kind is Cached:
            given = {"input_ids": (d.ids(batch, more), ids), "attention_mask": (d.mask(batch, rows + more, left=True), {0: "batch", 1: "all"})}
            for i in range(LAYERS):
                for what in ("key", "value"):
                    given[f"past.{i}.{what}"] = (d.floats(batch, self.kv, rows, self.size), {0: "batch", 2: "past"})
            return given
        sizes = {"batch": batch, "rows": rows, "written": more}
        return {name: (d.floats(*(sizes.get(n, n) for n in shape)), {i: n for i, n in enumerate(shape) if isinstance(n, str)})
                for name, shape in self.kind.items()}

    def module(self, attention):
        m = self.make(attention)
        return fill(self.kind(m) if isinstance(self.kind, type) else m)

    def variants(self):
        kinds = [a for a, there in (("sdpa", self.sdpa), ("eager", self.eager)) if there] or ["plain"]
        if self.ts:
            for a in kinds:
                yield "ts", 17, a
        if self.dynamo:
            for a in kinds:
                yield "dynamo", 20, a
        if self.opset23:
            yield "dynamo", 23, kinds[0]


# Exports that are as ONNX has it, but not as onnxruntime 1.32 wants them: tables of rotary embeddings that are the same for all sequences of a batch.
REFUSED = {"llama_dynamo23_sdpa", "llama_cached_dynamo23_sdpa"}

ALL = []


def add(name, make, kind, **parts):
    ALL.append(Architecture(name, make, kind, **parts))


def config(cls, attention, **kw):
    c = cls(**kw)
    c._attn_implementation = attention
    return c


def hugging(name, model, cls, kind, parts, **kw):
    """A model of transformers by its class and configuration."""
    options = {k: parts.pop(k) for k in ("eager", "sdpa", "ts", "dynamo", "kv", "size", "image", "opset23") if k in parts}
    add(name, lambda a: getattr(tf, model)._from_config(config(getattr(tf, cls), a, **kw)), kind, **parts, **options)


COMMON = dict(vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=INNER, max_position_embeddings=LIMIT,
              hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, pad_token_id=0)
LLAMA = dict(vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, num_key_value_heads=2, intermediate_size=INNER,
             max_position_embeddings=LIMIT, pad_token_id=0, bos_token_id=1, eos_token_id=2, attention_dropout=0.0)
GPT = dict(vocab_size=VOCABULARY, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, n_inner=INNER, n_positions=LIMIT, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=1, eos_token_id=2)
BART = dict(vocab_size=VOCABULARY, d_model=WIDTH, encoder_layers=LAYERS, decoder_layers=LAYERS, encoder_attention_heads=HEADS, decoder_attention_heads=HEADS, encoder_ffn_dim=INNER,
            decoder_ffn_dim=INNER, max_position_embeddings=LIMIT, dropout=0.0, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1, forced_eos_token_id=None)
IMAGE = dict(hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=INNER, image_size=16, patch_size=4, hidden_dropout_prob=0.0,
             attention_probs_dropout_prob=0.0)

# Encoders: an attention a layer; two norms a layer and one of the embeddings.
ENCODER = dict(attention=2, norm=5, activation=2)
hugging("bert", "BertModel", "BertConfig", Text, dict(ENCODER, opset23=True), **COMMON)
hugging("roberta", "RobertaModel", "RobertaConfig", Text, dict(ENCODER), **COMMON)
hugging("albert", "AlbertModel", "AlbertConfig", Text, dict(ENCODER), embedding_size=16, **COMMON)
hugging("electra", "ElectraModel", "ElectraConfig", Text, dict(ENCODER), embedding_size=16, **COMMON)
hugging("mpnet", "MPNetModel", "MPNetConfig", Text, dict(ENCODER, sdpa=False), **COMMON)
hugging("distilbert", "DistilBertModel", "DistilBertConfig", Text, dict(ENCODER), vocab_size=VOCABULARY, dim=WIDTH, n_layers=LAYERS, n_heads=HEADS, hidden_dim=INNER,
        max_position_embeddings=LIMIT, dropout=0.0, attention_dropout=0.0, pad_token_id=0)
hugging("deberta", "DebertaModel", "DebertaConfig", Text, dict(ENCODER, sdpa=False), relative_attention=True, pos_att_type=["c2p", "p2c"], **COMMON)
hugging("deberta_v2", "DebertaV2Model", "DebertaV2Config", Text, dict(ENCODER, sdpa=False), relative_attention=True, pos_att_type=["c2p", "p2c"], position_buckets=8, **COMMON)
hugging("modernbert", "ModernBertModel", "ModernBertConfig", Text, dict(attention=2, norm=5, activation=2, rotary=4), global_attn_every_n_layers=2, local_attention=4,
        **{k: v for k, v in COMMON.items() if "dropout" not in k})
hugging("roformer", "RoFormerModel", "RoFormerConfig", Text, dict(ENCODER, rotary=4, sdpa=False), embedding_size=WIDTH, **COMMON)
hugging("squeezebert", "SqueezeBertModel", "SqueezeBertConfig", Text, dict(ENCODER, sdpa=False), embedding_size=WIDTH, **COMMON)

hugging("esm", "EsmModel", "EsmConfig", Text, dict(attention=2, norm=5, activation=2, rotary=4, sdpa=False), position_embedding_type="rotary", mask_token_id=1, **COMMON)
hugging("xlnet", "XLNetModel", "XLNetConfig", Text, dict(attention=2, norm=4, activation=2, sdpa=False, dynamo=False), vocab_size=VOCABULARY, d_model=WIDTH, n_layer=LAYERS, n_head=HEADS, d_inner=INNER,
        dropout=0.0)

# Decoders: two norms a layer and one at the end.
DECODER = dict(attention=2, norm=5, activation=2)
hugging("gpt2", "GPT2LMHeadModel", "GPT2Config", Decoder, dict(DECODER, opset23=True), **GPT)
hugging("gpt2_cached", "GPT2LMHeadModel", "GPT2Config", Cached, dict(DECODER), **GPT)
hugging("gpt_neo", "GPTNeoModel", "GPTNeoConfig", Decoder, dict(DECODER, sdpa=False), vocab_size=VOCABULARY, hidden_size=WIDTH, num_layers=LAYERS, num_heads=HEADS, intermediate_size=INNER,
        attention_types=[[["global", "local"], 1]], window_size=4, max_position_embeddings=LIMIT, resid_dropout=0.0, embed_dropout=0.0, attention_dropout=0.0, bos_token_id=1, eos_token_id=2)
hugging("gptj", "GPTJModel", "GPTJConfig", Decoder, dict(attention=2, norm=3, activation=2, rotary=4, sdpa=False), rotary_dim=4, **GPT)
hugging("gpt_neox", "GPTNeoXModel", "GPTNeoXConfig", Decoder, dict(DECODER, rotary=4), rotary_pct=0.5, vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, intermediate_size=INNER, max_position_embeddings=LIMIT, bos_token_id=1, eos_token_id=2)
hugging("gpt_bigcode", "GPTBigCodeModel", "GPTBigCodeConfig", Decoder, dict(DECODER), multi_query=True, **GPT)
hugging("codegen", "CodeGenModel", "CodeGenConfig", Decoder, dict(attention=2, norm=3, activation=2, rotary=4, sdpa=False), rotary_dim=4, **GPT)
hugging("opt", "OPTModel", "OPTConfig", Decoder, dict(DECODER), vocab_size=VOCABULARY, hidden_size=WIDTH, word_embed_proj_dim=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS, ffn_dim=INNER,
        max_position_embeddings=LIMIT, dropout=0.0, pad_token_id=0, bos_token_id=1, eos_token_id=2)
hugging("bloom", "BloomModel", "BloomConfig", Decoder, dict(attention=2, norm=6, activation=2, sdpa=False), vocab_size=VOCABULARY, hidden_size=WIDTH, n_layer=LAYERS, n_head=HEADS, pad_token_id=0)
hugging("mpt", "MptModel", "MptConfig", Decoder, dict(DECODER, sdpa=False), vocab_size=VOCABULARY, d_model=WIDTH, n_layers=LAYERS, n_heads=HEADS, max_seq_len=LIMIT)
hugging("falcon", "FalconModel", "FalconConfig", Decoder, dict(attention=2, norm=3, activation=2, rotary=4), vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, max_position_embeddings=LIMIT, multi_query=True, parallel_attn=True, bos_token_id=1, eos_token_id=2)
hugging("falcon_alibi", "FalconModel", "FalconConfig", Decoder, dict(attention=2, norm=5, activation=2), vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, max_position_embeddings=LIMIT, multi_query=False, alibi=True, parallel_attn=False, bos_token_id=1, eos_token_id=2)
TURNED = dict(DECODER, rotary=4)
hugging("llama", "LlamaForCausalLM", "LlamaConfig", Decoder, dict(TURNED, opset23=True), **LLAMA)
hugging("llama_cached", "LlamaForCausalLM", "LlamaConfig", Cached, dict(TURNED, kv=2, opset23=True), **LLAMA)
hugging("mistral", "MistralModel", "MistralConfig", Decoder, dict(TURNED), sliding_window=4, **LLAMA)
hugging("mistral_cached", "MistralModel", "MistralConfig", Cached, dict(TURNED, kv=2), sliding_window=None, **LLAMA)
hugging("qwen2", "Qwen2Model", "Qwen2Config", Decoder, dict(TURNED), **LLAMA)
hugging("qwen3", "Qwen3Model", "Qwen3Config", Decoder, dict(attention=2, norm=9, activation=2, rotary=4), head_dim=8, **LLAMA)
hugging("gemma", "GemmaModel", "GemmaConfig", Decoder, dict(TURNED), head_dim=8, **LLAMA)
hugging("gemma2", "Gemma2Model", "Gemma2Config", Decoder, dict(attention=2, norm=9, activation=2, rotary=4, sdpa=False), head_dim=8, query_pre_attn_scalar=8, sliding_window=4, **LLAMA)
hugging("gemma3", "Gemma3TextModel", "Gemma3TextConfig", Decoder, dict(attention=2, norm=13, activation=2, rotary=4), head_dim=8, query_pre_attn_scalar=8, sliding_window=4,
        layer_types=["sliding_attention", "full_attention"], **LLAMA)
hugging("phi", "PhiModel", "PhiConfig", Decoder, dict(attention=2, norm=3, activation=2, rotary=4), partial_rotary_factor=0.5, **LLAMA)
hugging("phi3", "Phi3Model", "Phi3Config", Decoder, dict(TURNED), sliding_window=None, **LLAMA)
hugging("stablelm", "StableLmModel", "StableLmConfig", Decoder, dict(TURNED), partial_rotary_factor=0.5, **LLAMA)
hugging("starcoder2", "Starcoder2Model", "Starcoder2Config", Decoder, dict(TURNED), **LLAMA)
hugging("cohere", "CohereModel", "CohereConfig", Decoder, dict(attention=2, norm=3, activation=2, rotary=4), **LLAMA)
hugging("glm", "GlmModel", "GlmConfig", Decoder, dict(TURNED), head_dim=8, partial_rotary_factor=0.5, **LLAMA)
hugging("olmo2", "Olmo2Model", "Olmo2Config", Decoder, dict(attention=2, norm=9, activation=2, rotary=4), **LLAMA)
hugging("granite", "GraniteModel", "GraniteConfig", Decoder, dict(TURNED), attention_multiplier=0.3, residual_multiplier=0.5, embedding_multiplier=2.0, **LLAMA)
hugging("diffllama", "DiffLlamaModel", "DiffLlamaConfig", Decoder, dict(attention=4, norm=7, activation=2, rotary=4, sdpa=False, ts=False), **LLAMA)
hugging("xglm", "XGLMModel", "XGLMConfig", Decoder, dict(DECODER, sdpa=False, ts=False), vocab_size=VOCABULARY, d_model=WIDTH, num_layers=LAYERS, attention_heads=HEADS, ffn_dim=INNER,
        max_position_embeddings=LIMIT, dropout=0.0, attention_dropout=0.0)
hugging("gpt_oss", "GptOssModel", "GptOssConfig", Decoder, dict(attention=2, norm=5, activation=2, rotary=4, sdpa=False, ts=False), head_dim=8, num_local_experts=2, num_experts_per_tok=2, sliding_window=4, **LLAMA)
hugging("mamba", "MambaModel", "MambaConfig", Embedded, dict(norm=3, sdpa=False), vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=LAYERS, state_size=4, time_step_rank=2, use_mambapy=False)

# Encoder and decoder: attention of the encoder, of the decoder and from one to the other.
hugging("t5", "T5Model", "T5Config", Translator, dict(attention=6, norm=12, activation=4, sdpa=False), vocab_size=VOCABULARY, d_model=WIDTH, d_kv=8, d_ff=INNER, num_layers=LAYERS, num_heads=HEADS,
        relative_attention_num_buckets=8, relative_attention_max_distance=16, dropout_rate=0.0, decoder_start_token_id=0)
hugging("flan_t5", "T5Model", "T5Config", Translator, dict(attention=6, norm=12, activation=4, sdpa=False), vocab_size=VOCABULARY, d_model=WIDTH, d_kv=8, d_ff=INNER, num_layers=LAYERS, num_heads=HEADS,
        relative_attention_num_buckets=8, relative_attention_max_distance=16, dropout_rate=0.0, decoder_start_token_id=0, feed_forward_proj="gated-gelu")
hugging("bart", "BartModel", "BartConfig", Translator, dict(attention=6, norm=12, activation=4), **BART)
hugging("marian", "MarianModel", "MarianConfig", Translator, dict(attention=6, norm=10, activation=4), **BART)
hugging("whisper", "WhisperModel", "WhisperConfig", Speech, dict(attention=6, norm=12, activation=6), num_mel_bins=8, max_source_positions=LIMIT, max_target_positions=LIMIT,
        **{k: v for k, v in BART.items() if k != "max_position_embeddings"})

# Images. What only pools the last hidden state, which is not exported, is not counted.
hugging("vit", "ViTModel", "ViTConfig", Pixels, dict(attention=2, norm=5, activation=2), **IMAGE)
hugging("deit", "DeiTModel", "DeiTConfig", Pixels, dict(attention=2, norm=5, activation=2), **IMAGE)
hugging("beit", "BeitModel", "BeitConfig", Pixels, dict(attention=2, norm=4, activation=2), use_relative_position_bias=True, use_mean_pooling=True, **IMAGE)
hugging("dinov2", "Dinov2Model", "Dinov2Config", Pixels, dict(attention=2, norm=5, activation=2), mlp_ratio=2, **{k: v for k, v in IMAGE.items() if k != "intermediate_size"})
hugging("clip_vision", "CLIPVisionModel", "CLIPVisionConfig", Pixels, dict(attention=2, norm=5, activation=2), projection_dim=16, **IMAGE)
hugging("clip_text", "CLIPTextModel", "CLIPTextConfig", Text, dict(DECODER), projection_dim=16, eos_token_id=2, **{k: v for k, v in COMMON.items() if "dropout" not in k})
hugging("siglip", "SiglipVisionModel", "SiglipVisionConfig", Pixels, dict(attention=2, norm=5, activation=2), **IMAGE)
hugging("swin", "SwinModel", "SwinConfig", Pixels, dict(attention=4, norm=11, activation=4, image=32), image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4, mlp_ratio=2.0,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, drop_path_rate=0.0)
hugging("swinv2", "Swinv2Model", "Swinv2Config", Pixels, dict(attention=4, norm=11, activation=4, sdpa=False, ts=False, image=32), image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4],
        window_size=4, mlp_ratio=2.0, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, drop_path_rate=0.0)
hugging("hiera", "HieraModel", "HieraConfig", Pixels, dict(attention=2, norm=4, activation=2, sdpa=False, ts=False, image=32), image_size=[32, 32], embed_dim=16, depths=[1, 1], num_heads=[1, 2],
        patch_size=[3, 3], patch_stride=[2, 2], patch_padding=[1, 1], masked_unit_size=[4, 4], num_query_pool=1, query_stride=[2, 2], embed_dim_multiplier=2.0)
hugging("segformer", "SegformerModel", "SegformerConfig", Pixels, dict(attention=2, norm=9, activation=2, sdpa=False, image=32), num_encoder_blocks=2, depths=[1, 1], sr_ratios=[2, 1], hidden_sizes=[16, 32], patch_sizes=[7, 3],
        strides=[4, 2], num_attention_heads=[2, 4], mlp_ratios=[2, 2], drop_path_rate=0.0)
hugging("convnext", "ConvNextModel", "ConvNextConfig", Pixels, dict(norm=6, activation=4, sdpa=False, image=32), num_stages=2, hidden_sizes=[16, 32], depths=[2, 2], patch_size=4, drop_path_rate=0.0)


def timm_model(name, **kw):
    def make(attention):
        import timm
        import timm.layers

        timm.layers.set_fused_attn(attention == "sdpa")
        return timm.create_model(name, pretrained=False, num_classes=5, **kw)

    return make


def mixer(attention):
    import timm.models.mlp_mixer

    return timm.models.mlp_mixer.MlpMixer(num_classes=5, img_size=16, patch_size=4, num_blocks=2, embed_dim=WIDTH)


add("timm_vit", timm_model("vit_tiny_patch16_224", img_size=16, patch_size=4, embed_dim=WIDTH, depth=2, num_heads=4), {"x": ("batch", 3, 16, 16)}, attention=2, norm=5, activation=2)
add("timm_mixer", mixer, {"x": ("batch", 3, 16, 16)}, norm=5, activation=4, sdpa=False)


# What people write themselves.


class Written(nn.Module):
    """Attention from Einsum, a norm from its formula, Gelu by tanh, a causal mask by masked_fill."""

    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.gain, self.shift = nn.Parameter(torch.ones(WIDTH)), nn.Parameter(torch.zeros(WIDTH))

    def norm(self, x):
        mean = x.mean(-1, keepdim=True)
        return self.gain * (x - mean) / torch.sqrt(((x - mean) ** 2).mean(-1, keepdim=True) + 1e-5) + self.shift

    def forward(self, x):
        b, n, _ = x.shape
        q, k, v = self.qkv(self.norm(x)).view(b, n, 3, HEADS, WIDTH // HEADS).unbind(2)
        scores = torch.einsum("bihd,bjhd->bhij", q, k) / math.sqrt(WIDTH // HEADS)
        scores = scores.masked_fill(torch.triu(torch.ones(n, n, dtype=torch.bool), 1), float("-inf"))
        x = x + self.out(torch.einsum("bhij,bjhd->bihd", scores.softmax(-1), v).reshape(b, n, WIDTH))
        h = self.up(self.norm(x))
        return x + self.down(0.5 * h * (1 + torch.tanh(math.sqrt(2 / math.pi) * (h + 0.044715 * h**3))))


class OneHead(nn.Module):
    """A head at a time, as textbooks have it, the masks from a buffer."""

    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList(nn.ModuleList(nn.Linear(WIDTH, WIDTH // HEADS, bias=False) for _ in range(3)) for _ in range(HEADS))
        self.out = nn.Linear(WIDTH, WIDTH)
        self.register_buffer("mask", torch.tril(torch.ones(LIMIT, LIMIT)))

    def forward(self, x):
        n, heads = x.shape[1], []
        for q, k, v in self.heads:
            s = q(x) @ k(x).transpose(-2, -1) * (WIDTH // HEADS) ** -0.5
            s = s.masked_fill(self.mask[:n, :n] == 0, float("-inf"))
            heads.append(F.softmax(s, dim=-1) @ v(x))
        return self.out(torch.cat(heads, dim=-1))


class Pairs(nn.Module):
    """Rotation of neighbours as complex numbers written out, before the heads are exchanged with the rows; tables that are cut to length."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        angle = torch.outer(torch.arange(LIMIT).float(), 1000.0 ** (-torch.arange(0, 8, 2).float() / 8))
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())

    def turn(self, x):
        a, b = x.reshape(*x.shape[:-1], -1, 2).unbind(-1)
        cos, sin = (t[: x.shape[1]][None, :, None, :] for t in (self.cos, self.sin))
        return torch.stack([a * cos - b * sin, a * sin + b * cos], -1).flatten(3)

    def forward(self, x):
        b, n, _ = x.shape
        q, k, v = (f(x).view(b, n, HEADS, -1) for f in (self.q, self.k, self.v))
        q, k, v = (t.transpose(1, 2) for t in (self.turn(q), self.turn(k), v))
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, n, -1)


class Layers(nn.Module):
    """torch.nn's own layers of a transformer."""

    def __init__(self):
        super().__init__()
        self.model = nn.Transformer(WIDTH, HEADS, LAYERS, LAYERS, INNER, dropout=0.0, batch_first=True, norm_first=True)

    def forward(self, x, y):
        mask = torch.full((y.shape[1], y.shape[1]), float("-inf")).triu(1)
        return self.model(x, y, tgt_mask=mask)


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.layers = getattr(nn, kind)(WIDTH, 16, 2, batch_first=True, bidirectional=True)
        self.out = nn.Linear(32, 5)

    def forward(self, x):
        return self.out(self.layers(x)[0])


class Groups(nn.Module):
    """Convolutions with the norms and gates of image models."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.SiLU(), nn.Conv2d(16, 16, 3, padding=1), nn.InstanceNorm2d(16, affine=True), nn.Hardswish(),
                                    nn.Conv2d(16, 8, 1), nn.BatchNorm2d(8), nn.Mish())

    def forward(self, x):
        return self.layers(x)


add("written", lambda a: Written(), {"x": ("batch", "rows", WIDTH)}, attention=1, norm=2, activation=1, sdpa=False, eager=False)
add("one_head", lambda a: OneHead(), {"x": ("batch", "rows", WIDTH)}, attention=HEADS, sdpa=False, eager=False)
add("pairs", lambda a: Pairs(), {"x": ("batch", "rows", WIDTH)}, attention=1, rotary=2, sdpa=False, eager=False)
add("nn_transformer", lambda a: Layers(), {"x": ("batch", 7, WIDTH), "y": ("batch", 5, WIDTH)}, attention=6, norm=12, activation=4, sdpa=False, eager=False, dynamo=False)
add("lstm", lambda a: Recurrent("LSTM"), {"x": ("batch", "rows", WIDTH)}, recurrent=2, sdpa=False, eager=False)
add("gru", lambda a: Recurrent("GRU"), {"x": ("batch", "rows", WIDTH)}, recurrent=2, sdpa=False, eager=False)
add("group_norm", lambda a: Groups(), {"x": ("batch", 3, 8, 8)}, norm=2, activation=3, sdpa=False, eager=False)


def export(module, inputs, exporter, opset, path):
    args, names = tuple(t for t, _ in inputs.values()), list(inputs)
    axes = {name: a for name, (_, a) in inputs.items()}
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        if exporter == "ts":
            torch.onnx.export(module, args, path, input_names=names, opset_version=opset, dynamic_axes={k: a for k, a in axes.items() if a}, dynamo=False)
        else:
            shapes = [{i: torch.export.Dim.DYNAMIC for i in a} for a in axes.values()]
            if any(name.startswith("past.") for name in names):
                first = sum(not name.startswith("past.") for name in names)
                shapes = (*shapes[:first], tuple(shapes[first:]))
            torch.onnx.export(module, args, path, input_names=names, opset_version=opset, dynamic_shapes=tuple(shapes), dynamo=True, external_data=False, optimize=True)
    model = onnx.load(path)
    strip(model)
    return model


def strip(model):
    """Take out where in a program each node stood."""
    model.doc_string = ""
    del model.metadata_props[:]

    def graph(g):
        g.doc_string = ""
        del g.metadata_props[:]
        for x in [*g.node, *g.value_info, *g.input, *g.output, *g.initializer]:
            x.doc_string = ""
            del x.metadata_props[:]
        for n in g.node:
            for a in n.attribute:
                for body in [a.g, *a.graphs]:
                    if body.node:
                        graph(body)

    graph(model.graph)
    for f in model.functions:
        f.doc_string = ""
        del f.metadata_props[:]
        for n in f.node:
            del n.metadata_props[:]


def compare(model, inputs, outputs):
    """The largest difference of onnxruntime's outputs from torch's, relative to the peak."""
    o = ort.SessionOptions()
    o.log_severity_level = 4
    s = ort.InferenceSession(model.SerializeToString(), o, providers=["CPUExecutionProvider"])
    wanted = {i.name for i in s.get_inputs()}
    got = s.run(None, {k: t.numpy() for k, (t, _) in inputs.items() if k in wanted})
    if len(got) != len(outputs) or any(g.shape != w.shape for g, w in zip(got, outputs)):
        raise ValueError(f"shapes {[g.shape for g in got]}, torch has {[w.shape for w in outputs]}")
    return max(float(np.abs(g - w).max() / max(np.abs(w).max(), 1e-9)) for g, w in zip(got, outputs))


def run(out, only):
    folder = out / "exporters"
    if not only:
        shutil.rmtree(folder, ignore_errors=True)
    left = []
    for arch in ALL:
        if only and arch.name not in only:
            continue
        outputs = None
        for exporter, opset, attention in arch.variants():
            name = f"{arch.name}_{exporter}{opset if opset == 23 else ''}_{attention}".removesuffix("_plain")
            try:
                torch.manual_seed(0)
                module, given = arch.module(attention), arch.inputs(True)
                if outputs is None:  # those of the first variant for all
                    with torch.no_grad():
                        y = module(*(t.clone() for t, _ in given.values()))
                    outputs = [t.numpy() for t in (y if isinstance(y, tuple) else (y,))]
                    if not all(np.isfinite(y).all() for y in outputs):
                        raise ValueError("the outputs are not finite")
                with torch.no_grad():
                    model = export(module, arch.inputs(False), exporter, opset, str(out / "model.onnx"))
                error = compare(model, given, outputs) if name not in REFUSED else 0
                if not error < 1e-4:
                    raise ValueError(f"onnxruntime differs from torch by {error:.1e} of the peak")
            except Exception as e:
                left.append(f"{name}: {type(e).__name__}: {(str(e).strip() or '?').splitlines()[0][:200]}")
                print("  not " + left[-1], flush=True)
                continue
            case = folder / f"test_{name}"
            shutil.rmtree(case, ignore_errors=True)
            (case / "test_data_set_0").mkdir(parents=True)
            (case / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
            (case / "data.json").write_text(json.dumps(TOLERANCE))
            wanted = [i.name for i in model.graph.input]
            for kind, values in (("input", [(k, given[k][0].numpy()) for k in wanted]), ("output", [(o.name, y) for o, y in zip(model.graph.output, outputs)])):
                for i, (k, v) in enumerate(values):
                    (case / "test_data_set_0" / f"{kind}_{i}.pb").write_bytes(numpy_helper.from_array(v, k).SerializeToString(deterministic=True))
            print(f"{name:36s} {len(model.graph.node):5d} nodes, {len(model.SerializeToString()) >> 10:4d} KB, error {error:.0e}", flush=True)
    print(f"{write_parts(folder, out / 'exporters.txt')} models; not exported now {len(left)}")


def write_parts(folder, path):
    """What each exported model has, as conformance.ReadParts reads it."""
    kinds, parts, rows = ("attention", "norm", "activation", "rotary", "recurrent"), {arch.name: arch.parts for arch in ALL}, []
    for case in sorted(folder.glob("test_*")):
        name = case.name.removeprefix("test_")
        while name not in parts:
            name = name[: name.rindex("_")]
        rows.append((f"exporters/{case.name}", parts[name]))
    text = "# Parts by architecture, written by conformance/exporters.py; see zoo.txt.\n# " + "model".ljust(46) + " ".join(kinds) + "\n"
    for name, numbers in rows:
        text += name.ljust(48) + " ".join(str(n).rjust(len(k)) for n, k in zip(numbers, kinds)) + "\n"
    path.write_text(text)
    return len(rows)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    run(target, set(sys.argv[2:]))
