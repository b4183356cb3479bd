import pytest

from core.run_status import RunSummary
from tests.load.queue import broken, report, under_kills
from tests.load.queue_course import Course


def taken(*owners):
    """A course in which runs of these owners took turns; a name with ' is the run before again."""
    course, last = Course(), {}
    for turn, owner in enumerate(owners, 1):
        if not owner.endswith("'"):
            last[owner] = RunSummary(
                id=f"{turn:032x}", state="running", sequence=turn, name="", created="", owner=owner
            )
        course.turns[turn] = last[owner.rstrip("'")]
    return course


def test_the_difference_of_turns_counts_while_both_have_new_runs_waiting():
    assert taken(*"abcabc").unfairness(again=True) == 1
    assert taken(*"aabbcc").unfairness(again=True) == 1  # a has nothing left after its second
    assert taken(*"aaabab").unfairness(again=True) == 3
    assert taken("a", "b", "a'", "a", "b", "a").unfairness(again=True) == 2
    assert taken("a", "b", "a'", "b", "a", "b").unfairness(again=False) == 1


def test_an_older_run_that_is_started_later_is_out_of_order():
    course = taken("a", "a", "b")
    assert course.out_of_order() == 0
    course.turns[1], course.turns[2] = course.turns[2], course.turns[1]
    assert course.out_of_order() == 1


@pytest.mark.slow
def test_each_run_ends_once_in_fair_turns_however_often_workers_and_app_are_killed(tmp_path):
    outcome = under_kills(
        tmp_path / "runs",
        runs=20,
        owners=4,
        slots=2,
        worker="light",
        pause=(0.2, 0.8),
        most_seconds=240,
    )
    assert not broken(outcome, 20, 2), "\n".join(report(outcome))
    assert outcome.kills["worker"] >= 3
    assert outcome.kills["app"] >= 2
