"""Which part of a recording is in view on the page Data."""

from dataclasses import dataclass

import streamlit as st

Range = tuple[float, float]  # two places on the time axis

_VIEW = "view"
_LEAST_STEPS = 10  # no range is narrower


@dataclass
class VisibleRange:
    """The range in view. A chart that pans by itself begins anew at `start` with each `turn`."""

    key: str  # of the recording
    domain: Range  # the whole recording
    least: float  # the least width of a range
    turn: int = 0
    start: Range | None = None  # None: the whole recording
    moved_to: Range | None = None  # the visitor panned or zoomed in the chart since

    @property
    def range(self) -> Range:
        return self.moved_to or self.start or self.domain

    def chart_key(self, name: str) -> str:
        """The key of a chart that begins anew with each turn."""
        return f"{name}-{self.key[:12]}-{self.turn}"

    def jump(self, low: float, high: float) -> None:
        """Show a range from outside the chart, kept within the recording."""
        first, last = self.domain
        width = min(max(high - low, self.least), last - first)
        low = min(max((low + high - width) / 2, first), last - width)
        self.start = None if width >= last - first else (low, low + width)
        self.moved_to = None
        self.turn += 1

    def moved(self, chart: str) -> None:
        """Callback: the chart with this key was panned or zoomed; a double click shows all."""
        chosen = _selected(chart, "view")
        if chosen:
            self.moved_to = chosen
        else:
            self.jump(*self.domain)

    def brushed(self, chart: str) -> None:
        """Callback: a range was dragged in the overview with this key."""
        chosen = _selected(chart, "range")
        if chosen and chosen[1] > chosen[0]:
            self.jump(*chosen)


def _selected(chart: str, selection: str) -> Range | None:
    chosen = st.session_state[chart]["selection"].get(selection, {}).get("t")
    return (float(chosen[0]), float(chosen[1])) if chosen else None


def visible_range(key: str, domain: Range, time_steps: int) -> VisibleRange:
    """The range in view of a recording; all of one that was not in view before."""
    view = st.session_state.get(_VIEW)
    if view is None or view.key != key:
        least = (domain[1] - domain[0]) * _LEAST_STEPS / time_steps
        view = st.session_state[_VIEW] = VisibleRange(key, domain, least)
    return view
