"""Lines 45 to 64: NPY arrays and NPZ archives."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np

from tests.bad_inputs.case import MIB, Case, Expected, holding, sparse

ROWS = np.array([[1.5, 20.0], [2.5, 30.25], [-3.5, 40.0], [4.0, 0.5]])
TIMES = np.arange("2020-01-01T00", "2020-01-01T04", dtype="datetime64[h]").astype("datetime64[s]")


def npy_bytes(array, **options) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def forged(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + data


def claiming(shape: str, data: bytes = b"", descr: str = "<f8") -> bytes:
    return forged(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}", data)


def npy(number: str, name: str, content, expected: Expected, says: str = "", values=None, **more):
    made = content if callable(content) else holding(content)
    return Case(number, name, "array.npy", made, expected, says, values, **more)


def array(number: str, name: str, given, expected: Expected, says: str = "", values=None, **more):
    return npy(number, name, npy_bytes(given), expected, says, values, **more)


def structured() -> np.ndarray:
    given = np.zeros(4, dtype=[("when", "M8[s]"), ("x", "f4"), ("y", "f8")])
    given["when"], given["x"], given["y"] = TIMES, ROWS[:, 0], ROWS[:, 1]
    return given


COMPLEX = ROWS[:, :1] + 1j * ROWS[:, 1:]
SAME = ROWS.tolist()
ODD_LENGTH = "(200000000000000000000, 4)"  # beyond 64 bits

ARRAYS = [
    npy(
        "45",
        "object array",
        npy_bytes(np.array([{}, []], dtype=object), allow_pickle=True),
        "E",
        "Python objects, which are never unpickled",
    ),
    *(
        npy(
            f"46{letter}", f"pickle {protocol}", pickle.dumps([1.5], protocol), "E", "Python pickle"
        )
        for letter, protocol in (("", 5), ("b", 4), ("c", 3), ("d", 2))
    ),
    npy("46e", "pickle 0", pickle.dumps([1.5, 2.5], 0), "E", "does not start like a NumPy array"),
    npy("47", "claims 32 GiB", claiming("(1073741824, 4)"), "R", "claims the shape"),
    npy(
        "47b",
        "32 GiB that are there",
        sparse(claiming("(4294967296, 1)"), (32 << 30) + 4096),
        "R",
        "time steps; at most",
        most_read=MIB,
    ),
    npy("48", "1.6 GB claimed, no data", claiming("(100000000, 2)"), "R", "there are only 0"),
    npy("49", "negative shape", claiming("(-2, -3)"), "E", "claims a negative length"),
    npy("49b", "zero in the shape", claiming("(0, 3)"), "E", "There are no values"),
    npy("49c", "overflowing shape", claiming(ODD_LENGTH), "R", "claims the shape"),
    npy("50", "broken header", forged("(((((((((("), "E", "header"),
    npy("50b", "header without a shape", forged("{'descr': '<f8'}"), "E", "header"),
    npy("50c", "unknown type", claiming("(3,)", descr="nonsense"), "E", "header"),
    npy("50d", "nested header", forged("[" * 5000), "E", "header"),
    npy("50e", "header of an expression", forged("__import__('os').getcwd()"), "E", "header"),
    npy("50f", "a boolean in the shape", claiming("(True, 3)", bytes(24)), "E", "shape|header|one"),
    npy(
        "51",
        "4 GB header length",
        sparse(b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 4096, 5 << 30),
        "R",
        "header",
        most_read=MIB,
        most_mib=60,
    ),
    array(
        "52",
        "complex",
        COMPLEX,
        "E",
        "complex numbers.*Choose",
        shows={
            "variables": {
                part: [4, 1] for part in ("real part", "imaginary part", "magnitude", "phase")
            },
        },
    ),
    array(
        "52b",
        "complex asked",
        COMPLEX,
        "OK",
        values=SAME and ROWS[:, 1:].tolist(),
        options={"variable": "imaginary part"},
    ),
    array("53", "structured", structured(), "E", "named fields when, x, y. Choose one"),
    array(
        "53b",
        "structured, a field picked",
        structured(),
        "OK",
        values=ROWS[:, 1:].tolist(),
        options={"variable": "y"},
        has_time=True,
    ),
    array("54", "big-endian", ROWS.astype(">f8"), "OK", values=SAME),
    array("55", "Fortran order", np.asfortranarray(ROWS), "OK", values=SAME),
    array("56", "float16", np.float16(ROWS), "W", "8 values of float16 became float32", SAME),
    array("56b", "bool", ROWS > 3, "W", "8 values of bool became float32", (ROWS > 3).tolist()),
    array("56c", "long double", np.longdouble(ROWS), "W", "8 values of .*float64", SAME),
    array("57", "0-d", np.array(1.0), "E", "single number"),
    array("57b", "5-d", np.zeros((2, 2, 2, 2, 2)), "E", r"Received: shape=\(2, 2, 2, 2, 2\)"),
    array("57c", "3-d", ROWS.reshape(2, 2, 2), "OK", values=ROWS.reshape(2, 2, 2).tolist()),
    array(
        "57d",
        "(N, 1, T, C)",
        np.tile(ROWS, (3, 1, 1, 1)).swapaxes(0, 1).reshape(3, 1, 4, 2),
        "W",
        r"read as windows \(3, 4, 2\)",
        np.tile(ROWS, (3, 1, 1)).tolist(),
    ),
    array("58", "datetime64 alone", TIMES, "E", "dates, which are a time axis"),
]


def archive(*members, change=None):
    """A maker of a ZIP file; `change(file)` may forge the directory before it is written."""

    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in members:
                file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
            if change is not None:
                change(file)

    return make


def npz(number: str, name: str, make, expected: Expected, says: str = "", values=None, **more):
    return Case(number, name, "arrays.npz", make, expected, says, values, **more)


def overlapping(file: zipfile.ZipFile) -> None:
    file.filelist[1].header_offset = file.filelist[0].header_offset


def sized(size: int):
    def change(file: zipfile.ZipFile) -> None:
        file.filelist[0].file_size = size

    return change


def many_members(count: int):
    """A directory that lists one member over and over."""

    def make(path: Path) -> None:
        archive(("x.npy", npy_bytes(ROWS)))(path)
        content = path.read_bytes()
        start = content.index(b"PK\x01\x02")
        end = content.index(b"PK\x05\x06")
        entry, tail = content[start:end] * count, bytearray(content[end:])
        tail[8:12] = (count & 0xFFFF).to_bytes(2, "little") * 2
        tail[12:16] = len(entry).to_bytes(4, "little")
        path.write_bytes(content[:start] + entry + tail)

    return make


GOOD = npy_bytes(ROWS)
LONG = npy_bytes(np.zeros(MIB))  # 8 MiB, packed to a few kB
ARCHIVES = [
    npz(
        "58b",
        "datetime64 beside values",
        archive(("x.npy", GOOD), ("when.npy", npy_bytes(TIMES))),
        "W",
        "'when' was taken as the time axis",
        SAME,
        has_time=True,
    ),
    npz(
        "59",
        "bomb of 32 GiB",
        archive(
            ("x.npy", claiming("(4294967296,)")),
            change=sized(len(claiming("(4294967296,)")) + (32 << 30)),
        ),
        "R",
        "time steps; at most|would unpack to",
    ),
    npz(
        "59b",
        "bomb of 3 GiB",
        archive(
            ("x.npy", claiming("(50000000, 8)")),
            change=sized(len(claiming("(50000000, 8)")) + 3_200_000_000),
        ),
        "R",
        "would unpack to 3.0 GiB",
    ),
    npz(
        "60",
        "overlapping members",
        archive(("x.npy", GOOD), ("y.npy", GOOD), change=overlapping),
        "R",
        "overlaps another",
    ),
    npz(
        "61",
        "a member shorter than it says",
        archive(("x.npy", claiming("(33554432, 4)") + bytes(MIB)), change=sized((1 << 30) + 72)),
        "R",
        "member 'x'.*cut off|damaged",
        most_mib=100,
    ),
    npz(
        "61b",
        "a member longer than it says",
        archive(("x.npy", LONG), change=sized(900)),
        "R",
        "claims the shape|damaged",
    ),
    npz(
        "61c",
        "a member that unpacks to more",
        archive(("x.npy", npy_bytes(ROWS) + bytes(64 * MIB)), change=sized(len(GOOD))),
        "R",
        "damaged",
        most_mib=60,
    ),
    npz(
        "61d",
        "an array followed by more",
        archive(("x.npy", GOOD + bytes(64))),
        "E",
        "member 'x'.*64 bytes",
    ),
    npz("62", "zero members", archive(), "E", "no arrays"),
    npz("62b", "100,000 members", many_members(100_000), "E", "100,000 members|directory"),
    npz("62c", "1,001 members", many_members(1001), "E", "1,001 members; at most 1,000"),
    npz(
        "63",
        "member ../../x",
        archive(("../../x.npy", GOOD)),
        "OK",
        values=SAME,
        shows={"variables": {"../../x": [4, 2]}},
    ),
    npz("64", "duplicate members", many_members(2), "E", "overlaps another|occurs twice"),
    npz(
        "64b",
        "a member that is no array",
        archive(("x.npy", GOOD), ("y.txt", b"hello")),
        "E",
        "'y.txt' is no NumPy array",
    ),
    npz("64c", "a member of rubbish", archive(("x.npy", b"hello world")), "E", "[Mm]ember 'x'"),
    npz("64d", "a pickle as a member", archive(("x.npy", pickle.dumps([1]))), "E", "[Mm]ember 'x'"),
]

OBJECTS = npy_bytes(np.array([{"a": 1}], dtype=object), allow_pickle=True)
ARCHIVES += [
    npz(
        "64e",
        "an object array beside values",
        archive(("about.npy", OBJECTS), ("x.npy", GOOD)),
        "OK",
        values=SAME,
        shows={"variables": {"x": [4, 2]}},
    )
]
CASES = [*ARRAYS, *ARCHIVES]
