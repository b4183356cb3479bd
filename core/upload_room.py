"""How much of uploads may lie in the server's memory: an ASGI middleware, without Streamlit.

Streamlit limits each file, and keeps it in memory as long as its session lives; a program could
send any number of files to one session.
"""

import re
from collections.abc import Callable

from core.web import App, Receive, Scope, Send, header_of

_PLACE = re.compile(r"/_stcore/upload_file/(?P<session>[^/]+)/[^/]+$")
_SHARE = 10  # sessions that may hold all they are allowed at the same time

Held = Callable[[], dict[str, int]]  # bytes in memory of each session


class UploadRoom:
    """Refuses a file for which a session, or the server, has no room, before it is sent.

    most_bytes: of one session, which may hold a file and the one that takes its place.
    """

    def __init__(self, app: App, *, held: Held, most_bytes: int):
        self._app, self._held, self._most = app, held, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "PUT":
            place = _PLACE.search(scope.get("path", ""))
            if place and not self._has_room(place["session"], header_of(scope, "content-length")):
                await _refuse(send)
                return
        await self._app(scope, receive, send)

    def _has_room(self, session: str, length: str) -> bool:
        held = self._held()
        size = int(length) if length.isdecimal() else self._most // 2
        mine, others = held.get(session, 0), sum(held.values())
        return mine + size <= self._most and others + size <= _SHARE * self._most


async def _refuse(send: Send) -> None:
    said = b"This session, or this server, holds too many uploads. Delete one, or try later."
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": said})
