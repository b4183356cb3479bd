"""A fault on purpose: what a test puts at the nth write, fsync or rename of the run folders.

`LAB_FAULT=<point>:<n>:<kill|enospc|eio>` in the environment of a process: point is `write`,
`sync`, `rename` or `any`; n counts from 1, and `3+` means the third and all after it. A fault in a
write leaves half of the data behind.
"""

import errno
import os
import re
import signal
from collections.abc import Mapping
from typing import NoReturn

VARIABLE = "LAB_FAULT"
POINTS = ("write", "sync", "rename")
_PLAN = re.compile(rf"({'|'.join(POINTS)}|any):([1-9]\d*)(\+?):(kill|enospc|eio)")
_ERRORS = {"enospc": errno.ENOSPC, "eio": errno.EIO}


class Faults:
    """Counts the points that are passed, and says at which of them the plan strikes.

    An empty plan only counts. Raises ValueError for one that is none.
    """

    def __init__(self, plan: str = ""):
        found = _PLAN.fullmatch(plan)
        if plan and not found:
            raise ValueError(f"{VARIABLE} is <point>:<n>:<kill|enospc|eio>. Received: {plan!r}")
        self._point, number, lasting, self._kind = found.groups() if found else ("", 0, "", "")
        self._number, self._is_lasting = int(number), bool(lasting)
        self._matched = 0
        self.passed: list[str] = []  # every point so far

    def is_due(self, point: str) -> bool:
        """To be called once at each point."""
        self.passed.append(point)
        if self._point not in (point, "any"):
            return False
        self._matched += 1
        return self._matched == self._number or (self._is_lasting and self._matched > self._number)

    def strike(self) -> NoReturn:
        """End this process at once, or raise the OSError."""
        if self._kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        code = _ERRORS[self._kind]
        raise OSError(code, os.strerror(code))


def planned(environment: Mapping[str, str]) -> Faults | None:
    """The faults that an environment asks for, which is none but in a test."""
    plan = environment.get(VARIABLE, "")
    return Faults(plan) if plan else None
