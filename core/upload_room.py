"""How much of uploads may lie in the server's memory: an ASGI middleware, without Streamlit.

Streamlit limits each file, and keeps it in memory as long as its session lives; a program could
send any number of files to one session, or announce them and send nothing.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable

from core.web import App, Message, Receive, Scope, Send, header_of

_PLACE = re.compile(r"/_stcore/upload_file/(?P<session>[^/]+)/[^/]+$")
_SHARE = 10  # sessions that may hold all they are allowed at the same time
_FULL = b"This session, or this server, holds too many uploads. Delete one, or try later."
_SLOW = b"The file came too slowly. Try again."

Held = Callable[[], dict[str, int]]  # bytes in memory of each session


def is_upload(scope: Scope) -> bool:
    """Whether a request brings a file to a session."""
    is_put = scope["type"] == "http" and scope["method"] == "PUT"
    return is_put and _PLACE.search(scope.get("path", "")) is not None


class UploadRoom:
    """Refuses a file for which a session, or the server, has no room, before it is sent.

    Files on their way count as if they were in memory: many may come at the same time. One that
    stands still for `patience_seconds`, or that comes more slowly than `slowest_bytes` a second, is
    given up, so that it keeps no other out.
    most_bytes: of one session, which may hold a file and the one that takes its place.
    """

    def __init__(
        self,
        app: App,
        *,
        held: Held,
        most_bytes: int,
        patience_seconds: float = 30.0,
        slowest_bytes: int = 10_000,
    ):
        self._app, self._held, self._most = app, held, most_bytes
        self._patience, self._slowest = patience_seconds, slowest_bytes
        self._coming: Counter[str] = Counter()  # bytes on their way to each session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_upload(scope):
            length = header_of(scope, "content-length")
            size = int(length) if length.isdecimal() else self._most // 2
            session = _PLACE.search(scope["path"])["session"]
            await self._take(session, size, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _take(
        self, session: str, size: int, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if not self._has_room(session, size):
            await _refuse(send, 413, _FULL)
            return
        coming = Counter({session: size})
        self._coming += coming

        async def send_arrived(message: Message) -> None:
            if message["type"] == "http.response.start":  # in memory by now, or refused
                self._coming -= coming
                coming.clear()
            await send(message)

        try:
            async with asyncio.timeout(self._patience) as limit:
                await self._app(scope, self._in_time(receive, limit), send_arrived)
        except TimeoutError:
            if not (limit.expired() and coming):
                raise
            await _refuse(send, 408, _SLOW)
        finally:
            self._coming -= coming

    def _in_time(self, receive: Receive, limit: asyncio.Timeout) -> Receive:
        """Puts the limit off with each piece of a body."""
        clock = asyncio.get_running_loop().time
        began, size = clock(), 0

        async def receive_in_time() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            limit.reschedule(min(clock(), began + size / self._slowest) + self._patience)
            return message

        return receive_in_time

    def _has_room(self, session: str, size: int) -> bool:
        held = self._coming + Counter(self._held())
        mine, all_bytes = held[session], held.total()
        return mine + size <= self._most and all_bytes + size <= _SHARE * self._most


async def _refuse(send: Send, status: int, said: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": said})
