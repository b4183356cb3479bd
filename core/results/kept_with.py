"""What is worked out from an object, kept as long as the object is."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

Result = TypeVar("Result")

_MOST = 64  # results of one object


def kept_with_first(function: Callable[..., Result]) -> Callable[..., Result]:
    """A function that works each result out once, until its first argument is let go of.

    A cache of its own would hold on to the mapped files of runs that nobody looks at any more, or
    that were deleted. What is returned must not refer to that argument.
    """
    known: WeakKeyDictionary[Any, dict[tuple, Result]] = WeakKeyDictionary()
    lock = threading.Lock()

    @wraps(function)
    def kept(first: Any, *rest: Any) -> Result:
        with lock:
            mine = known.setdefault(first, {})
            if rest in mine:
                return mine[rest]
        result = function(first, *rest)
        with lock:
            mine[rest] = result
            if len(mine) > _MOST:
                del mine[next(iter(mine))]
        return result

    return kept
