"""What a run left behind, read for the pages and the command line: numpy, never Keras.

A finished run has `results.json` (errors of both parts in original units, beside the error floor
and the best constant) and `reconstruction.npz`, whose arrays are mapped from the disk, not read:
showing one window of a large run costs one window.
"""

import csv
import io
import json
import math
import threading
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.config import flatten
from core.runs import Run, RunNotFound, RunStore, RunSummary, RunUnreadable

PARTS = ("train", "validation")
MEASURES = ("mae", "mse")
NEAR_FLOOR = 1.1  # up to this multiple of its floor, an error is put down to the floor
_LOCAL_HEADER_BYTES = 30

PartErrors = Mapping[str, Mapping[str, float]]  # part -> measure -> error in original units


@dataclass(frozen=True)
class Results:
    """`results.json`. Errors are in original units; NaN where the run did not tell."""

    errors: PartErrors
    floor: PartErrors
    constant: PartErrors  # of the best constant per channel
    channel_names: tuple[str, ...] = ()
    unit: str = ""
    channel_errors: PartErrors = field(default_factory=dict)  # part -> measure -> (channels,)
    sampling_rate_hz: float | None = None
    best_epoch: int | None = None
    epochs_trained: int | None = None
    parameters: int | None = None
    compression_ratio: float | None = None
    device: str = ""
    seconds: float | None = None
    windows: Mapping[str, int] = field(default_factory=dict)

    def visible_floor(self, part: str, measure: str) -> float:
        """The floor; 0 if it is no more than the rounding of values, beside the best constant."""
        floor = self.floor[part][measure]
        return 0.0 if floor < 1e-6 * self.constant[part][measure] else floor


def read_results(run: Run) -> Results | None:
    """The results of a run; None while there are none. Raises RunUnreadable, RunNotFound."""
    content = _read_json(run, "results.json")
    if content is None:
        return None
    try:
        return _results(content)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise RunUnreadable(f"This run's results.json is damaged: {error!r}") from error


def _read_json(run: Run, name: str) -> Any:
    try:
        return json.loads((run.folder / name).read_bytes())
    except FileNotFoundError:
        if not run.folder.is_dir():
            raise RunNotFound(run.id) from None
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise RunUnreadable(f"This run's {name} is damaged: {error}") from error


def _results(content: Mapping[str, Any]) -> Results:
    known = {
        key: content[key]
        for key in ("best_epoch", "epochs_trained", "parameters", "compression_ratio", "seconds")
        if _is_number(content.get(key))
    }
    rate = content.get("sampling_rate_hz")
    return Results(
        errors=part_errors(content),
        floor=part_errors(content.get("floor")),
        constant=part_errors(content.get("constant")),
        channel_names=tuple(str(name) for name in content.get("channel_names", ())),
        unit=str(content.get("unit") or ""),
        channel_errors={
            part: {
                measure: np.array(content.get(f"channel_{measure}", {}).get(part, ()), dtype=float)
                for measure in MEASURES
            }
            for part in PARTS
        },
        sampling_rate_hz=float(rate) if _is_number(rate) and rate > 0 else None,
        device=str(content.get("device") or ""),
        windows={part: int(content.get("windows", {}).get(part, 0)) for part in PARTS},
        **known,
    )


def part_errors(content: Any) -> PartErrors:
    """`{"train": {"mae": .., "mse": ..}, "validation": ..}`, with NaN for what is missing."""
    content = content if isinstance(content, Mapping) else {}
    return {
        part: {measure: _number(content.get(part), measure) for measure in MEASURES}
        for part in PARTS
    }


def _number(errors: Any, measure: str) -> float:
    value = errors.get(measure) if isinstance(errors, Mapping) else None
    return float(value) if _is_number(value) else math.nan


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# Reconstructions


@dataclass(frozen=True)
class StoredWindows:
    """The windows of one part that were kept, with the errors of all of them."""

    positions: np.ndarray  # (kept,), rising
    original: np.ndarray  # (kept, window_length, channels), original units
    reconstruction: np.ndarray  # (kept, window_length, channels)
    window_mae: np.ndarray  # (windows,): of all windows, not only the kept ones
    window_mse: np.ndarray  # (windows,)
    step_mae: np.ndarray  # (window_length, channels)
    step_mse: np.ndarray  # (window_length, channels)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def windows(self) -> int:
        return len(self.window_mae)

    @property
    def is_whole(self) -> bool:
        """Whether every window was kept."""
        return len(self) == self.windows

    def window_errors(self, measure: str) -> np.ndarray:
        return self.window_mae if measure == "mae" else self.window_mse

    def step_errors(self, measure: str) -> np.ndarray:
        return self.step_mae if measure == "mae" else self.step_mse

    def ranked(self) -> np.ndarray:
        """Indices of the kept windows from the best to the worst, by mean absolute error."""
        return np.argsort(self.window_mae[self.positions], kind="stable")

    def rank(self, index: int) -> int:
        """How many of all windows have a smaller mean absolute error."""
        return int(np.count_nonzero(self.window_mae < self.window_mae[self.positions[index]]))

    def nearest(self, position: int) -> int:
        """The index of the kept window nearest to a position."""
        return int(np.argmin(np.abs(self.positions.astype(np.int64) - position)))

    def landmark(self, name: str) -> int:
        """The index of the `best`, `median` or `worst` kept window, by mean absolute error."""
        errors = self.window_mae[self.positions]
        if name == "median":
            return int(np.argmin(np.abs(errors - np.median(self.window_mae))))
        return int(np.argmin(errors) if name == "best" else np.argmax(errors))


