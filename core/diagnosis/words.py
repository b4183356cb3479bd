"""How findings say numbers and channels."""

from collections.abc import Sequence

from core.diagnosis.evidence import Evidence

MOST_NAMED = 4  # channels in a sentence

PART_WORDS = {"train": "training", "validation": "validation"}


def percent(share: float) -> str:
    """`0.6 %`, `12 %`."""
    number = 100 * share
    if 0 < number < 0.1:
        return "under 0.1 %"
    return f"{number:.1f} %" if number < 10 and f"{number:.1f}"[-1] != "0" else f"{number:.0f} %"


def channel_name(evidence: Evidence, channel: int) -> str:
    names = evidence.channel_names
    return names[channel] if channel < len(names) else f"channel {channel + 1}"


def channels_text(evidence: Evidence, channels: Sequence[int]) -> str:
    """`flow`, `flow and level`, `a, b, c, d and 12 more`."""
    names = [channel_name(evidence, c) for c in channels]
    if len(names) > MOST_NAMED + 1:  # never `and 1 more`
        names = [*names[:MOST_NAMED], f"{len(names) - MOST_NAMED} more"]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def of_channels(channels: Sequence[int], count: int) -> str:
    """For a title: ` in 2 of 4 channels`, or nothing where it is all of them."""
    if len(channels) == count:
        return ""
    return f" in {len(channels):,} of {count:,} channels"


def epochs_text(number: int) -> str:
    return f"{number:,} epoch" + "s" * (number != 1)
