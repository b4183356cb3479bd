"""A browser's tab without the browser: it speaks the app's own protocol over a websocket.

It keeps the widgets' states and sends all of them with each request, asks for the rerun of a live
fragment by its own clock as the front end does (whether or not the last one has ended), and keeps
the hashes of large messages. It draws nothing, and looks into a message no further than it must.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.load.http_calls import call, multipart
from tests.load.widgets import first_state, key_of

_KEPT_RUNS = 2  # script runs until the front end forgets a large message
_DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


class AppFault(Exception):
    """The app did what it must not do under load, or did not answer in time."""


@dataclass
class Request:
    """A rerun that was asked for."""

    kind: str
    fragment: str  # id of the fragment; empty for the whole page
    sent: float = field(default_factory=time.perf_counter)
    done: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Tab:
    """One visitor. `note(kind, seconds)` hears how long reruns took, `fault(text)` of errors."""

    def __init__(self, url: str, note: Callable[[str, float], None], fault: Callable[[str], None]):
        self.url = url
        self.cookies: dict[str, str] = {}
        self.query = ""
        self.page = ""  # stem of the page in view
        self.session_id = ""
        self.widgets: dict[str, Any] = {}  # id: element, as drawn by the last run
        self._note, self._fault = note, fault
        self._place = urlsplit(url)
        self._states: dict[str, WidgetState] = {}
        self._fragment_of: dict[str, str] = {}  # widget id: fragment id
        self._pages: dict[str, str] = {}  # stem: hash
        self._page_hash = ""
        self._requests: list[Request] = []
        self._run_began = 0.0  # when the last run's first message came
        self._run_fragments: frozenset[str] = frozenset()
        self._goes_on = False  # the last run ended early, for another one
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._large: dict[str, int] = {}  # hash of a message: runs since it was last sent
        self._file_urls: asyncio.Future[Any] | None = None
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._is_leaving = False

    # What a visitor does

    async def open(self, page: str, query: str = "", kind: str = "open") -> None:
        """Come with an address, as a new visitor."""
        name = "" if page == "start" else page
        address = f"/{name}?{query}" if query else f"/{name}"
        for path in (address, "/_stcore/health", "/_stcore/host-config"):
            status, cookies = await self._call("GET", path)
            self.cookies |= cookies
            if status != 200:
                raise AppFault(f"GET {path}: status {status}")
        self.page, self.query = page, query
        self._socket = await connect(
            f"ws://{self._place.netloc}/_stcore/stream",
            subprotocols=["streamlit", self.cookies.get("_streamlit_xsrf") or "PLACEHOLDER"],
            origin=self.url,
            additional_headers={"Cookie": self._cookie_header()},
            max_size=None,
            open_timeout=30,
        )
        self._reader = asyncio.create_task(self._listen())
        await self._ask(kind, page_name=name)

    async def go(self, page: str, kind: str = "page") -> None:
        """Click a page in the sidebar."""
        self._stop_timers()
        self._states.clear()
        self.page, self.query = page, ""
        self._page_hash = self._pages[page]
        await self._ask(kind)

    async def change(self, state: WidgetState, kind: str) -> None:
        """Change a widget, or click it where the state is a trigger."""
        fragment = self._fragment_of.get(state.id, "")
        is_click = state.WhichOneof("value") == "trigger_value"
        if not is_click:
            self._states[state.id] = state
        await self._ask(kind, fragment=fragment, extra=[state] if is_click else [])

    async def rerun(self, kind: str) -> None:
        """Run the whole page again, as Streamlit's own key does."""
        await self._ask(kind)

    async def click(self, key: str, kind: str) -> None:
        await self.change(WidgetState(id=self.widget(key).id, trigger_value=True), kind)

    async def upload(self, key: str, name: str, content: bytes, kind: str) -> None:
        """Give a file to an uploader: it goes up first, then the page is run with it."""
        self._file_urls = asyncio.get_running_loop().create_future()
        message = BackMsg()
        message.file_urls_request.request_id = name
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self.session_id
        await self._send(message)
        place = (await asyncio.wait_for(self._file_urls, 30)).file_urls[0]
        body, content_type = multipart(name, content)
        began = time.perf_counter()
        status, _ = await self._call(
            "PUT",
            place.upload_url,
            {"Content-Type": content_type, "X-Xsrftoken": self.cookies["_streamlit_xsrf"]},
            body,
        )
        self._note("upload: the file itself", time.perf_counter() - began)
        if status != 204:
            raise AppFault(f"upload of {name}: status {status}")
        state = WidgetState(id=self.widget(key).id)
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(content), place.file_id
        info.file_urls.CopyFrom(place)
        await self.change(state, kind)

    def widget(self, key: str) -> Any:
        """The drawn widget with a key of the app's, whatever its revision. Raises AppFault."""
        for widget_id, element in self.widgets.items():
            if key_of(widget_id) == key:
                return element
        raise AppFault(f"there is no widget {key} on the page {self.page}")

    def has_widget(self, key: str) -> bool:
        return any(key_of(widget_id) == key for widget_id in self.widgets)

    @property
    def is_live(self) -> bool:
        """Whether a part of the page is drawn anew by the clock."""
        return bool(self._timers)

    async def leave(self) -> None:
        """Close the tab."""
        self._is_leaving = True
        self._stop_timers()
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader

    # Requests

    async def _call(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, dict[str, str]]:
        cookie = {"Cookie": self._cookie_header()} if self.cookies else {}
        host, port = self._place.hostname or "", self._place.port or 80
        return await call(host, port, method, path, headers=cookie | (headers or {}), body=body)

    def _cookie_header(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    async def _ask(
        self,
        kind: str,
        *,
        fragment: str = "",
        page_name: str = "",
        extra: list[WidgetState] | None = None,
    ) -> None:
        """Ask for a rerun and wait until it is over. Raises AppFault after a minute."""
        request = Request(kind, fragment)
        self._requests.append(request)
        await self._send_rerun(fragment, page_name=page_name, extra=extra or [])
        try:
            await asyncio.wait_for(request.done, 60)
        except TimeoutError:
            raise AppFault(f"{kind}: no end within 60 s") from None

    async def _send_rerun(
        self, fragment: str, *, page_name: str = "", extra: list[WidgetState], clock: bool = False
    ) -> None:
        state = ClientState(
            query_string=self.query,
            page_script_hash=self._page_hash,
            page_name=page_name,
            fragment_id=fragment,
            is_auto_rerun=clock,
            cached_message_hashes=self._large,
        )
        state.widget_states.widgets.extend([*self._states.values(), *extra])
        state.widget_states.SetInParent()
        context = state.context_info
        context.timezone, context.locale, context.color_scheme = "UTC", "en-US", "light"
        context.url = f"{self.url}/{self.page}"
        await self._send(BackMsg(rerun_script=state))

    async def _send(self, message: BackMsg) -> None:
        if self._socket is None:
            raise AppFault("the tab is not open")
        await self._socket.send(message.SerializeToString())

    def _tick(self, fragment: str, interval: float) -> None:
        """The front end's clock: it asks again, whether or not the last rerun is over."""
        if self._is_leaving or fragment not in self._timers:
            return
        self._start_timer(fragment, interval)
        self._requests.append(Request(f"live view of {self.page}", fragment))
        task = asyncio.create_task(self._send_rerun(fragment, extra=[], clock=True))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _start_timer(self, fragment: str, interval: float) -> None:
        loop = asyncio.get_running_loop()
        self._timers[fragment] = loop.call_later(interval, self._tick, fragment, interval)

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    # Answers

    async def _listen(self) -> None:
        try:
            async for frame in self._socket:
                message = ForwardMsg.FromString(frame)
                kind = message.WhichOneof("type")
                if kind == "delta":
                    self._hear_delta(message)
                elif hear := getattr(self, f"_hear_{kind}", None):
                    hear(message)
        except ConnectionClosed:
            pass
        if not self._is_leaving:
            self._fault(f"disconnected on the page {self.page}")

    def _hear_delta(self, message: ForwardMsg) -> None:
        if message.metadata.cacheable:
            self._large[message.hash] = 0
        delta = message.delta
        if delta.WhichOneof("type") != "new_element":
            return
        kind = delta.new_element.WhichOneof("type")
        if kind in ("markdown", "vega_lite_chart", "progress", "html"):
            return
        element = getattr(delta.new_element, kind)
        if kind == "exception":
            self._fault(f"exception on {self.page}: {element.type}: {element.message[:300]}")
        elif kind == "alert" and element.format == Alert.ERROR:
            self._fault(f"error on {self.page}: {element.body[:300]}")
        elif widget_id := getattr(element, "id", ""):
            self._hear_widget(kind, widget_id, element, delta.fragment_id)

    def _hear_widget(self, kind: str, widget_id: str, element: Any, fragment: str) -> None:
        self._fragment_of[widget_id] = fragment
        is_new = widget_id not in self._states or getattr(element, "set_value", False)
        self.widgets[widget_id] = element
        if is_new and (state := first_state(kind, element)) is not None:
            self._states[widget_id] = state

    def _hear_ref_hash(self, message: ForwardMsg) -> None:
        self._large[message.ref_hash] = 0

    def _hear_new_session(self, message: ForwardMsg) -> None:
        new = message.new_session
        self.session_id = new.initialize.session_id
        self._page_hash = new.page_script_hash
        self._run_began = time.perf_counter()
        self._run_fragments = frozenset(message.metadata.run.fragment_ids)
        if not self._run_fragments:
            self._stop_timers()
            self.widgets.clear()
            self._fragment_of.clear()

    def _hear_script_finished(self, message: ForwardMsg) -> None:
        if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self._fault(f"the script of {self.page} does not compile")
        self._goes_on = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
        if message.script_finished not in _DONE:
            return
        is_whole = not self._run_fragments
        if is_whole:
            self._states = {key: self._states[key] for key in self.widgets if key in self._states}
        self._large = {key: age + 1 for key, age in self._large.items() if age < _KEPT_RUNS}
        for request in self._requests:
            if request.sent <= self._run_began and bool(request.fragment) != is_whole:
                self._resolve(request)
                break

    def _hear_session_status_changed(self, message: ForwardMsg) -> None:
        """What was asked for before the last run began was done with it, if not alone."""
        if not message.session_status_changed.script_is_running and not self._goes_on:
            for request in [r for r in self._requests if r.sent <= self._run_began]:
                self._resolve(request)

    def _resolve(self, request: Request) -> None:
        self._requests.remove(request)
        self._note(request.kind, time.perf_counter() - request.sent)
        if not request.done.done():
            request.done.set_result(None)

    def _hear_auto_rerun(self, message: ForwardMsg) -> None:
        asked = message.auto_rerun
        if asked.fragment_id not in self._timers:
            self._start_timer(asked.fragment_id, asked.interval)

    def _hear_stop_auto_rerun(self, message: ForwardMsg) -> None:
        for fragment in message.stop_auto_rerun.fragment_ids:
            if timer := self._timers.pop(fragment, None):
                timer.cancel()

    def _hear_navigation(self, message: ForwardMsg) -> None:
        for page in message.navigation.app_pages:
            self._pages[page.url_pathname or "start"] = page.page_script_hash
        if message.navigation.page_script_hash:
            self._page_hash = message.navigation.page_script_hash

    def _hear_page_info_changed(self, message: ForwardMsg) -> None:
        self.query = message.page_info_changed.query_string

    def _hear_file_urls_response(self, message: ForwardMsg) -> None:
        if self._file_urls is not None and not self._file_urls.done():
            self._file_urls.set_result(message.file_urls_response)

    def _hear_page_not_found(self, message: ForwardMsg) -> None:
        self._fault(f"page not found: {message.page_not_found.page_name}")
