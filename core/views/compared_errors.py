"""What the compared runs reached, in a table, and how far they are from the baseline."""

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.charts.run_words import TITLES
from core.number_text import count_text
from core.results import MEASURES, change, cut_alike, same_originals, seed_of
from core.views.compared_runs import Compared, kept_windows
from core.views.quoted_frame import quoted_frame


def compared_errors(runs: Sequence[Compared], measure: str) -> None:
    """A row for each run, the baseline first; lines and changes are of the chosen measure."""
    if not any(item.results for item in runs):
        return
    st.subheader("What they reached", anchor=False)
    name = TITLES[measure]
    st.dataframe(
        quoted_frame(errors_frame(runs, measure)),
        hide_index=True,
        placeholder="–",
        column_config={
            "run": st.column_config.TextColumn("Run", width="medium"),
            "mae": _number("MAE", "Mean absolute error on validation, in original units."),
            "mse": _number("MSE", "Mean squared error on validation, in squared original units."),
            "change": _number(
                f"Δ {name}",
                f"{name} less that of the baseline, of runs that validate on the same windows.",
            ),
            "percent": st.column_config.NumberColumn(
                f"Δ {name} (%)",
                format="%+.1f",
                width=84,
                help="The same, in percent of the baseline's.",
            ),
            "floor": _number(
                "Floor", f"No model with this output and normalization has a lower {name}."
            ),
            "pca": _number(
                "PCA",
                f"The {name} of {_components_text(runs)}, as many as latent values or as the "
                "windows allow.",
            ),
            "constant": _number(
                "Constant", f"The {name} of each channel's best constant, of its training part."
            ),
            "unit": st.column_config.TextColumn("Unit", width="small"),
        },
        alt="Errors of the compared runs on validation, and their change against the baseline",
    )


def _components_text(runs: Sequence[Compared]) -> str:
    """`239 principal components`, `12 or 239 principal components`; no count if none is known."""
    counts = sorted({item.lines.components for item in runs} - {None})
    if not counts:
        return "principal components"
    *others, last = counts
    return "".join(f"{count:,} or " for count in others) + count_text(last, "principal component")


def _number(title: str, text: str) -> st.column_config.NumberColumn:
    return st.column_config.NumberColumn(title, format="%.4g", width=84, help=text)


def errors_frame(runs: Sequence[Compared], measure: str) -> pd.DataFrame:
    """The table's rows; NaN for what is not known, and for changes between different windows."""
    baseline = runs[0]
    rows = []
    for item in runs:
        row = {"run": item.label + (" · baseline" if item is baseline and len(runs) > 1 else "")}
        row |= {key: _error(item, key) for key in MEASURES}
        row["change"], row["percent"] = (
            change(row[measure], _error(baseline, measure))
            if item is not baseline and _validate_alike(item, baseline)
            else (math.nan, math.nan)
        )
        for kind in ("floor", "pca", "constant"):
            known = item.lines.errors.get(kind)
            row[kind] = known["validation"][measure] if known else math.nan
        rows.append(row | {"unit": item.row.unit})
    return pd.DataFrame(rows)


def _validate_alike(item: Compared, baseline: Compared) -> bool:
    """Whether two runs validate on the same windows; as of those beside each other, by a look."""
    if not cut_alike(item.config, baseline.config):
        return False
    if seed_of(item.config) == seed_of(baseline.config):
        return True
    parts = (kept_windows(item), kept_windows(baseline))
    return all(parts) and same_originals(*(kept["validation"] for kept in parts))


def _error(item: Compared, measure: str) -> float:
    return item.results.errors["validation"][measure] if item.results else math.nan
