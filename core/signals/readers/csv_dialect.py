"""How a text table is written, judged from its first lines."""

import codecs
import re
from collections import Counter
from dataclasses import dataclass

from core.config import ReadOptions
from core.signals.readers.cells import cell_kind, is_date, is_missing, is_number
from core.signals.readers.channel_names import clean_name, unique_names
from core.signals.readers.csv_comments import is_comment
from core.signals.readers.csv_number_header import number_row_notes, numbers_name_columns
from core.signals.readers.csv_rows import SEPARATORS, numbered_rows
from core.signals.readers.limits import MAX_COLUMNS
from core.signals.readers.text_encoding import LINE_END, detect_encoding, nul_error
from core.signals.recording import DataError

DECIMALS = {"point": ".", "comma": ","}
THOUSANDS = {"none": None, "comma": ",", "point": ".", "space": " ", "apostrophe": "'"}
SPACES = dict.fromkeys(map(ord, "\u00a0\u2009\u202f"), " ")  # that do not break a line
_SAMPLE_ROWS = 200
_MAY_BE_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")

_MAY_HOLD_NUMBERS = re.compile(r"\d|\b(?:true|false|inf|infinity)\b", re.I)


@dataclass(frozen=True)
class Dialect:
    """How the table is written. Lines are counted from 1, as an editor shows them."""

    encoding: str
    separator: str
    decimal: str
    thousands: str
    quote: str
    comment: str
    header: bool
    first_line: int  # the line of the first data row
    comment_lines: int
    names: tuple[str, ...]  # clean and unique
    units: tuple[str, ...]  # one a column, or empty
    rows: tuple[tuple[str, ...], ...]  # the first data rows
    notes: tuple[str, ...]

    def unit_of(self, column: str) -> str:
        """What the line of units says of it; empty where it says nothing."""
        return self.units[self.names.index(column)] if self.units else ""

    def notes_beside(self, counted: str) -> list[str]:
        """The notes, but for one on the column that counts the rows: it needs no name."""
        return [note for note in self.notes if f"{counted} has no name" not in note or not counted]


