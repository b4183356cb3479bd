"""EDF and EDF+: recordings whose channels may have different sampling rates."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import edfio
import numpy as np

from core.config import ReadOptions
from core.number_text import count_text
from core.signals.readers.channel_names import clean_name, listed, unique_names
from core.signals.readers.edf_header import check_edf_header
from core.signals.readers.file_outline import FileOutline
from core.signals.readers.limits import check_time_steps
from core.signals.readers.missing import without_gaps
from core.signals.recording import DataError, Recording

UNITS = {  # as an EDF spells them in plain letters: as people write them
    "uV": "µV",
    "uA": "µA",
    "uS": "µS",
    "degC": "°C",
    "degF": "°F",
    "deg": "°",
    "Ohm": "Ω",
    "kOhm": "kΩ",
    "MOhm": "MΩ",
}


def _open(path: Path):
    """The EDF, unread but for its header; its signals with unique names; notes."""
    notes = check_edf_header(path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            edf = edfio.read_edf(path, lazy_load_data=True, header_encoding="latin-1")
            signals = list(edf.signals)
            rates = [float(signal.sampling_frequency) for signal in signals]
        except MemoryError:
            raise
        except Exception as error:  # its parser raises whatever the damaged bytes lead to
            raise DataError(
                "The EDF header is damaged, or the file is cut off. Export it again."
            ) from error
    if not signals:
        raise DataError("The EDF file holds no signals, only annotations.")
    names, renamed = unique_names([signal.label for signal in signals], "channel")
    notes += renamed
    if not notes:  # else they say the same
        notes += [clean_name(f"{warning.message}") for warning in caught]
    if edf.reserved.startswith("EDF+D"):
        notes.append("The recording has pauses (EDF+D); its parts were joined without them.")
    return edf, dict(zip(names, zip(signals, rates, strict=True), strict=True)), notes


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
    if unknown := [name for name in channels if name not in names]:
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
    values, outside = _values({channel: signals[channel][0] for channel in names}, steps)
    if outside:
        notes.append(_outside_note(outside))
    values, repaired, missing = without_gaps(values, names, options.missing)
    unit, mixed = _unit(signals, names)
    notes += [*mixed, *_annotation_notes(edf)]
    return Recording(
        values=values,
        channel_names=names,
        name=name,
        sampling_rate_hz=rate,
        unit=unit,
        missing=missing,
        notes=(*notes, *left_out, *repaired),
    )


def _values(signals: dict, steps: int) -> tuple[np.ndarray, dict[str, int]]:
    """Physical values `(steps, channels)`; of each channel that has any, the count of values
    beyond the digital range that its header declares."""
    values = np.empty((steps, len(signals)))
    outside = {}
    for index, (channel, signal) in enumerate(signals.items()):
        try:
            values[:, index] = signal.data[:steps]
            digital = signal.digital[:steps]
            low, high = signal.digital_min, signal.digital_max
        except (ValueError, IndexError, OverflowError) as error:
            raise DataError(
                f"The values of the channel {channel!r} do not fit the header: the EDF is damaged "
                "or cut off. Export it again."
            ) from error
        if digital.min() < low or digital.max() > high:
            outside[channel] = int(((digital < low) | (digital > high)).sum())
    return values, outside


def _outside_note(outside: dict[str, int]) -> str:
    where = listed([f"{channel} ({count:,})" for channel, count in outside.items()], 8)
    total = sum(outside.values())
    lie = "lies" if total == 1 else "lie"
    return (
        f"{count_text(total, 'value')} {lie} outside the range that the header declares, so the "
        f"bytes may be damaged: {where}."
    )


def _unit(signals: dict, names: Sequence[str]) -> tuple[str, list[str]]:
    """The unit that the channels have in common, and a note where there is none."""
    given = {channel: signals[channel][0].physical_dimension for channel in names}
    units = {channel: UNITS.get(unit, unit) for channel, unit in given.items()}
    raw = [name for name in names if not _has_physical_range(signals[name][0])]
    if raw:
        return "", [
            "The header gives no physical range, so the values are the digital numbers of the "
            f"file, in no unit: {listed(raw)}."
        ]
    if len(set(units.values())) == 1:
        return units[names[0]], []
    described = listed([f"{channel} {unit or '-'}" for channel, unit in units.items()])
    return "", [f"The channels have different units: {described}."]


def _has_physical_range(signal) -> bool:
    return signal.physical_min != signal.physical_max


def _annotation_notes(edf) -> list[str]:
    try:
        count = len(edf.annotations)
    except Exception:  # its parser raises whatever the damaged bytes lead to
        return ["The annotations are damaged, and were left out."]
    if not count:
        return []
    return [f"{count_text(count, 'annotation')} {'was' if count == 1 else 'were'} left out."]


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
    chosen = [name for name in options.channels or () if name in rates[rate]]
    return FileOutline(
        format=base.format,
        layout=base.layout,
        rates=rates,
        channels=rates[rate],
        shape=shape,
        sampling_rate_hz=rate,
        unit=_unit(signals, chosen or rates[rate])[0],
        notes=(*notes, *left_out),
    )
