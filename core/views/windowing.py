"""The cut into windows, what it means in words, and a way out where it does not fit the data."""

from collections.abc import Iterator
from typing import Any

import streamlit as st

from core import session
from core.charts.time_axis import duration_text, time_axis
from core.config import WindowsConfig
from core.number_text import agreeing, count_text, share_text
from core.session import bound
from core.signals.recording import DataError, Recording
from core.windows import MOST_LENGTH, Split, fitting_cut

FEW_WINDOWS = 32
MOST_STRIDE = 1_000_000  # time steps, as WindowsConfig has it
SPLIT_TITLES = {"last": "the last windows", "random": "random windows"}


def windowing(found: Recording) -> None:
    st.subheader("Windows")
    with st.grid(4, min_column_width=170):
        _fields(found)
    try:
        parts = session.draft_split()
    except DataError as error:
        session.show_fault(error)
        _offer_way_out(found)
        return
    if parts is None:
        st.caption(":red[Mend the marked field to see the windows.]")
        return
    st.markdown(_consequence(found, parts))
    _offer_overlap(parts)


def _fields(found: Recording) -> None:
    length = session.value("windows.window_length")

    def stride_of(new_length: int) -> dict[str, int]:
        """The stride goes with the length where it was equal to it."""
        is_equal = session.value("windows.stride") == length
        return {"windows.stride": new_length} if is_equal else {}

    bound(
        st.number_input,
        "Window length",
        "windows.window_length",
        min_value=2,
        max_value=MOST_LENGTH,
        then=stride_of,
        help="Time steps the model sees at once. Long enough for the pattern to show.",
    )
    bound(
        st.number_input,
        "Stride",
        "windows.stride",
        min_value=1,
        max_value=MOST_STRIDE,
        help="Time steps from the start of one window to the next. Less than the length: "
        "windows overlap, which gives more of them. If equal to the length, it follows it.",
    )
    bound(
        st.slider,
        "Validation share",
        "windows.validation_share",
        min_value=0.05,
        max_value=0.5,
        step=0.05,
        format="percent",
        help="The part no weight is trained on. The model is judged by it, and so are which "
        "epoch's weights to keep and when to stop early.",
    )
    if found.is_windowed or session.value("windows.split") == "random":
        automatic = "a random choice" if found.is_windowed else "the last part"
        bound(
            st.selectbox,
            "Validate on",
            "windows.split",
            options=["auto", "last"],
            format_func=(SPLIT_TITLES | {"auto": automatic}).get,
            help="Which windows are kept for validation.",
        )


def _offer_way_out(found: Recording) -> None:
    """One click to a cut that the data have room for, where one is found."""
    windows = session.part("windows")
    for label, changes in _ways_out(found, windows):
        try:
            session.draft_split(windows.model_copy(update=changes))
        except DataError:
            continue
        dotted = {f"windows.{field}": value for field, value in changes.items()}
        st.button(label, key="cut", on_click=session.change, args=(dotted,), type="primary")
        return


def _ways_out(found: Recording, windows: WindowsConfig) -> Iterator[tuple[str, dict[str, Any]]]:
    """What may be changed, each way with its label: first what changes least."""
    if windows.split == "random" and not found.is_windowed:
        yield "Validate on the last part", {"split": "auto"}
    stride = 2 * windows.stride
    while stride <= MOST_STRIDE:
        yield f"Use a stride of {count_text(stride, 'time step')}", {"stride": stride}
        stride *= 2
    if cut := fitting_cut(found.values.shape, windows.validation_share):
        length, stride = cut
        which = "each whole window:" if found.is_windowed else "windows of"
        label = f"Use {which} {count_text(length, 'time step')}"
        yield label, {"window_length": length, "stride": stride}


def _offer_overlap(parts: Split) -> None:
    """One click to more windows, where there are few and a smaller stride gives more."""
    train = parts.train
    stride = max(1, train.stride // 4)
    few = f"{count_text(len(train), 'window')} {agreeing(len(train), 'is', 'are')}"
    if len(train) < FEW_WINDOWS and train.per_segment > 1 and stride < train.stride:
        st.warning(f"{few} few to learn from.", icon=":material/warning:")
        st.button(
            f"Use a stride of {count_text(stride, 'time step')}, for about four times as many",
            on_click=session.change,
            args=({"windows.stride": stride},),
        )


def _consequence(found: Recording, parts: Split) -> str:
    """What the choice of windows means, in words."""
    train, validation = len(parts.train), len(parts.validation)
    length, stride = parts.train.window_length, parts.train.stride
    axis = time_axis(found)
    rate = found.sampling_rate_hz
    lasting = f" ({duration_text(length / rate)})" if rate else ""
    if stride < length:
        shared = count_text(length - stride, "time step")
        overlap = f"neighbours share {shared} ({share_text(1 - stride / length)})"
    else:
        overlap = "without overlap"
        if stride > length:
            overlap += f", {count_text(stride - length, 'time step')} between them unused"
    text = (
        f"**{count_text(train, 'window')} to train, {validation:,} to validate** "
        f"({share_text(validation / (train + validation))}): {length:,} time steps{lasting} each, "
        f"{overlap}. "
    )
    if parts.boundary is None:
        return f"{text}No window is in both parts."
    return (
        f"{text}Training ends and validation begins at {axis.text(parts.boundary)}; "
        "no time step is in both."
    )
