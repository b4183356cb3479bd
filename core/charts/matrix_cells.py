"""The cells of the matrix of normalizations and output activations: what each can reach and has."""

import math
import re
from collections.abc import Mapping, Sequence

import pyarrow as pa

from core.charts.run_words import SERIES, TITLES
from core.number_text import number_text
from core.output_range import ACTIVATIONS
from core.results import PARTS, unit_of
from core.trials import OUTCOMES, Trial, key, rank_key, ranks

MOST_LETTERS = 7  # of the number in a wide cell

_ESCAPED = re.compile(r"\\(.)")


def matrix_table(
    trials: Sequence[Trial],
    part: str,
    measure: str,
    chosen: tuple[str, str],
    recommended: tuple[str, str],
    methods: Mapping[str, str],
    verdicts: Mapping[str, str],
    unit: str = "",
) -> pa.Table:
    """A row a cell with all that the heat map draws and says.

    chosen, recommended: normalization method and activation; methods, verdicts: the titles of
    normalizations and of kinds of verdicts.
    """
    places = ranks(trials, measure)
    rows = []
    for trial in trials:
        place = places.get(rank_key(trial.cell))
        big, small = _texts(trial, part, measure)
        mark = OUTCOMES.get(trial.outcome(measure), ("", ""))[0]
        rows.append(
            {
                "method": trial.cell.normalization.method,
                "activation": trial.cell.activation,
                "kind": trial.cell.kind,
                "relative": trial.relative_floor(part, measure),
                "big": cell_text(big),
                "big_short": short_text(big),
                "small": small[0],
                "small_short": small[1],
                "trained": trial.is_trained,
                "place": f"{place} {mark}" if place else mark,
                "place_short": f"{place or ''}{mark if mark in '✓!' else ''}",
                "chosen": key(trial.cell) == chosen,
                "recommended": key(trial.cell) == recommended,
            }
            | _told(trial, measure, methods, verdicts, unit, place)
        )
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


def _texts(trial: Trial, part: str, measure: str) -> tuple[float, tuple[str, str]]:
    """The number of a cell, and the line under it: in full, and for a narrow cell."""
    floor = trial.floor(part, measure)
    if trial.is_trained:
        return trial.achieved(part, measure), (
            f"floor {cell_text(floor, MOST_LETTERS - 1)}",
            f"≥{short_text(floor)}",
        )
    state = trial.run.state if trial.run else ""
    if state == "queued":
        return floor, ("waiting", "waits")
    if state in ("starting", "running"):
        return floor, (f"epoch {trial.epoch}", f"ep. {trial.epoch}") if trial.epoch else (
            "starting",
            "starts",
        )
    return floor, (state, "fail" if state == "failed" else state[:5])


def cell_text(value: float, most: int = MOST_LETTERS) -> str:
    """A number for a wide cell: with four digits, or as many as fit."""
    for digits in (4, 3, 2):
        text = number_text(float(f"{value:.{digits}g}"))
        if len(text) <= most and "e" not in text:
            return text
    return short_text(value)


def short_text(value: float) -> str:
    """A number in at most five characters: `12.3`, `1.2k`, `3e−4`."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    size = abs(value)
    if size == 0:
        return "0"
    for limit, unit, letter in ((9.995e2, 1e3, "k"), (9.995e5, 1e6, "M"), (9.995e8, 1e9, "G")):
        if limit <= size < 1000 * limit:
            return f"{value / unit:.{0 if size >= 9.95 * unit else 1}f}{letter}"
    if size >= 1e12 or size < 9.995e-4:
        mantissa, _, power = f"{value:.0e}".partition("e")
        return f"{mantissa}e{int(power)}".replace("-", "−")
    digits = max(0, min(3, 2 - math.floor(math.log10(size))))
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


def _told(
    trial: Trial,
    measure: str,
    methods: Mapping[str, str],
    verdicts: Mapping[str, str],
    unit: str,
    place: int | None,
) -> dict[str, str]:
    """What a cell says under the pointer."""

    def both(errors) -> str:
        values = [errors(part, measure) for part in reversed(PARTS)]
        if all(math.isnan(value) for value in values):
            return "–"
        return " · ".join(
            f"{SERIES[part]} {number_text(value, unit_of(measure, unit))}"
            for part, value in zip(reversed(PARTS), values, strict=True)
        )

    outcome, cell = trial.outcome(measure), trial.cell
    return {
        "t_pair": f"{methods[cell.normalization.method]} and {ACTIVATIONS[cell.activation].title}",
        "t_verdict": verdicts[cell.kind],
        "t_why": plain(cell.sentence),
        "t_notes": plain(" ".join(cell.notes)) or "–",
        "t_floor": both(trial.floor),
        "t_constant": both(lambda part, measure: trial.constant[part][measure]),
        "t_reached": both(trial.achieved),
        "t_rank": f"{place} by validation {TITLES[measure]}" if place else "–",
        "t_outcome": OUTCOMES[outcome][1] if outcome else "not trained",
    }


def plain(text: str) -> str:
    """Markdown in which names are escaped, as the text it shows."""
    return _ESCAPED.sub(r"\1", text)
