"""How things are said to a visitor: names of choices, text that came from outside, faults."""

import re
from collections.abc import Collection
from typing import Any

import streamlit as st

from core.config import ExperimentConfig, NormalizationConfig, flatten
from core.number_text import agreeing, number_text
from core.output_range import ACTIVATIONS
from core.results import field_title, value_texts

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

FIELD_TITLES = {  # what forms call fields that they do not call by their own names
    "name": "name of the run",
    "data.name": "signal",
    "data.seed": "seed of the signal",
    "data.anomalies": "kinds of anomalies",
    "data.anomaly_count": "how many anomalies",
    "data.reading.decimal": "decimal mark",
    "data.reading.thousands": "thousands mark",
    "data.reading.comment": "comment mark",
    "data.reading.id_column": "series column",
    "data.reading.unit": "unit of the values",
    "data.reading.missing": "missing values",
    "windows.split": "validate on",
    "normalization.method": "normalization",
    "normalization.scope": "fitted",
    "normalization.clip_percentile": "clipping",
    "training.keep_best": "keep the best",
    "training.schedule": "learning rate over time",
    "training.decay_epochs": "epochs until the learning rate falls",
    "training.decay_factor": "share that the learning rate falls to",
    "training.backend": "back end",
}
_VALUE_TITLES = {  # of the fields whose choices have names
    "normalization.method": {name: title.lower() for name, title in METHODS.items()},
    "normalization.scope": SCOPES,
    "model.output_activation": {name: known.title for name, known in ACTIVATIONS.items()},
}

_KEPT_FAULT = "kept_fault"
_FIELDS = sorted(flatten(ExperimentConfig().model_dump()), key=len, reverse=True)
_GROUPS = "|".join(sorted({re.escape(name.rpartition(".")[0]) for name in _FIELDS if "." in name}))
_LEAVES = "|".join(name.rpartition(".")[2] for name in _FIELDS if "." in name)
_FIELD = re.compile(rf"\b((?:{_GROUPS})\.(?:{_LEAVES}))\b(=?)")
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


def field_name(field: str) -> str:
    """A dotted field, or a part of one, as forms name it: `filters`, `filters, number 2`.

    What is no field is named as it was given.
    """
    path, _, place = field.rpartition(".")
    if place.isdecimal() and path in _FIELDS:
        return f"{field_name(path)}, number {int(place) + 1}"
    known = field_title(field.rpartition(".")[2]) if field in _FIELDS else field
    return FIELD_TITLES.get(field, known)


def setting_text(field: str, value: Any) -> str:
    """A field with its value, as forms name both: `batch size 64`, `output activation ReLU`."""
    (text,) = value_texts([value])
    return f"{field_name(field)} {_VALUE_TITLES.get(field, {}).get(text, text) or 'none'}"


def fault_text(field: str, text: str) -> str:
    """What is wrong with a field: `Batch size: It must be at least 1. Received: 0`."""
    name = field_name(field)
    return f"{name[:1].upper()}{name[1:]}: {text}" if name != field else f"{field}: {text}"


def field_words(text: str) -> str:
    """A text with the fields of a configuration named as forms name them.

    `Set training.batch_size=64`, as the command line says it, becomes `Set batch size 64`.
    """
    named = _FIELD.sub(lambda found: field_name(found[1]) + " " * bool(found[2]), text)
    return f"{named[:1].upper()}{named[1:]}" if _FIELD.match(text) else named


def faulty_fields(fields: Collection[str]) -> str:
    """That fields of the experiment in hand have a fault, and which."""
    named = ", ".join(literal(field_name(field)) for field in fields)
    said = "A field of the experiment has a fault", "Fields of the experiment have faults"
    return f"{agreeing(len(fields), *said)}: {named}"


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
