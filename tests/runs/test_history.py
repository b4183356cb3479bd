"""History comes back to the last bit, whatever became of its file."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.results import GrowingFiles
from core.run_history import parse_more
from tests.runs.in_states import snapshot

# History

numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.integers(-(2**70), 2**70), st.booleans()
)
columns = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters=',"\r\n'), min_size=1, max_size=8),
    min_size=1,
    max_size=5,
    unique=True,
)


def same(left, right):
    """Equal to the last bit and in type, NaN and -0.0 included."""

    def exact(rows):
        return [{key: repr(value) for key, value in row.items()} for row in rows]

    return exact(left) == exact(right)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_history_comes_back_exactly(store, data):
    names = data.draw(columns)
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, numbers)), max_size=4))
    run = store.create({}, name="x")
    for row in rows:
        run.append_history(row)
    plain = [
        {key: int(value) if isinstance(value, bool) else value for key, value in row.items()}
        for row in rows
    ]
    assert same(run.history(), plain)
    run.replace_history(plain[:1])
    assert same(run.history(), plain[:1])


def test_history_torn_at_every_byte(store):
    rows = [{"epoch": 0, "loss": 12.36}, {"epoch": 1, "loss": -1e-9}, {"epoch": 2, "loss": 7.25}]
    more = {"epoch": 9, "loss": 0.5}
    run = store.create({}, name="x")
    for row in rows:
        run.append_history(row)
    path = run.folder / "history.csv"
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        complete = max(0, whole[:length].count(b"\n") - 1)
        assert run.history() == rows[:complete]
        run.append_history(more)  # the next epoch goes on behind the last whole line
        assert run.history() == [*rows[:complete], more]


def test_a_line_of_zeros_is_skipped(store):
    run = store.create({}, name="x")
    run.append_history({"loss": 1.5})
    with open(run.folder / "history.csv", "ab") as file:
        file.write(b"\0" * 40 + b"\n")
    assert run.history() == [{"loss": 1.5}]


def test_a_history_that_grows_is_read_line_by_line(store):
    run = store.create({}, name="x")
    files, path = GrowingFiles(1, parse_more), run.folder / "history.csv"
    assert files.get(path)[1:] == ()
    path.write_bytes(b"epoch,loss\n1,")  # a first row torn by a kill
    assert files.get(path) == (["epoch", "loss"],)
    for epoch in range(1, 4):
        run.append_history({"epoch": epoch, "loss": 1 / epoch})
        assert list(files.get(path)[1:]) == run.history()
    run.replace_history([{"epoch": 1, "mae": 0.5}])
    assert list(files.get(path)) == [["epoch", "mae"], {"epoch": 1, "mae": 0.5}]


def test_history_refuses_other_columns_and_no_numbers(store):
    run = store.create({}, name="x")
    run.append_history({"epoch": 0, "loss": 1.0})
    before = snapshot(run.folder)
    with pytest.raises(ValueError, match=r"columns epoch, loss\. Received: epoch"):
        run.append_history({"epoch": 1})
    with pytest.raises(ValueError, match=r"holds numbers\. Received: 'low'"):
        run.append_history({"epoch": 1, "loss": "low"})
    with pytest.raises(ValueError, match="plain names"):
        store.create({}, name="y").append_history({"a,b": 1})
    assert snapshot(run.folder) == before
    run.append_history({"loss": math.pi, "epoch": 1})  # another order is the same columns
    assert run.history()[1] == {"epoch": 1, "loss": math.pi}
