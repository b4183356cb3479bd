"""The trained cells of the matrix, best first."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core import session
from core.output_range import ACTIVATIONS
from core.results import unit_of
from core.trials import Trial, rank_key, ranks
from core.views.output_fit import VERDICTS

TOP = 10
SAID = {
    "confirmed": "confirmed",
    "explained": "confirmed*",
    "refuted": "refuted",
    "open": "not yet",
    "unsaid": "–",
}


def ranked_table(trials: Sequence[Trial], measure: str, unit: str) -> None:
    """Rank, errors and verdict of the trained cells; nothing while none is."""
    places = ranks(trials, measure)
    trained = [trial for trial in trials if trial.is_trained]
    trained.sort(key=lambda trial: places.get(rank_key(trial.cell), len(trials)))
    if not trained:
        return
    st.markdown(f"**Trained so far** ({len(trained)} of {len(trials)}), by validation error")
    frame = pd.DataFrame(
        [_row(trial, measure, places.get(rank_key(trial.cell))) for trial in trained]
    )
    _table(frame[:TOP], measure, unit, "matrix-top")
    if len(frame) > TOP:
        with st.expander(f"All {len(frame)}"):
            _table(frame, measure, unit, "matrix-all")


def _row(trial: Trial, measure: str, place: int | None) -> dict[str, object]:
    reached, floor = trial.achieved("validation", measure), trial.floor("validation", measure)
    return {
        "rank": place,
        "normalization": session.METHODS[trial.cell.normalization.method],
        "output": ACTIVATIONS[trial.cell.activation].title,
        "run": session.link("reconstructions", {"run": trial.run.id}),
        "mae": trial.achieved("validation", "mae"),
        "mse": trial.achieved("validation", "mse"),
        "floor": floor,
        "above": reached - floor,
        "verdict": VERDICTS[trial.cell.kind][2],
        "outcome": SAID.get(trial.outcome(measure), "–"),
    }


def _table(frame: pd.DataFrame, measure: str, unit: str, name: str) -> None:
    column, number = st.column_config, st.column_config.NumberColumn
    told = {each: unit_of(each, unit) for each in ("mae", "mse")}
    in_unit = {each: f"In {session.literal(text)}. " if text else "" for each, text in told.items()}
    st.dataframe(
        frame,
        key=name,
        hide_index=True,
        height="content" if len(frame) <= TOP else 420,
        alt="The trained pairs, best first",
        column_config={
            "rank": number("Rank", width=48),
            "normalization": column.TextColumn("Normalization", width=134),
            "output": column.TextColumn("Output", width=92),
            "run": column.LinkColumn(
                "Run", display_text="Open", width=56, help="The run's reconstructions."
            ),
            "mae": number("MAE", format="%.4g", width=76, help=f"{in_unit['mae']}On validation."),
            "mse": number("MSE", format="%.4g", width=92, help=f"{in_unit['mse']}On validation."),
            "floor": number(
                f"{measure.upper()} floor",
                format="%.4g",
                width=86,
                help="The least that is possible on validation.",
            ),
            "above": number(
                "Above it",
                format="%.4g",
                width=76,
                help="The error less its floor: the most that training could still gain.",
            ),
            "verdict": column.TextColumn("Said before", width=104),
            "outcome": column.TextColumn(
                "Came true",
                width=98,
                help="Impossible: confirmed if the error stayed within 5 % above the floor. "
                "Compatible: confirmed if it fell below half of the best constant's. confirmed*: "
                "further above its floor, but by no more than the best such pair has left. Only in "
                "saturation: a slow training is no error to check.",
            ),
        },
    )
