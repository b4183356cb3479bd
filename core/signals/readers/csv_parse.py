"""Parsing a text table in one go: by pyarrow, and by pandas' C parser where pyarrow cannot."""

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from core.number_text import count_text
from core.signals.readers.cells import MISSING_WORDS
from core.signals.readers.channel_names import clean_name
from core.signals.readers.csv_blanks import BlankLines
from core.signals.readers.csv_comments import Comments
from core.signals.readers.csv_dialect import (
    DECIMALS,
    SPACES,
    THOUSANDS,
    Dialect,
    too_long,
)
from core.signals.readers.csv_lines import (
    line_of_nul,
    line_of_open_quote,
    line_with,
    past_lines,
    short_rows,
)
from core.signals.readers.csv_rows import SEPARATORS
from core.signals.readers.text_encoding import nul_error
from core.signals.recording import DataError

_BLOCK_BYTES = 1 << 20
_PIECE_BYTES = 1 << 24


class NotUtf8(Exception):
    """The file's first bytes are UTF-8, later ones are not."""


class NeedsWholeTable(Exception):
    """pyarrow cannot parse the rows as they are; pandas can."""


def parse_table(
    source: Path | bytes, dialect: Dialect, columns: list[str] | None = None, *, text: bool = False
) -> tuple[pa.Table, list[str]]:
    """All data rows as a table with inferred types (or all as text), and notes.

    source: a file, or the bytes of data rows alone, in UTF-8. columns: those wanted. Raises
    DataError on rows of the wrong length, with the line.
    """
    columns = list(dialect.names) if columns is None else columns
    notes: list[str] = []
    try:
        as_text = columns if text else []
        pieces = list(parse_pieces(source, dialect, columns, notes, as_text=as_text))
        changing = [name for name in columns if _changes_type(pieces, name)]
        if changing:
            notes.clear()
            pieces = list(parse_pieces(source, dialect, columns, notes, as_text=changing))
        return pa.concat_tables(pieces, promote_options="permissive"), notes
    except (NeedsWholeTable, pa.ArrowInvalid):  # the latter of integers no float can hold
        table, notes = _parse_with_pandas(source, dialect, columns, text=text)
        return table, [*notes, *_short_row_notes(source, dialect, table)]


def _short_row_notes(source: Path | bytes, dialect: Dialect, table: pa.Table) -> list[str]:
    """A note on rows that lack cells at their end, which pandas fills without a word."""
    if not isinstance(source, Path) or not any(column.null_count for column in table.columns):
        return []
    count, line = short_rows(source, dialect)
    if not count:
        return []
    which = "is too short, in" if count == 1 else "are too short, the first in"
    return [f"{count_text(count, 'row')} {which} line {line}: what lacks was taken as missing."]


def _changes_type(pieces: list[pa.Table], name: str) -> bool:
    """Whether a column is, say, numbers in one piece and text in another."""
    kinds = set()
    for piece in pieces:
        kind = piece.schema.field(name).type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            kinds.add("number")
        elif pa.types.is_timestamp(kind):
            kinds.add(f"time {kind.tz}")
        elif not pa.types.is_null(kind):
            kinds.add(str(kind))
    return len(kinds) > 1


def parse_pieces(
    source: Path | bytes,
    dialect: Dialect,
    columns: list[str],
    notes: list[str],
    *,
    as_text: Sequence[str] = (),
) -> Iterator[pa.Table]:
    """The data rows in pieces of some megabytes, types inferred for each; notes are appended.

    In pieces, because pyarrow holds on to the text of all it has parsed until it is done. Raises
    NeedsWholeTable where pandas has to parse the file, and DataError as `parse_table` does.
    """
    if dialect.separator == "space" or dialect.thousands != "none":
        raise NeedsWholeTable
    is_one_column = len(dialect.names) == 1  # of more, a blank line is no row
    short = 0
    broken: list[pa.csv.InvalidRow] = []

    def on_invalid_row(row: pa.csv.InvalidRow) -> str:
        nonlocal short
        if row.actual_columns < row.expected_columns and "\n" not in row.text.rstrip():
            short += 1
            return "skip"
        broken.append(row)
        return "error"

    parse_options = pa.csv.ParseOptions(
        delimiter=SEPARATORS[dialect.separator],
        quote_char=dialect.quote,
        invalid_row_handler=on_invalid_row,
    )
    convert_options = pa.csv.ConvertOptions(
        decimal_point=DECIMALS[dialect.decimal],
        null_values=list(MISSING_WORDS),
        include_columns=columns,
        column_types=dict.fromkeys(as_text, pa.string()),
    )
    skipped = dialect.first_line - 1 if isinstance(source, Path) else 0
    comments, blanks = _comments(source, dialect), _blank_lines(source, dialect)
    for block in _blocks(source, dialect):
        if is_one_column:
            blanks.see(block)
        try:
            table = pa.csv.read_csv(
                pa.BufferReader(comments.blanked(block)),
                read_options=pa.csv.ReadOptions(
                    column_names=list(dialect.names),
                    skip_rows=skipped,
                    block_size=_block_bytes(dialect),
                ),
                parse_options=parse_options,
                convert_options=convert_options,
            )
        except pa.ArrowInvalid as error:
            if broken and "\n" not in broken[0].text.rstrip():
                raise _invalid(source, dialect, broken[0]) from None
            if "straddling" in str(error) or "block size" in str(error):
                raise _too_long_line() from error
            # An open quote, or a quoted line break: pandas knows which.
            raise NeedsWholeTable from error
        if any(pa.types.is_binary(field.type) for field in table.schema):
            raise NotUtf8
        skipped = 0
        if short:
            raise NeedsWholeTable
        yield table
    notes.extend([*comments.notes(), *blanks.notes()])


