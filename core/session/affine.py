"""Floors of the data under any factor and offset, made ready once for each content."""

import streamlit as st

from core.affine_floors import AffineFloors
from core.config import ExperimentConfig
from core.session.data import split
from core.signals.store import recording_key
from core.windows import Split


def affine_floors(config: ExperimentConfig) -> AffineFloors:
    """Of the experiment's windows; fitted to all channels together where its normalization is.

    Raises DataError.
    """
    scope = "global" if config.normalization.scope == "global" else "channel"
    key = (recording_key(config.data), config.windows.model_dump_json(), config.training.seed)
    return _affine_floors(key, scope, split(config))


@st.cache_resource(show_spinner="Sorting the values…", max_entries=8)
def _affine_floors(key: tuple[object, ...], scope: str, _parts: Split) -> AffineFloors:
    return AffineFloors(_parts, scope)


def forget_recordings() -> None:
    """Let go of what was made of recordings: one was removed for good."""
    _affine_floors.clear()
