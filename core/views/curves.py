"""Loss, MAE and MSE by epoch."""

from functools import lru_cache

import pyarrow as pa
import streamlit as st

from core.charts.curves import error_curve_frame, error_curve_spec
from core.charts.run_words import TITLES
from core.results import PARTS, PartErrors
from core.views.legend import legend
from core.views.stored import History


def curves(
    history: History,
    epochs: int,
    unit: str,
    floor: PartErrors | None,
    constant: PartErrors | None = None,
    log: bool = False,
) -> None:
    """Loss, MAE and MSE by epoch, side by side, with one legend."""
    known = {"floor": floor, "constant": constant}
    legend(*PARTS, *(name for name, errors in known.items() if errors is not None))
    for column, measure in zip(st.columns(3), ("loss", "mae", "mse"), strict=True):
        levels = {}
        if measure != "loss":
            levels = {
                name: errors["validation"][measure]
                for name, errors in known.items()
                if errors is not None
            }
        column.vega_lite_chart(
            _table(history, measure, epochs, log=log, **levels),
            error_curve_spec(measure, unit, epochs, tuple(levels), log),
            key=f"curve-{measure}",
            alt=f"{TITLES[measure]} of training and validation by epoch",
        )


@lru_cache(maxsize=256)
def _table(history: History, measure: str, epochs: int, **options: float) -> pa.Table:
    """A curve's data as they go to the browser; drawn each second, they are made once an epoch."""
    frame = error_curve_frame(history.rows, measure, epochs, **options)
    return pa.Table.from_pandas(frame, preserve_index=False)