def read_reconstruction(run: Run) -> dict[str, StoredWindows] | None:
    """The kept windows of each part; None while there are none. Raises RunUnreadable."""
    path = run.folder / "reconstruction.npz"
    try:
        arrays = map_npz(path)
        parts = {
            part: StoredWindows(
                **{
                    name: arrays[f"{part}_{name}"]
                    for name in StoredWindows.__dataclass_fields__  # in the file as in the class
                }
            )
            for part in PARTS
        }
        for part, windows in parts.items():
            _check(part, windows)
    except FileNotFoundError:
        if not run.folder.is_dir():
            raise RunNotFound(run.id) from None
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RunUnreadable(f"This run's reconstruction.npz is damaged: {error}") from error
    return parts


def _check(part: str, windows: StoredWindows) -> None:
    kept, length, channels = windows.original.shape
    shapes = (windows.reconstruction.shape, windows.positions.shape, windows.step_mae.shape)
    if shapes != (windows.original.shape, (kept,), (length, channels)):
        raise ValueError(f"the shapes of the {part} part do not fit each other")
    if kept and not 0 <= windows.positions.min() <= windows.positions.max() < windows.windows:
        raise ValueError(f"the {part} part names windows that are not there")


def map_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an uncompressed `.npz`, mapped read-only from the disk.

    `numpy.load` would read a member whole; a stored member is a plain `.npy` inside the file.
    """
    arrays = {}
    with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{member.filename} is compressed")
            file.seek(member.header_offset)
            header = file.read(_LOCAL_HEADER_BYTES)
            name_length = int.from_bytes(header[26:28], "little")
            extra_length = int.from_bytes(header[28:30], "little")
            file.seek(name_length + extra_length, 1)
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran_order, dtype = read_header(file)
            if dtype.hasobject:
                raise ValueError(f"{member.filename} holds objects, not numbers")
            order = "F" if fortran_order else "C"
            arrays[member.filename.removesuffix(".npy")] = (
                np.memmap(file, dtype, "r", file.tell(), shape, order)
                if math.prod(shape)
                else np.zeros(shape, dtype)
            )
    return arrays


# Words and numbers


def number_text(value: float | None, unit: str = "") -> str:
    """Four significant digits, with a unit: `12.34 mV`; a dash for what is not known."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        text = "∞" if value > 0 else "−∞"
    elif value == 0:
        text = "0"
    elif 1e-3 <= abs(value) < 1e7:
        digits = max(0, 3 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{digits}f}"
        if digits:
            text = text.rstrip("0").rstrip(".")
    else:
        text = f"{value:.3e}"
    return f"{text} {unit}".rstrip().replace("-", "−")


def unit_of(measure: str, unit: str) -> str:
    """The unit of MAE or MSE, for values in `unit`."""
    return f"{unit}²" if unit and measure == "mse" else unit


