"""Durations in words, and what a run's error is made of in a sentence."""

import math

from core.number_text import count_text, number_text, unit_of
from core.results.errors_file import Results

HARDLY = 0.001  # of an error: a floor below is not worth a number
SAME = 0.005  # by a smaller share of itself, PCA's error does not differ from a model's


def duration_text(seconds: float | None) -> str:
    """`8 s`, `3 min 20 s`, `2 h 5 min`; a dash for what is not known."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def error_sentence(results: Results, measure: str = "mae") -> str:
    """What the validation error is made of and stands beside, in a sentence of numbers.

    `MAE 6.1: none of it is clipping; 2.1 above PCA of the same size; a constant would be 12.4.`
    What that means for the run, `core.diagnosis` says.
    """
    error = results.errors["validation"][measure]
    if math.isnan(error):
        return "The errors of this run are not known."
    unit = unit_of(measure, results.unit)
    clauses = [_clipping(results, measure), _beside_pca(results, measure)]
    constant = results.constant["validation"][measure]
    if math.isfinite(constant):
        clauses.append(f"a constant would be {number_text(constant, unit)}")
    clauses = [clause for clause in clauses if clause]
    head = f"{measure.upper()} {number_text(error, unit)}"
    return f"{head}: {'; '.join(clauses)}." if clauses else ""


def _clipping(results: Results, measure: str) -> str:
    floor = results.visible_floor("validation", measure)
    if math.isnan(floor):
        return ""
    if floor == 0 or floor < HARDLY * results.errors["validation"][measure]:
        return ("none" if floor == 0 else "hardly any") + " of it is clipping"
    return f"{number_text(floor, unit_of(measure, results.unit))} of it is clipping"


def _beside_pca(results: Results, measure: str) -> str:
    """The gap to as many principal components as the model has latent values."""
    error, pca = results.errors["validation"][measure], results.pca["validation"][measure]
    if math.isnan(pca):
        return ""
    name = _pca_name(results)
    if pca <= 1e-6 * results.constant["validation"][measure]:
        ratio = results.compression_ratio
        why = ", as there is no bottleneck" if ratio is not None and ratio <= 1 else ""
        return f"{name} is exact{why}"
    gap = number_text(abs(error - pca), unit_of(measure, results.unit))
    if abs(error - pca) < SAME * pca:
        return f"as good as {name}"
    return f"{gap} {'better than' if error < pca else 'above'} {name}"


def _pca_name(results: Results) -> str:
    """What PCA has the size of, unless the windows it was fitted to, which may be some of many,
    were too few for so many components."""
    components, windows = results.pca_components, results.pca_windows
    if components is None or windows is None or components < windows - 1:
        return "PCA of the same size"
    count = count_text(components, "component")
    return f"PCA with {count} (one less than the windows it was fitted to)"
