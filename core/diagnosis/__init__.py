"""What is wrong with a run, or worth knowing: each finding with its numbers and a remedy.

`diagnose` looks at what a run has left behind, at any time. One fault has one heading. A channel's
fault is put down to the first of these that explains it:

1. floor: if the error is at its floor, the outputs are where they should be, whatever they do: in
   the channels that are at floors of their own, where these are known, also if others are not;
2. dead: an output that never leaves a closed end has no slope, and is constant;
3. saturated: more outputs than targets at an open end;
4. vanishing: no slope, for another reason;
5. constant: an output that could vary, but does not.

A run that diverged has none of 3 to 5, which follow from that, and none that is at fault is told to
go on for longer. One that is over may be no better than a constant for another reason, in channels
that none of these explains, or in all if nothing else is at fault and it is not still falling.
"""

from core.config import ExperimentConfig
from core.diagnosis import (
    bottleneck,
    constant,
    dead,
    diverged,
    floor,
    overfitting,
    saturated,
    still_falling,
    vanishing,
)
from core.diagnosis.evidence import (
    SEVERITIES,
    Evidence,
    Finding,
    channels_at_floor,
    measure_of,
)
from core.diagnosis.gathering import gather

__all__ = ["SEVERITIES", "Evidence", "Finding", "diagnose", "gather"]


def diagnose(config: ExperimentConfig, evidence: Evidence) -> list[Finding]:
    """The findings of a run, the gravest first."""
    has_diverged = diverged.find(config, evidence)
    at_floor = floor.find(config, evidence)
    found = [has_diverged, at_floor, overfitting.find(config, evidence)]
    by_floor = channels_at_floor(evidence, measure_of(config))
    if by_floor and not at_floor:
        found.append(floor.in_channels(config, evidence, sorted(by_floor)))
    explained = set(by_floor or ())
    deaths = dead.deaths(config, evidence)
    deaths = {channel: death for channel, death in deaths.items() if channel not in explained}
    if deaths:
        found.append(dead.finding(config, evidence, deaths))
    explained |= set(deaths)
    if not has_diverged and (by_floor is not None or not at_floor):
        found += _flat_outputs(config, evidence, explained)
    if not any(found):
        found.append(still_falling.find(config, evidence) or constant.no_better(config, evidence))
    if not has_diverged:
        found.append(_unlearned(config, evidence, explained))
    found.append(bottleneck.find(config, evidence))
    return sorted(filter(None, found), key=lambda finding: SEVERITIES.index(finding.severity))


def _unlearned(config: ExperimentConfig, evidence: Evidence, explained: set[int]) -> Finding | None:
    """Some channels that were not learned, though nothing is wrong with their outputs.

    Of all of them, the error as a whole tells: it is a constant's, or at its floor.
    """
    of_all = constant.unlearned(evidence, measure_of(config))
    channels = [channel for channel in of_all if channel not in explained]
    if not channels or constant.is_like_constant(config, evidence):
        return None
    if len(channels) == len(evidence.channel_errors["train"]["mae"]):
        return None
    return constant.in_channels(config, evidence, channels)


def _flat_outputs(
    config: ExperimentConfig, evidence: Evidence, explained: set[int]
) -> list[Finding]:
    """Saturated, vanishing and constant channels, each under the first heading that fits."""
    found = []
    for kind in (saturated, vanishing, constant):
        channels = [c for c in kind.channels(config, evidence) if c not in explained]
        if channels:
            found.append(kind.finding(config, evidence, channels))
            explained |= set(channels)
    return found
