"""Loss, MAE and MSE by epoch, with lines of what is possible."""

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import pyarrow as pa
import streamlit as st

from core.charts.curves import MOST_EPOCHS, THINNED, value_axis
from core.charts.error_curves import error_curve_spec, error_curve_table, levels_of
from core.charts.run_words import LINES, SERIES, TITLES
from core.results import MEASURES, PARTS, Baselines, PartErrors, Results, unit_of, visible_floor
from core.runs import Run, RunNotFound, RunUnreadable
from core.views.legend import legend
from core.views.stored import History, baselines_of

_LOG = "log_curves"
_MAKING = threading.Lock()
_LABELS = {kind: f"{label[0].upper()}{label[1:]}" for kind, label in LINES.items()}


class Lines(NamedTuple):
    """What is possible, by kind of line, as far as it is known."""

    errors: Mapping[str, PartErrors]
    components: int | None = None  # of PCA


def lines_of(run: Run, floor: PartErrors | None = None) -> Lines:
    """The lines of a run in work: a floor that is known before, and all after the first epoch."""
    try:
        baselines = baselines_of(run)
    except (RunNotFound, RunUnreadable):
        baselines = None
    if baselines is None:
        return Lines({"floor": floor} if floor else {})
    return _lines(baselines)


def lines_of_results(results: Results) -> Lines:
    """The lines of a run that is over."""
    return _lines(results)


def _lines(known: Results | Baselines) -> Lines:
    floor = {
        part: {
            measure: visible_floor(known.floor[part][measure], known.constant[part][measure])
            for measure in MEASURES
        }
        for part in PARTS
    }
    errors = {"floor": floor, "pca": known.pca, "constant": known.constant}
    return Lines(errors, known.pca_components)


def log_toggle() -> None:
    """The choice of a logarithmic axis. Apart from the curves, which are drawn each second."""
    st.toggle(
        "Logarithmic",
        key=_LOG,
        persist_state="session",
        help="The axis of the curves. A linear one leaves out epochs whose error is so huge that "
        "nothing else could be seen, and tells of them at its edge.",
    )


def curves(
    history: History,
    epochs: int,
    unit: str,
    lines: Lines,
) -> None:
    """Loss, MAE and MSE by epoch, side by side, with one legend and the lines that are chosen."""
    log = bool(st.session_state.get(_LOG))
    known = {kind: lines.errors[kind] for kind in LINES if kind in lines.errors}
    known = {kind: errors for kind, errors in known.items() if levels_of({kind: errors}, "mae")}
    chosen = _chosen(known) if known else []
    shown = {kind: known[kind] for kind in chosen}
    levels = {measure: levels_of(shown, measure) for measure in MEASURES}
    drawn = {key for mine in levels.values() for key in mine}
    keys = (key for key in SERIES if key in PARTS or key in drawn)
    legend(*keys, components=lines.components)
    for column, measure in zip(st.columns(3), ("loss", *MEASURES), strict=True):
        mine = levels.get(measure, {})
        its_unit = "" if measure == "loss" else unit_of(measure, unit)
        table = _table(history, measure, epochs, tuple(mine.items()), its_unit, log)
        axis = value_axis(table["value"].to_numpy(), log)
        column.vega_lite_chart(
            table,
            error_curve_spec(measure, unit, epochs, tuple(mine), axis),
            key=f"curve-{measure}",
            alt=f"{TITLES[measure]} of training and validation by epoch",
        )
    if history.epochs > MOST_EPOCHS:
        st.caption(THINNED)


def _chosen(known: Mapping[str, PartErrors]) -> list[str]:
    """The kinds of lines to draw, in their order."""
    chosen = st.pills(
        "Lines",
        list(LINES),
        format_func=_LABELS.__getitem__,
        selection_mode="multi",
        default=list(LINES),
        key="curve_lines",
        persist_state="session",
        help="What the errors compare with, on the validation windows; on the training windows as "
        "well where that differs. A line far from the curves stands at the edge, with its value. "
        "PCA has as many components as the model has latent values, or as the windows it is fitted "
        "to allow.",
    )
    return [kind for kind in known if kind in (chosen or ())]


def _table(*what: Any) -> pa.Table:
    """A curve's data as they go to the browser; drawn each second, they are made once an epoch.

    Many visitors who watch one run ask for the same at once: the first makes it for all.
    """
    with _MAKING:
        return _made_table(*what)


@lru_cache(maxsize=256)
def _made_table(
    history: History,
    measure: str,
    epochs: int,
    levels: tuple[tuple[str, float], ...],
    unit: str,
    log: bool,
) -> pa.Table:
    return error_curve_table(history.rows, measure, epochs, dict(levels), unit, log)
