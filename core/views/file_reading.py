"""What was detected in a file, each thing changeable."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from core import session
from core.charts.time_axis import rate_text
from core.config import MissingPolicy, ReadOptions, choices
from core.number_text import agreeing, count_text
from core.session import bound, literal
from core.signals.readers import FileOutline
from core.signals.recording import Recording
from core.views.quoted_frame import quoted_frame
from core.views.shapes import shape_text

MISSING_TITLES = {
    "interpolate": "interpolate",
    "previous": "repeat the value before",
    "zero": "set to zero",
    "error": "refuse the file",
}


def detected(name: str, found: FileOutline, taken: Recording | None) -> None:
    """A line of what was detected in a file, and a form to read it in another way.

    taken: what was read of it; None if that failed.
    """
    st.markdown(f"**{literal(name)}** — " + " · ".join(literal(fact) for fact in _facts(found)))
    if taken is not None and (lacking := _lacking(taken)):
        st.caption(
            f"The file names no {' and no '.join(lacking)}: you can set "
            f"{agreeing(len(lacking), 'it', 'them')} below, under *How the file is read*."
        )
    with st.expander("How the file is read", icon=":material/rule:"):
        with st.grid(4, min_column_width=180):
            if found.separator:
                _text_fields(found)
            if found.columns:
                _column_fields(found)
            _array_fields(found)
            _rate_field(found)
            bound(
                st.text_input,
                "Unit of the values",
                "data.reading.unit",
                max_chars=40,
                placeholder=found.unit or "not stated",
                help="As errors and axes are to name it: mV, °C, g. Changes no value. Empty: as "
                "the file says.",
            )
            _choice(
                "Missing values",
                "missing",
                choices(MissingPolicy),
                titles=MISSING_TITLES,
                help="Interpolated, they lie on a line between their neighbours in time.",
            )
        if found.channels:  # over the whole width: there may be many
            _choices(
                "Channels", "channels", found.channels, found.channels, "Which columns to model."
            )
        if found.preview is not None:
            width = found.preview.shape[1]
            cut = f" (the first {width} columns)" if len(found.columns) > width else ""
            st.caption(f"The first rows, as they were read{cut}")
            st.dataframe(quoted_frame(found.preview), hide_index=True, height="content")


def read_as(taken: Recording) -> str:
    """How a file was read that is no longer in hand, on one line."""
    names = ", ".join(taken.channel_names)
    facts = [f"{count_text(taken.channels, 'channel')}: {literal(names, 200)}"]
    if taken.sampling_rate_hz:
        facts.append(rate_text(taken.sampling_rate_hz))
    if taken.unit:
        facts.append(f"unit: {session.literal_unit(taken.unit)}")
    return " · ".join([*facts, *(f"no {what}" for what in _lacking(taken))])


def _lacking(taken: Recording) -> list[str]:
    """What a file may name and this one does not."""
    is_timed = taken.sampling_rate_hz is not None or taken.time is not None
    return ["sampling rate"] * (not is_timed) + ["unit"] * (not taken.unit)


def _facts(found: FileOutline) -> list[str]:
    facts = [found.format, found.encoding]
    facts += [f"{found.layout} layout" if found.separator or found.layout == "long" else ""]
    facts += [f"{found.separator}-separated" if found.separator else ""]
    facts += [f"decimal {found.decimal}" if found.decimal else ""]
    if found.header is not None:
        facts.append("with a header" if found.header else "without a header")
    if found.comment_lines:
        facts.append(f"{count_text(found.comment_lines, 'comment line')} left out")
    if found.shape:
        facts.append(shape_text(found.shape))
    if found.time_column:
        facts.append(f"time: {found.time_column}")
    if found.label_columns:
        facts.append(f"labels: {', '.join(found.label_columns)}")
    if found.sampling_rate_hz:
        facts.append(rate_text(found.sampling_rate_hz))
    if found.unit:
        facts.append(f"unit: {found.unit}")
    return [fact for fact in facts if fact]


# The fields: each is one of the reading options


def _text_fields(found: FileOutline) -> None:
    """How the text of a table is split into numbers."""
    header = {True: "yes", False: "no"}.get(found.header, "")
    for label, field, seen in (
        ("Separator", "separator", found.separator),
        ("Decimal mark", "decimal", found.decimal),
        ("Header", "header", header),
    ):
        _choice(label, field, _offered(field), titles={"auto": _detected(seen)})
    _choice("Thousands mark", "thousands", _offered("thousands"))
    bound(
        st.text_input,
        "Comment mark",
        "data.reading.comment",
        max_chars=4,
        help="Lines that begin with it are left out.",
    )


def _column_fields(found: FileOutline) -> None:
    """What the columns of a table mean."""
    _choice(
        "Layout",
        "layout",
        _offered("layout"),
        titles={
            "auto": _detected(found.layout),
            "wide": "wide: a column for each channel",
            "long": "long: a row for each value",
            "windows": "windows: a row for each, its label first",
        },
    )
    _choice(
        "Time column",
        "time_column",
        ["auto", "none", *found.columns],
        titles={"auto": _detected(found.time_column or "none"), "none": "no time column"},
        help="Gives the time axis and the sampling rate. It is never a channel.",
        to_widget=lambda stored: "none" if stored is None else stored,
        from_widget=lambda shown: None if shown == "none" else shown,
    )
    _choices(
        "Label columns",
        "label_columns",
        found.label_columns,
        found.columns,
        "What a person said about the data, such as a class. Kept apart: never a channel.",
    )


def _array_fields(found: FileOutline) -> None:
    """Which of the values are the signal."""
    if found.layout == "long":
        for label, field, column in (
            ("Series column", "id_column", found.id_column),
            ("Value column", "value_column", found.value_column),
        ):
            _choice(label, field, ["", *found.columns], titles={"": f"detected: {column}"})
    if len(found.variables) > 1:
        shapes = {n: f"{n} {'×'.join(map(str, shape))}" for n, shape in found.variables.items()}
        titles = {"": f"detected: {found.variable}"} | shapes
        _choice("Variable", "variable", ["", *found.variables], titles=titles)
    if found.axes:
        titles = {"auto": _detected(found.axes.replace("_", " "))}
        _choice("Axes", "axes", _offered("axes"), titles=titles)


def _rate_field(found: FileOutline) -> None:
    if len(found.rates) > 1:
        rates = {rate: f"{rate:g} Hz: {', '.join(who)}"[:80] for rate, who in found.rates.items()}
        titles = {0.0: f"detected: {found.sampling_rate_hz or 0:g} Hz"} | rates
        _choice(
            "Sampling rate to keep",
            "sampling_rate_hz",
            [0.0, *rates],  # no None: a box that keeps it comes back empty
            titles=titles,
            to_widget=lambda stored: stored or 0.0,
            from_widget=lambda shown: shown or None,
        )
        return
    bound(
        st.number_input,
        "Sampling rate (Hz)",
        "data.reading.sampling_rate_hz",
        min_value=0.0,
        max_value=1e12,
        step=None,
        format="%g",
        optional=True,
        from_widget=lambda shown: shown or None,
        placeholder=f"{found.sampling_rate_hz:g}" if found.sampling_rate_hz else "not stated",
        help="Time steps a second. Empty: as the file says.",
    )


def _detected(what: str) -> str:
    return f"detected: {what}" if what else "detected"


def _offered(field: str) -> tuple[Any, ...]:
    """What a reading option can be."""
    return choices(ReadOptions.model_fields[field].annotation)


def _choice(
    label: str,
    field: str,
    options: Sequence[Any],
    *,
    titles: Mapping[Any, str] | None = None,
    to_widget: Callable[[Any], Any] = lambda stored: stored,
    **more: Any,
) -> None:
    """A box to choose one value of a reading option; what a link brought is among them."""
    path = f"data.reading.{field}"
    stored = to_widget(session.value(path))
    bound(
        st.selectbox,
        label,
        path,
        options=list(options) if stored in options else [*options, stored],
        format_func=lambda option: (titles or {}).get(option, str(option).replace("_", " ")),
        to_widget=to_widget,
        **more,
    )


def _choices(
    label: str, field: str, automatic: Iterable[str], options: Iterable[str], help: str
) -> None:
    """A box to choose several columns; shows the detected ones while none were chosen."""
    path = f"data.reading.{field}"
    bound(
        st.multiselect,
        label,
        path,
        options=list(dict.fromkeys([*options, *(session.value(path) or ())])),
        to_widget=lambda stored: list(automatic if stored is None else stored),
        from_widget=list,
        help=help,
    )
