"""The same window of several runs: its original, and what each run gives back."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core import session
from core.charts import palette
from core.charts.compared_windows import compared_frame, compared_residual_spec, compared_spec
from core.charts.run_words import SERIES, TITLES, LegendLine, time_title, unique_labels
from core.number_text import agreeing
from core.results import (
    MEASURES,
    PARTS,
    Results,
    StoredWindows,
    common_positions,
    same_originals,
    why_not_comparable,
    window_errors,
)
from core.views.compared_runs import Compared, kept_windows
from core.views.legend import legend_of
from core.views.quoted_frame import quoted_frame

Kept = Mapping[str, Mapping[str, StoredWindows]]  # label -> part -> windows


def compared_windows(runs: Sequence[Compared]) -> None:
    """A window that is chosen here, or why there is none that can be compared."""
    st.subheader("The same window", anchor=False)
    kept: Kept = {item.label: parts for item in runs if (parts := kept_windows(item))}
    with_windows = [item for item in runs if item.label in kept]
    if len(with_windows) < 2:
        st.caption("At least two of these runs must have left reconstructions.")
        return
    if left_out := [item.label for item in runs if item.label not in kept]:
        names = ", ".join(session.literal(label) for label in left_out)
        st.caption(f"Without reconstructions, and so left out: {names}.")
    reference, *others = with_windows
    reasons = {item.label: _why_not(item, reference, kept) for item in others}
    shown = [reference, *(item for item in others if not reasons[item.label])]
    if text := " ".join(session.literal(reason, 400) for reason in reasons.values() if reason):
        st.info(text, icon=":material/difference:")
    if len(shown) < 2:
        return
    kept = {item.label: kept[item.label] for item in shown}
    part, position = _chosen_window(kept)
    if position is None:
        st.caption("These runs kept no window in common.")
        return
    windows = {item.label: kept[item.label][part] for item in shown}
    _draw(shown, windows, position)


def _why_not(item: Compared, reference: Compared, kept: Kept) -> str:
    """Why the same number is not the same window, in a sentence; empty if it is."""
    runs = (item, reference)
    configs = [session.run_config(run.run.id) for run in runs]
    for run, config in zip(runs, configs, strict=True):
        if config is None:
            return f"The configuration of {run.label} is of another version of this program."
    mine, theirs = configs
    if reason := why_not_comparable(item.label, mine, reference.label, theirs):
        return reason
    for part in PARTS:
        if not same_originals(kept[item.label][part], kept[reference.label][part]):
            text = f"{item.label} and {reference.label} have different {SERIES[part]} windows."
            seeds = (mine.training.seed, theirs.training.seed)
            if seeds[0] != seeds[1]:
                text += f" Their seeds, {seeds[0]} and {seeds[1]}, choose which windows validate."
            return text
    return ""


def _chosen_window(kept: Kept) -> tuple[str, int | None]:
    """The part, and the position of a window that all runs kept."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.segmented_control(
            "Part",
            ["validation", "train"],
            format_func=SERIES.get,
            default="validation",
            key="compared_part",
            required=True,
        )
        common = common_positions([parts[part] for parts in kept.values()])
        if not len(common):
            return part, None
        state = st.session_state
        known = state.get("compared_position", int(common[len(common) // 2]))
        position = _nearest(common, known)
        state["compared_number"] = position + 1
        st.button("Previous", key="compared_previous", on_click=_step, args=(-1, common, position))
        st.button("Next", key="compared_next", on_click=_step, args=(1, common, position))
        st.number_input(
            "Window",
            key="compared_number",
            step=1,
            width=130,
            on_change=_number_chosen,
            args=(common, position),
        )
    count = next(iter(kept.values()))[part].windows
    text = f"Window {position + 1:,} of {count:,}."
    if len(common) < count:
        kept_by_all = agreeing(len(common), "window is", "windows are")
        text += f" {len(common):,} {kept_by_all} kept by all of these runs."
    st.caption(text)
    return part, position


def _nearest(common: np.ndarray, position: int) -> int:
    return int(common[np.argmin(np.abs(common.astype(np.int64) - position))])


def _step(step: int, common: np.ndarray, position: int) -> None:
    index = int(np.searchsorted(common, position)) + step
    st.session_state["compared_position"] = int(common[index % len(common)])


def _number_chosen(common: np.ndarray, before: int) -> None:
    """The window nearest to the number; from one that is there, a step leads to its neighbour."""
    number = st.session_state["compared_number"]
    if number is None:
        return
    step = number - 1 - before
    if abs(step) == 1 and _nearest(common, number - 1) == before:
        _step(step, common, before)
    else:
        st.session_state["compared_position"] = _nearest(common, number - 1)


def _draw(runs: Sequence[Compared], windows: Mapping[str, StoredWindows], position: int) -> None:
    results = runs[0].results
    channel = _chosen_channel(results)
    label = unique_labels(results.channel_names)[channel]
    chosen = [(item, item.nearest(position)) for item in windows.values()]
    original = chosen[0][0].original[chosen[0][1]][:, channel]
    reconstructions = [item.reconstruction[index][:, channel] for item, index in chosen]
    frame = compared_frame(original, reconstructions, results.sampling_rate_hz)
    time = time_title(results.sampling_rate_hz)
    colours = tuple((item.label, item.colour) for item in runs)
    baseline = runs[0].label
    legend_of(
        [LegendLine("original", palette.NEUTRAL)]
        + [LegendLine(item.label, palette.channel_color(item.colour)) for item in runs]
    )
    st.vega_lite_chart(
        frame,
        compared_spec(label, results.unit, time, colours, baseline),
        key="compared-overlay",
        alt=f"{label}: original, and the reconstruction of each run",
    )
    st.vega_lite_chart(
        frame,
        compared_residual_spec(results.unit, time, colours, baseline),
        key="compared-residual",
        alt=f"{label}: reconstruction minus original of each run",
    )
    _errors(windows, position, reconstructions, original, label)


def _chosen_channel(results: Results) -> int:
    labels = unique_labels(results.channel_names)
    if len(labels) < 2:
        return 0
    state = st.session_state
    if state.get("compared_channel", 0) >= len(labels):
        state["compared_channel"] = 0
    return st.selectbox(
        "Channel",
        range(len(labels)),
        format_func=labels.__getitem__,
        key="compared_channel",
        width=300,
    )


def _errors(
    windows: Mapping[str, StoredWindows],
    position: int,
    reconstructions: Sequence[np.ndarray],
    original: np.ndarray,
    channel: str,
) -> None:
    """Each run's errors on the window: of all channels, and of the one in view."""
    rows = []
    for (label, item), reconstruction in zip(windows.items(), reconstructions, strict=True):
        off = np.subtract(reconstruction, original, dtype=np.float64)
        here = {"mae_here": float(np.abs(off).mean()), "mse_here": float((off**2).mean())}
        rows.append({"run": label} | window_errors(item, position) | here)
    columns = {"run": st.column_config.TextColumn("Run", width="medium")}
    for measure in MEASURES:
        name = TITLES[measure]
        columns[measure] = st.column_config.NumberColumn(f"{name}, all channels", format="%.4g")
        columns[f"{measure}_here"] = st.column_config.NumberColumn(
            f"{name}, {channel}", format="%.4g"
        )
    st.dataframe(
        quoted_frame(pd.DataFrame(rows).replace([np.inf, -np.inf], np.nan)),
        hide_index=True,
        placeholder="–",
        column_config=columns,
        alt="The errors of each run on this window",
    )
