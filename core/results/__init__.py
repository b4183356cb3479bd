"""What a run left behind, read for the pages and the command line: numpy, never Keras.

Once its first epoch is over, a run has `baselines.json`, `outputs.jsonl` and the two files of the
replay; older runs lack them. A finished run has `results.json` (errors of both parts in original
units, beside the error floor and the best constant) and `reconstruction.npz` (windows with their
reconstructions).
"""

from core.number_text import unit_of
from core.results.baselines_file import Baselines, read_baselines
from core.results.comparison import (
    change,
    common_positions,
    cut_alike,
    have_same_data,
    same_histories,
    same_originals,
    seed_of,
    why_not_comparable,
    window_errors,
)
from core.results.configs import config_columns, differences, field_title, value_texts
from core.results.errors_csv import errors_csv
from core.results.errors_file import (
    MEASURES,
    PARTS,
    ChannelErrors,
    PartErrors,
    Results,
    read_results,
    visible_floor,
)
from core.results.growing_file import GrowingFiles
from core.results.kept_values import ValueCounts, ValueRanges, count_values, value_ranges
from core.results.kept_with import kept_with_first
from core.results.outputs_file import read_outputs
from core.results.read_once import ReadOnce
from core.results.reconstruction_file import StoredWindows, map_npz, read_reconstruction
from core.results.replay_course import replay_errors, replay_range
from core.results.replay_file import Replay, read_replay
from core.results.run_csv import run_csv
from core.results.run_table import RunRow, RunTable
from core.results.texts import duration_text, error_sentence
from core.results.window_csv import window_csv
from core.results.worst_windows import Place, errors_at, worst_at

__all__ = [
    "MEASURES",
    "PARTS",
    "Baselines",
    "ChannelErrors",
    "GrowingFiles",
    "PartErrors",
    "Place",
    "ReadOnce",
    "Replay",
    "Results",
    "RunRow",
    "RunTable",
    "StoredWindows",
    "ValueCounts",
    "ValueRanges",
    "change",
    "common_positions",
    "config_columns",
    "count_values",
    "cut_alike",
    "differences",
    "duration_text",
    "error_sentence",
    "errors_at",
    "errors_csv",
    "field_title",
    "have_same_data",
    "kept_with_first",
    "map_npz",
    "read_baselines",
    "read_outputs",
    "read_reconstruction",
    "read_replay",
    "read_results",
    "replay_errors",
    "replay_range",
    "run_csv",
    "same_histories",
    "same_originals",
    "seed_of",
    "unit_of",
    "value_ranges",
    "value_texts",
    "visible_floor",
    "why_not_comparable",
    "window_csv",
    "window_errors",
    "worst_at",
]
