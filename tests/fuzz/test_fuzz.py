"""A short hunt with a fixed seed; `python -m tests.fuzz` is the long one."""

import pytest

from tests.bad_inputs.judge import Reading
from tests.fuzz.hunt import hunt, wrong
from tests.fuzz.mutate import Mutator
from tests.fuzz.seeds import SEEDS

CASES = 40


@pytest.fixture(scope="module")
def reading():
    process = Reading()
    yield process
    process.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", SEEDS)
def test_damaged_files_are_read_or_refused(kind, reading):
    found = hunt(kind, reading, seed=3, cases=CASES)
    assert not found.defects
    assert found.read + found.refused + found.crashes == CASES


@pytest.mark.slow
@pytest.mark.parametrize("kind", SEEDS)
def test_the_undamaged_files_are_read(kind, reading, tmp_path):
    path = tmp_path / "seed"
    for content in SEEDS[kind]():
        path.write_bytes(content)
        result = reading.ask({"path": str(path), "name": f"a.{kind}"}, 60)
        assert result["outcome"] == "recording" or "Choose" in result["message"], result["message"]


def test_the_same_seed_does_the_same_damage():
    files = SEEDS["npy"]()
    one, other, third = (Mutator("npy", files, seed) for seed in (1, 1, 2))
    damaged = [one.next() for _ in range(20)]
    assert damaged == [other.next() for _ in range(20)]
    assert damaged != [third.next() for _ in range(20)]


GOOD = {"outcome": "recording", "message": "", "finite": True, "worked": 0.1, "grown": 0}


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({}, ""),
        ({"finite": False}, "values that are not finite"),
        ({"worked": 60}, "too slow"),
        ({"grown": 4 << 30}, "too much memory"),
        ({"outcome": "hung"}, "hung"),
        ({"outcome": "died", "code": -11, "message": ""}, "died by SIGSEGV"),
        ({"outcome": "fault", "message": "KeyError: x"}, "raised KeyError: x"),
    ],
)
def test_what_counts_as_a_finding(changed, what):
    assert wrong(GOOD | changed) == what
