"""Tables in the long form: each row one value of one series at one time."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.config import ReadOptions
from core.number_text import agreeing
from core.signals.readers.channel_names import listed, unique_names
from core.signals.readers.columns import Roles
from core.signals.readers.limits import MAX_CHANNELS, check_time_steps, check_unpacked
from core.signals.readers.missing import great_integer_notes, without_gaps
from core.signals.readers.rates import chosen_rate
from core.signals.readers.tables import Place, check_numeric, count_inexact_of
from core.signals.readers.timeline import read_timeline, read_times, spaced_timeline
from core.signals.recording import DataError, Recording


def long_recording(
    table: pa.Table,
    roles: Roles,
    options: ReadOptions,
    *,
    name: str,
    place: Place,
    decimal: str = "point",
    unit: str = "",
    time_unit: str = "",
    notes: Sequence[str] = (),
) -> Recording:
    """One channel per series, in the order they first occur, on the union of all times.

    table: the columns `roles` names. The values become float64 `(times, series)`; where a series
    has no value at a time, `options.missing` decides. Raises DataError.
    """
    check_numeric(table, [roles.value], decimal, place)
    ids = table[roles.id]
    if ids.null_count:
        first = pc.index(pc.is_null(ids), True).as_py()
        raise DataError(
            f"The id column {roles.id!r} is empty in {place(first)}. Complete it, or drop the row."
        )
    encoded = ids.combine_chunks().dictionary_encode()
    series, series_notes = unique_names([str(i) for i in encoded.dictionary.to_pylist()], "series")
    columns = encoded.indices.to_numpy()
    if len(series) > MAX_CHANNELS:
        raise DataError(
            f"The id column {roles.id!r} names {len(series):,} series; at most {MAX_CHANNELS:,} "
            "channels are read. Choose another id column, or set the layout to wide."
        )
    rows, told = read_times(table[roles.time], roles.time, place, time_unit)
    counted = table[roles.time].to_numpy() if rows is None else rows
    times, steps = np.unique(counted, return_inverse=True)
    check_time_steps(len(times), "The union of all times")
    if len(times) < 2:
        raise DataError("There is only one time; a signal needs at least two.")
    check_unpacked(len(times) * len(series) * 8, f"{len(series)} series on {len(times):,} times")
    values = np.full((len(times), len(series)), np.nan)
    values[steps, columns] = table[roles.value].to_numpy()  # of two, the last one stays
    repeated = len(steps) - len(np.unique(steps.astype(np.int64) * len(series) + columns))
    found = [
        *notes,
        *series_notes,
        f"The long form was turned: {len(series)} series of {roles.value!r} by {roles.id!r} on "
        f"{len(times):,} times.",
    ]
    if inexact := count_inexact_of(table[roles.value]):
        found += great_integer_notes({roles.value: inexact})
    if repeated:
        rows = agreeing(repeated, "1 row repeats", f"{repeated:,} rows repeat")
        found.append(
            f"{rows} a time of {agreeing(repeated, 'its', 'their')} series; the last one was taken."
        )
    if options.channels is not None:
        unknown = [channel for channel in options.channels if channel not in series]
        if unknown or not options.channels:
            raise DataError(f"There is no series {listed(unknown)}. There are: {listed(series)}")
        picked = [series.index(channel) for channel in dict.fromkeys(options.channels)]
        values, series = values[:, picked], tuple(series[index] for index in picked)
    if rows is None:
        line = read_timeline(pa.chunked_array([pa.array(times)]), roles.time, _place)
    else:
        line = spaced_timeline(times, roles.time, _place, told)
    values, repaired, missing = without_gaps(
        values,
        series,
        options.missing,
        lambda row: f"{times[row]}",
        times=line.time,
        in_place=True,
    )
    rate, set_note = chosen_rate(options.sampling_rate_hz, line.sampling_rate_hz)
    return Recording(
        values=values,
        channel_names=series,
        name=name,
        sampling_rate_hz=rate,
        unit=unit,
        time=line.time,
        missing=missing,
        notes=(*found, *line.notes, *set_note, *repaired),
    )


def _place(row: int) -> str:
    return "a time"
