"""Lines 83 to 86: EDF and .ts files, and names that lie."""

import io

import edfio
import numpy as np

from tests.bad_inputs.array_files import npy_bytes
from tests.bad_inputs.case import bad
from tests.bad_inputs.sound_files import wav_bytes

ROWS = np.array([[1.5, 20.0], [2.5, 30.25]])


def edf_bytes(*rates: float) -> bytes:
    signals = [
        edfio.EdfSignal.from_digital(
            (np.arange(int(rate * 4)) % 50).astype(np.int16) * 10,
            rate,
            label=f"s{number}",
            physical_dimension="uV",
            physical_range=(-3276.8, 3276.7),
            digital_range=(-2048, 2047),
        )
        for number, rate in enumerate(rates)
    ]
    stream = io.BytesIO()
    edfio.Edf(signals, data_record_duration=1).write(stream)
    return stream.getvalue()


def replaced(content: bytes, offset: int, text: bytes) -> bytes:
    return content[:offset] + text + content[offset + len(text) :]


GOOD_EDF = edf_bytes(10, 10)  # 256 bytes, then 256 a signal, then 4 records of 20 values
EDF = [
    bad("a.edf", *rest)
    for rest in (
        ("85b", "header length", replaced(GOOD_EDF, 184, b"999     "), "E", "header is damaged"),
        ("85c", "number of signals", replaced(GOOD_EDF, 252, b"-3  "), "E", "header is damaged"),
        (
            "85d",
            "number of records",
            replaced(GOOD_EDF, 236, b"x       "),
            "E",
            "header is damaged",
        ),
        (
            "85e",
            "length of records",
            replaced(GOOD_EDF, 244, b"0       "),
            "E",
            "header is damaged",
        ),
        (
            "85f",
            "an infinite length",
            replaced(GOOD_EDF, 244, b"inf     "),
            "E",
            "header is damaged",
        ),
        (
            "85g",
            "values per record",
            replaced(GOOD_EDF, 256 + 2 * 216, b"-5      "),
            "E",
            "header is damaged",
        ),
        (
            "85h",
            "digital range",
            replaced(GOOD_EDF, 256 + 2 * 120, b"abc     "),
            "E",
            "header is damaged",
        ),
        (
            "85i",
            "digital range of nothing",
            replaced(GOOD_EDF, 256 + 2 * 120, b"2047    "),
            "E",
            "header is damaged",
        ),
        ("85j", "header only", GOOD_EDF[:768], "E", "ends after its header"),
        ("85k", "cut within a record", GOOD_EDF[:-30], "W", "4 records, the file holds 3"),
        (
            "85l",
            "values out of their range",
            replaced(GOOD_EDF, 800, b"\xff\x7f\xff\x7f"),
            "W",
            "2 values .* outside the range",
        ),
    )
] + [
    bad(
        "a.edf",
        "85m",
        "mixed rates",
        edf_bytes(10, 10, 1),
        "W",
        "1 Hz differs from the 10 Hz",
        shows={"rates": {"10": ["s0", "s1"], "1": ["s2"]}},
    ),
    bad(
        "a.edf",
        "85n",
        "a rate asked for",
        edf_bytes(10, 10, 1),
        "W",
        "",
        names=("s2",),
        options={"sampling_rate_hz": 1},
    ),
]


TS = """# a remark
@problemName x
@missing false
@classLabel true up down
@data
1,2,3:4,5,6:up
7,8,9:10,11,12:down
"""
WINDOWS = [[[1, 4], [2, 5], [3, 6]], [[7, 10], [8, 11], [9, 12]]]
TS_FILES = [
    bad("a.ts", *rest)
    for rest in (
        ("83", "no @data", TS.replace("@data\n", "").encode(), "E", "before any @data"),
        ("83b", "header only", TS[: TS.index("@data")].encode(), "E", "no @data"),
        ("83c", "nothing after @data", TS[: TS.index("1,2")].encode(), "E", "no windows after"),
        (
            "84",
            "unequal lengths",
            TS.replace("7,8,9:10,11,12", "7,8:10,11").encode(),
            "W",
            "2 to 3 time steps.*1 of 2 windows.*cut to the shortest, 2",
            [[[1, 4], [2, 5]], [[7, 10], [8, 11]]],
        ),
        (
            "85",
            "a question mark",
            TS.replace("8,9", "?,9").encode(),
            "E",
            r"Line 7, channel 1: a value is missing",
        ),
        (
            "85o",
            "an unknown label",
            TS.replace(":down", ":sideways").encode(),
            "E",
            "Line 7: the label 'sideways' is none of up, down",
        ),
        (
            "85p",
            "text among the values",
            TS.replace("8,9", "x,9").encode(),
            "E",
            "Line 7, channel 1: 'x' is no number",
        ),
        ("85q", "clean twin", TS.encode(), "OK", "", WINDOWS),
    )
]

NAMES = [
    bad("a.csv", "86", "WAV named .csv", wav_bytes(), "E", "looks like WAV audio"),
    bad("a.wav", "86b", "CSV named .wav", b"a,b\n1,2\n", "E", "does not start like WAV audio"),
    bad("a.npz", "86c", "NPY named .npz", npy_bytes(ROWS), "E", "looks like a NumPy array"),
    bad("a.csv", "86d", "a PNG named .csv", b"\x89PNG\r\n\x1a\n" + bytes(50), "E", "a PNG image"),
    bad("a.xyz", "86e", "an unknown suffix", b"a,b\n1,2\n", "E", "not read. Readable are .csv"),
    bad("a.keras", "86f", "a model file", b"PK\x03\x04", "E", "not read. Readable are .csv"),
]


CASES = [*EDF, *TS_FILES, *NAMES]
