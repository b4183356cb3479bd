"""Error curves of several runs, in original units or free of scale."""

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import session
from core.charts.comparison import comparison_frame, comparison_spec, without_scaled
from core.charts.curves import MOST_EPOCHS, THINNED, drawable, value_axis
from core.charts.run_words import LINES, TITLES
from core.results import have_same_data, same_histories
from core.views.compared_runs import Compared
from core.views.legend import legend, say_off_axis

SCALES = {"units": "in their units", "scaled": "free of scale"}


def compared_curves(runs: Sequence[Compared]) -> str:
    """Curves of all runs, the baseline first; returns the error measure that is chosen."""
    st.subheader("Error curves", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        measure = st.segmented_control(
            "Error",
            ["mae", "mse"],
            format_func=TITLES.get,
            default="mae",
            key="runs_measure",
            required=True,
        )
        scale = st.segmented_control(
            "Errors",
            list(SCALES),
            format_func=SCALES.get,
            default="units",
            key="runs_scale",
            required=True,
            help="Free of scale: each channel's error is divided by its standard deviation (MSE: "
            "variance) over the training windows, so that runs of different data compare.",
        )
        log = st.toggle("Logarithmic", key="runs_log")
    levels = {} if scale == "scaled" else _levels(runs[0], measure)
    drawn = {kind: level for kind, level in levels.items() if drawable(np.array(level), log)}
    histories = {item.label: item.history.rows for item in runs}
    epochs = max(item.history.epochs for item in runs)
    if not epochs:
        st.caption("No epoch is finished yet.")
        return measure
    in_colour_order = tuple(item.label for item in sorted(runs, key=lambda item: item.colour))
    frame = comparison_frame(histories, measure, log, scale == "scaled", runs[0].label, drawn)
    st.vega_lite_chart(
        frame,
        comparison_spec(
            measure,
            _common_unit(runs),
            in_colour_order,
            epochs,
            value_axis(frame["value"].to_numpy(), log),
            scale == "scaled",
            tuple(drawn),
        ),
        key="comparison",
        alt="Errors of the chosen runs by epoch",
    )
    if drawn:
        legend(*drawn, components=runs[0].lines.components)
    say_off_axis(kind for kind in levels if kind not in drawn)
    if epochs > MOST_EPOCHS:
        st.caption(THINNED)
    _say_what_to_know(runs, measure, scale)
    return measure


def _levels(baseline: Compared, measure: str) -> dict[str, float]:
    """The chosen ones of the baseline's lines, with their errors on validation."""
    errors = {kind: baseline.lines.errors.get(kind) for kind in LINES}
    known = {
        kind: item["validation"][measure]
        for kind, item in errors.items()
        if item and math.isfinite(item["validation"][measure])
    }
    if not known:
        return {}
    chosen = st.pills(
        "Lines of the baseline",
        list(known),
        format_func=LINES.get,
        selection_mode="multi",
        default=[kind for kind in known if kind == "floor"],
        key="runs_lines",
    )
    return {kind: known[kind] for kind in chosen}


def _common_unit(runs: Sequence[Compared]) -> str:
    units = {item.results.unit for item in runs if item.results}
    return units.pop() if len(units) == 1 else ""


def _say_what_to_know(runs: Sequence[Compared], measure: str, scale: str) -> None:
    histories = {item.label: item.history.rows for item in runs}
    if scale == "scaled":
        if missing := without_scaled(histories, measure):
            names = ", ".join(session.literal(label) for label in missing)
            st.caption(f"Left out, as trained before such errors were recorded: {names}.")
    elif not all(have_same_data(item.config, runs[0].config) for item in runs):
        st.caption(
            "These runs are of different data: their errors have different scales. "
            "Compare them free of scale."
        )
    for group in same_histories(histories):
        *first, last = (f"**{session.literal(label)}**" for label in group)
        st.caption(f"{', '.join(first)} and {last} are the same to the last digit.")
