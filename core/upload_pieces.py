"""Uploads handed on in larger pieces: an ASGI middleware, without Streamlit.

A server passes a body on as it comes from the network, some 64 kB at a time. What takes a form
apart does so much for each piece that 160 MB took 0.6 s; in pieces of a megabyte they take 0.1 s.
"""

from core.upload_room import is_upload
from core.web import App, Message, Receive, Scope, Send

PIECE_BYTES = 1 << 20


class UploadPieces:
    """Gathers the body of an upload into pieces of at least `piece_bytes`, the last one aside."""

    def __init__(self, app: App, *, piece_bytes: int = PIECE_BYTES):
        self._app, self._piece_bytes = app, piece_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, self._gathering(receive) if is_upload(scope) else receive, send)

    def _gathering(self, receive: Receive) -> Receive:
        kept: list[Message] = []  # a message that is no piece of the body, for the next call

        async def gathered() -> Message:
            if kept:
                return kept.pop()
            pieces, size = [], 0
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    if not pieces:
                        return message
                    kept.append(message)
                    return _piece(pieces, more=True)
                pieces.append(message.get("body", b""))
                size += len(pieces[-1])
                more = message.get("more_body", False)
                if size >= self._piece_bytes or not more:
                    return _piece(pieces, more)

        return gathered


def _piece(bodies: list[bytes], more: bool) -> Message:
    return {"type": "http.request", "body": b"".join(bodies), "more_body": more}
