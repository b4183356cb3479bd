"""The evidence of a run, from what its folder holds and its data tell."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.architecture import describe_architecture
from core.config import ExperimentConfig
from core.diagnosis.evidence import Evidence
from core.results import Baselines, Results
from core.run_status import Status
from core.signals.recording import DataError, Recording


def gather(
    config: ExperimentConfig,
    status: Status,
    *,
    history: Sequence[Mapping[str, float]],
    outputs: Sequence[Mapping[str, Any]],
    known: Results | Baselines | None,
    data: Callable[[], Recording],
) -> Evidence:
    """All there is of a run; what is missing is left out.

    known: its results, or its baselines where it has none yet. data: gives its recording, which is
    asked for where there are no results to name its channels and its unit.
    """
    results = known if isinstance(known, Results) else None
    names, unit = (results.channel_names, results.unit) if results else _names(data)
    return Evidence(
        history=history,
        outputs=outputs,
        floor=known.floor if known else None,
        constant=known.constant if known else None,
        pca=known.pca if known else None,
        channel_names=names,
        unit=unit,
        state=status.state,
        compression_ratio=_compression(results, config, len(names)),
        is_over=status.is_final,
        **_of_results(results),
        reason=status.reason,
    )


def _of_results(results: Results | None) -> dict[str, Any]:
    if results is None:
        return {}
    extremes = ("output_low", "output_high", "target_low", "target_high")
    of_channels = ("channel_errors", "channel_constants", "channel_floors")
    names = ("errors", *of_channels, *extremes)
    return {name: getattr(results, name) for name in names}


def _names(data: Callable[[], Recording]) -> tuple[tuple[str, ...], str]:
    """The channels and the unit of the data, where they can be read."""
    try:
        recording = data()
    except (DataError, OSError):
        return (), ""
    return tuple(recording.channel_names), recording.unit


def _compression(results: Results | None, config: ExperimentConfig, channels: int) -> float | None:
    if results is not None:
        return results.compression_ratio
    if not channels:
        return None
    length = config.windows.window_length
    return describe_architecture(config.model, length, channels).compression_ratio
