"""Audio: WAV and FLAC."""

from pathlib import Path

import soundfile

from core.config import ReadOptions
from core.signals.readers.arrays import numbered_channels, picked_channels
from core.signals.readers.file_outline import FileOutline
from core.signals.readers.limits import MAX_CHANNELS, check_time_steps, check_unpacked
from core.signals.readers.missing import without_gaps
from core.signals.readers.rates import chosen_rate
from core.signals.readers.wav_header import READ, check_wav
from core.signals.recording import DataError, Recording

_UNIT = "full scale"
_UNKNOWN_LENGTH = 2**63 - 1  # what the library says where a FLAC file says nothing
_WIDE_TYPES = ("PCM_32", "DOUBLE")  # more digits than a float32 holds


def _inspect(path: Path):
    """What the library says of the file; names of its channels; notes. Raises DataError."""
    notes = check_wav(path)
    try:
        info = soundfile.info(str(path))
    except soundfile.LibsndfileError as error:
        raise DataError(
            f"The audio is damaged or cut off ({error.error_string.strip(' .')}). {READ}"
        ) from error
    if info.samplerate <= 0 or info.channels <= 0:
        raise DataError(
            f"The header claims {info.channels} channels at {info.samplerate} Hz. Export it again."
        )
    if info.channels > MAX_CHANNELS:
        raise DataError(f"The audio has {info.channels} channels; at most {MAX_CHANNELS}.")
    if info.frames < 2:
        raise DataError(
            f"The audio holds {info.frames} time steps: it is empty or cut off. Export it again."
        )
    if info.frames >= _UNKNOWN_LENGTH:
        raise DataError(
            "The header does not say how long the audio is, as where it was written into a stream. "
            "Open it in an audio program and save it again."
        )
    check_time_steps(info.frames, "The audio")
    check_unpacked(info.frames * info.channels * 4, "The audio")
    names = ("left", "right") if info.channels == 2 else numbered_channels(info.channels)
    return info, names, notes


def read_audio(path: Path, options: ReadOptions, name: str) -> Recording:
    """Audio as float32 `(time_steps, channels)`, full scale being -1 to 1. Raises DataError."""
    info, names, notes = _inspect(path)
    try:
        values, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise DataError(
            f"The audio is damaged or cut off ({error.error_string.strip(' .')}). Export it again."
        ) from error
    if info.subtype in _WIDE_TYPES:
        notes.append(f"The values ({info.subtype_info}) were rounded to float32.")
    if len(values) < info.frames and not notes:
        notes.append(f"The header claims {info.frames:,} time steps, {len(values):,} are there.")
    if options.channels is not None:
        picked = picked_channels(names, options.channels)
        values, names = values[:, picked], tuple(names[index] for index in picked)
    values, repaired, missing = without_gaps(values, names, options.missing)
    used, told = chosen_rate(options.sampling_rate_hz, float(rate))
    return Recording(
        values=values,
        channel_names=names,
        name=name,
        sampling_rate_hz=used,
        unit=_UNIT,
        missing=missing,
        notes=(*notes, *told, *repaired),
    )


def outline_audio(path: Path, options: ReadOptions, name: str) -> FileOutline:
    info, names, notes = _inspect(path)
    return FileOutline(
        format=info.format,
        encoding=info.subtype_info,
        layout="wide",
        channels=names,
        shape=(info.frames, info.channels),
        rates={float(info.samplerate): names},
        sampling_rate_hz=float(info.samplerate),
        unit=_UNIT,
        notes=tuple(notes),
    )
