"""Uploads in larger pieces: the same bytes, and the same end."""

import asyncio

import pytest

from core.upload_pieces import PIECE_BYTES, UploadPieces

UPLOAD = {"type": "http", "method": "PUT", "path": "/_stcore/upload_file/session/file"}


def heard(messages: list[dict], scope: dict, piece_bytes: int = 4) -> list[dict]:
    """What the app within receives, until the body or the connection ends."""
    came, found = iter(messages), []

    async def receive() -> dict:
        return next(came)

    async def app(scope, receive, send) -> None:
        while not found or found[-1].get("more_body", False):
            found.append(await receive())

    asyncio.run(UploadPieces(app, piece_bytes=piece_bytes)(scope, receive, None))
    return found


def body(*pieces: bytes) -> list[dict]:
    return [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, 1)
    ]


@pytest.mark.parametrize(
    ("pieces", "gathered"),
    [
        ([b"ab", b"cd", b"ef"], [b"abcd", b"ef"]),
        ([b"abcde", b"f"], [b"abcde", b"f"]),
        ([b"a", b"b", b""], [b"ab"]),
        ([b"abcd", b""], [b"abcd", b""]),
        ([b""], [b""]),
    ],
)
def test_pieces_are_gathered_in_their_order(pieces, gathered):
    assert heard(body(*pieces), UPLOAD) == body(*gathered)


def test_a_connection_that_ends_early_is_said_after_what_came():
    messages = [*body(b"ab", b"c")[:1], {"type": "http.disconnect"}]
    assert heard(messages, UPLOAD) == [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.disconnect"},
    ]
    assert heard(messages[1:], UPLOAD) == [{"type": "http.disconnect"}]


@pytest.mark.parametrize("change", [{"path": "/_stcore/health"}, {"method": "POST"}])
def test_other_requests_are_left_alone(change):
    messages = body(b"a", b"b", b"c")
    assert heard(messages, UPLOAD | change) == messages


def test_nothing_is_done_to_a_websocket():
    messages = [{"type": "websocket.connect"}]
    assert heard(messages, {"type": "websocket", "path": UPLOAD["path"]}) == messages


def test_the_server_reads_ahead_as_much_as_a_piece():
    from uvicorn.protocols.http import h11_impl

    from core.session.server import server_options

    assert h11_impl.HIGH_WATER_LIMIT > 0  # uvicorn still has it
    server_options()
    assert h11_impl.HIGH_WATER_LIMIT == PIECE_BYTES
