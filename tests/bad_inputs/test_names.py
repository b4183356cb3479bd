"""Lines 40 to 43: names that are markup, paths into data, endless or unseen."""

import json
import re
import unicodedata

import pytest

from core import session
from core.charts import clipping, compared_windows, reconstruction, signals, value_counts
from core.charts.channels import histogram_spec
from core.signals.readers.channel_names import MAX_NAME_LENGTH, clean_name, unique_names

TIME = "Time (s)"
NAMES = {
    "script": "<script>alert(1)</script>",
    "formula": "$x^2$",
    "colour": ":red[x]",
    "image": "![](http://a/b)",
    "path": "a.b[0]:'c",
    "expression": "' + datum.v + '",
    "bracket": "a[b",
    "long": "n" * 4096,
    "Hebrew": "שלום",
    "turned": "\u202eevil\u200b\u2066x",
    "spaces": " a \t\n b ",
}
SPECS = {
    "signals": lambda name: signals.signal_spec((name,), (0,), TIME, "mV", (0.0, 9.0)),
    "overview": lambda name: signals.overview_spec(TIME, (0.0, 9.0), name),
    "histogram": lambda name: histogram_spec(name, 0, "mV"),
    "clipping": lambda name: clipping.clipping_spec(name, "mV", TIME),
    "overlay": lambda name: reconstruction.overlay_spec(name, "mV", TIME),
    "compared": lambda name: compared_windows.compared_spec(name, "mV", TIME, (("One", 1),), "One"),
    "values": lambda name: value_counts.value_counts_spec(name, "mV", "ReLU", (0.0,)),
}
SHOWN = {"title", "text", "description"}  # what a chart writes as it is


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_from_files_become_one_short_visible_line(name):
    cleaned = clean_name(name)
    assert 1 <= len(cleaned) <= MAX_NAME_LENGTH
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Cn") for c in cleaned)
    assert clean_name(cleaned) == cleaned
    unique = unique_names([name] * 3)[0]
    assert unique[0] == cleaned
    assert len(set(unique)) == 3


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_markdown_shows_a_name_as_it_is(name):
    shown = session.literal(name)
    for mark in "<>$:[]()!*_`#":
        bare = shown.replace(f"\\{mark}", "")
        assert mark not in bare
    assert len(shown.replace("\\", "")) <= 60
    assert not any(c in shown for c in "\u202e\u200b\u2066")


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("chart", SPECS)
def test_a_name_is_only_ever_a_text_in_a_chart(chart, name):
    cleaned = clean_name(name)
    assert not list(_differing(_written(chart, cleaned), _written(chart, "plain"), ""))


def _written(chart: str, name: str) -> dict:
    """The chart as it goes to the browser; its parts are called after a hash of their content."""
    return json.loads(re.sub(r"view_[0-9a-f]{16}", "view", json.dumps(SPECS[chart](name))))


def _differing(one, other, key: str):
    """The places in which two charts differ, but for what they write as it is."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for inner in one:
            yield from _differing(one[inner], other[inner], inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for left, right in zip(one, other, strict=True):
            yield from _differing(left, right, key)
    elif one != other and key not in SHOWN:
        yield key, one, other
