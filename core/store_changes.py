"""How often the runs of a folder have changed: a reader who knows need not look at each of them.

`.changes`, beside the runs, grows by a byte with each change, whichever process makes it: a size
tells two changes apart where a clock's tick does not. It is a hint for what is shown, no record: a
change that could not be noted, such as one by hand, is seen some seconds later. What must not miss
a run, the queue and whatever removes for good, looks at all of them.
"""

import os
from contextlib import suppress
from pathlib import Path

from core import durable

FILE = ".changes"


def note(root: Path) -> None:
    """Tell all readers that a run was made, removed, or given another status: after the fact."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with suppress(OSError):
        descriptor = os.open(root / FILE, flags, 0o666)
        try:
            durable.write(descriptor, b".")
        finally:
            os.close(descriptor)


def noted(root: Path) -> tuple[int, int] | None:
    """What differs after a change; None where nothing was ever noted. To be asked before a look."""
    try:
        found = os.lstat(root / FILE)
    except OSError:
        return None
    return found.st_ino, found.st_size
