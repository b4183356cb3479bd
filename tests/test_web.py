import re

import pytest

from core.web import COOKIE, SafeAnswers, is_secret, secret_in
from tests import own_loop

PAGE = [(b"content-type", b"text/html; charset=utf-8")]
SECRET = "A-_" + "b" * 40


def answer(path="/", query="", headers=(), *, kind=PAGE, scheme="http", **options):
    """The headers that the browser gets, each name with its values."""

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        await send({"type": "http.response.body", "body": b"hello"})

    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "path": path,
        "scheme": scheme,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    own_loop.run(SafeAnswers(app, **options)(scope, None, send))
    assert sent[1]["body"] == (b"hello" if sent[0]["status"] == 200 else b"")
    found = {"status": sent[0]["status"]}
    for name, value in sent[0]["headers"]:
        found.setdefault(name.decode(), []).append(value.decode())
    return found


def cookie(**options):
    """The visitor's cookie of an answer and its attributes."""
    (text,) = answer(keep_seconds=60, **options)["set-cookie"]
    name, value, *attributes = re.split("[=;] ?", text, maxsplit=2)
    assert name == COOKIE
    return value, set(attributes[0].split("; "))


def test_every_answer_has_the_headers():
    for path in ("/", "/static/js/index.js", "/_stcore/health"):
        found = answer(path)
        assert found["x-content-type-options"] == ["nosniff"]
        assert found["referrer-policy"] == ["same-origin"]
        assert "camera=()" in found["permissions-policy"][0]
        assert found["x-frame-options"] == ["SAMEORIGIN"]
        assert "object-src 'none'" in found["content-security-policy"][0]


def test_nothing_is_loaded_from_elsewhere():
    (policy,) = answer(script_hashes=["sha256-abc="])["content-security-policy"]
    sources = dict(part.split(" ", 1) for part in policy.split("; "))
    assert sources["script-src"] == "'self' 'unsafe-eval' blob: 'sha256-abc='"
    assert "unsafe-inline" not in sources["script-src"]
    assert not re.search(r"https?:|wss?:|\*", policy)


@pytest.mark.parametrize("base_path", ["", "lab", "a/b"])
def test_below_a_base_path_too_just_the_one_page_can_be_framed(base_path):
    for path, anywhere in (("/", True), ("/x/", False)):
        whole = f"/{base_path}".rstrip("/") + f"{path}reconstructions"
        found = answer(whole, "embed=true", base_path=base_path)
        assert ("x-frame-options" not in found) is anywhere


@pytest.mark.parametrize(
    ("path", "query", "anywhere"),
    [
        ("/reconstructions", "run=1&embed=true", True),
        ("/lab/reconstructions", "embed=TRUE", False),  # any page of that name, but for this one
        ("/reconstructions", "run=1", False),
        ("/reconstructions", "embed=false", False),
        ("/train", "embed=true", False),
        ("/", "embed=true", False),
    ],
)
def test_only_the_view_that_changes_nothing_can_be_framed(path, query, anywhere):
    found = answer(path, query)
    allowed = "*" if anywhere else "'self'"
    assert found["content-security-policy"][0].endswith(f"frame-ancestors {allowed}")
    assert ("x-frame-options" in found) is not anywhere


def test_a_private_lab_tells_nobody_apart():
    assert "set-cookie" not in answer()


def test_a_page_of_a_public_demo_brings_a_cookie_that_scripts_cannot_read():
    value, attributes = cookie()
    assert is_secret(value)
    assert attributes == {"Path=/", "Max-Age=60", "HttpOnly", "SameSite=Lax"}
    assert cookie()[0] != value


def test_behind_https_the_cookie_stays_there():
    assert "Secure" in cookie(scheme="https")[1]
    assert "Secure" in cookie(headers=[("x-forwarded-proto", "https")])[1]
    assert "Secure" not in cookie(headers=[("x-forwarded-proto", "http")])[1]


def test_a_known_visitor_stays_the_same():
    assert cookie(headers=[("cookie", f"_other=2|a; {COOKIE}={SECRET}")])[0] == SECRET


def test_of_two_cookies_of_a_visitor_the_first_that_can_be_one_counts():
    both = f"{COOKIE}=short; {COOKIE}={SECRET}; {COOKIE}={'c' * 43}"
    assert secret_in([both]) == secret_in(both.split(";")) == SECRET
    assert cookie(headers=[("cookie", both)])[0] == SECRET
    assert secret_in([]) == ""


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/lab/_stcore/metrics/"])
def test_strangers_are_not_told_how_the_server_does(path):
    assert answer(path, keep_seconds=60)["status"] == 404
    assert answer(path)["status"] == 200
    assert answer("/_stcore/health", keep_seconds=60)["status"] == 200


@pytest.mark.parametrize("bad", ["", "short", "a" * 44, "a" * 42 + "/", '"', "a;b" * 20])
def test_what_is_no_secret_is_replaced(bad):
    assert not is_secret(bad)
    assert is_secret(cookie(headers=[("cookie", f"{COOKIE}={bad}")])[0])


@pytest.mark.parametrize(
    "other",
    ["a=b c", 'a={"b":1,"c":2}', "a", "a=caf\xe9", "a[b]=1", "version=1", "a=1;;b=2", "a=1;"],
)
def test_cookies_of_others_on_the_host_do_not_come_between(other):
    for pairs in (f"{other}; {COOKIE}={SECRET}", f"{COOKIE}={SECRET}; {other}"):
        assert cookie(headers=[("cookie", pairs)])[0] == SECRET
    several = [("cookie", other), ("cookie", f"{COOKIE}={SECRET}")]  # as HTTP/2 may send them
    assert cookie(headers=several)[0] == SECRET


def test_files_bring_no_cookie_but_the_call_that_follows_a_cached_page_does():
    script = [(b"content-type", b"text/javascript")]
    plain = [(b"content-type", b"text/plain")]
    assert "set-cookie" not in answer("/static/js/index.js", kind=script, keep_seconds=60)
    assert "set-cookie" in answer("/lab/_stcore/health", kind=plain, keep_seconds=60)


def test_other_connections_pass_untouched():
    seen = []

    async def app(scope, receive, send):
        seen.append((scope, receive, send))

    own_loop.run(SafeAnswers(app, keep_seconds=60)({"type": "websocket"}, "receive", "send"))
    assert seen == [({"type": "websocket"}, "receive", "send")]
