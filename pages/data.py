"""Choose a recording, look at it, and cut it into windows."""

import numpy as np
import streamlit as st

from core import session
from core.charts import signals
from core.config import MissingPolicy, ReadOptions, choices
from core.session import bound, literal
from core.signals.anomalies import ANOMALIES
from core.signals.generators import GENERATORS
from core.signals.readers import SUFFIXES
from core.signals.recording import DataError
from core.signals.samples import SAMPLES

SOURCES = {"file": "Upload", "generator": "Generate", "sample": "Real samples"}
GENERATOR_TITLES = {
    "sines": "Sines",
    "chirp": "Chirp (sweep)",
    "square": "Square wave",
    "sawtooth": "Sawtooth",
    "ecg": "Heart beats (ECG)",
    "random_walk": "Random walk",
    "autoregressive": "Resonating noise",
    "spikes": "Random spikes",
    "question": "Public question",
}
FREQUENCY_TITLES = {
    "ecg": "Beats a second",
    "spikes": "Spikes a second",
    "chirp": "Highest frequency (Hz)",
    "autoregressive": "Resonance (Hz)",
    "random_walk": "1 / time scale (Hz)",
}
AMPLITUDE_HELP = "How large the signal is, in its own units."
SHOWN_AT_FIRST = 4
MOST_SHOWN = 12


# 1. The source


def choose_source() -> str:
    """Which of the three ways is open; going back to one brings back what it held."""
    key = f"source@{session.revision()}"
    remembered = st.session_state.setdefault("last_of_source", {})
    now = session.draft()["data"]
    remembered[now["source"]] = {name: now[name] for name in ("source", "name", "sha256")}

    def switch() -> None:
        wanted = st.session_state[key]
        known = remembered.get(wanted)
        if wanted == "generator" and known is None:
            known = {"source": "generator", "name": "sines", "sha256": ""}
        if known is not None:
            session.change({f"data.{name}": stored for name, stored in known.items()})

    if key not in st.session_state:
        st.session_state[key] = now["source"]
    return st.segmented_control(
        "Source",
        list(SOURCES),
        format_func=SOURCES.get,
        key=key,
        on_change=switch,
        required=True,
        label_visibility="collapsed",
    )


def take_upload() -> None:
    """Read a new upload, or the last one in a new way, before anything is drawn."""
    if st.session_state.get(f"source@{session.revision()}") != "file" or not session.upload():
        return
    data = session.part("data")
    before = session.last_reading()
    if data is None:
        return
    with st.spinner("Reading the file…"):
        reading = session.read_upload(data.reading)
    if reading is not before and reading.sha256:
        session.change(
            {
                "data.source": "file",
                "data.name": session.upload().name,
                "data.sha256": reading.sha256,
            }
        )


def upload_section() -> None:
    def keep() -> None:
        came = st.session_state["uploader"]
        if came is not None:
            session.keep_upload(came.name, came)
            st.session_state["draft"]["data"]["reading"] = ReadOptions().model_dump(mode="json")

    st.file_uploader(
        "A recording: a table, an array, sound, EDF, MATLAB or UCR/UEA file",
        type=[suffix[1:] for suffix in SUFFIXES],
        key="uploader",
        on_change=keep,
        help="It stays on the machine this app runs on. Values keep their own units.",
    )
    reading, kept = session.last_reading(), session.upload()
    if kept is None or reading is None or reading.token != kept.token:
        if session.value("data.source") == "file":
            st.caption(f"In use: {literal(session.value('data.name'))}")
        return
    if reading.problem:
        session.show_fault(reading.problem)
    if reading.outline:
        detected_section(kept.name, reading.outline)