def _comments(source: Path | bytes, dialect: Dialect) -> Comments:
    first_line = dialect.first_line if isinstance(source, Path) else 1
    return Comments(dialect.comment, dialect.quote, first_line)


def _blank_lines(source: Path | bytes, dialect: Dialect) -> BlankLines:
    return BlankLines(dialect.first_line if isinstance(source, Path) else 1)


def _too_long_line() -> DataError:
    return DataError(
        f"A line is longer than {_PIECE_BYTES / 2**20:.0f} MB. Check the line ends and the quotes "
        "of the file."
    )


def _blocks(source: Path | bytes, dialect: Dialect) -> Iterator[bytes]:
    """The text in UTF-8, cut at line ends. Raises DataError on NUL bytes and endless lines."""
    if isinstance(source, bytes):
        yield source
        return
    in_utf8 = dialect.encoding == "utf-8"
    opened = (
        source.open("rb")
        if in_utf8
        else source.open(encoding=dialect.encoding, errors="replace", newline=None)
    )
    rest = b""
    first = True
    with opened as stream:
        while piece := stream.read(_PIECE_BYTES):
            block = piece if isinstance(piece, bytes) else piece.encode("utf-8", "replace")
            if b"\0" in block:
                raise nul_error(line_of_nul(source, dialect.encoding))
            cut = (block.rfind(b"\n") if b"\n" in block else block.rfind(b"\r")) + 1
            if not cut:
                if len(rest) > _PIECE_BYTES:
                    raise _too_long_line()
                rest += block
                continue
            yield rest + block[:cut]
            rest = block[cut:]
            first = False
    if rest.strip() or first:
        yield rest


def _block_bytes(dialect: Dialect) -> int:
    """Blocks hold many lines each; a line longer than a block is refused."""
    longest = max(sum(map(len, row)) + len(row) for row in dialect.rows)
    return max(_BLOCK_BYTES, 16 * longest)


def _invalid(source: Path | bytes, dialect: Dialect, row: pa.csv.InvalidRow) -> DataError:
    line = line_with(source, dialect, row.text) if isinstance(source, Path) else None
    where = f"Line {line}" if line else f"The row {clean_name(row.text)!r}"
    return too_long(where, row.actual_columns, row.expected_columns, dialect.header)


def _parse_with_pandas(
    source: Path | bytes, dialect: Dialect, columns: list[str], *, text: bool
) -> tuple[pa.Table, list[str]]:
    comments, blanks = _comments(source, dialect), _blank_lines(source, dialect)
    for block in _blocks(source, dialect):  # pandas would read any line, and NUL bytes
        comments.blanked(block)
        if len(dialect.names) == 1:
            blanks.see(block)
    if isinstance(source, bytes) or comments.found or dialect.thousands == "space":
        again = _comments(source, dialect)
        whole = b"".join(map(again.blanked, _blocks(source, dialect)))
        if dialect.thousands == "space":
            whole = whole.decode("utf-8", "replace").translate(SPACES).encode()
        opened = io.TextIOWrapper(io.BytesIO(whole), "utf-8", "replace", newline="")
    else:
        opened = source.open(encoding=dialect.encoding, errors="replace", newline="")
    skipped = dialect.first_line - 1 if isinstance(source, Path) else 0
    try:
        with opened as stream:
            frame = pd.read_csv(
                past_lines(stream, skipped),
                sep=r"\s+" if dialect.separator == "space" else SEPARATORS[dialect.separator],
                header=None,
                names=list(dialect.names),
                index_col=False,
                decimal=DECIMALS[dialect.decimal],
                thousands=THOUSANDS[dialect.thousands],
                quotechar=dialect.quote,
                na_values=list(MISSING_WORDS),
                keep_default_na=False,
                low_memory=False,
                engine="c",
                usecols=columns,
                dtype=str if text else None,
            )
    except pd.errors.ParserError as error:
        raise DataError(_explained(str(error), source, dialect, skipped)) from error
    try:
        table = pa.Table.from_pandas(frame[columns], preserve_index=False)
    except OverflowError:  # integers beyond 64 bits, which are named when numbers are checked
        table = pa.Table.from_pandas(_as_floats(frame[columns]), preserve_index=False)
    return table, [*comments.notes(), *blanks.notes()]


def _as_floats(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of Python's integers as floats."""
    great = [
        name
        for name in frame
        if frame[name].dtype == object and all(isinstance(v, int | float) for v in frame[name])
    ]
    return frame.astype(dict.fromkeys(great, float))


def _explained(message: str, source: Path | bytes, dialect: Dialect, skipped: int) -> str:
    found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if found:
        expected, line, saw = map(int, found.groups())
        return str(too_long(f"Line {skipped + line}", saw, expected, dialect.header))
    found = re.search(r"Too many columns specified: expected (\d+) and found (\d+)", message)
    if found:
        return (
            f"The first line has {found[1]} fields, and no row more than {found[2]}. Set the "
            "separator, or export the table again."
        )
    if "EOF inside string" in message and isinstance(source, Path):
        line = line_of_open_quote(source, dialect)
        return f"Line {line} opens a quote ({dialect.quote}) that is never closed. Close it."
    return f"The table cannot be parsed ({message.strip()}). Check its separator and quotes."
