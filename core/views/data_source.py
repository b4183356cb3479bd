"""Where the data come from: a file, a generator or a real sample; and known anomalies in them."""

import numpy as np
import streamlit as st

from core import session
from core.session import bound, literal
from core.signals.anomalies import ANOMALIES
from core.signals.generators import GENERATORS
from core.signals.readers import SUFFIXES
from core.signals.recording import DataError, Recording
from core.signals.samples import SAMPLES
from core.views.file_reading import detected, read_as
from core.views.own_data import file_removal
from core.views.shapes import shape_text

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
NYQUIST = "At most half the sampling rate."
FREQUENCY_HELP = {
    "random_walk": "1 / the time in which it moves by about the amplitude, up or down.",
}
AMPLITUDE_HELP = {
    "random_walk": "Standard deviation of what it moves in the time scale, in its own units. It "
    "has no bounds: the longer it runs, the farther it goes.",
}


def data_source() -> None:
    """The choice of a source, and the form of the one that is open."""
    session.take_upload()
    session.begin_source()
    chosen = st.segmented_control(
        "Source",
        list(SOURCES),
        format_func=SOURCES.get,
        key=session.source_key(),
        on_change=session.switch_source,
        required=True,
        label_visibility="collapsed",
    )
    {"file": _upload, "generator": _generator, "sample": _samples}[chosen]()
    _anomalies()


def _upload() -> None:
    st.file_uploader(
        "A recording: a table, an array, sound, EDF, MATLAB or UCR/UEA file",
        type=[suffix[1:] for suffix in SUFFIXES],
        key=session.uploader_key(),
        on_change=session.keep_upload,
        max_upload_size=session.limit("max_upload_mb"),
        help="One file: a recording. It stays on the machine this app runs on. Values keep their "
        "own units.",
    )
    if most := session.limit("max_upload_mb"):  # the browser refuses a larger one, and says little
        st.caption(f"Files up to {most:,} MB: a larger one is not taken.")
    file_removal()
    session.prepare_for_upload()
    reading, kept = session.last_reading(), session.upload()
    if kept is None or reading is None or reading.token != kept.token:
        if session.value("data.source") == "file":
            _in_use()
        return
    if reading.result.problem:
        session.show_fault(reading.result.problem)
        if data := session.part("data"):
            name = literal(source_title(data))
            st.caption(
                f":material/undo: Nothing was taken from this file. Still in use, and shown "
                f"below: **{name}**."
            )
    elif reading.same_as:
        st.warning(
            f"It holds the same data as {literal(reading.same_as)}, which was loaded before.",
            icon=":material/file_copy:",
        )
    if reading.result.outline:
        is_taken = bool(reading.result.sha256)
        detected(kept.name, reading.result.outline, _taken() if is_taken else None)


def _in_use() -> None:
    """The file of a link, of a run or of an earlier session, which is not in hand."""
    said = f"In use: {literal(session.value('data.name'))}"
    if (taken := _taken()) is not None:
        said += f" — {read_as(taken)}. To read it in another way, upload the file again."
    st.caption(said)


def _taken() -> Recording | None:
    """The recording in use; None where there is none: the page says why."""
    data = session.part("data")
    try:
        return session.recording(data) if data else None
    except DataError:
        return None


def _generator() -> None:
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
            max_value=session.limit("max_time_steps", 100_000_000),
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
                help=FREQUENCY_HELP.get(name, NYQUIST),
            )
        bound(
            st.number_input,
            "Amplitude",
            "data.amplitude",
            min_value=1e-6,
            max_value=1e12,
            format="%g",
            help=AMPLITUDE_HELP.get(name, "How large the signal is, in its own units."),
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
        _seed()


def _seed() -> None:
    """The seed, with a die beside it."""

    def reroll() -> None:
        session.change({"data.seed": int(np.random.default_rng().integers(100_000))})

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
            on_click=reroll,
        )


def _samples() -> None:
    now = session.draft()["data"]
    with st.grid(3, min_column_width=260):
        for name, sample in SAMPLES.items():
            with st.container(border=True, height="stretch"):
                st.markdown(f"**{sample.title}**")
                st.caption(sample.description)
                st.caption(f"{shape_text(sample.shape)} · {sample.licence}", help=sample.source)
                st.space("stretch")
                in_use = (now["source"], now["name"]) == ("sample", name)
                st.button(
                    "In use" if in_use else "Use",
                    key=f"sample-{name}",
                    disabled=in_use,
                    on_click=session.use_sample,
                    args=(name,),
                )


def _anomalies() -> None:
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
            help="Their true places are kept: Reconstructions shades them and tells how well the "
            "errors find them.",
        )
        if session.value("data.anomalies"):
            bound(st.number_input, "How many", "data.anomaly_count", min_value=0, max_value=1000)


def source_title(data) -> str:
    """What the data in use are called."""
    if data.source == "generator":
        return GENERATOR_TITLES.get(data.name, data.name)
    if data.source == "sample" and data.name in SAMPLES:
        return SAMPLES[data.name].title
    return data.name