def detected_section(name: str, found) -> None:
    """What was detected in the file, each thing changeable."""
    facts = [found.format, found.encoding]
    facts += [f"{found.layout} layout" if found.separator or found.layout == "long" else ""]
    facts += [f"{found.separator}-separated" if found.separator else ""]
    facts += [f"decimal {found.decimal}" if found.decimal else ""]
    if found.header is not None:
        facts.append("with a header" if found.header else "without a header")
    if found.shape:
        facts.append(" × ".join(f"{n:,}" for n in found.shape))
    if found.time_column:
        facts.append(f"time: {found.time_column}")
    if found.label_columns:
        facts.append(f"labels: {', '.join(found.label_columns)}")
    if found.sampling_rate_hz:
        facts.append(signals.rate_text(found.sampling_rate_hz))
    st.markdown(f"**{literal(name)}** — " + " · ".join(literal(fact) for fact in facts if fact))
    with st.expander("How the file is read", icon=":material/rule:"):
        with st.grid(4, min_column_width=180):
            reading_widgets(found)
        if found.preview is not None:
            st.caption("The first rows, as they were read")
            st.dataframe(found.preview, hide_index=True, height="content")


def reading_widgets(found) -> None:
    """A widget for each reading option that matters for this format."""

    def pick(label, field, options, names=None, help=None, **more) -> None:
        path = f"data.reading.{field}"
        stored = more.get("to_widget", lambda v: v)(session.value(path))
        offered = list(options) if stored in options else [*options, stored]
        bound(
            st.selectbox,
            label,
            path,
            options=offered,
            format_func=lambda v: (names or {}).get(v, str(v).replace("_", " ")),
            help=help,
            **more,
        )

    def several(label, field, automatic, options, help) -> None:
        bound(
            st.multiselect,
            label,
            f"data.reading.{field}",
            options=list(
                dict.fromkeys([*options, *(session.value(f"data.reading.{field}") or ())])
            ),
            to_widget=lambda v: list(automatic if v is None else v),
            from_widget=list,
            help=help,
        )

    fields = ReadOptions.model_fields
    if found.separator:
        for label, field, detected in (
            ("Separator", "separator", found.separator),
            ("Decimal mark", "decimal", found.decimal),
            ("Header", "header", {True: "yes", False: "no"}.get(found.header, "")),
        ):
            names = {"auto": f"detected: {detected}" if detected else "detected"}
            pick(label, field, choices(fields[field].annotation), names)
        pick("Thousands mark", "thousands", choices(fields["thousands"].annotation))
    if found.columns:
        pick(
            "Layout",
            "layout",
            choices(fields["layout"].annotation),
            {
                "auto": f"detected: {found.layout}" if found.layout else "detected",
                "wide": "wide: a column for each channel",
                "long": "long: a row for each value",
            },
        )
        pick(
            "Time column",
            "time_column",
            ["auto", "none", *found.columns],
            {"auto": f"detected: {found.time_column or 'none'}", "none": "no time column"},
            help="Gives the time axis and the sampling rate. It is never a channel.",
            to_widget=lambda v: "none" if v is None else v,
            from_widget=lambda v: None if v == "none" else v,
        )
        several(
            "Label columns",
            "label_columns",
            found.label_columns,
            found.columns,
            "What a person said about the data, such as a class. Kept apart: never a channel.",
        )
    if found.layout == "long":
        for label, field, column in (
            ("Series column", "id_column", found.id_column),
            ("Value column", "value_column", found.value_column),
        ):
            pick(label, field, ["", *found.columns], {"": f"detected: {column}"})
    if found.channels:
        several("Channels", "channels", found.channels, found.channels, "Which columns to model.")
    if len(found.variables) > 1:
        shapes = {n: f"{n} {'×'.join(map(str, shape))}" for n, shape in found.variables.items()}
        taken = {"": f"detected: {found.variable}"}
        pick("Variable", "variable", ["", *found.variables], taken | shapes)
    if found.axes:
        names = {"auto": f"detected: {found.axes.replace('_', ' ')}"}
        pick("Axes", "axes", choices(fields["axes"].annotation), names)
    if len(found.rates) > 1:
        rates = {rate: f"{rate:g} Hz: {', '.join(who)}"[:80] for rate, who in found.rates.items()}
        names = {None: f"detected: {found.sampling_rate_hz or 0:g} Hz"}
        pick("Sampling rate to keep", "sampling_rate_hz", [None, *rates], names | rates)
    else:
        bound(
            st.number_input,
            "Sampling rate (Hz)",
            "data.reading.sampling_rate_hz",
            min_value=0.0,
            max_value=1e12,
            step=None,
            format="%g",
            optional=True,
            from_widget=lambda v: v or None,
            placeholder=f"{found.sampling_rate_hz:g}" if found.sampling_rate_hz else "not stated",
            help="Time steps a second. Empty: as the file says.",
        )
    names = {
        "interpolate": "interpolate between neighbours",
        "previous": "repeat the value before",
        "zero": "set to zero",
        "error": "refuse the file",
    }
    pick("Missing values", "missing", choices(MissingPolicy), names)


