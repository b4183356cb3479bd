"""Channels whose output never leaves a closed end of its activation's range.

The slope is 0 there, so no window of theirs moves a weight: only by chance, when other channels
change what the last layer is given, do they come back. ReLU, ReLU6 and hard sigmoid have closed
ends; an open end is never reached, so that its slope is small but not 0 (see `saturated`).
"""

from core.config import UNSCOPED, ExperimentConfig
from core.diagnosis.evidence import Evidence, Finding
from core.diagnosis.remedies import linear_output
from core.diagnosis.words import channel_name, channels_text, of_channels
from core.number_text import number_text, share_text
from core.output_range import ACTIVATIONS
from core.results import PARTS

# Recorded epochs in which a channel must be dead while a run goes on: in the first, the weights may
# still be on their way from where they were drawn.
DEAD_RECORDS = 2

EXTREMES = ("output_low", "output_high", "target_low", "target_high")

Death = tuple[int | None, str]  # the first epoch of the unbroken run up to now; the end


def deaths(config: ExperimentConfig, evidence: Evidence) -> dict[int, Death]:
    """The dead channels."""
    output = ACTIVATIONS[config.model.output_activation]
    is_open = {"low": output.low_open, "high": output.high_open}
    ends = [end for end in is_open if not is_open[end]]
    found: dict[int, Death] = {}
    for end in ends:
        found |= {
            channel: (since, end)
            for channel, since in _streaks(evidence, end).items()
            if not _is_denied(config, evidence, channel, since)
        }
    if ends and not evidence.outputs:
        found = dict.fromkeys(_constant_on_all_windows(config, evidence) or (), (None, ends[0]))
    return dict(sorted(found.items()))


def _streaks(evidence: Evidence, end: str) -> dict[int, int]:
    """Channels that are at an end in the last recorded epochs, and the first of these."""
    if not evidence.outputs:
        return {}
    needed = 1 if evidence.is_over else DEAD_RECORDS
    streaks = {}
    for channel in range(len(evidence.outputs[-1][f"at_{end}"])):
        epochs = []
        for record in reversed(evidence.outputs):
            if record[f"at_{end}"][channel] < 1 or record[f"target_at_{end}"][channel] >= 1:
                break
            epochs.append(record["epoch"])
        if len(epochs) >= needed:
            streaks[channel] = epochs[-1]
    return streaks


def _is_denied(config: ExperimentConfig, evidence: Evidence, channel: int, since: int) -> bool:
    """Whether the output over all windows, at the end, shows that the channel lives.

    The weights that were kept may be older than its death; then they tell nothing.
    """
    constant = _constant_on_all_windows(config, evidence)
    return (
        constant is not None and channel not in constant and kept_epoch(config, evidence) >= since
    )


def _constant_on_all_windows(config: ExperimentConfig, evidence: Evidence) -> set[int] | None:
    """Channels with one output value over all windows though the targets vary; None if unknown.

    Where each window has an offset and a scale of its own, one output is another value in each.
    """
    if config.normalization.scope == "window" and config.normalization.method not in UNSCOPED:
        return None
    extremes = [getattr(evidence, name) for name in EXTREMES]
    if any(values is None or not len(values[part]) for values in extremes for part in PARTS):
        return None
    low, high, target_low, target_high = extremes
    return {
        channel
        for channel in range(len(low["train"]))
        if all(low[part][channel] == high[part][channel] for part in PARTS)
        and min(target_low[part][channel] for part in PARTS)
        < max(target_high[part][channel] for part in PARTS)
    }


def kept_epoch(config: ExperimentConfig, evidence: Evidence) -> int:
    """The epoch whose weights were kept, or are the best so far."""
    if not evidence.history:
        return 0
    rows = evidence.history
    row = min(rows, key=lambda r: r["val_loss"]) if config.training.keep_best else rows[-1]
    return int(row["epoch"])


def finding(config: ExperimentConfig, evidence: Evidence, found: dict[int, Death]) -> Finding:
    output, channels = ACTIVATIONS[config.model.output_activation], list(found)
    count = len(evidence.outputs[-1]["at_low"]) if evidence.outputs else len(evidence.channel_names)
    ends = {end for _, end in found.values()}
    end_text = " or ".join(
        f"{'lowest' if end == 'low' else 'highest'} value, "
        f"{number_text(output.low if end == 'low' else output.high)}"
        for end in sorted(ends, reverse=True)
    )
    is_seen = set(found) <= (_constant_on_all_windows(config, evidence) or set())
    windows = "every window" if is_seen else "all the windows looked at"
    sentence = (
        f"{output.title} gives {channels_text(evidence, channels)} nothing but its {end_text}, in "
        f"{windows}{_since(evidence, found)}. {_way_back(len(channels), count)}"
    )
    return Finding(
        "dead",
        f"Dead output{of_channels(channels, count)}",
        sentence + _kept(config, evidence, found),
        "error",
        _table(evidence, found),
        *linear_output(config, evidence, of_all=len(found) == count),
    )


def _way_back(dead: int, channels: int) -> str:
    """The error of a dead channel moves nothing; those of others move the layers they share."""
    own, them = ("its own error", "it") if dead == 1 else ("their own errors", "them")
    text = f"The slope is 0 there, so {own} cannot bring {them} back"
    if dead == channels:
        return f"{text}."
    shares = "it shares" if dead == 1 else "they share"
    return f"{text}: only the layers that {shares} with other channels still move."


def _since(evidence: Evidence, found: dict[int, Death]) -> str:
    first = [since for since, _ in found.values() if since is not None]
    if not first:
        return ""
    low, high = min(first), max(first)
    if high == 1:
        return " and every epoch"
    return f" since epoch {low:,}" if low == high else f" since epoch {high:,} at the latest"


def _kept(config: ExperimentConfig, evidence: Evidence, found: dict[int, Death]) -> str:
    """That the weights which were kept are from before."""
    kept = kept_epoch(config, evidence)
    if evidence.errors is None or not all((since or 0) > kept for since, _ in found.values()):
        return ""
    return f" The weights that were kept are those of epoch {kept:,}, before."


def _table(evidence: Evidence, found: dict[int, Death]) -> dict:
    table = {"Channel": [channel_name(evidence, c) for c in found]}
    if evidence.outputs:
        last = evidence.outputs[-1]
        table |= {
            "Dead since epoch": [since for since, _ in found.values()],
            "Outputs at the end": [
                share_text(last[f"at_{end}"][c]) for c, (_, end) in found.items()
            ],
            "Targets at the end": [
                share_text(last[f"target_at_{end}"][c]) for c, (_, end) in found.items()
            ],
            "Windows looked at": last["windows"],
            "Recorded epochs": len(evidence.outputs),
        }
    return table
