"""EDF and EDF+: recordings whose channels may have different sampling rates."""

import warnings
from pathlib import Path

import edfio
import numpy as np

from core.config import ReadOptions
from core.signals.readers.channel_names import listed, unique_names
from core.signals.readers.file_outline import FileOutline
from core.signals.readers.limits import check_time_steps
from core.signals.readers.missing import without_gaps
from core.signals.recording import DataError, Recording


def _open(path: Path):
    """The EDF, unread but for its header; its signals with unique names; notes."""
    _check_header(path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            edf = edfio.read_edf(path, lazy_load_data=True, header_encoding="latin-1")
            signals = list(edf.signals)
            rates = [float(signal.sampling_frequency) for signal in signals]
        except Exception as error:  # its parser raises whatever the damaged bytes lead to
            raise DataError(
                f"The EDF header is damaged or the file is cut off ({error}). Export it again."
            ) from error
    if not signals:
        raise DataError("The EDF file holds no signals, only annotations.")
    names, notes = unique_names([signal.label for signal in signals], "channel")
    notes += [f"{warning.message}" for warning in caught]
    if edf.reserved.startswith("EDF+D"):
        notes.append("The recording has pauses (EDF+D); its parts were joined without them.")
    return edf, dict(zip(names, zip(signals, rates, strict=True), strict=True)), notes


def _check_header(path: Path) -> None:
    """Sizes that the header claims, against the file's own, before anything is allocated."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(256)
        try:
            header_bytes, count = int(head[184:192]), int(head[252:256])
            int(head[236:244])
            float(head[244:252])
            if not 1 <= count <= 4096 or header_bytes != 256 * (count + 1) or header_bytes > size:
                raise ValueError(f"{count} signals, header of {header_bytes} bytes")
            rest = stream.read(header_bytes - 256)
            [int(rest[count * 216 + i * 8 : count * 216 + i * 8 + 8]) for i in range(count)]
        except ValueError as error:
            raise DataError(
                f"The EDF header is damaged ({error}). Export the recording again."
            ) from error
    if size == header_bytes:
        raise DataError("The EDF file ends after its header. Export the recording again.")


def _rates(signals: dict) -> dict[float, tuple[str, ...]]:
    """Each sampling rate with the channels at it, the highest first."""
    rates: dict[float, tuple[str, ...]] = {}
    for name, (_, rate) in signals.items():
        rates[rate] = (*rates.get(rate, ()), name)
    return dict(sorted(rates.items(), reverse=True))


def _choose_rate(rates: dict, options: ReadOptions) -> tuple[float, list[str]]:
    """The rate to keep, and a note on the channels left out for it."""
    wanted = options.sampling_rate_hz
    offered = listed([f"{rate:g} Hz ({listed(names)})" for rate, names in rates.items()])
    if wanted is not None:
        close = [rate for rate in rates if abs(rate - wanted) <= 1e-6 * wanted]
        if not close:
            raise DataError(f"No channel has {wanted:g} Hz. There are: {offered}")
        chosen = close[0]
    elif options.channels:
        chosen = _rate_of_channels(rates, options.channels)
    else:
        chosen = max(rates, key=lambda rate: rate * len(rates[rate]))  # most of the data
    left_out = [
        f"Left out, for their rate of {rate:g} Hz differs from the {chosen:g} Hz kept: "
        f"{listed(names)}."
        for rate, names in rates.items()
        if rate != chosen and not options.channels
    ]
    return chosen, left_out


def _rate_of_channels(rates: dict, channels: tuple[str, ...]) -> float:
    of_channel = {name: rate for rate, names in rates.items() for name in names}
    _check_known(channels, tuple(of_channel))
    wanted = {of_channel[name] for name in channels}
    if len(wanted) > 1:
        described = listed([f"{name} {of_channel[name]:g} Hz" for name in channels])
        raise DataError(
            f"The chosen channels have different sampling rates: {described}. Choose channels of "
            "one rate."
        )
    return wanted.pop()


def _check_known(channels: tuple[str, ...], names: tuple[str, ...]) -> None:
    unknown = [name for name in channels if name not in names]
    if unknown:
        raise DataError(f"There is no channel {listed(unknown)}. There are: {listed(names)}")


def read_edf(path: Path, options: ReadOptions, name: str) -> Recording:
    """The channels of one rate as float64 `(time_steps, channels)`, in their physical units.

    The rate is `options.sampling_rate_hz`, or that of the chosen channels, or the one that most of
    the file's values have. Annotations are left out. Raises DataError.
    """
    edf, signals, notes = _open(path)
    rates = _rates(signals)
    rate, left_out = _choose_rate(rates, options)
    names = rates[rate]
    if options.channels is not None:
        _check_known(options.channels, names)
        names = tuple(dict.fromkeys(options.channels))
        if not names:
            raise DataError(f"No channel is chosen. There are: {listed(rates[rate])}")
    # Two signals of one rate may yet differ in length only in a damaged file.
    steps = min(_length(edf, signals[channel][0]) for channel in names)
    check_time_steps(steps, "The recording")
    values = np.empty((steps, len(names)))
    for index, channel in enumerate(names):
        values[:, index] = signals[channel][0].data[:steps]
    values, repaired, missing = without_gaps(values, names, options.missing)
    units = {channel: signals[channel][0].physical_dimension for channel in names}
    same = len(set(units.values())) == 1
    if not same:
        described = listed([f"{channel} {unit or '-'}" for channel, unit in units.items()])
        notes = [*notes, f"The channels have different units: {described}."]
    annotations = len(edf.annotations)
    if annotations:
        notes = [*notes, f"{annotations} annotations were left out."]
    return Recording(
        values=values,
        channel_names=names,
        name=name,
        sampling_rate_hz=rate,
        unit=next(iter(units.values())) if same else "",
        missing=missing,
        notes=(*notes, *left_out, *repaired),
    )


def _length(edf, signal) -> int:
    return edf.num_data_records * signal.samples_per_data_record


def outline_edf(path: Path, options: ReadOptions, name: str) -> FileOutline:
    edf, signals, notes = _open(path)
    rates = _rates(signals)
    base = FileOutline(format="EDF", layout="wide", rates=rates, notes=tuple(notes))
    try:
        rate, left_out = _choose_rate(rates, options)
    except DataError as error:
        return FileOutline(format="EDF", layout="wide", rates=rates, problem=str(error))
    shape = (_length(edf, signals[rates[rate][0]][0]), len(rates[rate]))
    return FileOutline(
        format=base.format,
        layout=base.layout,
        rates=rates,
        channels=rates[rate],
        shape=shape,
        sampling_rate_hz=rate,
        notes=(*notes, *left_out),
    )
