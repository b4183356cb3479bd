"""Lines 79 to 82: Parquet tables."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.bad_inputs.case import bad, built

ROWS = np.array([[1.5, 20.0], [2.5, 30.25], [-3.5, 40.0], [4.0, 0.5]])


def parquet_bytes(table: pa.Table | dict, **options) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(table) if isinstance(table, dict) else table, stream, **options)
    return stream.getvalue()


def varint(number: int) -> bytes:
    """A signed number as Parquet's footer holds it."""
    number, found = number << 1, bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def forged_rows(rows: int, claimed: int, times: int = -1, **options) -> bytes:
    """A table whose footer claims more rows than there are, in as many places as `times` says."""
    content = parquet_bytes({"x": np.arange(rows) * 0.5, "y": np.arange(rows) * 0.25}, **options)
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    footer = content[start:-8]
    changed = footer.replace(varint(rows), varint(claimed), times)
    assert changed != footer
    return content[:start] + changed + len(changed).to_bytes(4, "little") + b"PAR1"


def many_nulls() -> bytes:
    column = pa.nulls(30_000_000, pa.float64())
    return parquet_bytes({"x": column, "y": column})


def no_groups() -> bytes:
    stream = io.BytesIO()
    pq.ParquetWriter(stream, pa.schema([("x", pa.float64())])).close()
    return stream.getvalue()


TABLE = {"x": ROWS[:, 0], "y": ROWS[:, 1]}
ODD = {
    "x": ROWS[:, 0],
    "nested": [{"a": 1}] * 4,
    "raw": [b"1.5"] * 4,
    "list": [[1, 2]] * 4,
}
CASES = [
    bad(
        "t.parquet", "79", "truncated footer", parquet_bytes(TABLE)[:-9], "E", "damaged or cut off"
    ),
    bad(
        "t.parquet",
        "79b",
        "footer length beyond the file",
        parquet_bytes(TABLE)[:-8] + b"\xff\xff\xff\x7fPAR1",
        "E",
        "damaged or cut off",
    ),
    bad(
        "t.parquet",
        "80",
        "forged row count",
        forged_rows(777, 2_000_000_000),
        "R",
        "time steps; at most",
    ),
    bad(
        "t.parquet",
        "80b",
        "forged row count within the limit",
        forged_rows(777, 90_000_000),
        "R",
        "damaged|declare",
    ),
    bad(
        "t.parquet",
        "80c",
        "forged row count of the file alone",
        forged_rows(777, 90_000_000, 1),
        "R",
        "damaged|declare",
    ),
    bad(
        "t.parquet",
        "80d",
        "a few bytes that claim gigabytes",
        built(many_nulls),
        "E",
        "No values at all",
        most_mib=1200,
        slow=True,
    ),
    bad(
        "t.parquet",
        "81",
        "nested, decimal and list columns",
        parquet_bytes(ODD),
        "W",
        "3 columns were left out, for they hold no numbers: nested .*raw .*list",
        ROWS[:, :1].tolist(),
        names=("x",),
    ),
    bad("t.parquet", "82", "no row groups", no_groups(), "E", "no rows"),
    bad(
        "t.parquet",
        "82b",
        "row groups without rows",
        parquet_bytes({"x": pa.array([], pa.float64())}),
        "E",
        "no rows",
    ),
]
