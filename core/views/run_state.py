"""The states and names of runs, in words."""

from core import session
from core.runs import RunSummary

STATES = {  # state: word, colour, icon
    "queued": ("waiting", "gray", ":material/hourglass_empty:"),
    "starting": ("starting", "blue", ":material/play_circle:"),
    "running": ("training", "blue", ":material/play_circle:"),
    "paused": ("paused", "orange", ":material/pause_circle:"),
    "finished": ("finished", "green", ":material/check_circle:"),
    "cancelled": ("cancelled", "gray", ":material/cancel:"),
    "failed": ("failed", "red", ":material/error:"),
    "interrupted": ("interrupted", "orange", ":material/power_off:"),
    "damaged": ("damaged", "red", ":material/broken_image:"),
    "newer": ("newer", "orange", ":material/update:"),
}
SHOWABLE = frozenset(STATES) - {"damaged", "newer"}


def state_badge(state: str) -> str:
    word, colour, icon = STATES[state]
    return f":{colour}-badge[{icon} {word}]"


def display_name(name: str) -> str:
    """A run's name as Markdown that shows it literally."""
    return session.literal(name, 80) if name.strip() else "Run without a name"


def option_name(item: RunSummary) -> str:
    """A run in a box of choices, which shows text literally."""
    return f"{item.sequence} · {item.name or 'without a name'} · {STATES[item.state][0]}"
