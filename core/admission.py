"""The limits of a public demo, checked where something is taken or put in the queue.

Each check returns nothing or raises LimitExceeded with a sentence that names the limit, what was
asked for, and a way on. Widgets show the same limits, but a browser can send anything.
"""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from core.architecture import describe_architecture
from core.config import DataConfig, ExperimentConfig, WindowsConfig
from core.public import PublicSettings
from core.run_size import folder_bytes, memory_bytes
from core.run_status import REST_STATES, RunNotFound, RunSummary, RunUnreadable
from core.runs import RunStore
from core.signals.recording import DataError
from core.signals.store import load, recording_key
from core.windows import windows_of

MEASURED_SECONDS = 30.0  # for so long a measured disk usage is taken as true

_MEGABYTE = 1_000_000


class LimitExceeded(DataError):
    """More than a public demo gives a visitor; the message names the limit."""


def _at_most(what: str, limit: int, received: int, asked: str, remedy: str) -> None:
    """what, asked: sentences with a place for a number each."""
    if received > limit:
        raise LimitExceeded(
            f"This public demo takes {what.format(f'{limit:,}')}; "
            f"{asked.format(f'{received:,}')}. {remedy} A lab of your own has no such limit."
        )


def check_upload(size_bytes: int, settings: PublicSettings) -> None:
    """The size of a file, before it is read."""
    _at_most(
        "files of up to {} MB",
        settings.max_upload_mb,
        -(-size_bytes // 2**20),  # as the server counts them
        "this one has {} MB",
        "Upload a part of it.",
    )


def check_generated(data: DataConfig, settings: PublicSettings) -> None:
    """The size of a signal, before it is made."""
    if data.source == "generator":
        check_shape((data.time_steps, data.channels), settings)


def check_shape(shape: tuple[int, ...], settings: PublicSettings) -> None:
    """The size of a recording: `(time_steps, channels)` or `(windows, window_length, channels)`."""
    time_steps, channels = (shape[0] * shape[1] if len(shape) == 3 else shape[0]), shape[-1]
    _at_most(
        "recordings of up to {} time steps (rows)",
        settings.max_time_steps,
        time_steps,
        "this one has {}",
        "Take a shorter part of it.",
    )
    _at_most(
        "recordings of up to {} values (time steps × channels)",
        settings.max_values,
        time_steps * channels,
        "this one has {}",
        "Take a shorter part of it, or fewer channels.",
    )


def check_windows(shape: tuple[int, ...], windows: WindowsConfig, settings: PublicSettings) -> None:
    """How many windows a recording of a shape is cut into, and the values they hold."""
    count = windows_of(shape, windows)
    _at_most(
        "up to {} windows",
        settings.max_windows,
        count,
        "these settings make {}",
        "Choose a larger stride.",
    )
    _at_most(
        "windows that hold up to {} values (windows × length × channels)",
        settings.max_window_values,
        count * windows.window_length * shape[-1],
        "these hold {}",
        "Choose a larger stride.",
    )


def check_training(
    config: ExperimentConfig, shape: tuple[int, ...], settings: PublicSettings
) -> None:
    """The epochs, the model and the memory of an experiment with a recording of a shape."""
    check_epochs(config.training.epochs, settings)
    model = describe_architecture(config.model, config.windows.window_length, shape[-1])
    _at_most(
        "models of up to {} parameters",
        settings.max_parameters,
        model.parameters,
        "this one has {}",
        "Choose fewer filters or latent channels.",
    )
    _at_most(
        "runs that take up to {} MB of memory",
        settings.max_memory_mb,
        -(-memory_bytes(config, shape) // _MEGABYTE),
        "this one could take {}",
        "Choose a smaller batch, fewer filters or shorter windows.",
    )


def check_epochs(epochs: int, settings: PublicSettings) -> None:
    _at_most(
        "runs of up to {} epochs",
        settings.max_epochs,
        epochs,
        "training.epochs is {}",
        "Set fewer.",
    )


def check_queue(listing: Iterable[RunSummary], owner: str, settings: PublicSettings) -> None:
    """Room for one more run in the queue, of this visitor and of all."""
    runs = [run for run in listing if takes_a_place(run)]
    _at_most(
        "up to {} runs of a visitor at once, in training, waiting or paused",
        settings.max_runs_per_visitor,
        sum(run.owner == owner for run in runs) + 1,
        "this would be number {}",
        "Wait until one ends, or cancel one.",
    )
    _at_most(
        "up to {} runs at once, in training or waiting, of all visitors",
        settings.max_runs,
        sum(run.is_active for run in runs) + 1,
        "this would be number {}",
        "Try again in some minutes.",
    )


def takes_a_place(run: RunSummary) -> bool:
    """Whether a run counts among those that its visitor may have at once: a paused one, too, which
    goes on when it is told to."""
    return run.is_active or run.state in REST_STATES


def run_bytes(config: ExperimentConfig, data_folder: Path) -> int:
    """What a run may write; 0 where its recording is not there, without which it writes nothing."""
    data = config.data
    shape: tuple[int, ...] = (data.time_steps, data.channels)
    if data.source != "generator":
        try:
            shape = load(recording_key(data), data_folder).values.shape
        except DataError:
            return 0
    return folder_bytes(config, shape)


def coming_bytes(store: RunStore) -> int:
    """What the runs that wait or train may write, whatever they have written by now."""
    total = 0
    for run in store.listing():
        if run.is_active:
            try:
                config = ExperimentConfig.model_validate(store.open(run.id).config())
            except (RunNotFound, RunUnreadable, ValidationError):
                continue  # gone, or of another version, which ends it
            total += run_bytes(config, store.data_folder)
    return total


class Disk:
    """What a runs folder takes of its disk, measured now and then. Safe for threads.

    make_room: asked to remove so many bytes before anything is refused; says whether it has.
    reserved: the bytes that are yet to be written of what was taken before.
    """

    def __init__(
        self,
        root: Path,
        make_room: Callable[[int], object] = lambda lacking: False,
        reserved: Callable[[], int] = lambda: 0,
    ):
        self._root, self._make_room, self._reserved = root, make_room, reserved
        self._lock = threading.RLock()
        self._bytes = 0
        self._until = 0.0  # monotonic; the measured number is taken as true until then
        self._coming = 0  # bytes for which `room` is held

    @contextmanager
    def room(self, settings: PublicSettings, more_bytes: int) -> Iterator[None]:
        """Hold room for what is being stored: of many at the same time not all may have the last
        of it. Raises as `check`."""
        with self._lock:
            self.check(settings, more_bytes)
            self._coming += more_bytes
        try:
            yield
        finally:
            with self._lock:
                self._coming -= more_bytes
                self.forget()

    def check(self, settings: PublicSettings, more_bytes: int = 0) -> None:
        """Room for more. Raises LimitExceeded, or DataError where the disk itself is full."""
        with self._lock:
            coming = self._coming + more_bytes + self._reserved()
            lacking = self._lacking(settings, coming)
            if lacking > 0 and self._make_room(lacking):
                self.forget()
            self._check(settings, coming)

    def _lacking(self, settings: PublicSettings, coming: int) -> int:
        """The bytes that are too many; 0 or less where there is room."""
        over = self.used_bytes() + coming + 1 - (settings.max_disk_mb + 1) * _MEGABYTE
        return max(over, settings.min_free_mb * _MEGABYTE + coming - self._free_bytes())

    def _free_bytes(self) -> int:
        return shutil.disk_usage(self._root).free

    def _check(self, settings: PublicSettings, coming: int) -> None:
        _at_most(
            "up to {} MB of runs and data of all visitors",
            settings.max_disk_mb,
            (self.used_bytes() + coming) // _MEGABYTE,
            "with what comes, {} MB could be in use" if coming else "{} MB are in use",
            "Delete runs and data of yours, or try later.",
        )
        free = (self._free_bytes() - coming) // _MEGABYTE
        if free < settings.min_free_mb:
            raise DataError(
                f"The disk of this public demo is nearly full: {free:,} MB are free, and "
                f"{settings.min_free_mb:,} MB must stay so. Delete runs and data of yours, or try "
                "later."
            )

    def used_bytes(self) -> int:
        with self._lock:
            now = time.monotonic()
            if now >= self._until:
                self._bytes, self._until = _tree_bytes(self._root), now + MEASURED_SECONDS
            return self._bytes

    def forget(self) -> None:
        """Measure anew when asked next: something was stored or removed."""
        with self._lock:  # or what is being measured would count as measured later
            self._until = 0.0


def _tree_bytes(root: Path) -> int:
    """The bytes of all files below a folder; what vanishes meanwhile counts as nothing."""
    total = 0
    folders = [root]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
                    else:
                        with contextlib.suppress(FileNotFoundError):
                            total += entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return total
