"""Floors and tables of floors, as the page says them."""

from collections.abc import Iterable, Sequence

import streamlit as st

from core import session
from core.config import NormalizationConfig
from core.matrix import Cell
from core.number_text import number_text, share_text
from core.output_range import ACTIVATIONS
from core.views.explain.lesson import Lesson


def scaling_text(scaling: NormalizationConfig) -> str:
    """`no normalization`, or `standard (z-score), per channel`."""
    return "no normalization" if scaling.method == "none" else session.normalization_text(scaling)


def after(lesson: Lesson) -> str:
    """How a sentence on the targets begins: `After standard (z-score), per channel,`."""
    if lesson.scaling.method == "none":
        return "Without normalization,"
    return f"After {scaling_text(lesson.scaling)},"


def mae_text(lesson: Lesson, cell: Cell, part: str) -> str:
    """`MAE 0.12 mV`"""
    return f"MAE {number_text(lesson.mae(cell, part), lesson.unit)}"


def floor_text(lesson: Lesson, cell: Cell) -> str:
    """`floor 0`, or `floor MAE 0.1 on training, MAE 0.2 on validation`."""
    if lesson.is_free(cell):
        return "floor 0"
    train, validation = (mae_text(lesson, cell, part) for part in ("train", "validation"))
    return f"floor {train} on training, {validation.removeprefix('MAE ')} on validation"


def outside(cell: Cell, part: str) -> float:
    """The share of a part's values that the cell cannot say, mean over channels."""
    floor = getattr(cell, part)
    return float((floor.below_share + floor.above_share).mean())


def outcome(lesson: Lesson, cell: Cell) -> str:
    """What the pair comes to on this data, in a few words."""
    train, validation = (lesson.mae(cell, part) for part in ("train", "validation"))
    if cell.kind == "saturation":
        return f"says {at_open_ends(cell)} of the values only in saturation"
    if train > 0:
        words = f"cuts {share_text(outside(cell, 'train'))} of the training values"
        return words if cell.kind == "impossible" else f"{words}, by little"
    if validation > 0:
        words = f"reaches training, cuts {share_text(outside(cell, 'validation'))} of validation"
        return words if cell.kind == "validation" else f"{words}, by little"
    if on_ends := at_open_ends(cell):
        return f"reaches every value but {on_ends} on an end it only comes near to"
    return "reaches every value"


def at_open_ends(cell: Cell) -> str:
    """The share of training values on ends that are approached but never said; empty without."""
    share = float(cell.train.at_open_end_share.mean())
    return share_text(share) if share > 0 else ""


def floor_table(lesson: Lesson, head: str, rows: Iterable[tuple[str, Cell]]) -> None:
    """Pairs with their floors in both parts; narrow enough for a phone.

    head: of the first column; rows: what it says, Markdown of the program's own, and the cell.
    """
    lines = [f"| {head} | Training | Valid. |", "|---|--:|--:|"]
    for text, cell in rows:
        floors = [number_text(lesson.mae(cell, part)) for part in ("train", "validation")]
        lines.append(f"| {text} | {' | '.join(floors)} |")
    st.markdown("\n".join(lines))
    unit = lesson.unit or "in the data's units"
    st.caption(f"The error floor (MAE, {unit}) in training and validation: no model gets below it.")


def methods_table(lesson: Lesson, activation: str, methods: Sequence[str]) -> None:
    """One activation after several normalizations, the experiment's first."""
    rows = []
    for name in dict.fromkeys([lesson.scaling.method, *methods]):
        cell = lesson.cell(activation, name)
        title = method_text(name)
        title = f"**{title}** (yours)" if name == lesson.scaling.method else title
        text = f"{title}: {share_text(outside(cell, 'train'))} out of reach"
        if on_ends := at_open_ends(cell):
            text += f", {on_ends} on an end it only comes near to"
        rows.append((text, cell))
    floor_table(lesson, f"{ACTIVATIONS[activation].title} with", rows)


def method_text(method: str) -> str:
    return "no normalization" if method == "none" else session.METHODS[method].lower()


def source(text: str) -> None:
    st.caption(f":material/menu_book: {text}")
