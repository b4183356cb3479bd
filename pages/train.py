"""Set up the model and its training, start it, and watch it."""

import streamlit as st

from core import session, views
from core.architecture import describe_architecture
from core.charts import results as charts
from core.config import HiddenActivation, Loss, ModelConfig, Optimizer, choices, flatten
from core.output_range import ACTIVATIONS
from core.results import number_text
from core.runs import RunUnreadable
from core.signals.recording import DataError

session.open_page()


def show_run(run_id: str) -> None:
    """The run of the address: live while it is active, what it came to afterwards."""
    found = views.find_run(run_id)
    if found is None:
        return
    run, status = found
    with st.container(border=True):
        if status.is_active:
            views.live(run)
        else:
            st.markdown(f"{views.state_badge(status.state)} **{views.display_name(status.name)}**")
            views.ended(run, status)
            try:
                results = views.results_of(run)
            except RunUnreadable as error:
                results = None
                st.error(session.literal(str(error), 300))
            if results is not None:
                views.headline(results, "mae")
                rows = run.history()
                views.curves(rows, len(rows), results.unit, results.floor, results.constant)
        with st.container(horizontal=True, vertical_alignment="center"):
            if not status.is_active:
                st.page_link(
                    session.page("reconstructions"),
                    label="See its reconstructions",
                    icon=":material/ssid_chart:",
                    query_params={"run": run.id},
                )
            link = session.link("train", {"run": run.id})
            views.copy_button(link, "Copy link to this run", "copy-run")


def summary() -> str | None:
    """What will be trained, with ways to change it. Returns why it cannot start, if so."""
    config = session.experiment()
    data, windows, scaling = (session.part(name) for name in ("data", "windows", "normalization"))
    reason = None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if data and windows:
            st.markdown(
                f"**Data** {session.literal(data.name)}, windows of {windows.window_length:,} "
                f"time steps, stride {windows.stride:,}"
            )
        st.page_link(session.page("data"), label="Change", icon=":material/show_chart:")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        activation = session.value("model.output_activation")
        if scaling:
            per = (
                "" if scaling.method in ("none", "log1p") else f", {session.SCOPES[scaling.scope]}"
            )
            title = ACTIVATIONS[activation].title if activation in ACTIVATIONS else activation
            st.markdown(
                f"**Normalization** {session.METHODS[scaling.method].lower()}{per} · "
                f"**Output** {title}"
            )
        st.page_link(session.page("output"), label="Change", icon=":material/tune:")
    if config is None:
        faults = session.problems()
        return "Mend first: " + "; ".join(f"{field}: {text}" for field, text in faults.items())
    try:
        parts = session.split(config)
    except DataError as error:
        return str(error)
    unit, floor = views.unit_and_floor(config)
    text = f"{len(parts.train):,} windows to train, {len(parts.validation):,} to validate."
    if floor:
        mae = floor["validation"]["mae"]
        text += f" Error floor on validation: MAE {number_text(mae, unit)}."
    st.caption(text)
    return reason


def start_bar() -> None:
    with st.container(border=True):
        reason = summary()
        config = session.experiment()
        with st.container(horizontal=True, vertical_alignment="bottom"):
            session.bound(
                st.text_input,
                "Name of the run",
                "name",
                placeholder=views.default_name(config) if config else "",
                width=320,
            )
            twin = views.running_twin(config) if config else None
            st.button(
                "Start training",
                key="start",
                type="primary",
                icon=":material/play_arrow:",
                disabled=reason is not None or twin is not None,
                on_click=views.start,
                args=(config,),
            )
            if config is not None:
                views.copy_button(
                    session.link("train", config.to_query()),
                    "Copy link to this setup",
                    "copy-setup",
                )
        if twin and not reason:
            st.caption("This very setup is in work. Change something to start another run.")
        if reason:
            st.error(session.literal(reason, 500), icon=":material/block:")
        if problem := views.start_problem():
            st.error(session.literal(problem, 300))


def listed(stored: object) -> str:
    return stored if isinstance(stored, str) else ", ".join(map(str, stored))


def faults_below(path: str) -> None:
    """Faults of the parts of a field: `model.filters.0`."""
    for field, text in session.problems().items():
        if field.startswith(f"{path}."):
            st.caption(f":red[{session.literal(text, 200)}]")


