"""The cut into windows that a recording begins with when it is taken."""

from core.session.drafts import part
from core.windows import fitting_cut, has_room


def first_cut(shape: tuple[int, ...]) -> dict[str, int]:
    """Draft changes for a recording of a shape: its own windows where it comes in windows, and
    shorter ones where it has no room for those in hand.

    shape: `(time_steps, channels)` or `(windows, window_length, channels)`.
    """
    windows = part("windows")
    if windows is None or (len(shape) == 2 and has_room(shape, windows)):
        return {}
    cut = fitting_cut(shape, windows.validation_share)
    return dict(zip(("windows.window_length", "windows.stride"), cut, strict=True)) if cut else {}
