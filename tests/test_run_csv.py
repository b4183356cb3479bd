import csv
import io
import math

from core.results import RunRow, run_csv


def row(**changes):
    known = {"id": "1" * 32, "sequence": 1, "state": "finished", "reason": "", "name": "A run"}
    return RunRow(**known | {"created": "2026-01-01", "device": "CPU"} | changes)


def read(rows):
    return list(csv.DictReader(io.StringIO(run_csv(rows))))


def test_each_run_is_a_line():
    rows = [row(validation_mae=0.25, epochs=3), row(sequence=2, name='with "quotes", and\na line')]
    first, second = read(rows)
    assert (first["validation_mae"], first["epochs"], first["validation_mse"]) == ("0.25", "3", "")
    assert second["name"] == 'with "quotes", and\na line'
    assert second["epochs"] == ""
    assert not any(text == str(math.nan) for text in first.values())


def test_no_spreadsheet_takes_a_name_for_a_formula():
    for name in ("=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"):
        (read_back,) = read([row(name=name, reason=name, data=name)])
        for column in ("name", "reason", "data"):
            assert read_back[column].startswith("'")
            assert read_back[column].replace("'", "") == name.replace("'", "")
