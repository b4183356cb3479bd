"""Small valid files of every reader, to be damaged."""

import io
import re
import zipfile

import edfio
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.io
import scipy.sparse
import soundfile

STEPS = 40
_random = np.random.default_rng(7)
WAVES = np.round(np.sin(np.arange(STEPS)[:, None] * [0.1, 0.7]), 4)
DATES = np.arange("2020-01-01T00:00", "2020-01-01T00:40", dtype="datetime64[m]")


def _csv() -> list[bytes]:
    rows = [f"{t / 10},{x},{y},{'ab'[t % 2]}" for t, (x, y) in enumerate(WAVES)]
    wide = "time,x,y,state\n" + "\n".join(rows)
    german = wide.replace(",", ";").replace(".", ",")
    dated = "when,x\n" + "\n".join(f"{d},{x}" for d, (x, _) in zip(DATES, WAVES, strict=True))
    quoted = '# a remark\n"a,b","c"\n' + "\n".join(f'"{x}",{y}' for x, y in WAVES)
    spaced = "a b\n" + "\n".join(f"{x}   {y}" for x, y in WAVES)
    windows = "\n".join(
        "\t".join([str(i % 2), *(f"{x:.5f}" for x in _random.normal(size=30))]) for i in range(8)
    )
    long = "id,time,v\n" + "\n".join(f"{s},{t},{t}.5" for s in "ab" for t in range(20))
    texts = [wide, german, dated, quoted, spaced, windows, long, wide.replace("\n", "\r\n")]
    return [text.encode() for text in texts] + [
        wide.encode("utf-16"),
        "é,b\n1,2\n3,4".encode("latin-1"),
    ]


def _saved(array: np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def _npy() -> list[bytes]:
    fields = np.zeros(STEPS, dtype=[("when", "M8[s]"), ("x", "f4")])
    fields["when"] = DATES
    arrays = [
        WAVES,
        np.asfortranarray(WAVES.astype(">f4")),
        (WAVES * 100).astype(np.int16).reshape(4, 10, 2),
        WAVES.astype(np.float16),
        WAVES > 0,
        WAVES[:, 0] + 1j * WAVES[:, 1],
        fields,
    ]
    return [_saved(array) for array in arrays]


def _npz() -> list[bytes]:
    found = []
    for save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        save(stream, x=WAVES, fs=100.0, channel_names=np.array(["a", "b"]), when=DATES)
        found.append(stream.getvalue())
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("x.npy", _saved(WAVES))
    return [*found, stream.getvalue()]


def _audio(form: str, subtypes: tuple[str, ...]) -> list[bytes]:
    found = []
    for subtype in subtypes:
        stream = io.BytesIO()
        soundfile.write(stream, np.tile(WAVES, (8, 1)), 100, format=form, subtype=subtype)
        found.append(stream.getvalue())
    return found


def _mat() -> list[bytes]:
    cells = np.empty(2, object)
    cells[:] = [1.0, "x"]
    variables = {
        "x": WAVES,
        "fs": 100.0,
        "info": {"a": 1, "b": "text"},
        "cells": cells,
        "sparse": scipy.sparse.eye(4).tocsc(),
        "complex": WAVES[:5] + 1j,
        "small": np.arange(6, dtype=np.uint8),
    }
    found = []
    for options in ({}, {"do_compression": True}, {"format": "4"}):
        kept = variables if "format" not in options else {"x": WAVES, "fs": 100.0, "t": "text"}
        stream = io.BytesIO()
        scipy.io.savemat(stream, kept, **options)
        found.append(stream.getvalue())
    return [*found, _mat73({}), _mat73({"compression": "gzip", "chunks": (2, 8), "shuffle": True})]


def _mat73(options: dict) -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w", userblock_size=512, libver="earliest") as file:
        item = file.create_dataset("x", data=WAVES.T, **options)
        item.attrs["MATLAB_class"] = np.bytes_("double")
        file.create_group("info")["a"] = 1.0
    content = bytearray(stream.getvalue())
    content[:128] = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    return bytes(content)


def _parquet() -> list[bytes]:
    wide = pa.table(
        {
            "when": DATES.astype("M8[us]"),
            "x": WAVES[:, 0],
            "y": np.float32(WAVES[:, 1]),
            "state": ["a", "b"] * (STEPS // 2),
            "n": pa.array([None, 1] * (STEPS // 2)),
        }
    )
    nested = pa.table({"x": WAVES[:, 0], "l": [[1, 2]] * STEPS, "s": [{"a": 1}] * STEPS})
    found = []
    for table, options in (
        (wide, {"compression": "none", "row_group_size": 16}),
        (wide, {"compression": "snappy"}),
        (wide, {"compression": "zstd", "use_dictionary": False, "data_page_version": "2.0"}),
        (nested, {"compression": "gzip"}),
    ):
        stream = io.BytesIO()
        pq.write_table(table, stream, **options)
        found.append(stream.getvalue())
    return found


def _edf() -> list[bytes]:
    found = []
    for rates, notes in (((10, 10), ()), ((10, 5), (edfio.EdfAnnotation(1.0, None, "event"),))):
        signals = [
            edfio.EdfSignal.from_digital(
                _random.integers(-2000, 2000, rate * 4).astype(np.int16),
                rate,
                label=f"s{rate}-{index}",
                physical_dimension="uV",
                physical_range=(-3276.8, 3276.7),
            )
            for index, rate in enumerate(rates)
        ]
        stream = io.BytesIO()
        edfio.Edf(signals, annotations=notes, data_record_duration=1).write(stream)
        found.append(stream.getvalue())
    return found


def _ts() -> list[bytes]:
    head = "# a remark\n@problemName x\n@missing {}\n@classLabel true up down\n@data\n"
    lines = [
        ":".join(",".join(f"{x:.3f}" for x in _random.normal(size=12)) for _ in range(2))
        + (":up" if number % 2 else ":down")
        for number in range(6)
    ]
    gaps = re.sub(r"-?\d\.5\d+", "?", "\n".join(lines))
    plain = "@data\n" + "\n".join(line.rpartition(":")[0] for line in lines)
    return [
        t.encode()
        for t in (head.format("false") + "\n".join(lines), head.format("true") + gaps, plain)
    ]


SEEDS = {
    "csv": _csv,
    "npy": _npy,
    "npz": _npz,
    "wav": lambda: _audio("WAV", ("PCM_16", "PCM_24", "FLOAT", "PCM_U8", "ULAW")),
    "flac": lambda: _audio("FLAC", ("PCM_16", "PCM_24")),
    "mat": _mat,
    "parquet": _parquet,
    "edf": _edf,
    "ts": _ts,
}
