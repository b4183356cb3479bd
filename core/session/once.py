"""What there is once in a process: threads, queues, and whatever keeps count for all sessions."""

import threading
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar

Maker = TypeVar("Maker", bound=Callable[..., Any])


def once(make: Maker) -> Maker:
    """A function whose result is made once for its arguments, also if several threads ask at first.

    Not in a cache of Streamlit's, which a browser can ask to clear: a thread that was started goes
    on without it, and another would be started beside it.
    """
    made, making = cache(make), threading.RLock()

    @wraps(make)
    def asked(*arguments: Any) -> Any:
        with making:
            return made(*arguments)

    return asked
