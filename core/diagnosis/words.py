"""How findings say channels and errors."""

from collections.abc import Iterable, Sequence

from core.diagnosis.evidence import Evidence
from core.number_text import number_text, unit_of

MOST_NAMED = 4  # channels in a sentence

PART_WORDS = {"train": "training", "validation": "validation"}


def channel_name(evidence: Evidence, channel: int) -> str:
    names = evidence.channel_names
    return names[channel] if channel < len(names) else f"channel {channel + 1}"


def channels_text(evidence: Evidence, channels: Sequence[int]) -> str:
    """`flow`, `flow and level`, `a, b, c, d and 12 more`."""
    names = [channel_name(evidence, c) for c in channels]
    if len(names) > MOST_NAMED + 1:  # never `and 1 more`
        names = [*names[:MOST_NAMED], f"{len(names) - MOST_NAMED} more"]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def error_text(evidence: Evidence, measure: str, error: float) -> str:
    """An error in original units, with the unit of its measure: `2.1 mV²`."""
    return number_text(error, unit_of(measure, evidence.unit))


def error_texts(evidence: Evidence, measure: str, errors: Iterable[float]) -> list[str]:
    return [error_text(evidence, measure, error) for error in errors]


def of_channels(channels: Sequence[int], count: int) -> str:
    """For a title: ` in 2 of 4 channels`, or nothing where it is all of them."""
    if len(channels) == count:
        return ""
    return f" in {len(channels):,} of {count:,} channels"