def detect_dialect(head: bytes, whole: bool, options: ReadOptions) -> Dialect:
    """Judge the first bytes of a table; `whole` says that they are all of it. Raises DataError."""
    encoding, notes = detect_encoding(head, whole)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head, final=whole)
    if options.thousands == "space":
        text = text.translate(SPACES)
    lines = LINE_END.split(text)
    if "\0" in text:
        raise nul_error(1 + next(n for n, line in enumerate(lines) if "\0" in line))
    if not whole and len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut off
    declared = re.fullmatch(r'"?sep=(.)"?\s*', lines[0], re.I)  # for spreadsheets to read
    skipped, comments = int(bool(declared)), 0
    for line in lines[skipped:]:
        comment = is_comment(line, options.comment)
        if line.strip() and not comment:
            break
        skipped += 1
        comments += comment
    before, lines = lines[:skipped], lines[skipped:]
    kept = [line for line in lines if line.strip() and not is_comment(line, options.comment)]
    if not kept:
        raise DataError("There is nothing but blank lines and comments. Export the file again.")
    if whole and len(kept) > 1 and not any(map(_MAY_HOLD_NUMBERS.search, kept)):
        raise DataError(
            "No numbers were found in this file. It was read as a table: a row for each time step, "
            "with columns of numbers split by commas, semicolons, tabs, bars or spaces. Export the "
            "recording as one."
        )
    quote = "'" if kept[0].lstrip().startswith("'") else '"'
    separator = options.separator
    if separator == "auto" and declared:
        separator = next((word for word, sign in SEPARATORS.items() if sign == declared[1]), "auto")
    if separator == "auto":
        separator = _detect_separator(kept, quote)
    rows = _split(kept, separator, quote)
    decimal = options.decimal
    if decimal == "auto":
        decimal = _detect_decimal(rows, separator, options.thousands, notes)
    grouped = options.thousands != "none"
    starts = [1 + skipped + n for n in _row_starts(lines, separator, quote, options.comment)]
    above = 0 if options.header == "no" else _rows_above(rows, decimal, grouped)
    if above:
        rows = rows[above:]
        left_out = "line was" if starts[above] == 2 else "lines were"
        notes.append(f"Before the table {starts[above] - 1} {left_out} left out.")
    header = options.header == "yes"
    if options.header == "auto":
        header = _detect_header(rows, decimal, grouped)
        notes += number_row_notes(rows, decimal, header)
    columns, units = len(rows[0]), ()
    if columns > MAX_COLUMNS:
        raise DataError(f"The table has {columns:,} columns; at most {MAX_COLUMNS:,} are read.")
    raw_names = [f"column {number}" for number in range(1, columns + 1)]
    if options.header == "auto" and not header:
        commented = _commented_names(before, separator, quote, options.comment)
        if 1 < len(commented) == columns:
            header, raw_names = True, commented
            notes.append("The last comment line before the rows was taken as the header.")
    elif header:
        raw_names = [_unquoted(cell) for cell in rows[0]]
        rows = rows[1:]
        below = _text_rows(rows, decimal)
        if below and len(rows[0]) == columns:
            units = tuple(re.sub(r"^[(\[](.*)[)\]]$", r"\1", _unquoted(c)) for c in rows[0])
            notes.append("The second line was taken as the units of the columns.")
            if below > 1:
                notes.append("The line below it, of text too, was left out.")
            rows = rows[below:]
    names, renamed = unique_names(raw_names)
    notes += renamed
    if not rows:
        raise DataError("There is a header but no data below it. Export the file again.")
    if any(len(row) > columns for row in rows):
        number, longest = next((n, len(row)) for n, row in enumerate(rows) if len(row) > columns)
        line = starts[number - len(rows)]
        error = too_long(f"Line {line}", longest, columns, header)
        raise DataError(f"{error} If there are lines before the table: remove them.")
    if encoding == "utf-8-sig":
        encoding = "utf-8"  # pyarrow and pandas skip the mark themselves
    return Dialect(
        encoding=encoding,
        separator=separator,
        decimal=decimal,
        thousands=options.thousands,
        quote=quote,
        comment=options.comment,
        header=header,
        first_line=starts[-len(rows)],
        comment_lines=comments,
        names=names,
        units=units,
        rows=tuple(map(tuple, rows)),
        notes=tuple(notes),
    )


def _split(lines: list[str], separator: str, quote: str) -> list[list[str]]:
    ended = (f"{line}\n" for line in lines)
    return [cells for _, cells in numbered_rows(ended, separator, quote)]


def _detect_separator(lines: list[str], quote: str) -> str:
    """The separator that splits most lines alike, into the most cells that are numbers."""
    best, best_score = "comma", (0.0, 0.0)
    for separator in SEPARATORS:
        rows = _split(lines[:_SAMPLE_ROWS], separator, quote)
        width, alike = Counter(map(len, rows)).most_common(1)[0]
        if width < 2 or alike < 0.6 * len(rows):
            continue
        cells = [cell for row in rows[1:] or rows for cell in row[:64]]
        plain = sum(is_number(cell, "point") or is_missing(cell) for cell in cells)
        # A decimal comma is only one where the comma does not separate.
        commas = sum(
            separator != "comma" and (is_number(cell, "comma") or is_missing(cell))
            for cell in cells
        )
        dates = sum(map(is_date, cells))
        score = ((max(plain, commas) + dates) / len(cells), alike / len(rows))
        if score > best_score:
            best, best_score = separator, score
    return best


def _detect_decimal(rows: list[list[str]], separator: str, thousands: str, notes: list[str]) -> str:
    if thousands in DECIMALS:  # a sign has one meaning
        return "comma" if thousands == "point" else "point"
    grouping = THOUSANDS[thousands] or ""
    cells = [
        cell.strip().replace(grouping, "") for row in rows[:_SAMPLE_ROWS] for cell in row[:256]
    ]
    commas = [cell for cell in cells if "," in cell and is_number(cell, "comma")]
    points = [cell for cell in cells if "." in cell and is_number(cell, "point")]
    sure_commas, sure_points = (
        sum(not _MAY_BE_GROUPED.fullmatch(cell) for cell in found) for found in (commas, points)
    )
    if sure_commas or sure_points:  # what may mark thousands is then asked about
        return "comma" if (sure_commas, len(commas)) >= (sure_points, len(points)) else "point"
    decimal, other, unsure = (
        ("comma", "point", commas) if len(commas) >= len(points) else ("point", "comma", points)
    )
    if unsure and thousands == "none":
        notes.append(
            f"{'Commas' if decimal == 'comma' else 'Points'} as in {unsure[0]} were read as "
            f"decimal signs; if they mark thousands, set thousands to {decimal} and the decimal "
            f"sign to {other}."
        )
    return decimal if unsure else "point"