def generate_section() -> None:
    name = session.value("data.name")
    with st.grid(4, min_column_width=170):
        bound(
            st.selectbox,
            "Signal",
            "data.name",
            options=list(GENERATORS),
            format_func=lambda known: GENERATOR_TITLES.get(known, known),
        )
        bound(
            st.number_input,
            "Time steps",
            "data.time_steps",
            min_value=2,
            max_value=100_000_000,
            step=1000,
            help="The length of the recording. 20,000 are quick to train on.",
        )
        bound(st.number_input, "Channels", "data.channels", min_value=1, max_value=256)
        bound(
            st.number_input,
            "Sampling rate (Hz)",
            "data.sampling_rate_hz",
            min_value=0.001,
            max_value=1e9,
            format="%g",
            help="Time steps a second.",
        )
        if name != "question":
            bound(
                st.number_input,
                FREQUENCY_TITLES.get(name, "Frequency (Hz)"),
                "data.frequency_hz",
                min_value=0.0001,
                max_value=1e9,
                format="%g",
                help="At most half the sampling rate.",
            )
        bound(
            st.number_input,
            "Amplitude",
            "data.amplitude",
            min_value=1e-6,
            max_value=1e12,
            format="%g",
            help=AMPLITUDE_HELP,
        )
        bound(
            st.number_input,
            "Noise",
            "data.noise",
            min_value=0.0,
            max_value=10.0,
            step=0.01,
            format="%g",
            help="Standard deviation of white noise, relative to the amplitude.",
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            bound(
                st.number_input,
                "Seed",
                "data.seed",
                min_value=0,
                max_value=2**32 - 1,
                help="The same seed gives the same signal.",
                width="stretch",
            )
            st.button(
                ":material/casino:",
                help="A new seed, and so another signal of the same kind",
                key="reroll",
                on_click=lambda: session.change(
                    {"data.seed": int(np.random.default_rng().integers(100_000))}
                ),
            )


def samples_section() -> None:
    now = session.draft()["data"]
    with st.grid(3, min_column_width=260):
        for name, sample in SAMPLES.items():
            with st.container(border=True, height="stretch"):
                st.markdown(f"**{sample.title}**")
                st.caption(sample.description)
                shape = " × ".join(f"{n:,}" for n in sample.shape)
                st.caption(f"{shape} · {sample.licence}", help=sample.source)
                st.space("stretch")
                in_use = (now["source"], now["name"]) == ("sample", name)
                st.button(
                    "In use" if in_use else "Use",
                    key=f"sample-{name}",
                    disabled=in_use,
                    on_click=session.change,
                    args=({"data.source": "sample", "data.name": name},),
                )


def anomalies_section() -> None:
    with (
        st.expander("Known anomalies", icon=":material/bolt:"),
        st.grid(2, min_column_width=220),
    ):
        bound(
            st.multiselect,
            "Kinds to put in",
            "data.anomalies",
            options=list(ANOMALIES),
            format_func=lambda kind: kind.replace("_", " "),
            from_widget=list,
            then=lambda kinds: {
                "data.anomaly_count": (session.value("data.anomaly_count") or 5) if kinds else 0
            },
            help="Their true places are kept, so that finding them can be scored.",
        )
        if session.value("data.anomalies"):
            bound(st.number_input, "How many", "data.anomaly_count", min_value=0, max_value=1000)


# 2. The signal


def pick_channels(found) -> list[int]:
    if found.channels == 1:
        return [0]
    if found.channels <= SHOWN_AT_FIRST:
        default = list(range(found.channels))
    else:
        default = list(range(SHOWN_AT_FIRST))
    picked = st.multiselect(
        "Channels shown",
        range(found.channels),
        default=default,
        format_func=lambda index: found.channel_names[index][:60],
        key=f"channels@{session.data_key()}",
        max_selections=MOST_SHOWN,
        persist_state="session",
    )
    return sorted(picked) or [0]


@st.fragment
def signal_section() -> None:
    """The recording over time: an overview, and a detail that is thinned anew for each range."""
    data = session.part("data")
    found = session.recording(data)
    channels = pick_channels(found)
    if found.is_windowed:
        ready_window(found, channels)
        return
    axis, steps = signals.time_axis(found), found.time_steps
    domain = (float(axis.at(0)), float(axis.at(steps - 1)))
    key = session.data_key()
    view = st.session_state.get("view")
    if view is None or view["key"] != key:
        view = st.session_state["view"] = {"key": key, "turn": 0, "range": None, "start": None}
    low, high = view["range"] or domain
    detail_key, strip_key = (f"{n}-{key[:12]}-{view['turn']}" for n in ("detail", "strip"))

    def jump(low: float, high: float) -> None:
        """Show a range from outside the detail: the chart begins anew there."""
        least = (domain[1] - domain[0]) * 10 / steps
        width = min(max(high - low, least), domain[1] - domain[0])
        low = min(max((low + high - width) / 2, domain[0]), domain[1] - width)
        shown = None if width >= domain[1] - domain[0] else (low, low + width)
        view.update(turn=view["turn"] + 1, range=shown, start=shown)

    def moved() -> None:
        chosen = st.session_state[detail_key]["selection"].get("view", {}).get("t")
        if chosen:
            view["range"] = (float(chosen[0]), float(chosen[1]))
        else:  # a double click
            jump(*domain)

    def brushed() -> None:
        chosen = st.session_state[strip_key]["selection"].get("range", {}).get("t")
        if chosen and chosen[1] > chosen[0]:
            jump(float(chosen[0]), float(chosen[1]))

    width = high - low
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        for icon, label, to in (
            ("zoom_in", "In", (low + width / 4, high - width / 4)),
            ("zoom_out", "Out", (low - width / 2, high + width / 2)),
            ("chevron_left", "Earlier", (low - width / 2, high - width / 2)),
            ("chevron_right", "Later", (low + width / 2, high + width / 2)),
            ("fit_width", "All", domain),
        ):
            st.button(label, icon=f":material/{icon}:", key=f"view-{label}", on_click=jump, args=to)
        st.caption("In the chart: drag, Ctrl + wheel or pinch, double-click for all.")

    margin = width * signals.MARGIN
    first, last = axis.steps(max(low - margin, domain[0]), min(high + margin, domain[1]), steps)
    envelopes = [session.envelope(data, channel) for channel in channels]
    thinned = signals.signal_frame(envelopes, axis, first, last)
    boundary = session.boundary()
    regions = signals.region_frame(axis, steps, boundary, found.anomalies, channels)
    st.vega_lite_chart(
        signals.with_regions(thinned, regions),
        signals.signal_spec(
            tuple(found.channel_names[channel] for channel in channels),
            tuple(channels),
            axis.title,
            found.unit,
            view["start"] or domain,
            regions=("training", "validation", "anomaly")[: 3 if found.anomalies else 2],
        ),
        key=detail_key,
        on_select=moved,
        width="stretch",
        alt="The chosen channels over time",
    )
    strip = signals.signal_frame(envelopes[:1], axis, 0, steps, 800)
    st.vega_lite_chart(
        signals.with_view(strip, low, high),
        signals.overview_spec(axis.title, domain, found.channel_names[channels[0]]),
        key=strip_key,
        on_select=brushed,
        width="stretch",
        alt="The whole recording in one strip, with the visible range marked",
    )
    inside = first if first == 0 else axis.steps(low, high, steps)[0]
    visible = axis.steps(low, high, steps)[1] - inside
    exact = "each one drawn" if visible <= signals.POINTS else "thinned for drawing, peaks kept"
    st.caption(f"{visible:,} of {steps:,} time steps in view, {exact}.")


def ready_window(found, channels) -> None:
    count, length = found.values.shape[:2]
    key = f"window@{session.data_key()}"
    number = st.number_input(
        f"Window (of {count:,})", 1, count, key=key, persist_state="session", width=220
    )
    number = min(max(int(number), 1), count) - 1
    said = [f"{name}: {values[number]}" for name, values in found.labels.items()]
    st.caption(literal(" · ".join([f"{length:,} time steps", *said]), 200))
    axis = signals.time_axis(found)
    window = [signals.Envelope(found.values[number, :, channel]) for channel in channels]
    st.vega_lite_chart(
        signals.with_regions(signals.signal_frame(window, axis, 0, length), None),
        signals.signal_spec(
            tuple(found.channel_names[channel] for channel in channels),
            tuple(channels),
            axis.title,
            found.unit,
            (0.0, float(axis.at(length - 1))),
            "One window as it came",
            (),
        ),
        key=f"ready-{session.data_key()[:12]}",
        width="stretch",
        alt="The chosen channels of one window",
    )


# 3. The windows


def windows_section(found) -> None:
    st.subheader("Windows")
    with st.grid(4, min_column_width=170):
        bound(
            st.number_input,
            "Window length",
            "windows.window_length",
            min_value=2,
            max_value=65_536,
            help="Time steps the model sees at once. Long enough for the pattern to show.",
        )
        bound(
            st.number_input,
            "Stride",
            "windows.stride",
            min_value=1,
            max_value=1_000_000,
            help="Time steps from the start of one window to the next. Less than the length: "
            "windows overlap, which gives more of them.",
        )
        bound(
            st.slider,
            "Validation share",
            "windows.validation_share",
            min_value=0.05,
            max_value=0.5,
            step=0.05,
            format="percent",
            help="The part the model never learns from, to judge it by.",
        )
        if found.is_windowed or session.value("windows.split") == "random":
            bound(
                st.selectbox,
                "Validate on",
                "windows.split",
                options=["auto", "last"],
                format_func={
                    "auto": "a random choice" if found.is_windowed else "the last part",
                    "last": "the last windows",
                    "random": "random windows",
                }.get,
                help="Which windows are kept for validation.",
            )
    try:
        parts = session.draft_split()
    except DataError as error:
        session.show_fault(error)
        offer_fit(found)
        return
    if parts is None:
        st.caption(":red[Mend the marked field to see the windows.]")
        return
    st.markdown(consequence(found, parts))
    stride = max(1, parts.train.stride // 4)
    if len(parts.train) < 32 and parts.train.per_segment > 1 and stride < parts.train.stride:
        st.warning(f"{len(parts.train)} windows are few to learn from.", icon=":material/warning:")
        st.button(
            f"Use a stride of {stride}, for about four times as many",
            on_click=session.change,
            args=({"windows.stride": stride},),
        )


def offer_fit(found) -> None:
    """One click to a window length that the data have room for."""
    share = session.value("windows.validation_share")
    if found.is_windowed:
        length = found.values.shape[1]
        changes = {"windows.window_length": length, "windows.stride": length}
        label = f"Use each whole window: {length} time steps"
    else:
        length = int(min(share, 1 - share) * found.time_steps) // 4
        changes = {"windows.window_length": length, "windows.stride": max(1, length // 2)}
        label = f"Use windows of {length} time steps"
    if length >= 2:
        st.button(label, on_click=session.change, args=(changes,), type="primary")


def consequence(found, parts) -> str:
    """What the choice of windows means, in words."""
    train, validation = len(parts.train), len(parts.validation)
    length, stride = parts.train.window_length, parts.train.stride
    axis = signals.time_axis(found)
    lasting = (
        f" ({length / axis.rate:.4g} s)" if axis.kind == "seconds" and axis.time is None else ""
    )
    if stride < length:
        overlap = f"neighbours share {length - stride:,} time steps ({1 - stride / length:.0%})"
    else:
        overlap = "without overlap"
        if stride > length:
            overlap += f", {stride - length:,} time steps between them unused"
    text = (
        f"**{train:,} windows train, {validation:,} validate** "
        f"({validation / (train + validation):.0%}): {length:,} time steps{lasting} each, "
        f"{overlap}. "
    )
    if parts.boundary is None:
        return f"{text}No window is in both parts."
    return (
        f"{text}Training ends and validation begins at {axis.text(parts.boundary)}; "
        "no time step is in both."
    )


# 4. The channels


def channels_section(found) -> None:
    st.subheader("Channels")
    measured = session.summaries(session.part("data"))
    unit = f" ({literal(found.unit)})" if found.unit else ""
    st.dataframe(
        signals.summary_frame(measured, found.channel_names),
        hide_index=True,
        height="content" if found.channels <= 12 else 420,
        column_config={
            "zeros": st.column_config.NumberColumn("zeros", format="percent"),
            "histogram": st.column_config.BarChartColumn(
                "histogram", help="Square root of the count, from the least to the greatest value"
            ),
        },
    )
    st.caption(f"All {found.time_steps:,} time steps, in original units{unit}.")
    shown = list(range(min(found.channels, 8)))
    with st.grid(min(4, max(2, len(shown))), min_column_width=190):
        for channel in shown:
            st.vega_lite_chart(
                signals.histogram_frame(measured[channel]),
                signals.histogram_spec(found.channel_names[channel], channel, found.unit),
                key=f"histogram-{channel}",
                width="stretch",
                alt="How often each value of the channel occurs",
            )
    if found.channels > len(shown):
        st.caption(f"Histograms of the first {len(shown)} of {found.channels} channels.")


def shown_name(data) -> str:
    if data.source == "generator":
        return GENERATOR_TITLES.get(data.name, data.name)
    if data.source == "sample" and data.name in SAMPLES:
        return SAMPLES[data.name].title
    return data.name


def page() -> None:
    st.title("Data")
    take_upload()
    {"file": upload_section, "generator": generate_section, "sample": samples_section}[
        choose_source()
    ]()
    anomalies_section()
    data = session.part("data")
    if data is None:
        st.info("Mend the marked field to see the signal.", icon=":material/edit:")
        return
    try:
        found = session.recording(data)
    except DataError as error:
        session.show_fault(error)
        return
    steps = " × ".join(f"{n:,}" for n in found.values.shape)
    rate = f" · {signals.rate_text(found.sampling_rate_hz)}" if found.sampling_rate_hz else ""
    st.subheader("Signal")
    st.markdown(f"**{literal(shown_name(data))}** · {steps}{rate}")
    if found.labels:
        said = [f"{name} ({len(np.unique(v)):,} kinds)" for name, v in found.labels.items()]
        st.caption(f"Labels, kept apart from the channels: {literal(', '.join(said), 300)}")
    for note in found.notes:
        st.caption(f":material/info: {literal(note, 300)}")
    signal_section()
    windows_section(found)
    channels_section(found)


session.open_page()
page()
