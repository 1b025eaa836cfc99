"""Writes the files that the tests read: python gen.py (needs numpy). Each holds 0 … 5 as a 2×3 array."""

import pathlib

import numpy as np

here = pathlib.Path(__file__).parent
a = np.arange(6).reshape(2, 3)
arrays = {f"{o}{t}": a.astype({"le": "<", "be": ">"}[o] + t) for o in ("le", "be") for t in ("i2", "f2", "f4", "f8", "u8", "c8", "c16", "U2")}
arrays["bytes"] = a.astype("S3")
arrays["bool"] = a.astype(bool)
arrays["fortran"] = np.asfortranarray(a.astype("<i4"))
arrays["fortran_text"] = np.asfortranarray(a.astype(">U1"))
np.savez_compressed(here / "arrays.npz", **arrays)
