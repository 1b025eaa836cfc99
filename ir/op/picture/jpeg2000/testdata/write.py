#!/usr/bin/env python3
"""Write pictures in JPEG 2000 and what OpenJPEG makes of them: python write.py (needs numpy, Pillow 13 and opj_compress of OpenJPEG 2.5).

NAME.jp2 and NAME.j2k are files, NAME.rgb pixels of three bytes, rows from the top. Files without pixels of their name are coded without loss and
have those of rgb.rgb or, as the test says, gray.rgb.
"""
import io
import pathlib
import struct
import subprocess
import tempfile

import numpy as np
from PIL import Image

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(1)
y, x = np.mgrid[0:9, 0:13]
waves = np.stack([127 + 110 * np.sin(x / (2 + k) + k) * np.cos(y / (3 - k)) for k in range(3)], -1)
picture = np.clip(waves + rng.normal(0, 12, waves.shape), 0, 255).astype(np.uint8)
gray = picture[:, :, 0]


def save(name, array, mode=None, **options):
    b = io.BytesIO()
    Image.fromarray(array, mode).save(b, "JPEG2000", no_jp2=name.endswith("j2k"), **options)
    (here / name).write_bytes(b.getvalue())
    return b.getvalue()


def pixels(name, array):
    (here / f"{name}.rgb").write_bytes(np.ascontiguousarray(array).tobytes())


def decoded(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def compress(name, *options):
    with tempfile.TemporaryDirectory() as d:
        Image.fromarray(picture).save(f"{d}/in.ppm")
        subprocess.run(["opj_compress", "-i", f"{d}/in.ppm", "-o", here / name, "-n", "3", *options], check=True, stdout=subprocess.DEVNULL)


def segment(marker, body):
    return struct.pack(">HH", marker, len(body) + 2) + body


def box(kind, body):
    return struct.pack(">I4s", len(body) + 8, kind) + body


def insert(data, marker, what, remove=False):
    """Put segments after the first one of a marker, or in its place."""
    at = data.index(struct.pack(">H", marker))
    end = at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return data[: at if remove else end] + what + data[end:]


pixels("rgb", picture)
pixels("gray", np.stack([gray] * 3, -1))
save("rgb.jp2", picture)
save("gray.j2k", gray)
save("alpha.jp2", np.dstack([picture, gray]))
save("deep.jp2", gray.astype(np.uint16) * 257)
save("pixel.jp2", picture[:1, :1])
for order in "LRCP", "RLCP", "RPCL", "PCRL", "CPRL":
    save(f"{order}.j2k", picture, progression=order, num_resolutions=3, codeblock_size=(4, 4), precinct_size=(8, 8), tile_size=(9, 6), offset=(3, 2),
         tile_offset=(1, 2), quality_layers=[20, 4, 1])
for name, options in (
    ("bypass", ["-M", "1"]),
    ("terminate", ["-M", "6"]),
    ("causal", ["-M", "8"]),
    ("symbols", ["-M", "48"]),
    ("styles", ["-M", "63", "-SOP", "-EPH", "-b", "8,8"]),
    ("region", ["-ROI", "c=1,U=12"]),
    ("changes", ["-POC", "T1=0,0,1,2,3,RPCL/T1=2,0,1,3,3,CPRL"]),
    ("parts", ["-TP", "R"]),
    ("sparse", ["-s", "3,2", "-mct", "0"]),
):
    compress(f"{name}.j2k", *options)
pixels("sparse", picture.repeat(2, 0).repeat(3, 1)[:17, :37])  # the last sample stands at the edge

pixels("ycc", decoded(save("ycc.jp2", picture, "YCbCr")))
pixels("layers", decoded(save("layers.j2k", picture, quality_layers=[9, 3])))
irreversible = save("irreversible.j2k", picture, irreversible=True, num_resolutions=3, quality_layers=[4])
pixels("irreversible", decoded(irreversible))
# Steps that come from one, other ones for the second component, and another style of code-blocks for the third.
other = insert(irreversible, 0xFF5C, segment(0xFF5C, bytes([0x41, 0x77, 0x12])) + segment(0xFF5D, bytes([1, 0x41, 0x6F, 0x80])), remove=True)
other = insert(other, 0xFF52, segment(0xFF53, bytes([2, 0, 2, 3, 3, 8, 0])))
(here / "components.j2k").write_bytes(other)
pixels("components", decoded(other))
# Indices into four colours.
colours = np.array([[255, 0, 0], [0, 200, 10], [3, 2, 1], [250, 251, 252]], np.uint8)
data = save("palette.jp2", gray % 4)
header = box(b"pclr", struct.pack(">HB3B", 4, 3, 7, 7, 7) + colours.tobytes()) + box(b"cmap", b"".join(struct.pack(">HBB", 0, 1, k) for k in range(3)))
old = data[data.index(b"jp2h") - 4 : data.index(b"jp2c") - 4]
new = box(b"jp2h", old[8:].replace(struct.pack(">I", 17), struct.pack(">I", 16)) + header)
(here / "palette.jp2").write_bytes(data.replace(old, new))
pixels("palette", colours[gray % 4])
assert (decoded(data.replace(old, new)) == colours[gray % 4]).all()
