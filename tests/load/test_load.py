"""A small crowd: what it takes in full is printed by `python -m tests.load`."""

import pytest

from tests import own_loop
from tests.load.__main__ import free_port, report
from tests.load.app_process import AppProcess
from tests.load.crowd import crowd, live_run
from tests.load.figures import percentile


@pytest.mark.slow
def test_eight_visitors_meet_no_fault_and_leave_nothing(tmp_path):
    run_id = live_run(tmp_path / "runs")
    app = AppProcess(tmp_path, free_port(), public=True, session_seconds=3)
    try:
        outcome = own_loop.run(
            crowd(
                app,
                run_id,
                {"watch": 3, "upload": 2, "queue": 2, "wander": 1},
                arrival_seconds=2,
                seconds=8,
                thinking=(0.5, 1.0),
                session_seconds=3,
                warm_seconds=1,
            )
        )
    finally:
        app.stop()
    shown = "\n".join(report(outcome, 8))
    assert not outcome.figures.faults, f"{outcome.figures.faults}\n{shown}"
    assert outcome.tracebacks == 0, app.last_words()
    assert outcome.figures.seconds["upload: read and shown"], shown
    assert outcome.figures.seconds["train: start a run"], shown
    assert percentile(outcome.figures.reruns(), 0.5) < 5.0, shown  # the machine may be busy
    assert outcome.after.connections == 0
    assert outcome.after.temporary_files <= outcome.before.temporary_files, shown
