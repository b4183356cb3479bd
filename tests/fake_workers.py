"""A worker without Keras, which does as its run says, and runners that use it, in apps too."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.processes import PROJECT_ROOT, send_signal
from core.runner import LocalRunner
from core.runs import RunStore

# Obeys the worker's protocol without Keras; what to do stands in the run's configuration. After a
# run it takes another where there is a file "goes on".
WORKER = f"""
import os, resource, signal, sys, time
from pathlib import Path
sys.path.insert(0, {str(PROJECT_ROOT)!r})
from core.runs import RunStore, TransitionRefused

here = Path(__file__).parent
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
if (here / "broken").exists():
    sys.exit("ImportError: No module named 'keras'")
try:
    print("ready", flush=True)
except BrokenPipeError:
    pass
while True:
    line = sys.stdin.readline()
    while line.startswith("prepare "):
        with open(here / "prepared", "a") as file:
            file.write(f"{{os.getpid()}} {{line}}")
        while (here / "prepare slowly").exists():
            time.sleep(0.01)
        if (here / "preparing kills").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        print("ready", flush=True)
        line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    folder = Path(line.rstrip("\\n"))
    run = RunStore(folder.parent).open(folder.name)
    run.publish_json("got.json", {{
        "time": time.monotonic(),
        "pid": os.getpid(),
        "gpu": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }})
    with open(folder / "starts", "a") as file:
        file.write(f"{{os.getpid()}}\\n")
    does = run.config().get("does", "finish")
    if does == "ignore everything":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if does == "leave on SIGTERM":
        def leave(*_):
            run.transition("interrupted", "Asked to leave.")
            os._exit(0)
        signal.signal(signal.SIGTERM, leave)
    run.transition("running", by_pid=os.getpid())
    with open(folder / "log.txt", "w") as log:
        log.write("Epoch 1\\nValueError: the recording has no channels\\n\\n")
    if does.startswith("exit"):  # with this code, and these last words
        code, words = does.removeprefix("exit ").split(" ", 1)
        with open(folder / "log.txt", "a") as log:
            log.write(words + "\\n")
        os.kill(os.getpid(), signal.SIGABRT) if code == "-6" else os._exit(int(code))
    if does == "die after the results":
        outcome = {{"state": "finished", "reason": "All done."}}
        run.publish_json("results.json", {{"outcome": outcome}})
        os.kill(os.getpid(), signal.SIGKILL)
    if does == "write on and on":
        mine = time.monotonic()
        with open(here / "begun", "a") as log:
            log.write(f"{{os.getpid()}}\\n")
        try:
            while not (folder / "go on").exists():
                run.append_history({{"worker": os.getpid()}})
                run.write_progress({{"worker": os.getpid()}})
                run.publish_json("model.json", os.getpid())
                time.sleep(0.002)
        except TransitionRefused as error:
            (here / f"refused-{{os.getpid()}}").write_text(str(error))
            sys.exit(9)
    if does == "fail":
        sys.exit(1)
    if does == "say nothing":
        sys.exit(0)
    if does.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, does))
    end, code = ("finished", "Done."), 0
    while does not in ("finish", "forget the end"):
        if (folder / "go on").exists():
            break
        if run.cancel_requested() and does == "wait":
            run.transition("cancelled", "Cancelled in epoch 1.")
            sys.exit(3)
        if run.cancel_requested() and does == "save slowly":
            for share in range(300):
                run.write_progress({{"phase": "reconstructing", "share": share / 300}})
                time.sleep(0.01)
            run.transition("cancelled", "Cancelled, and all is saved.")
            sys.exit(3)
        if run.pause_requested() and does == "wait":
            end, code = ("paused", "Paused after epoch 1."), 5
            break
        if does != "compute":
            time.sleep(0.01)
    if does != "forget the end":
        run.transition(*end, by_pid=os.getpid())
    while (here / "goes slowly").exists():
        time.sleep(0.01)
    if not (here / "goes on").exists():
        sys.exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        print(f"done {{code}}\\nready", flush=True)
    except BrokenPipeError:
        pass
"""


def eventually(condition, seconds=20.0):
    """The first true value of `condition()`; fails if there is none in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError("did not happen in time")


@contextmanager
def runners(store: RunStore, folder: Path) -> Iterator[Callable[..., LocalRunner]]:
    """Builds runners on the store with the worker above; afterwards nothing is left running."""
    script = folder / "fake_worker.py"
    script.write_text(WORKER)
    made = []

    def make(**options):
        defaults = {"command": (sys.executable, str(script)), "poll_seconds": 0.02, "spare": False}
        made.append(LocalRunner(store, **(defaults | options)))
        return made[-1]

    yield make
    for runner in made:
        runner.stop()
    for summary in store.list():
        if summary.pid is not None:
            send_signal(summary.pid, summary.pid_started, signal.SIGKILL)


APP = """
import sys, time
sys.path.insert(0, {root!r})
from core.runner import LocalRunner
from core.runs import RunStore
store = RunStore({store!r})
command = (sys.executable, {script!r})
LocalRunner(store, command=command, spare=False, poll_seconds=0.02, resumes={resumes}).start()
print("started", flush=True)
time.sleep(60)
"""


def start_app(store, tmp_path, *, resumes=False, **environment):
    """The queue in a process of its own, as the app has it."""
    script = str(tmp_path / "fake_worker.py")
    code = APP.format(root=str(PROJECT_ROOT), store=str(store.root), script=script, resumes=resumes)
    app = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    app.stdout.readline()
    return app


def end_app(app, number=signal.SIGKILL):
    app.send_signal(number)
    app.wait(10)
    app.stdout.close()


def state(store, run_id):
    return store.open(run_id).status().state


def reached(store, run_id, *states, seconds=20.0):
    eventually(lambda: state(store, run_id) in states, seconds)
    return store.open(run_id).status()


def got(store, run_id):
    return json.loads((store.open(run_id).folder / "got.json").read_text())


def let_go(store, run_id):
    (store.open(run_id).folder / "go on").touch()
