"""Lines 73 to 78: MATLAB files."""

import io
import struct
import zlib
from pathlib import Path

import h5py
import numpy as np
import scipy.io
import scipy.sparse

from tests.bad_inputs.case import MIB, bad, built

ROWS = np.array([[1.5, 20.0], [2.5, 30.25], [-3.5, 40.0], [4.0, 0.5]])
SAME = ROWS.tolist()


def mat_bytes(variables: dict, **options) -> bytes:
    stream = io.BytesIO()
    scipy.io.savemat(stream, variables, **options)
    return stream.getvalue()


def element(kind: int, data: bytes, size: int | None = None) -> bytes:
    """One data element of a MATLAB 5 file, padded to 8 bytes."""
    size = len(data) if size is None else size
    return struct.pack("<II", kind, size) + data + bytes(-len(data) % 8)


VALUES = ROWS.T.tobytes()


def matrix(shape=(4, 2), *, kind=9, data=VALUES, size=None, name=b"x", total=None):
    """A MATLAB 5 matrix of doubles, of whatever shape and type it claims."""
    body = element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape))
    body += element(1, name) + element(kind, data, size)
    return element(14, body, total)


def mat_file(*elements: bytes) -> bytes:
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    return head + b"".join(elements)


def packed(content: bytes) -> bytes:
    data = zlib.compress(content)
    return struct.pack("<II", 15, len(data)) + data


def linked(path: Path) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file["out"] = h5py.ExternalLink("/etc/passwd", "x")
        file.create_dataset("raw", (10,), "f8", external=[("/etc/passwd", 0, 80)])
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")


def mixed_variables() -> dict:
    cells = np.empty(2, object)
    cells[:] = [1, "x"]
    return {"s": {"a": 1}, "c": cells, "p": scipy.sparse.eye(4).tocsc(), "x": ROWS}


HUGE = matrix((20_000, 20_000), size=2**31 - 1, total=2**31 - 1)
CASES = [
    bad("a.mat", *rest)
    for rest in (
        ("73", "clean twin", mat_file(matrix()), "OK", "", SAME),
        ("73b", "bad tag of the values", mat_file(matrix(kind=77)), "E", "damaged"),
        ("73c", "bad tag of a variable", mat_file(element(200, bytes(64))), "E", "damaged"),
        ("73d", "values larger than their variable", mat_file(matrix(size=4000)), "E", "damaged"),
        ("73e", "more values than the shape", mat_file(matrix((2, 1))), "E", "damaged"),
        ("73f", "fewer values than the shape", mat_file(matrix((9, 9))), "E", "damaged|cut off"),
        ("73g", "negative shape", mat_file(matrix((-4, 2))), "E", "damaged"),
        ("74", "truncated", mat_bytes({"x": ROWS})[:200], "E", "damaged|cut off"),
        (
            "74b",
            "truncated and packed",
            mat_bytes({"x": np.random.default_rng(0).normal(size=(99, 2))}, do_compression=True)[
                :-200
            ],
            "E",
            "damaged|cut off",
        ),
        ("75", "all zero bytes", bytes(1000), "E", "zero bytes|damaged"),
        ("76", "external links", linked, "E", "not followed"),
    )
] + [
    bad(
        "a.mat",
        "77",
        "cell, struct and sparse",
        mat_bytes({k: v for k, v in mixed_variables().items() if k != "x"}),
        "E",
        r"No variable is an array.*s \(struct\).*c \(cell\).*p \(sparse\)",
    ),
    bad(
        "a.mat",
        "77b",
        "usable beside others",
        mat_bytes(mixed_variables()),
        "OK",
        values=SAME,
        shows={"variables": {"x": [4, 2]}},
    ),
    bad(
        "a.mat",
        "78",
        "zlib bomb",
        built(lambda: mat_file(packed(HUGE + bytes(64 * MIB)))),
        "R",
        "would unpack to|damaged",
        most_mib=60,
    ),
    bad(
        "a.mat",
        "78b",
        "zlib bomb in a name",
        built(lambda: mat_file(packed(matrix(name=bytes(64 * MIB))))),
        "R",
        "damaged",
        most_mib=60,
    ),
    bad(
        "a.mat",
        "78c",
        "zlib bomb behind the values",
        built(lambda: mat_file(packed(matrix() + bytes(64 * MIB)))),
        "OK",
        values=SAME,
        most_mib=60,
    ),
]
