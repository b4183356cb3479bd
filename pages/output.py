"""Match the output activation and the normalization to the data, before any training."""

import pandas as pd
import streamlit as st

from core import session
from core.charts import activations
from core.config import NormalizationMethod, NormalizationScope, OutputActivation, choices
from core.output_range import ACTIVATIONS
from core.session import METHODS, SCOPES, bound
from core.signals.recording import DataError

CLIPS = {
    "none": "no clipping",
    0.0: "to the range of the training part",
    0.1: "at the 0.1 and 99.9 % points",
    1.0: "at the 1 and 99 % points",
}
SHARES = ("below", "above", "on an open end", "beyond, validation")
VERDICTS = {  # kind: how it is shown, its icon, what it is called
    "impossible": (st.error, ":material/block:", "Impossible"),
    "saturation": (st.warning, ":material/trending_flat:", "Only in saturation"),
    "validation": (st.warning, ":material/warning:", "Not beyond the training part"),
    "compatible": (st.success, ":material/check_circle:", "Compatible"),
}


def controls() -> None:
    bound(
        st.selectbox,
        "Output activation",
        "model.output_activation",
        options=choices(OutputActivation),
        format_func=lambda name: f"{ACTIVATIONS[name].title}   {ACTIVATIONS[name].range_text}",
        help="The last function of the model. It limits the values a reconstruction can have.",
    )
    method = bound(
        st.selectbox,
        "Normalization",
        "normalization.method",
        options=choices(NormalizationMethod),
        format_func=METHODS.get,
        help="Done to the values before the model sees them and undone after it. It is fitted to "
        "the training part alone.",
    )
    clip = session.value("normalization.clip_percentile")
    scope = bound(
        st.selectbox,
        "Fitted to",
        "normalization.scope",
        options=choices(NormalizationScope),
        format_func=SCOPES.get,
        disabled=method in ("none", "log1p") and clip is None,
        then=lambda chosen: {"normalization.clip_percentile": None} if chosen == "window" else {},
        help="Per channel: each channel gets its own offset and scale. Per window: each window "
        "too, so that a model sees only its shape.",
    )
    bound(
        st.selectbox,
        "Clipping",
        "normalization.clip_percentile",
        options=list(dict.fromkeys([*CLIPS, "none" if clip is None else clip])),
        to_widget=lambda stored: "none" if stored is None else stored,
        from_widget=lambda shown: None if shown == "none" else shown,
        format_func=lambda p: CLIPS[p] if p in CLIPS else f"at {p:g} and {100 - p:g} %",
        disabled=scope == "window",
        help="Values beyond these points of the training part are cut off, in original units. "
        "It tames outliers, and what is cut counts as error.",
    )


def floor_metrics(train, validation, unit: str) -> None:
    squared = f"{unit}²" if unit else ""
    with st.grid(2, min_column_width=150):
        for label, value, of in (
            ("MAE floor, training", train.mae, unit),
            ("MAE floor, validation", validation.mae, unit),
            ("MSE floor, training", train.mse, squared),
            ("MSE floor, validation", validation.mse, squared),
        ):
            st.metric(
                label,
                activations.number(value),
                border=True,
                help=f"In original units{f' ({session.literal(of)})' if of else ''}. No model with "
                "this output and normalization gets below it, however long it trains.",
            )


def channel_table(found, train, validation) -> None:
    st.subheader("Channel by channel")
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        pd.DataFrame(
            {
                "channel": found.channel_names,
                SHARES[0]: train.below_share,
                SHARES[1]: train.above_share,
                SHARES[2]: train.at_open_end_share,
                SHARES[3]: validation.below_share + validation.above_share,
                "MAE floor": train.channel_mae,
                "MAE floor, valid.": validation.channel_mae,
            }
        ),
        hide_index=True,
        height="content" if found.channels <= 12 else 420,
        column_config=dict.fromkeys(SHARES, percent),
    )
    st.caption(
        "Shares of training values below and above what the output can produce, and exactly on an "
        "end it approaches but never reaches; the share of validation values beyond it; and the "
        "error floors, in original units."
    )


def picture(config, found) -> None:
    """The activation over the histogram of its targets."""
    channel = None
    if found.channels > 1:
        channel = st.selectbox(
            "Values of",
            [None, *range(found.channels)],
            format_func=lambda c: "all channels" if c is None else found.channel_names[c][:60],
            key=f"output-channel@{session.data_key()}",
            persist_state="session",
        )
    name = config.model.output_activation
    frame, spec = session.activation_picture(config, channel)
    st.vega_lite_chart(
        frame,
        spec,
        key="activation",
        width="stretch",
        alt=f"{ACTIVATIONS[name].title} over the histogram of the normalized values",
    )


def page() -> None:
    st.title("Output")
    st.markdown(
        "An output activation limits the values a model can produce. "
        "Choose a pair that reaches your data, before spending time on training."
    )
    left, right = st.columns([2, 5], gap="large")
    with left:
        controls()
    config = session.experiment()
    if config is None:
        right.info(
            "A field of the experiment has a fault: "
            + ", ".join(session.literal(field) for field in session.problems()),
            icon=":material/edit:",
        )
        return
    try:
        found = session.recording(config.data)
        train, validation = session.floors(config)
        deviation = session.deviation(config.data)
    except DataError as error:
        with right:
            session.show_fault(error)
            st.page_link(session.page("data"), label="To the data", icon=":material/show_chart:")
        return
    kind, sentence = activations.verdict(
        config.model.output_activation,
        train,
        validation,
        deviation,
        config.normalization.clip_percentile is not None,
    )
    show, icon, title = VERDICTS[kind]
    with left:
        floor_metrics(train, validation, found.unit)
    with right:
        show(f"**{title}.** {sentence}", icon=icon)
        picture(config, found)
    channel_table(found, train, validation)


session.open_page()
page()
