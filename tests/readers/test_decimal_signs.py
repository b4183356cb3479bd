"""Points and commas that mark decimals or thousands: judged by what is sure, else told or asked."""

import pytest

from core.config import ReadOptions
from core.signals.readers import outline, read_recording
from core.signals.recording import DataError

GROUPED = [f"{1 + i % 9},{234 + i}" for i in range(40)]  # thousands, or decimals
ENGLISH = [f"{i}.5" for i in range(40)]
SOME = [text if i % 2 else str(i) for i, text in enumerate(ENGLISH)]


def written(tmp_path, *columns, quote="", separator=";"):
    rows = [
        separator.join(f"{quote}{cell}{quote}" for cell in row)
        for row in zip(*columns, strict=True)
    ]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([separator.join("xyz"[: len(columns)]), *rows]))
    return path


def german(texts):
    return [text.translate(str.maketrans(".,", ",.")) for text in texts]


@pytest.mark.parametrize("beside", [ENGLISH, SOME])
@pytest.mark.parametrize(("quote", "separator"), [('"', ","), ("", ";")])
@pytest.mark.parametrize("form", [list, german])
def test_a_sure_decimal_sign_leaves_the_other_to_mark_thousands(
    tmp_path, beside, quote, separator, form
):
    path = written(tmp_path, form(GROUPED), form(beside), quote=quote, separator=separator)
    with pytest.raises(DataError, match=r"'x' should hold numbers.*thousands separators, set them"):
        read_recording(path)
    thousands = "comma" if form is list else "point"
    recording = read_recording(path, ReadOptions(thousands=thousands, time_column=None))
    assert recording.values[1].tolist() == [2235, 1.5]


@pytest.mark.parametrize(
    ("form", "sign", "other"), [(list, "Commas", "Points"), (german, "Points", "Commas")]
)
def test_signs_that_may_mark_thousands_are_told(tmp_path, form, sign, other):
    path = written(tmp_path, form(GROUPED), [str(i) for i in range(40)])
    recording = read_recording(path, ReadOptions(time_column=None))
    assert recording.values[0].tolist() == [1.234, 0]
    [note] = outline(path).notes
    assert note in recording.notes
    word, opposite = sign[:-1].lower(), other[:-1].lower()
    assert note.startswith(f"{sign} as in {form(GROUPED)[0]} were read as decimal signs")
    assert note.endswith(f"set thousands to {word} and the decimal sign to {opposite}.")
    told = ReadOptions(thousands=word, decimal=opposite, time_column=None)
    assert read_recording(path, told).values[0].tolist() == [1234, 0]
    assert not outline(path, ReadOptions(decimal=word)).notes


@pytest.mark.parametrize("sure", ["0.125", "12.5", "1234.125"])
def test_a_decimal_sign_that_is_sure_anywhere_needs_no_word(tmp_path, sure):
    path = written(tmp_path, [sure, *german(GROUPED)])
    assert not outline(path).notes


def test_numbers_with_either_decimal_sign_are_no_labels(tmp_path):
    with pytest.raises(DataError, match=r"'[xy]' should hold numbers.*another decimal sign"):
        read_recording(written(tmp_path, german(ENGLISH), ENGLISH))
