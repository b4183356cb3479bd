"""How things are said to a visitor: names of choices, text that came from outside, faults."""

import re
from collections.abc import Collection

import streamlit as st

from core.config import ExperimentConfig, NormalizationConfig, flatten
from core.number_text import agreeing, number_text
from core.results import field_title

METHODS = {
    "none": "None",
    "minmax": "Min-max to 0…1",
    "minmax_symmetric": "Min-max to −1…1",
    "standard": "Standard (z-score)",
    "robust": "Robust (quartiles)",
    "maxabs": "Largest magnitude",
    "log1p": "Signed log(1 + |x|)",
}
SCOPES = {"global": "all channels together", "channel": "per channel", "window": "per window"}

_KEPT_FAULT = "kept_fault"
_FIELDS = sorted(flatten(ExperimentConfig().model_dump()), key=len, reverse=True)
_GROUPS = "|".join(sorted({re.escape(name.rpartition(".")[0]) for name in _FIELDS if "." in name}))
_LEAVES = "|".join(name.rpartition(".")[2] for name in _FIELDS if "." in name)
_FIELD = re.compile(rf"\b(?:{_GROUPS})\.({_LEAVES})\b(=?)")
_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>$:~=^&@\"'])")

_ADDRESS = re.compile(r"https?(?=:)|www(?=\.)|(?=@)", re.IGNORECASE)  # begins a link by itself
_WORD_JOINER = "\u2060"  # of no width


def literal(text: str, limit: int = 60) -> str:
    """A name from a file or a visitor, so that Markdown shows it as it is, shortened.

    What looks like an address is no link: browsers are told so after escapes are undone.
    """
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    plain = plain if len(plain) <= limit else f"{plain[: limit - 1]}…"
    plain = _ADDRESS.sub(rf"\g<0>{_WORD_JOINER}", plain)
    return _MARKS.sub(r"\\\1", plain) or "(no name)"


def measured(value: float | None, unit: str) -> str:
    """A number with its unit, which may come from a file, as Markdown: `12.34 mV`."""
    return number_text(value, literal_unit(unit))


def literal_unit(unit: str) -> str:
    """A unit, as `literal` says a name; empty where there is none. Its hyphens become minus signs,
    as those of numbers do.
    """
    return literal(unit.replace("-", "−")) if unit else ""


def normalization_text(scaling: NormalizationConfig) -> str:
    """A normalization in a few words; `none` and `log1p` treat all channels alike, as they are."""
    method = METHODS[scaling.method].lower()
    return method if scaling.method in ("none", "log1p") else f"{method}, {SCOPES[scaling.scope]}"


def field_words(text: str) -> str:
    """A text with the fields of a configuration named as forms name them.

    `training.batch_size=64`, as the command line says it, becomes `batch size 64`.
    """
    return _FIELD.sub(lambda found: field_title(found[1]) + " " * bool(found[2]), text)


def faulty_fields(fields: Collection[str]) -> str:
    """That fields of the experiment in hand have a fault, and which."""
    said = "A field of the experiment has a fault", "Fields of the experiment have faults"
    return f"{agreeing(len(fields), *said)}: {', '.join(map(literal, fields))}"


def show_fault(error: Exception | str) -> None:
    """An error in words, shown as it is: it may quote names of the visitor's."""
    st.error(literal(field_words(str(error)), 700), icon=":material/error:")


def keep_fault(text: str) -> None:
    """Keep what went wrong in a callback, where nothing can be drawn; see `show_kept_fault`."""
    st.session_state[_KEPT_FAULT] = text


def show_kept_fault() -> None:
    """Show, once, what the last callback left by `keep_fault`."""
    if fault := st.session_state.pop(_KEPT_FAULT, ""):
        show_fault(fault)