def _detect_header(rows: list[list[str]], decimal: str, grouped: bool) -> bool:
    """Whether the first row names columns: text above numbers or dates, or counted columns."""
    first, rest = rows[0], rows[1:21]
    kinds = [cell_kind(cell, decimal, grouped) for cell in first]
    if not rest:
        return "text" in kinds and "number" not in kinds
    if "text" in kinds:
        for index, kind in enumerate(kinds):
            below = [cell_kind(row[index], decimal, grouped) for row in rest if index < len(row)]
            if kind == "text" and ("number" in below or "date" in below):
                return True
        texts = [index for index, kind in enumerate(kinds) if kind == "text"]
        if "number" in kinds or "date" in kinds:
            return False
        return all(
            first[index] not in [row[index] for row in rest if index < len(row)] for index in texts
        )
    return numbers_name_columns(rows, decimal) == "surely"


def _rows_above(rows: list[list[str]], decimal: str, grouped: bool) -> int:
    """How many rows, of another width than most, stand above the header; 0 where that is unclear.

    As data loggers write them, to say which they are and how they measured.
    """
    width, alike = Counter(map(len, rows)).most_common(1)[0]
    first = next(number for number, row in enumerate(rows) if len(row) == width)
    named = width > 1 and first + 1 < len(rows) and all(cell.strip() for cell in rows[first])
    clear = named and alike >= 0.6 * len(rows)
    return first if clear and _detect_header(rows[first:], decimal, grouped) else 0


def _commented_names(before: list[str], separator: str, quote: str, comment: str) -> list[str]:
    """The names in the last comment, as numpy.savetxt writes a header; none where it holds more."""
    comments = [line.strip() for line in before if is_comment(line, comment)]
    if not comments:
        return []
    rows = _split([comments[-1].removeprefix(comment).strip()], separator, quote)
    names = [_unquoted(cell) for cell in (rows[0] if rows else [])]
    return names if all(cell_kind(name, "point", True) == "text" for name in names) else []


def _text_rows(rows: list[list[str]], decimal: str) -> int:
    """How many rows of text or nothing, two at most, stand above the numbers.

    The first is of units, as PhysioNet writes it; data loggers add how each value was made. A
    column of text below, such as the series of the long form, says nothing beside two of numbers.
    """
    kinds = [
        {
            n: cell_kind(text, decimal, False)
            for n, cell in enumerate(row)
            if (text := _unquoted(cell))
        }
        for row in rows[:5]
    ]
    for count in (1, 2):
        above, below = kinds[:count], kinds[count : count + 3]
        if len(below) < 2:
            break
        texts = {n for n in below[0] if all(row.get(n) == "text" for row in below)}
        if texts and max(map(len, below)) < len(texts) + 2:
            continue
        above, below = (
            [{kind for n, kind in row.items() if n not in texts} for row in part]
            for part in (above, below)
        )
        is_text = all(row == {"text"} for row in above)
        if is_text and all(row <= {"number", "date", "missing"} for row in below):
            return count
    return 0


def _unquoted(cell: str) -> str:
    text = cell.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    return clean_name(text) if len(text) <= 80 else text


def _row_starts(lines: list[str], separator: str, quote: str, comment: str) -> list[int]:
    """The lines, from 0, that the rows start in."""
    kept = (line if line.strip() and not is_comment(line, comment) else "" for line in lines)
    rows = numbered_rows((f"{line}\n" for line in kept), separator, quote)
    return [number for number, _ in rows]


def too_long(line: str, fields: int, columns: int, header: bool) -> DataError:
    than = "the header" if header else "the first row"
    return DataError(
        f"{line} has {fields} fields, {than} {columns}. Remove the extra field, quote texts "
        "that hold the separator, or set the separator or the decimal sign."
    )
