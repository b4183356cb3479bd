"""How well an output activation and a normalization suit the data: the verdict and its numbers."""

import pandas as pd
import streamlit as st

from core import session
from core.config import ExperimentConfig
from core.matrix import Cell
from core.number_text import PERCENT_FORMAT
from core.output_range import ACTIVATIONS, ErrorFloor
from core.results import unit_of
from core.session.fitted import Floors
from core.signals.recording import Recording
from core.spreadsheets import quoted
from core.verdicts import verdict

VERDICTS = {  # kind: how it is shown, its icon, what it is called
    "impossible": (st.error, ":material/block:", "Impossible"),
    "saturation": (st.warning, ":material/trending_flat:", "Only in saturation"),
    "validation": (st.warning, ":material/warning:", "Not beyond the training part"),
    "compatible": (st.success, ":material/check_circle:", "Compatible"),
}
ALL = -1  # channels together
_KNOWN = "matrix_known"  # what the matrix that was worked out last is of
SHARES = ("below", "above", "on an open end", "beyond, validation")


def floors_of(config: ExperimentConfig) -> Floors:
    """The floors of the pair. Raises DataError.

    From the matrix, which the page needs anyway. But where each window is scaled by itself, the
    matrix takes far longer than the pair's own floors: the first verdict is not to wait for it.
    """
    by_window = config.normalization.scope == "window"
    if by_window and st.session_state.get(_KNOWN) != _matrix_of(config):
        return session.floors(config)
    cell = session.matrix(config).cell(config)
    return cell.train, cell.validation


def cells_of(config: ExperimentConfig) -> tuple[Cell, ...]:
    """The matrix that the pair belongs to. Raises DataError."""
    cells = session.matrix(config).cells
    st.session_state[_KNOWN] = _matrix_of(config)
    return cells


def _matrix_of(config: ExperimentConfig) -> tuple[object, ...]:
    """What all cells of a matrix share and what decides their floors."""
    scaling = config.normalization.model_copy(update={"method": "none"})
    return config.data, config.windows, config.training.seed, scaling


def floor_metrics(train: ErrorFloor, validation: ErrorFloor, unit: str) -> None:
    squared = unit_of("mse", unit)
    with st.grid(2, min_column_width=150):
        for label, value, of in (
            ("MAE floor, training", train.mae, unit),
            ("MAE floor, valid.", validation.mae, unit),
            ("MSE floor, training", train.mse, squared),
            ("MSE floor, valid.", validation.mse, squared),
        ):
            st.metric(
                label,
                session.measured(value, of),
                border=True,
                help="In the data's own units. No model with this output and normalization gets "
                "below it, however long it trains.",
            )


def verdict_box(config: ExperimentConfig, train: ErrorFloor, validation: ErrorFloor) -> str:
    """What is to be said of the pair, with the notes on it; returns the kind of the verdict."""
    found = session.recording(config.data)
    said = verdict(
        config.model.output_activation,
        config.normalization,
        train,
        validation,
        session.channel_constants(config),
        [session.literal(name) for name in found.channel_names],
        session.literal_unit(found.unit),
    )
    show, icon, title = VERDICTS[said.kind]
    show(f"**{title}.** {said.sentence}", icon=icon)
    for note in said.notes:
        st.caption(f":material/info: {note}")
    return said.kind


def activation_picture(config: ExperimentConfig, found: Recording) -> None:
    """The activation over the histogram of its targets."""
    st.subheader("What the output says to your values", anchor=False)
    channel = None
    if found.channels > 1:
        chosen = st.selectbox(
            "Values of",
            [ALL, *range(found.channels)],  # no None: a box that keeps it comes back empty
            format_func=lambda c: "all channels" if c == ALL else found.channel_names[c][:60],
            key=f"output-channel@{session.data_key()}",
            persist_state="session",
        )
        channel = None if chosen == ALL else chosen
    frame, spec = session.activation_picture(config, channel)
    title = ACTIVATIONS[config.model.output_activation].title
    st.vega_lite_chart(
        frame,
        spec,
        key="activation",
        width="stretch",
        alt=f"{title} over the histogram of the normalized values",
    )


def channel_floors(config: ExperimentConfig, train: ErrorFloor, validation: ErrorFloor) -> None:
    st.subheader("Channel by channel")
    found = session.recording(config.data)
    percent = st.column_config.NumberColumn(format=PERCENT_FORMAT)
    # A table that stays in place keeps the widths that its columns had for other values.
    shown = (session.data_key(), config.normalization, config.model.output_activation)
    st.container(key=f"channel-floors@{hash(shown)}").dataframe(
        pd.DataFrame(
            {
                "channel": [quoted(name) for name in found.channel_names],
                SHARES[0]: 100 * train.below_share,
                SHARES[1]: 100 * train.above_share,
                SHARES[2]: 100 * train.at_open_end_share,
                SHARES[3]: 100 * (validation.below_share + validation.above_share),
                "MAE floor": train.channel_mae,
                "MAE floor, valid.": validation.channel_mae,
            }
        ),
        hide_index=True,
        height="content" if found.channels <= 12 else 420,
        column_config=dict.fromkeys(SHARES, percent),
    )
    st.caption(
        "Shares of training values that the output or clipping cuts off below and above, and of "
        "those exactly on an end that the output approaches but never reaches; the share of "
        "validation values that are cut off; and the error floors, in original units."
    )
