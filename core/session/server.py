"""The server around the app: what is done once when it starts, and what is added to its answers."""

import asyncio
import base64
import hashlib
import os
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import streamlit as st
from anyio import to_thread
from starlette.middleware import Middleware
from streamlit import config, delta_generator, file_util
from streamlit.runtime import get_instance

from core.public import PublicSettings
from core.session.machine import work_ahead
from core.session.shell import warm_up
from core.upload_pieces import PIECE_BYTES, UploadPieces
from core.upload_room import UploadRoom
from core.web import SafeAnswers

_REMEMBERED_SECONDS = 365 * 86_400  # by a browser that opens no page, longer than what it made
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)

SORRY = (
    "Something went wrong while this page was drawn. Runs and data are not affected: reload the "
    "page, or go to another one."
)


def server_options() -> dict[str, Any]:
    """What `st.App` is told besides its script. Raises ValueError for a faulty LAB_PUBLIC_… ."""
    settings = PublicSettings.from_environment(os.environ)
    _take_bodies_in_large_pieces()
    _leave_the_source_files_alone()
    _rest_while_nothing_happens()
    _take_a_click_once()
    keep_seconds, middleware = None, [Middleware(UploadPieces)]
    if settings is not None:
        _keep_the_caches_of_all()
        keep_seconds = _REMEMBERED_SECONDS + round(settings.keep_hours * 3600)
        largest = min(config.get_option("server.maxUploadSize"), settings.max_upload_mb)
        config.set_option("server.maxUploadSize", largest)
        most = 2 * (largest + 1) * 2**20
        middleware.insert(0, Middleware(partial(UploadRoom, held=_held_uploads, most_bytes=most)))
    index = (Path(file_util.get_static_dir()) / "index.html").read_text(encoding="utf-8")
    safe = partial(
        SafeAnswers,
        base_path=config.get_option("server.baseUrlPath").strip("/"),
        script_hashes=script_hashes(index),
        keep_seconds=keep_seconds,
    )
    return {
        "middleware": [Middleware(safe), *middleware],
        "lifespan": _while_serving,
        "on_script_error": _say_sorry,
    }


def script_hashes(page: str) -> list[str]:
    """The hashes by which a content security policy lets the scripts within a page run."""
    return [
        "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in _INLINE.findall(page)
    ]


def _take_bodies_in_large_pieces() -> None:
    """Let uvicorn read ahead as much of a body as is handed on at a time.

    By itself it stops and begins to read with each 64 kB, which took most of an upload's time.
    """
    for protocol in ("h11_impl", "httptools_impl"):
        with suppress(ImportError):  # httptools need not be there
            import_module(f"uvicorn.protocols.http.{protocol}").HIGH_WATER_LIMIT = PIECE_BYTES


def _leave_the_source_files_alone() -> None:
    """Keep Streamlit from asking, at the first element of all, whether this is a Python prompt.

    The stack tells it, for which Python looks up the source file of every module that is loaded:
    a tenth of the time to the first page.
    """
    delta_generator._use_warning_has_been_displayed = True


def _rest_while_nothing_happens() -> None:
    """Keep Streamlit from looking at its configuration five times a second, and uvicorn from asking
    itself ten times a second whether to end: most of what an idle app takes of a core, and each
    look holds up a training. A changed configuration counts from the next start."""
    if config.get_option("server.fileWatcherType") == "none":
        with suppress(ImportError):
            watcher = import_module("streamlit.watcher.polling_path_watcher").PollingPathWatcher
            watcher._schedule = lambda self: None  # the look that is due is the last one
    with suppress(ImportError):
        import_module("uvicorn").Server.main_loop = _main_loop


async def _main_loop(server: Any) -> None:
    """As uvicorn's, which counts tenths of a second, but each half a second."""
    tenths = 0
    while not await server.on_tick(tenths):
        tenths = (tenths + 5) % 864_000
        await asyncio.sleep(0.5)


def _take_a_click_once() -> None:
    """Take the clicks out of what a timer of the page sends.

    The browser keeps a click for a moment before it sends it. A fragment's timer that fires in this
    moment sends it too (Streamlit 1.67): a pause became a pause and a play, and a start could have
    become two runs.
    """
    with suppress(ImportError, AttributeError):
        app_session = import_module("streamlit.runtime.app_session").AppSession
        requests = import_module("streamlit.runtime.scriptrunner_utils.script_requests")
        app_session.request_rerun = _without_clicks_of_timers(
            app_session.request_rerun, requests._has_active_trigger_value
        )


def _without_clicks_of_timers(
    take: Callable[[Any, Any], None], is_click: Callable[[Any], bool]
) -> Callable[[Any, Any], None]:
    if hasattr(take, "__wrapped__"):
        return take

    @wraps(take)
    def request_rerun(session: Any, client_state: Any) -> None:
        if client_state is not None and client_state.is_auto_rerun:
            widgets = client_state.widget_states.widgets
            for widget in [widget for widget in widgets if is_click(widget)]:
                widgets.remove(widget)
        take(session, client_state)

    return request_rerun


def _keep_the_caches_of_all() -> None:
    """Clear no cache for a browser. Streamlit does so for any that sends the message, whatever its
    menu offers: every visitor would wait for what all had worked out."""
    with suppress(ImportError, AttributeError):
        app_session = import_module("streamlit.runtime.app_session").AppSession
        if app_session._handle_clear_cache_request:  # or it is called otherwise by now
            app_session._handle_clear_cache_request = lambda self: None


def _held_uploads() -> dict[str, int]:
    """The bytes of uploads in memory of each session."""
    files = getattr(get_instance().uploaded_file_mgr, "file_storage", {})
    held = list(files.items())  # other threads add and remove
    return {session: sum(len(file.data) for file in list(kept.values())) for session, kept in held}


@asynccontextmanager
async def _while_serving(app: Any) -> AsyncGenerator[None, None]:
    await to_thread.run_sync(warm_up)
    work_ahead()
    yield


def _say_sorry(error: Exception) -> bool:
    """Instead of Streamlit's own box; the traceback goes to the log of the server alone."""
    st.error(SORRY, icon=":material/error:")
    return True
