"""Which channels of a run's windows are drawn."""

import streamlit as st

FIRST_CHANNELS = 4
MOST_CHANNELS = 16  # at once


def shown_channels(run_id: str, labels: list[str]) -> list[int]:
    """A choice of channels, in the data's order; at first the first few."""
    first = list(range(min(len(labels), FIRST_CHANNELS)))
    if len(labels) < 2:
        return first
    key = _key(run_id)
    st.session_state.setdefault(key, first)
    chosen = st.multiselect(
        "Channels",
        range(len(labels)),
        format_func=labels.__getitem__,
        key=key,
        max_selections=MOST_CHANNELS,
    )
    return sorted(chosen)


def show_channel(run_id: str, channel: int) -> None:
    """Put a channel among those that are drawn. To be called from a callback."""
    key = _key(run_id)
    shown = st.session_state.get(key)
    if shown is not None and channel not in shown:
        st.session_state[key] = [*shown[: MOST_CHANNELS - 1], channel]


def _key(run_id: str) -> str:
    return f"channels-{run_id}"