def duration_text(seconds: float | None) -> str:
    """`8 s`, `3 min 20 s`, `2 h 5 min`; a dash for what is not known."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def verdict(results: Results, measure: str = "mae") -> str:
    """How far the run came, between the best constant and the floor, in a sentence or two."""
    error = results.errors["validation"][measure]
    floor = results.floor["validation"][measure]
    constant = results.constant["validation"][measure]
    name = measure.upper()
    if math.isnan(error):
        return "The errors of this run are not known."
    if not math.isfinite(error):
        return "Training diverged: the error is not finite. Try a smaller learning rate."
    if floor > 0.01 * constant and error <= NEAR_FLOOR * floor:
        above = 100 * max(0.0, error / floor - 1)
        return (
            f"The {name} is {above:.2g} % above its floor: this output activation cannot say the "
            "values that the normalization asks for. More training cannot help; another output "
            "activation or normalization can."
        )
    if error >= 0.98 * constant:
        return (
            "No better than the best constant per channel: the model has not learned the signals' "
            "shape."
        )
    sentence = (
        f"The model removes {100 * (1 - error / constant):.3g} % of the best constant's {name}."
    )
    if floor > 0.01 * constant:
        sentence += (
            f" {100 * floor / error:.2g} % of what is left is the floor, which no training can "
            "undercut."
        )
    return sentence if math.isfinite(constant) and constant > 0 else ""


# The table of runs


@dataclass(frozen=True)
class RunRow:
    """A line of the table of runs; NaN and empty text for what a run does not tell."""

    id: str
    sequence: int
    state: str
    reason: str
    name: str
    created: str
    device: str
    data: str = ""
    normalization: str = ""
    activation: str = ""
    epochs: int | None = None
    validation_mae: float = math.nan
    validation_mse: float = math.nan
    floor_mae: float = math.nan
    unit: str = ""
    best_epoch: int | None = None
    seconds: float | None = None


class RunTable:
    """The rows of all runs. The small files of a run are read again only when it changed state."""

    def __init__(self, store: RunStore):
        self._store = store
        self._rows: dict[str, tuple[RunSummary, RunRow]] = {}
        self._lock = threading.Lock()

    def rows(self) -> list[RunRow]:
        """Newest first; runs that cannot be read, whose order is lost, last."""
        with self._lock:
            before, self._rows = self._rows, {}
            for summary in reversed(self._store.list()):
                known = before.get(summary.id)
                row = known[1] if known and known[0] == summary else self._row(summary)
                self._rows[summary.id] = (summary, row)
            return [row for _, row in self._rows.values()]

    def _row(self, summary: RunSummary) -> RunRow:
        shared = {
            name: getattr(summary, name)
            for name in ("id", "sequence", "state", "reason", "name", "created", "device")
        }
        if summary.state in ("damaged", "newer"):
            return RunRow(**shared)
        details: dict[str, Any] = {}
        try:
            run = self._store.open(summary.id)
            details |= config_columns(run.config())
            results = None if summary.is_active else read_results(run)
        except (RunNotFound, RunUnreadable) as error:
            return RunRow(**shared | {"reason": shared["reason"] or str(error)}, **details)
        if results is not None:
            details |= {
                "validation_mae": results.errors["validation"]["mae"],
                "validation_mse": results.errors["validation"]["mse"],
                "floor_mae": results.visible_floor("validation", "mae"),
                "epochs": results.epochs_trained or details.get("epochs"),
                "unit": results.unit,
                "best_epoch": results.best_epoch,
                "seconds": results.seconds,
            }
        return RunRow(**shared, **details)


def config_columns(config: Mapping[str, Any]) -> dict[str, Any]:
    """What the table of runs shows of a configuration, which may be of another version."""
    flat = flatten(config)
    method = str(flat.get("normalization.method", ""))
    scope = str(flat.get("normalization.scope", ""))
    epochs = flat.get("training.epochs")
    return {
        "data": describe_data(flat),
        "normalization": method
        if method in ("none", "log1p")
        else f"{method} per {scope}".strip()
        if scope in ("channel", "window")
        else f"{method} {scope}".strip(),
        "activation": str(flat.get("model.output_activation", "")),
        "epochs": epochs if isinstance(epochs, int) else None,
    }


def describe_data(flat: Mapping[str, Any]) -> str:
    """The data of a flat configuration in a few words; a name given by a user stays as it is."""
    name = str(flat.get("data.name", ""))
    kind = {"generator": "generated", "sample": "sample"}.get(str(flat.get("data.source")), "file")
    return f"{name} ({kind})" if name else kind


def differences(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The dotted fields in which configurations differ, each with its value in every one."""
    flats = [flatten(config) for config in configs]
    fields = list(dict.fromkeys(name for flat in flats for name in flat if name != "name"))
    texts = {name: [_text(flat.get(name, "–")) for flat in flats] for name in fields}
    return {name: values for name, values in texts.items() if len(set(values)) > 1}


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def window_csv(
    original: np.ndarray,
    reconstruction: np.ndarray,
    channel_names: Sequence[str],
    sampling_rate_hz: float | None,
) -> str:
    """One window `(window_length, channels)` as CSV: original, reconstruction and residual."""
    steps = np.arange(len(original))
    columns = [("time_step", steps)]
    if sampling_rate_hz:
        columns.append(("time_s", steps / sampling_rate_hz))
    for c in range(original.shape[1]):
        name = channel_names[c] if c < len(channel_names) else f"channel {c + 1}"
        columns.append((f"{name} original", original[:, c]))
        columns.append((f"{name} reconstruction", reconstruction[:, c]))
        columns.append((f"{name} residual", reconstruction[:, c] - original[:, c]))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([quoted(name) for name, _ in columns])
    for row in zip(*(values for _, values in columns), strict=True):
        writer.writerow([f"{value:.9g}" for value in row])
    return text.getvalue()


def quoted(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
