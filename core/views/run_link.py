"""The address of a run's reconstructions, to be copied."""

from core import session
from core.views.copy_button import copy_button


def run_link(run_id: str, part: str = "", position: int = 0) -> None:
    """A button that copies a link to a run; with a part, to its window at `position`."""
    window = {"part": part, "window": str(position + 1)} if part else {}
    link = session.link("reconstructions", {"run": run_id} | window)
    copy_button(link, "Copy link", "copy-run")
