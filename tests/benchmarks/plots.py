"""Small line plots for the README: SVG that is readable on light and on dark pages."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "performance"

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 420, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 50, 44
_LETTER = 7  # pixels wide, about
_COLOURS = ("#0072b2", "#d55e00", "#009e73")  # Okabe and Ito, told apart by the colour-blind
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#24292f}.grid{stroke:#8884}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}}"
)


def line_plot(
    path: Path, title: str, x_title: str, y_title: str, lines: Mapping[str, Points]
) -> None:
    """Write a plot with logarithmic axes; `lines` by the names that the legend has for them.

    All numbers are above 0.
    """
    points = [point for line in lines.values() for point in line]
    across = _Axis([x for x, _ in points], _LEFT, _WIDTH - _RIGHT)
    up = _Axis([y for _, y in points], _HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img"><style>{_STYLE}</style>',
        f"<title>{escape(title)}</title>",
        _text(_LEFT, 18, title, "font-weight:600"),
    ]
    for tick in up.ticks():
        y = up.place(tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(_text(_LEFT - 6, y + 4, _short(tick), "text-anchor:end"))
    for tick in across.ticks():
        x = across.place(tick)
        parts.append(f'<path class="grid" d="M{x:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        parts.append(_text(x, _HEIGHT - _BOTTOM + 16, _short(tick), "text-anchor:middle"))
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(_text(middle, _HEIGHT - 8, x_title, "text-anchor:middle"))
    y = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text transform="translate(14 {y:.0f}) rotate(-90)" style="text-anchor:middle">'
        f"{escape(y_title)}</text>"
    )
    name_at = _LEFT
    for (name, line), colour in zip(lines.items(), _COLOURS, strict=False):
        places = [(across.place(x), up.place(y)) for x, y in line]
        path_text = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="M{path_text}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        if len(lines) > 1:
            parts.append(_text(name_at, 38, name, f"fill:{colour}"))
            name_at += _LETTER * len(name) + 16
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")


class _Axis:
    """A logarithmic axis from one pixel to another."""

    def __init__(self, values: Sequence[float], first: float, last: float):
        low, high = math.log10(min(values)), math.log10(max(values))
        margin = max(0.06 * (high - low), 0.1)
        self._low, self._high = low - margin, high + margin
        self._first, self._last = first, last

    def place(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._first + share * (self._last - self._first)

    def ticks(self) -> list[float]:
        """Powers of ten, with 2 and 5 between them where there are few."""
        exponents = range(math.floor(self._low), math.ceil(self._high) + 1)
        steps = (1,) if self._high - self._low > 2.5 else (1, 2, 5)
        found = [step * 10.0**exponent for exponent in exponents for step in steps]
        return [tick for tick in found if self._low <= math.log10(tick) <= self._high]


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" style="{style}">{escape(text)}</text>'


def _short(number: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"
