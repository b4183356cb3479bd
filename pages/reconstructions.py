"""One run: what it came to, its windows with their reconstructions, and where the errors are."""

import streamlit as st

from core import session, views
from core.charts import results as charts
from core.results import Results, duration_text, number_text, unit_of, window_csv
from core.runs import Run, RunUnreadable, Status

session.open_page()
LISTED = 100  # runs offered in the box
FIRST_CHANNELS = 4


def chosen_run() -> str | None:
    """The run of the address, or else the newest finished one; a box to choose another."""
    wanted = st.query_params.get("run")
    if views.is_embedded():
        return wanted
    listed = [item for item in reversed(session.store().list()) if item.state in views.SHOWABLE]
    finished = [item.id for item in listed if item.state == "finished"]
    shown = wanted or (finished[0] if finished else listed[0].id if listed else None)
    names = {item.id: item for item in listed[:LISTED]}
    if shown in names:
        st.session_state["chosen_run"] = shown
        st.selectbox(
            "Run",
            list(names),
            format_func=lambda run_id: views.option_name(names[run_id]),
            key="chosen_run",
            on_change=lambda: st.query_params.from_dict({"run": st.session_state["chosen_run"]}),
        )
    return shown


def head(run: Run, status: Status, results: Results | None) -> None:
    device = (results.device if results else "") or status.device
    facts = [session.literal(device, 80)] if device else []
    if results is not None:
        facts += [
            f"{results.epochs_trained:,} epochs, best {results.best_epoch}",
            duration_text(results.seconds),
        ]
        if results.parameters:
            facts.append(f"{results.parameters:,} parameters")
        if results.compression_ratio:
            none = " (no bottleneck)" if results.compression_ratio <= 1 else ""
            facts.append(f"compression {results.compression_ratio:.3g} : 1{none}")
    st.subheader(views.display_name(status.name), anchor=False)
    st.markdown(f"{views.state_badge(status.state)} " + " · ".join(facts))
    with st.container(horizontal=True, vertical_alignment="center"):
        link = session.link("reconstructions", {"run": run.id} | views.window_query(run.id))
        views.copy_button(link, "Copy link", "copy-run")
        if views.is_embedded():
            return
        if (run.folder / "model.keras").is_file():
            st.download_button(
                "Model",
                data=(run.folder / "model.keras").read_bytes,
                file_name=f"model-{run.id[:8]}.keras",
                icon=":material/download:",
                on_click="ignore",
                help="The trained model as a Keras file.",
            )
        st.button(
            "Edit and run again",
            key="edit",
            icon=":material/edit:",
            on_click=views.open_in_draft,
            args=(run.id, status.name),
        )


def window_controls(run_id: str, parts: dict) -> tuple[str, int]:
    """Which part's which kept window is shown; all ways to choose it share one number."""
    views.begin_window(run_id, parts)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Part",
            ["validation", "train"],
            format_func=charts.SERIES.get,
            key="part",
            required=True,
            on_change=views.choose_part,
            args=(parts,),
        )
        part = st.session_state["part"]
        windows = parts[part]
        last = len(windows) - 1
        step = {"on_click": views.step_window, "disabled": last == 0}
        st.button("Previous", key="previous", shortcut="Left", args=(-1, windows), **step)
        st.button("Next", key="next", shortcut="Right", args=(1, windows), **step)
        for name in ("best", "median", "worst"):
            st.button(
                name.capitalize(),
                key=name,
                on_click=views.go_to_window,
                args=(windows.landmark(name), windows),
                help=f"The window with the {name} mean absolute error.",
            )
        st.number_input(
            "Window",
            key="window_number",
            step=1,
            width=130,
            on_change=views.number_chosen,
            args=(windows,),
        )
    if last > 0:
        st.slider(
            "Window",
            1,
            last + 1,
            key="window_slider",
            label_visibility="collapsed",
            on_change=views.slider_moved,
            args=(windows,),
        )
    return part, st.session_state["window_index"]


