"""What a run left behind, read for the pages and the command line: numpy, never Keras.

A finished run has `results.json` (errors of both parts in original units, beside the error floor
and the best constant) and `reconstruction.npz` (windows with their reconstructions).
"""

from core.results.configs import config_columns, differences
from core.results.errors_file import MEASURES, PARTS, PartErrors, Results, read_results
from core.results.read_once import ReadOnce
from core.results.reconstruction_file import StoredWindows, map_npz, read_reconstruction
from core.results.run_table import RunRow, RunTable
from core.results.texts import duration_text, unit_of, verdict
from core.results.window_csv import window_csv

__all__ = [
    "MEASURES",
    "PARTS",
    "PartErrors",
    "ReadOnce",
    "Results",
    "RunRow",
    "RunTable",
    "StoredWindows",
    "config_columns",
    "differences",
    "duration_text",
    "map_npz",
    "read_reconstruction",
    "read_results",
    "unit_of",
    "verdict",
    "window_csv",
]
