"""The app answers its visitors first: whatever computes beside it takes what it leaves."""

import os
from contextlib import suppress
from pathlib import Path

BACKGROUND = 10  # as of `nice`


def stand_back(niceness: int = BACKGROUND) -> None:
    """Lower the priority of this process and of all that it will start, threads too.

    To be called before there are any. Kernels that group processes by session weigh the sessions
    first, so that of a process that leads its own is lowered as well.
    """
    with suppress(OSError, AttributeError):  # AttributeError: not on every system
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
        if os.getsid(0) == os.getpid():
            Path("/proc/self/autogroup").write_text(str(niceness))
