"""What visitors held is let go soon after they have left.

Streamlit looks for sessions whose browser has been gone for `server.disconnectedSessionTTL` seconds
only when another one goes, so that the last visitors' uploads would stay. And it can collect
garbage after every script run (`runner.postScriptGC`), which costs a third of each; here that is
done every few seconds for all of them.
"""

import ctypes
import gc
import logging
import sys
import threading
from functools import cache

from streamlit import runtime

from core.session.once import once

SECONDS = 10.0

_log = logging.getLogger(__name__)


@once
def let_go_of_the_gone() -> threading.Thread:
    """Start letting go, once in a process."""
    thread = threading.Thread(target=_loop, name="letting go", daemon=True)
    thread.start()
    return thread


def _loop() -> None:
    pause = threading.Event()
    while not pause.wait(SECONDS):
        if runtime.exists():
            release()


def release() -> None:
    """Forget the sessions whose time is over, and give their memory back to the system."""
    try:
        forget_gone_sessions()
    except Exception as error:  # a Streamlit with other insides: sessions go as it sees fit
        _log.warning("Sessions cannot be let go early: %s", error)
    gc.collect()
    if trim := _malloc_trim():
        trim(0)


def forget_gone_sessions() -> None:
    """On Streamlit's own thread. Raises AttributeError if its insides have changed."""
    running = runtime.get_instance()
    kept = running._session_mgr._session_storage._cache
    running._get_async_objs().eventloop.call_soon_threadsafe(kept.expire)


@cache
def _malloc_trim():
    """The C library's call; None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
