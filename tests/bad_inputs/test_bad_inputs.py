"""Every bad input is made, read in another process, and compared with what a user should get."""

from collections.abc import Iterator

import pytest

from core.signals.reading import FileReader
from tests.bad_inputs import CASES
from tests.bad_inputs.case import Case
from tests.bad_inputs.judge import Reading, judge


@pytest.fixture(scope="module")
def reading() -> Iterator[Reading]:
    process = Reading()
    yield process
    process.close()


PARAMETERS = [
    pytest.param(case, id=case.id, marks=[pytest.mark.slow] if case.slow else []) for case in CASES
]


@pytest.mark.parametrize("case", PARAMETERS)
def test_bad_input(case: Case, reading: Reading, tmp_path):
    verdict = judge(case, reading, tmp_path)
    assert not verdict.faults, f"{'; '.join(verdict.faults)}\nIt said: {verdict.sentence}"


@pytest.mark.slow
@pytest.mark.parametrize("line", ["6", "23", "52", "58b", "65", "74", "81", "85k"])
def test_the_app_says_the_same(line, reading, tmp_path):
    """`python -m tests.bad_inputs` asks this of every line."""
    case = next(case for case in CASES if case.number == line)
    assert not judge(case, reading, tmp_path, FileReader()).faults


def test_every_line_is_there_once():
    ids = [case.id for case in CASES]
    assert len(set(ids)) == len(ids)
    lines = {
        int("".join(filter(str.isdigit, case.number))) for case in CASES if case.number[0] != "f"
    }
    assert lines >= set(range(1, 87))
