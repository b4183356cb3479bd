"""The few HTTP requests of a browser that the load needs, on asyncio alone."""

import asyncio
from collections.abc import Mapping
from http.cookies import SimpleCookie

_PIECE = 1 << 18  # bytes


async def call(
    host: str,
    port: int,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> tuple[int, dict[str, str]]:
    """Status and the cookies that were set. Raises OSError if the server hangs up."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [f"Content-Length: {len(body)}"] if body else []
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write("\r\n".join([*lines, "", ""]).encode())
        for start in range(0, len(body), _PIECE):  # in one, it would be copied twice
            writer.write(memoryview(body)[start : start + _PIECE])
            await writer.drain()
        head, _, _ = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    if not head:
        raise ConnectionError(f"{method} {path}: no answer")
    status, *fields = head.decode("latin-1").split("\r\n")
    cookies: dict[str, str] = {}
    for field in fields:
        name, _, value = field.partition(":")
        if name.lower() == "set-cookie":
            cookies |= {key: morsel.value for key, morsel in SimpleCookie(value.strip()).items()}
    return int(status.split()[1]), cookies


def multipart(name: str, content: bytes) -> tuple[bytes, str]:
    """A file as a browser's form sends it: body and content type."""
    mark = "----load-test-boundary"
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{mark}--\r\n".encode(), (
        f"multipart/form-data; boundary={mark}"
    )