@st.fragment
def viewer(run_id: str, parts: dict, results: Results, measure: str) -> None:
    if not all(len(windows) for windows in parts.values()):
        st.info("This run kept no windows to show.")
        return
    part, index = window_controls(run_id, parts)
    windows = parts[part]
    position = int(windows.positions[index])
    unit, rate = results.unit, results.sampling_rate_hz
    mae, mse = windows.window_mae[position], windows.window_mse[position]
    text = (
        f"Window {position + 1:,} of {windows.windows:,}: "
        f"MAE {number_text(mae, unit)}, MSE {number_text(mse, unit_of('mse', unit))}, "
        f"rank {windows.rank(index) + 1:,} from the best."
    )
    if not windows.is_whole:
        text += (
            f" {len(windows):,} windows are kept for display, evenly spaced and the best and worst "
            "ones; the errors are of all."
        )
    st.caption(text)
    labels = charts.unique_labels(results.channel_names)
    shown = list(range(min(len(labels), FIRST_CHANNELS)))
    if len(labels) > 1:
        shown = st.multiselect(
            "Channels",
            range(len(labels)),
            default=shown,
            format_func=labels.__getitem__,
            key=f"channels-{run_id}",
            max_selections=16,
        )
    time = charts.time_title(rate)
    original, reconstruction = windows.original[index], windows.reconstruction[index]
    views.legend("original", "reconstruction", "residual")
    panels = []
    for place, channel in enumerate(sorted(shown)):
        if place % 2 == 0:  # a row of its own for each pair: on a phone they stack in order
            panels = list(st.columns(2)) if len(shown) > 1 else [st.container()]
        frame = charts.window_frame(original[:, channel], reconstruction[:, channel], rate)
        with panels[place % 2].container(gap=None):
            st.vega_lite_chart(
                frame,
                charts.overlay_spec(labels[channel], unit, time),
                key=f"overlay-{channel}",
                alt=f"{labels[channel]}: original and reconstruction",
            )
            st.vega_lite_chart(
                frame,
                charts.residual_spec(unit, time),
                key=f"residual-{channel}",
                alt=f"{labels[channel]}: reconstruction minus original",
            )
    if not views.is_embedded():
        st.download_button(
            "This window as CSV",
            data=lambda: window_csv(original, reconstruction, results.channel_names, rate),
            file_name=f"window-{run_id[:8]}-{part}-{position + 1}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    where_errors_are(parts, results, measure, labels, part, position)


def where_errors_are(
    parts: dict, results: Results, measure: str, labels: list[str], part: str, position: int
) -> None:
    unit, rate = results.unit, results.sampling_rate_hz
    channels = min(len(labels), charts.MOST_BARS)
    st.subheader("Where the errors are", anchor=False)
    left, right = st.columns(2)
    shown = float(parts[part].window_errors(measure)[position])
    left.vega_lite_chart(
        charts.histogram_frame(parts, measure, shown),
        charts.histogram_spec(measure, unit),
        key="histogram",
        alt="Distribution of the windows' errors",
    )
    right.vega_lite_chart(
        charts.channel_error_frame(results, measure, labels),
        charts.channel_error_spec(measure, unit, channels),
        key="by-channel",
        alt="Error of each channel",
    )
    st.vega_lite_chart(
        charts.step_error_frame(parts[part], measure, labels, rate),
        charts.step_error_spec(measure, unit, charts.time_title(rate), part, channels),
        key="by-step",
        alt="Error by channel and time step of the window",
    )
    if len(labels) > channels:
        st.caption(f"The {channels} channels with the largest errors of {len(labels):,}.")


def show(run: Run, status: Status) -> None:
    if status.is_active:
        views.live(run)
        link = session.link("reconstructions", {"run": run.id})
        views.copy_button(link, "Copy link", "copy-run")
        return
    results = views.results_of(run)
    head(run, status, results)
    views.ended(run, status)
    history, config = run.history(), session.run_config(run.id)
    epochs = max(len(history), 1)
    if results is None:
        if history:
            views.curves(history, config.training.epochs if config else epochs, "", None)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        measure = st.segmented_control(
            "Error",
            ["mae", "mse"],
            format_func=charts.NAMES.get,
            default="mae",
            key="measure",
            required=True,
        )
    views.headline(results, measure)
    parts = views.reconstruction_of(run)
    if parts is None:
        st.info("This run left no reconstructions.")
    else:
        viewer(run.id, parts, results, measure)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Training", anchor=False)
        st.space("stretch")
        log = st.toggle("Logarithmic", key="log_curves")
    views.curves(history, epochs, results.unit, results.floor, results.constant, log)


if not views.is_embedded():
    st.title("Reconstructions")
run_id = chosen_run()
if run_id is None:
    st.info("There are no runs yet. Train one, and what it gives back is shown here.")
    st.page_link(session.page("train"), label="Set up a run", icon=":material/model_training:")
elif (found := views.find_run(run_id)) is not None:
    try:
        show(*found)
    except RunUnreadable as error:
        st.error(session.literal(str(error), 400), icon=":material/broken_image:")
