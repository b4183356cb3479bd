"""What the server adds to each answer: headers that keep a browser safe, and a visitor's cookie.
Strangers, who have one, are not told how the server does.

An ASGI middleware, without Streamlit: it wraps whatever app it is given.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "lab_visitor"
EMBEDDABLE = "reconstructions"  # with ?embed=true it shows a run and offers nothing to change it

_CALLED_FIRST = "/_stcore/health"  # by each page, before it connects
_METRICS = "/_stcore/metrics"  # of the server, which are not for strangers
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 random bits
_SECRET_BYTES = 32

# What the page may load and run. Vega evaluates the expressions of a chart's specification, and
# Streamlit's styles and components are made in the page.
_POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "frame-src": "'self' blob: data:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # the address of a run is its key: tell it to nobody
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def is_secret(came: object) -> bool:
    """Whether what came as a cookie can be a visitor's secret."""
    return isinstance(came, str) and _SECRET.fullmatch(came) is not None


class SafeAnswers:
    """Adds the headers to each answer and, with `keep_seconds`, a cookie to each page; then the
    server's metrics are not given out either.

    base_path: below which the app answers. script_hashes: of the scripts that the page holds in
    itself, as `sha256-...`. keep_seconds: how long a browser remembers who its visitor is; None:
    nobody does.
    """

    def __init__(
        self,
        app: App,
        *,
        base_path: str = "",
        script_hashes: Iterable[str] = (),
        keep_seconds: int | None = None,
    ):
        self._app = app
        self._embeddable = f"/{base_path}/{EMBEDDABLE}".replace("//", "/")
        self._keep_seconds = keep_seconds
        hashes = "".join(f" '{text}'" for text in script_hashes)
        policy = _POLICY | {"script-src": _POLICY["script-src"] + hashes}
        self._policy = "; ".join(f"{name} {sources}" for name, sources in policy.items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        app = self._app
        if self._keep_seconds is not None and scope.get("path", "").rstrip("/").endswith(_METRICS):
            app = _nothing_there

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                headers += _encoded(self._headers(scope))
                if self._keep_seconds is not None and _is_opening(scope, headers):
                    headers += _encoded({"Set-Cookie": self._cookie(scope)})
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, send_safely)

    def _headers(self, scope: Scope) -> dict[str, str]:
        if self._is_embeddable(scope):
            return _HEADERS | {"Content-Security-Policy": f"{self._policy}; frame-ancestors *"}
        return _HEADERS | {
            "Content-Security-Policy": f"{self._policy}; frame-ancestors 'self'",
            "X-Frame-Options": "SAMEORIGIN",
        }

    def _is_embeddable(self, scope: Scope) -> bool:
        """The whole path is compared: any other one with that end shows the first page."""
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        asked = [value.lower() for value in query.get("embed", ())]
        return scope.get("path", "").rstrip("/") == self._embeddable and "true" in asked

    def _cookie(self, scope: Scope) -> str:
        """The visitor's cookie: the one that came, for longer, or a new one."""
        secret = secret_in(_cookies(scope)) or secrets.token_urlsafe(_SECRET_BYTES)
        parts = [f"{COOKIE}={secret}", "Path=/", f"Max-Age={self._keep_seconds}"]
        parts += ["HttpOnly", "SameSite=Lax", *(["Secure"] if _is_https(scope) else [])]
        return "; ".join(parts)


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _encoded(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def header_of(scope: Scope, name: str) -> str:
    """The first value of a request's header, by its lower-case name; empty if it did not come."""
    found = (value for key, value in scope.get("headers", ()) if key.lower() == name.encode())
    return next(found, b"").decode("latin-1")


def _is_opening(scope: Scope, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether an answer opens the app: a page, or the call that follows one from a cache."""
    kinds = [value for name, value in headers if name.lower() == b"content-type"]
    is_page = bool(kinds) and kinds[0].startswith(b"text/html")
    return is_page or scope.get("path", "").endswith(_CALLED_FIRST)


def _is_https(scope: Scope) -> bool:
    """As the visitor's browser sees it: a proxy on this machine says so in a header."""
    forwarded = header_of(scope, "x-forwarded-proto").partition(",")[0].strip()
    return (forwarded or scope.get("scheme", "")) in ("https", "wss")


def secret_in(headers: Iterable[str]) -> str:
    """The visitor's secret in the cookies of a request; empty if there is none, or another thing.

    Of several, such as one for another path, the first. Other cookies of the host, which may be of
    any form, do not come between.
    """
    for pair in ";".join(headers).split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE and is_secret(value):
            return value
    return ""


def _cookies(scope: Scope) -> list[str]:
    headers = (value for key, value in scope.get("headers", ()) if key.lower() == b"cookie")
    return [value.decode("latin-1") for value in headers]
