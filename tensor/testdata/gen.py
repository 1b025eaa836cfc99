"""Writes the golden files of the narrow float formats: python gen.py (needs numpy and ml_dtypes).

NAME.dec holds the float32 value of every code. NAME.enc holds the code of every probe, after the probes as float32. They are
the values of NAME, the midpoints between neighbours and what lies next to these. Narrow floats do not saturate here.
"""

import pathlib

import ml_dtypes
import numpy as np

TYPES = {
    "f8e4m3fn": ml_dtypes.float8_e4m3fn,
    "f8e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "f8e5m2": ml_dtypes.float8_e5m2,
    "f8e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "f8e8m0": ml_dtypes.float8_e8m0fnu,
    "f4e2m1": ml_dtypes.float4_e2m1fn,
    "f6e2m3": ml_dtypes.float6_e2m3fn,
    "f6e3m2": ml_dtypes.float6_e3m2fn,
}
here = pathlib.Path(__file__).parent
for name, dtype in TYPES.items():
    codes = np.arange({"f4": 16, "f6": 64}.get(name[:2], 256), dtype=np.uint8)
    values = codes.view(dtype).astype(np.float32)
    values.tofile(here / f"{name}.dec")
    v = np.unique(np.abs(values[np.isfinite(values)]))
    mid = v[:-1] + (v[1:] - v[:-1]) / 2
    p = np.concatenate([v, mid, [v[-1] * 1.0625, min(v[-1] * 1.125, 3e38), 3e38, np.inf]]).astype(np.float32)
    p = np.unique(np.concatenate([p, np.nextafter(p, np.float32(0)), np.nextafter(p, np.float32(np.inf))]))
    if name != "f8e8m0":
        p = np.concatenate([p, -p])
    else:
        p = p[(p > 0) & np.isfinite(p)]
    with np.errstate(all="ignore"):
        enc = p.astype(dtype).view(np.uint8)
    with open(here / f"{name}.enc", "wb") as f:
        f.write(p.astype("<f4").tobytes())
        f.write(enc.tobytes())
