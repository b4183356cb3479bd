"""Training a run further: a new run that goes on where this one has ended."""

import streamlit as st

from core import checkpoints, session
from core.config import TrainingConfig
from core.continuation import why_not_further
from core.number_text import count_text
from core.runs import NAME_LENGTH, Run, Status
from core.views.run_commands import train_further

MOST_EPOCHS = next(
    limit.le for limit in TrainingConfig.model_fields["epochs"].metadata if hasattr(limit, "le")
)


def further(run: Run, status: Status) -> None:
    """A box to ask for more epochs of a finished or cancelled run; nothing for any other."""
    config = session.run_config(run.id)
    if status.state not in ("finished", "cancelled") or config is None:
        return
    if not session.is_mine(status):
        return
    why = why_not_further(run)
    with st.popover(
        "Train further", icon=":material/fast_forward:", disabled=bool(why), help=why or None
    ):
        if not why:
            _form(run, status, config.training)


def _form(run: Run, status: Status, training: TrainingConfig) -> None:
    done = (checkpoints.describe(run.folder) or (training.epochs, 0))[0]
    most = min(MOST_EPOCHS, session.limit("max_epochs", MOST_EPOCHS))
    if done >= most:
        st.caption(
            f"It has trained {count_text(done, 'epoch')}, the most that can be asked for here."
        )
        return
    stopped_early = status.state == "finished" and done < training.epochs
    st.caption(
        f"A new run goes on after epoch {done:,} of this one and ends as if so many epochs had "
        "been asked for at first. This run stays as it is."
    )
    keys = {name: f"further-{name}-{run.id}" for name in ("epochs", "patience", "name")}
    wished = training.epochs if done < training.epochs else 2 * done
    left, right = st.columns(2)
    left.number_input(
        "Epochs in all",
        min_value=done + 1,
        max_value=most,
        value=min(most, wished),
        key=keys["epochs"],
    )
    right.number_input(
        "Patience",
        min_value=0,
        max_value=MOST_EPOCHS,
        value=0 if stopped_early else training.patience,
        key=keys["patience"],
        help="Stop after so many epochs without a lower validation loss; 0: never.",
    )
    if stopped_early:
        st.caption(
            f"It stopped early, {count_text(training.patience, 'epoch')} after its best one. To go "
            "on, it needs a greater patience, or 0: never stop early."
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Name",
            max_chars=NAME_LENGTH,
            key=keys["name"],
            placeholder="This run's, with the epochs",
        )
        st.button(
            "Start",
            key=f"further-start-{run.id}",
            type="primary",
            icon=":material/play_arrow:",
            on_click=_start,
            args=(run.id, keys),
        )


def _start(run_id: str, keys: dict[str, str]) -> None:
    train_further(run_id, **{name: st.session_state[key] for name, key in keys.items()})
