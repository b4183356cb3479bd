"""Where a run's errors are: from window to window, by channel, by time step."""

import pyarrow as pa
import streamlit as st

from core.charts import errors
from core.results import Results, StoredWindows, kept_with_first
from core.views.error_map import error_map
from core.views.known_anomalies import known_anomalies
from core.views.window_choice import Parts


def where_errors_are(
    run_id: str,
    parts: Parts,
    results: Results,
    measure: str,
    labels: list[str],
    part: str,
    position: int,
) -> None:
    """The errors of all windows, with the one at `position` of `part` among them."""
    unit = results.unit
    channels = min(len(labels), errors.MOST_BARS)
    st.subheader("Where the errors are", anchor=False)
    known_anomalies(run_id, parts[part], part, measure)
    left, right = st.columns(2)
    shown = float(parts[part].window_errors(measure)[position])
    left.vega_lite_chart(
        _histograms(parts["train"], parts["validation"], measure, shown),
        errors.histogram_spec(measure, unit),
        key="histogram",
        alt="Distribution of the windows' errors",
    )
    right.vega_lite_chart(
        errors.channel_error_frame(results, measure, labels),
        errors.channel_error_spec(
            measure, unit, channels, len(results.channel_constants["train"][measure]) > 0
        ),
        key="by-channel",
        alt="Error of each channel",
    )
    error_map(run_id, parts[part], part, results, measure, labels)


@kept_with_first  # counting and handing over pandas' frames took a fifth of a rerun
def _histograms(
    train: StoredWindows, validation: StoredWindows, measure: str, shown: float
) -> pa.Table:
    parts = {"train": train, "validation": validation}
    return pa.Table.from_pandas(errors.histogram_frame(parts, measure, shown), preserve_index=False)
