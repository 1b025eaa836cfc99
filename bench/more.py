"""Builds the models that bench_peers.py knows beside those of the zoo, into the zoo's folder.

    python bench/more.py ZOO

A Whisper-like encoder of the size of whisper-base with random weights (needs torch, transformers and onnx), BERT-base with int8 weights and activations that are
rounded as they come, and SmolLM2 in MatMulNBits of 4 bits (need onnx, onnxruntime and onnx_ir). Models that are there are left as they are.
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


def main():
    zoo = pathlib.Path(sys.argv[1])
    for name, make in (("whisper_base_encoder_ts", whisper), ("bert_base_dynamo_int8", bert_int8), ("smollm2_135m_genai_int4", smollm2_int4)):
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
