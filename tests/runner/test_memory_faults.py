"""Lack of memory, and graphics processors that fail."""

import os
import signal
import time

import pytest

from core import gpu_faults, run_end
from core.processes import process_identity
from core.resumption import resume, resume_interrupted
from core.runs import TransitionRefused
from tests.fake_workers import eventually, reached, state


@pytest.mark.slow
def test_fault_13_out_of_memory_is_said_and_not_tried_again(store, make_runner, monkeypatch):
    kills = [7]
    monkeypatch.setattr(run_end, "oom_kills", lambda: kills[0])
    runner = make_runner(resumes=True)
    runner.start()
    run_id = runner.submit({"does": "wait"}, name="x")
    pid = reached(store, run_id, "running").pid
    kills[0] += 1
    os.kill(pid, signal.SIGKILL)
    assert "(out of memory)" in reached(store, run_id, "interrupted").reason
    runner.stop()
    for _ in range(2):  # more starts of the app
        again = make_runner(resumes=True)
        again.start()
        reached(store, again.submit({}, name="y"), "finished")
        again.stop()
        assert state(store, run_id) == "interrupted"
    make_runner().resume(run_id)  # but a person may try it, with more memory
    assert store.open(run_id).status().extra["cause"] == ""


def test_fault_13_killed_for_memory_together_with_the_app(store, make_runner, monkeypatch):
    kills = [7]
    monkeypatch.setattr(run_end, "oom_kills", lambda: kills[0])
    first = make_runner()
    first.start()
    run_id = first.submit({"does": "wait"}, name="x")
    pid = reached(store, run_id, "running").pid
    first.stop()
    kills[0] += 1
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not process_identity(pid))
    make_runner(resumes=True).start()
    status = reached(store, run_id, "interrupted")
    assert "(out of memory)" in status.reason
    time.sleep(0.2)
    assert state(store, run_id) == "interrupted"


@pytest.mark.parametrize(
    ("reason", "changes", "then"),
    [
        ("Other words.", run_end.MEMORY, "interrupted"),
        ("The memory did not suffice. Try a smaller batch.", {}, "interrupted"),  # an old run
        ("The worker was told to end.", {}, "queued"),
    ],
)
def test_fault_13_the_cause_keeps_a_run_from_being_resumed_unasked(store, reason, changes, then):
    run = store.create({}, name="x", state="starting")
    run.transition("interrupted", reason, **changes)
    assert resume_interrupted(store) == (then == "queued")
    assert run.status().state == then


def test_a_run_that_somebody_resumes_may_again_be_resumed_unasked(store):
    run = store.create({}, name="x", state="starting")
    run.transition("interrupted", **run_end.MEMORY)
    resume(run)
    run.transition("starting", pid=1)
    with pytest.raises(TransitionRefused, match="is starting: it cannot become queued"):
        resume(run)  # asked twice: the worker that has it keeps it
    run.transition("interrupted")
    assert resume_interrupted(store) == 1


def test_a_run_that_somebody_takes_up_and_pauses_meanwhile_stays_paused(store, monkeypatch):
    run = store.create({}, name="x", state="starting")
    run.transition("interrupted")
    look = store.list

    def listed():
        found = look()  # as the start of the app sees it, which then is late
        resume(run)
        run.transition("paused")
        return found

    monkeypatch.setattr(store, "list", listed)
    assert resume_interrupted(store) == 0
    assert run.status().state == "paused"


def test_fault_14_graphics_memory_advises_a_smaller_batch(store, make_runner):
    runner = make_runner()
    runner.start()
    said = "E failed to allocate 32.00G: CUDA_ERROR_OUT_OF_MEMORY: out of memory"
    first = runner.submit({"does": f"exit -6 {said}"}, name="x")
    second = runner.submit({}, name="y")
    status = reached(store, first, "failed", "interrupted")
    assert status.state == "failed"
    assert "training.batch_size" in status.reason
    reached(store, second, "finished")


@pytest.mark.parametrize("code", [1, -6])
def test_fault_15_a_lost_graphics_processor_is_named(store, make_runner, code):
    runner = make_runner()
    runner.start()
    said = "F CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered"
    status = reached(
        store, runner.submit({"does": f"exit {code} {said}"}, name="x"), "failed", "interrupted"
    )
    assert status.state == "interrupted"
    assert "graphics processor failed or was lost (CUDA_ERROR_ILLEGAL_ADDRESS)" in status.reason


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("RESOURCE_EXHAUSTED: OOM when allocating tensor with shape[9,9]", "batch_size"),
        ("INTERNAL: CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure", "LAUNCH_FAILED"),
        ("Unable to determine the device handle for GPU0: GPU is lost", "GPU is lost"),
        ("GPU has fallen off the bus.", "fallen off the bus"),
        ("ValueError: the recording has no channels", ""),
        ("CUDA_ERROR_UNKNOWNS", ""),
    ],
)
def test_fault_14_15_messages_of_graphics_processors(said, word):
    explained = gpu_faults.explain(f"Epoch 1\n{said}\n")
    assert (explained is not None) == bool(word)
    assert explained is None or word in explained[1]
