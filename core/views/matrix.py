"""Every normalization with every output activation: what each pair can reach and has reached."""

from collections.abc import Sequence

import streamlit as st

from core import session
from core.charts import matrix as charts
from core.charts.matrix_cells import matrix_table
from core.charts.run_words import SERIES, TITLES
from core.config import ExperimentConfig
from core.matrix import Cell, Recommendation
from core.results import MEASURES, PARTS
from core.signals.recording import DataError
from core.trials import Trial, key
from core.views.matrix_legend import matrix_legend
from core.views.matrix_table import ranked_table
from core.views.matrix_training import in_work, queue_if_clicked, training_form
from core.views.matrix_trials import trials_of
from core.views.output_fit import VERDICTS
from core.views.output_form import choose, pair_text, use_button

TICK_SECONDS = 2.0

_PICKED = "matrix_picked"  # the cell clicked last, while the experiment still has its pair
_TURN = "matrix_turn"  # changes when a click on the cell clicked last must count again
_MOVED = "matrix_moved"  # a click has changed the experiment in a run of the fragment alone


def matrix(
    config: ExperimentConfig, cells: Sequence[Cell], best: Recommendation, offer: bool
) -> None:
    """The heat map, its training, and the table of what was reached.

    offer: whether to offer the recommended pair with a button; it may be elsewhere on the page.
    """
    queue_if_clicked(config, cells)
    st.subheader("Every pair", anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        pair = pair_text(best.cell.normalization, best.cell.activation)
        st.markdown(f":material/star: **{pair}** is recommended. {best.reason}")
        if offer:
            use_button(config, best.cell, "use-recommended")
    part, measure = _switches()
    trials = trials_of(config, cells)
    drawn = (config, cells, best, part, measure)
    if any(trial.is_active for trial in trials):
        st.fragment(_tick, run_every=TICK_SECONDS)(*drawn, _states(trials))
    else:
        with st.container():  # as a fragment has one: the heat map stays where it is
            _heat_map(*drawn, trials)
    training_form(config, trials)
    ranked_table(trials, measure, session.recording(config.data).unit)


def _switches() -> tuple[str, str]:
    """The part and the measure whose floors are shown."""
    shared = {"required": True, "persist_state": "session"}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.segmented_control(
            "Errors on",
            list(reversed(PARTS)),
            default="validation",
            format_func=SERIES.get,
            key="matrix-part",
            **shared,
        )
        measure = st.segmented_control(
            "Measure",
            list(MEASURES),
            default="mae",
            format_func=TITLES.get,
            key="matrix-measure",
            **shared,
        )
    return part, measure


def _states(trials: Sequence[Trial]) -> tuple[str, ...]:
    return tuple(f"{trial.run.id} {trial.run.state}" for trial in trials if trial.run)


def _tick(
    config: ExperimentConfig,
    cells: Sequence[Cell],
    best: Recommendation,
    part: str,
    measure: str,
    states: tuple[str, ...],
) -> None:
    """The heat map every two seconds; the page anew when a cell begins or ends, or was chosen."""
    try:
        trials = trials_of(config, cells)
    except DataError:  # the recording was removed since: the page says so
        st.rerun()
    if st.session_state.pop(_MOVED, False) or _states(trials) != states:
        st.rerun()
    _heat_map(config, cells, best, part, measure, trials)


def _heat_map(
    config: ExperimentConfig,
    cells: Sequence[Cell],
    best: Recommendation,
    part: str,
    measure: str,
    trials: Sequence[Trial],
) -> None:
    st.session_state.pop(_MOVED, None)
    now = (config.normalization.method, config.model.output_activation)
    unit = session.recording(config.data).unit
    methods = {cell.normalization.method: "" for cell in cells}
    methods = {name: session.METHODS[name] for name in methods}
    titles = {kind: title for kind, (_, _, title) in VERDICTS.items()}
    chart = _chart_key(now)
    matrix_legend()
    st.vega_lite_chart(
        matrix_table(trials, part, measure, now, key(best.cell), methods, titles, unit),
        charts.matrix_spec(
            tuple(methods.items()),
            tuple(dict.fromkeys(cell.activation for cell in cells)),
            measure,
        ),
        key=chart,
        on_select=lambda: _clicked(chart, cells),
        width="stretch",
        alt="Error floors of every normalization with every output activation. The select boxes "
        "above choose the same pairs.",
    )
    in_work(trials)


def _chart_key(now: tuple[str, str]) -> str:
    """The key of the heat map.

    A browser sends a click only if it selects another cell than before. So the chart begins anew
    once the experiment has left the pair that was clicked last.
    """
    state = st.session_state
    if state.get(_PICKED, now) != now:
        del state[_PICKED]
        state[_TURN] = state.get(_TURN, 0) + 1
    return f"matrix-{state.get(_TURN, 0)}"


def _clicked(chart: str, cells: Sequence[Cell]) -> None:
    """Callback: the experiment gets the pair of the cell that was clicked."""
    chosen = st.session_state[chart]["selection"].get(charts.PICK)
    if not chosen:
        return
    pair = (chosen[0]["method"], chosen[0]["activation"])
    cell = next((cell for cell in cells if key(cell) == pair), None)
    if cell is not None:
        st.session_state[_PICKED] = pair
        st.session_state[_MOVED] = True
        choose(cell)
