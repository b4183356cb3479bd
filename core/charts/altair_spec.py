"""What the charts made with Altair share: sizes, and how one becomes a dict without data."""

from collections.abc import Sequence
from typing import Any

AXIS_WIDTH = 56  # pixels, equal in charts above each other so that their time axes line up
FLUSH = 24  # pixels from an axis' end within which a label stays inside, where it would be cut
UNSEEN = 0.0005  # opacity of a mark for the pointer: at exactly 0 a canvas does not find it


def spec_of(chart: Any) -> dict[str, Any]:
    """The dict of a chart, or of a part of one, without data.

    Not validated here: that takes longer than all the rest, and the tests validate every chart.
    """
    spec = chart.to_dict(validate=False)
    for key in ("data", "datasets", "$schema", "config"):
        spec.pop(key, None)
    return spec


def layered(charts: Sequence[Any], **more: Any) -> dict[str, Any]:
    """Charts, or dicts of such, over each other. Altair's own `layer` copies all several times."""
    layers = [chart if isinstance(chart, dict) else spec_of(chart) for chart in charts]
    return {"layer": layers} | more


def stacked(views: list[dict[str, Any]], spacing: int, **more: Any) -> dict[str, Any]:
    """Views below each other. Altair's own `vconcat` copies all of them several times."""
    return {"vconcat": views, "spacing": spacing} | more


def shortened(name: str, limit: int) -> str:
    """A name cut to so many characters."""
    return name if len(name) <= limit else f"{name[: limit - 1]}…"
