"""`outputs.jsonl` of a run: where the normalized output lay, epoch by epoch."""

from typing import Any

from core.output_lines import FILE, parse_lines
from core.runs import Run, RunUnreadable


def read_outputs(run: Run) -> list[dict[str, Any]]:
    """A dict a recorded epoch, as in `core.output_lines`; none for a run that recorded none.

    Torn and damaged lines are skipped. Raises RunUnreadable.
    """
    try:
        return parse_lines((run.folder / FILE).read_bytes())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunUnreadable(f"This run's {FILE} cannot be read: {error}") from error
