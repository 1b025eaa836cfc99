#!/usr/bin/env python3
"""Write pictures in JPEG and what libjpeg makes of them: python jpeg.py (needs numpy, Pillow 12 and opencv-python-headless 4).

NAME.jpg is a file, NAME.rgb its pixels by Pillow, three bytes each, rows from the top.
"""
import io
import pathlib

import cv2
import numpy as np
from PIL import Image

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(1)
coarse = rng.integers(0, 256, (4, 6, 3)).astype(np.uint8)
picture = cv2.resize(coarse, (21, 13), interpolation=cv2.INTER_CUBIC)
SAMPLING = {s: getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{s}") for s in (411, 420, 422, 440, 444)}


def write(name, data):
    (here / f"{name}.jpg").write_bytes(data)
    (here / f"{name}.rgb").write_bytes(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).tobytes())


for sampling, code in SAMPLING.items():
    for kind, options in (("sequential", [cv2.IMWRITE_JPEG_RST_INTERVAL, 1]), ("progressive", [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])):
        options = options + [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, code, cv2.IMWRITE_JPEG_QUALITY, 85]
        write(f"{kind}-{sampling}", cv2.imencode(".jpg", picture, options)[1].tobytes())
for name, image, options in (
    ("gray", Image.fromarray(picture).convert("L"), {"quality": 60}),
    ("gray-progressive", Image.fromarray(picture).convert("L"), {"quality": 98, "progressive": True}),
    ("rgb", Image.fromarray(picture), {"quality": 75, "keep_rgb": True}),
    ("coarse", Image.fromarray(picture), {"quality": 3, "subsampling": 2}),
    ("narrow", Image.fromarray(picture[:, :3]), {"quality": 90, "subsampling": 2}),
    ("pixel", Image.fromarray(picture[:1, :1]), {"quality": 90}),
):
    b = io.BytesIO()
    image.save(b, "JPEG", **options)
    write(name, b.getvalue())
