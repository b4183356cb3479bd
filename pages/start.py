"""What this is, and the question that began it, answered by an experiment run here."""

import pandas as pd
import streamlit as st

from core import session, views
from core.charts import activations
from core.config import PRESETS
from core.output_range import ACTIVATIONS
from core.runs import RunNotFound, RunUnreadable

PAIR = ("sigmoid", "relu")
EXPERIMENTS = {
    activation: PRESETS["question"].replace(
        {
            "model.output_activation": activation,
            "name": f"The public question: {ACTIVATIONS[activation].title} output",
        }
    )
    for activation in PAIR
}


def find_runs() -> dict:
    """The newest run of each of the two experiments, where there is one, with its status."""
    found = {}
    for activation, config in EXPERIMENTS.items():
        run = session.latest_run(config)
        if run is not None:
            try:
                found[activation] = (run, run.status())
            except (RunNotFound, RunUnreadable):
                continue
    return found


def question() -> None:
    st.markdown(
        "**A public question.** *Can ReLU be used at the last layer of a neural network?* Somebody "
        "trains a convolutional autoencoder on windows of 200 time steps × 4 channels, intensities "
        "from 0 to 255. With a **sigmoid** output the loss stands still; with **ReLU** it falls."
    )
    st.markdown(
        "**The answer.** Yes. An output activation limits the values a model can produce. A "
        "sigmoid says at most 1, so against intensities up to 255 it can do no better than MAE "
        "12.34, whatever it learns. ReLU reaches every intensity. So would a sigmoid, once the "
        "data are scaled to 0…1: **match the range of the output to the data.**"
    )


def table(ours: dict) -> pd.DataFrame:
    """Losses by epoch, published and ours, and the mean squared errors."""
    rows = []
    for activation in PAIR:
        log, title = activations.PUBLISHED[activation], ACTIVATIONS[activation].title
        published = [f"{loss:.2f}" for loss in log["loss"]]
        rows.append([f"{title}, published", *published, _range([f"{v}" for v in log["mse"]])])
        history = ours.get(activation, [])[:4]
        here = [f"{row.get('mae', row['loss']):.2f}" for row in history]
        squared = [f"{row['mse']:.0f}" for row in history if "mse" in row]
        rows.append([f"{title}, here", *here, *["–"] * (4 - len(here)), _range(squared)])
    return pd.DataFrame(rows, columns=["loss (MAE)", "1", "2", "3", "4", "MSE"])


def _range(texts: list[str]) -> str:
    """The first and the last, or the one where they are equal."""
    return " → ".join(dict.fromkeys([texts[0], texts[-1]])) if texts else "–"


def live(is_active: bool) -> None:
    """The curves, drawn anew every second while one of the two trains."""

    @st.fragment(run_every=1.0 if is_active else None)
    def view() -> None:
        runs = find_runs()
        ours = {activation: run.history() for activation, (run, _) in runs.items()}
        st.vega_lite_chart(
            activations.question_frame(ours),
            activations.question_spec(),
            key="question",
            width="stretch",
            alt="Loss by epoch: the sigmoid stands still at its floor, ReLU falls",
        )
        for activation in PAIR:
            if activation in runs:
                run_line(activation, *runs[activation], len(ours[activation]))
        st.dataframe(
            table(ours),
            hide_index=True,
            height="content",
            row_height=29,
            column_config={
                "loss (MAE)": st.column_config.Column(width=132),
                **{str(epoch): st.column_config.Column(width=50) for epoch in range(1, 5)},
                "MSE": st.column_config.Column(width=104),
            },
        )
        if is_active and not any(status.is_active for _, status in runs.values()):
            st.rerun()

    view()


def run_line(activation: str, run, status, epochs: int) -> None:
    title, total = ACTIVATIONS[activation].title, EXPERIMENTS[activation].training.epochs
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}** {views.state_badge(status.state)} epoch {epochs} of {total}")
        if status.state == "finished":
            st.page_link(
                session.page("reconstructions"),
                label="Reconstructions",
                icon=":material/ssid_chart:",
                query_params={"run": run.id},
            )
        elif status.reason:
            st.caption(session.literal(status.reason, 200))
    if status.state == "running":
        now = run.progress()
        st.progress(progress_share(now, epochs, total), text=progress_text(now))


def progress_share(now: dict, epochs: int, total: int) -> float:
    """How much of the training is done, 0 to 1, counting the part of the present epoch."""
    part = 0.0 if now.get("phase") == "validating" else now.get("batch", 0) / now.get("batches", 1)
    return min(1.0, (epochs + min(max(part, 0.0), 1.0)) / total)


def progress_text(now: dict) -> str:
    if "mae" not in now:
        return "getting ready"
    return f"MAE {now['mae']:.2f} in epoch {now['epoch']}, about {now['eta_seconds']:.0f} s left"


def experiment() -> None:
    runs = find_runs()
    is_active = any(status.is_active for _, status in runs.values())
    done = len(runs) == 2 and all(status.state == "finished" for _, status in runs.values())

    def start() -> None:
        try:
            for config in EXPERIMENTS.values():
                session.submit(config)
        except OSError as error:
            st.session_state["start_fault"] = f"The runs could not be put in the queue: {error}"

    st.button(
        "Run it again" if done else "Run the experiment here",
        key="run-question",
        type="secondary" if done else "primary",
        icon=":material/play_arrow:",
        disabled=is_active,
        on_click=start,
        help="Trains both models on made-up intensities with the same distribution: 31,360 "
        "windows, 4 epochs each, one after the other.",
    )
    fault = st.session_state.pop("start_fault", None)
    if fault:
        session.show_fault(fault)
    live(is_active)


def next_steps() -> None:
    st.markdown("**With your own signals**")
    for stem, text in (
        ("data", "upload a recording, or generate one"),
        ("output", "see which output reaches your values"),
        ("train", "train a model and watch its error"),
    ):
        title, icon, _ = session.PAGES[stem]
        st.page_link(session.page(stem), label=f"**{title}**: {text}", icon=icon)


def page() -> None:
    st.title(session.APP_TITLE)
    st.markdown(
        "Find out which **output activation** and which **normalization** let an autoencoder "
        "reproduce *your* signals, why, and how far a trained one is from the best it could do."
    )
    left, right = st.columns([5, 6], gap="large")
    with left:
        question()
        next_steps()
    with right:
        experiment()


session.open_page()
page()
