"""What the charts made with Altair share: sizes, and how one becomes a dict without data."""

from typing import Any

AXIS_WIDTH = 56  # pixels, equal in charts above each other so that their time axes line up
FLUSH = 24  # pixels from an axis' end within which a label stays inside, where it would be cut
UNSEEN = 0.0005  # opacity of a mark for the pointer: at exactly 0 a canvas does not find it


def finished(chart: Any, views: int = 0) -> dict[str, Any]:
    """The dict of a chart without data, on a canvas; a selection of all rows where it has one.

    views: the number of rows that share the chart's selections; 0 for a chart of one view.
    """
    spec = chart.to_dict(validate=True)
    for key in ("data", "datasets", "$schema", "config"):
        spec.pop(key, None)
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}  # as wide as the page, all told
    spec["usermeta"] = {"embedOptions": {"renderer": "canvas"}}
    if views:
        names = []
        for row, child in enumerate(spec["vconcat"]):
            child["layer"][0]["name"] = f"row{row}"
            child.pop("data", None)
            names.append(f"row{row}")
        for param in spec["params"]:
            param["views"] = names
    return spec


def shortened(name: str, limit: int) -> str:
    """A name cut to so many characters."""
    return name if len(name) <= limit else f"{name[: limit - 1]}…"