def model_form() -> None:
    left, right = st.columns(2)
    with left:
        session.bound(
            st.text_input,
            "Filters",
            "model.filters",
            to_widget=lambda stored: (
                stored if isinstance(stored, str) else ", ".join(map(str, stored))
            ),
            help="Channels of the convolutions before the latent one, such as 64, 32.",
        )
        faults_below("model.filters")
        session.bound(
            st.number_input,
            "Pooling steps",
            "model.pooling_steps",
            step=1,
            help="How often the length is halved on the way to the latent layer.",
        )
        if fault := session.problems().get("model"):
            st.caption(f":red[{session.literal(fault, 300)}]")
        session.bound(
            st.number_input,
            "Dropout",
            "model.dropout",
            step=0.05,
            help="The share of values set to zero between layers while training.",
        )
    with right:
        session.bound(
            st.number_input, "Kernel size", "model.kernel_size", step=1, help="In time steps."
        )
        session.bound(
            st.number_input,
            "Latent channels",
            "model.latent_channels",
            step=1,
            help="Fewer of them, or more pooling, make a tighter bottleneck.",
        )
        session.bound(
            st.selectbox,
            "Hidden activation",
            "model.hidden_activation",
            options=choices(HiddenActivation),
            help="Of every layer but the last, whose activation is chosen on the page Output.",
        )


def training_form() -> None:
    left, right = st.columns(2)
    with left:
        session.bound(
            st.selectbox,
            "Loss",
            "training.loss",
            options=choices(Loss),
            help="Keras minimizes it on the normalized values; the errors shown are in the data's "
            "own units.",
        )
        session.bound(
            st.number_input, "Learning rate", "training.learning_rate", format="%g", step=1e-4
        )
        session.bound(
            st.number_input, "Batch size", "training.batch_size", step=32, help="In windows."
        )
        session.bound(
            st.toggle,
            "Keep the best",
            "training.keep_best",
            help="End with the weights of the least validation loss, not of the last epoch.",
        )
    with right:
        session.bound(st.selectbox, "Optimizer", "training.optimizer", options=choices(Optimizer))
        session.bound(st.number_input, "Epochs", "training.epochs", step=1)
        session.bound(
            st.number_input,
            "Patience",
            "training.patience",
            step=1,
            help="Stop after so many epochs without a lower validation loss; 0: never.",
        )
        session.bound(
            st.number_input, "Seed", "training.seed", step=1, help="The same seed, the same run."
        )


def architecture(model: ModelConfig) -> None:
    """The layers this model has on these windows, and whether there is a bottleneck."""
    windows, data = session.part("windows"), session.part("data")
    try:
        channels = session.recording(data).channels if data else 1
    except DataError:
        channels = data.channels
    length = windows.window_length if windows else 200
    shape = describe_architecture(model, length, channels)
    ratio = shape.compression_ratio
    with st.grid(4, min_column_width=150):
        st.metric("Values in a window", f"{shape.window_values:,}")
        steps, latent = shape.latent_shape
        st.metric("Latent values", f"{shape.latent_values:,}", help=f"{steps:,} × {latent:,}")
        st.metric("Compression", f"{ratio:.3g} : 1")
        st.metric("Parameters", f"{shape.parameters:,}")
    if ratio <= 1:
        st.warning(
            f"No bottleneck: the latent layer holds {shape.latent_values:,} values for the "
            f"{shape.window_values:,} of a window, so the model could copy its input. For a real "
            "compression use fewer latent channels or more pooling steps.",
            icon=":material/compress:",
        )
    frame = charts.architecture_frame(shape, length)
    st.vega_lite_chart(
        frame,
        charts.architecture_spec(len(frame)),
        key="architecture",
        alt="The layers of the model with their time steps and channels",
    )
    st.caption("Above each bar its channels; below it, where it changes, its length in time steps.")
    with st.expander("Layers as a table"):
        st.dataframe(
            frame[["name", "steps", "channels", "parameters"]].rename(
                columns={
                    "name": "Layer",
                    "steps": "Time steps",
                    "channels": "Channels",
                    "parameters": "Parameters",
                }
            ),
            hide_index=True,
            alt="Layers of the model",
        )


st.title("Train")
run_in_address = st.query_params.get("run") or views.last_started()
if run_in_address:
    show_run(run_in_address)
else:
    views.queue_alone()
start_bar()
if "v" in st.query_params:
    known = flatten(session.draft())
    opened = [f"{key} = {text}" for key, text in st.query_params.items() if key in known]
    st.caption("Filled from the link: " + session.literal("; ".join(opened) or "defaults", 600))
model_column, training_column = st.columns(2)
with model_column.container(border=True, height="stretch"):
    st.subheader("Model")
    model_form()
with training_column.container(border=True, height="stretch"):
    st.subheader("Training")
    training_form()
if (valid_model := session.part("model")) is not None:
    with st.container(border=True):
        architecture(valid_model)
