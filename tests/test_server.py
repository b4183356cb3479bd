"""The server as strangers meet it: a real one, with a script that fails."""

import asyncio
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import psutil
import pytest
import streamlit as st
from streamlit import delta_generator, env_util
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession, AppSessionState
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from core.session.server import SORRY, script_hashes, server_options
from core.upload_room import UploadRoom
from tests import own_loop
from tests.fake_workers import eventually
from tests.load.http_calls import multipart
from tests.load.tab import Tab

ROOT = Path(__file__).resolve().parent.parent
APP = """
import streamlit as st
from core import session

if __name__ == "__main__":
    st.title("Before")
    raise ValueError("a secret of /srv/lab")
else:
    app = st.App(__file__, **session.server_options())
"""
WAITS = re.compile(r"^voluntary_ctxt_switches:\s*(\d+)", re.MULTILINE)
OPTIONS = {
    "server.address": "localhost",
    "server.allowedHosts": ["localhost", "127.0.0.1", "::1"],
    "server.enableCORS": True,
    "server.corsAllowedOrigins": [],
    "server.enableXsrfProtection": True,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.allowedOrigins": [],
    "client.disableDataExport": True,
    "browser.gatherUsageStats": False,
}


def environment(**settings):
    kept = {name: text for name, text in os.environ.items() if not name.startswith("LAB_")}
    return kept | {"PYTHONPATH": str(ROOT)} | settings


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server")) as number:
        yield number


@contextmanager
def serving(folder, *options, health="/_stcore/health"):
    """A public demo of the failing script; its port."""
    (folder / "app.py").write_text(APP)
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    limits = {"LAB_PUBLIC_MAX_UPLOAD_MB": "1", "LAB_RUNS": str(folder / "runs")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "app.py"),
                *("--server.port", str(number), "--server.headless", "true", *options),
            ],
            cwd=folder,
            env=environment(LAB_PUBLIC="1", **limits),
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                assert request(number, "GET", health).status == 200
                break
            except OSError:
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.1)
        yield number
    finally:
        process.terminate()
        process.wait(30)


def request(port, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("localhost", port, timeout=20)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.content = answer.read()
    connection.close()
    return answer


def cookies(answer):
    set_ones = answer.headers.get_all("Set-Cookie") or []
    return dict(text.partition(";")[0].split("=", 1) for text in set_ones)


@pytest.mark.slow
def test_the_options_of_the_repository_are_in_effect():
    program = (
        "import json\nfrom streamlit import config\n"
        f"print(json.dumps({{name: config.get_option(name) for name in {list(OPTIONS)!r}}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    assert json.loads(done.stdout) == OPTIONS


def test_the_first_element_of_all_does_not_look_up_the_source_of_every_module(monkeypatch):
    monkeypatch.setattr(delta_generator, "_use_warning_has_been_displayed", False)
    monkeypatch.setattr(env_util, "is_repl", lambda: pytest.fail("asked for the stack"))
    server_options()
    st.text("the first")


@pytest.mark.slow
def test_an_idle_server_rests(port):
    """Each time that it wakes up, it may hold up a training."""
    (server,) = (own for own in psutil.Process().children() if str(port) in own.cmdline())
    assert "uvloop" in Path(f"/proc/{server.pid}/maps").read_text()

    def awakenings():
        tasks = Path(f"/proc/{server.pid}/task").glob("*/status")
        return sum(int(WAITS.search(task.read_text())[1]) for task in tasks)

    def rests():
        before = awakenings()
        time.sleep(3)
        return awakenings() - before < 5 * 3  # by themselves, they are forty a second

    eventually(rests)  # it may have something to do just now, such as work ahead


@pytest.mark.slow
def test_a_page_comes_with_safe_headers_and_a_cookie(port):
    answer = request(port, "GET", "/")
    assert answer.status == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    (script,) = script_hashes(answer.content.decode())
    assert f"'{script}'" in answer.headers["Content-Security-Policy"]
    kept = re.search("Max-Age=([0-9]+); HttpOnly; SameSite=Lax", answer.headers["Set-Cookie"])
    assert int(kept[1]) > 300 * 86_400  # longer than what a visitor makes in a tab that stays open
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert request(port, "GET", "/_stcore/metrics").status == 404


def shake_hands(port, **options):
    async def go():
        address = f"ws://localhost:{port}/_stcore/stream"
        async with connect(address, subprotocols=["streamlit"], **options):
            return 101

    try:
        return own_loop.run(go())
    except InvalidStatus as error:
        return error.response.status_code


@pytest.mark.slow
def test_another_site_cannot_connect(port):
    assert shake_hands(port, origin=f"http://localhost:{port}") == 101
    assert shake_hands(port, origin="http://evil.example") == 403
    # A name of the evil site's that leads to this machine:
    assert upgrade(port, Host="evil.example", Origin="http://evil.example") == 403


def upgrade(port, path="/_stcore/stream", **headers):
    """The status of a websocket's handshake with headers of one's own."""
    known = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    connection = http.client.HTTPConnection("localhost", port, timeout=20)
    connection.request("GET", path, headers=known | headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.slow
def test_behind_a_proxy_with_a_path_of_its_own(tmp_path):
    """What the proxy of the README passes on, and the options it asks for."""
    options = ("--server.baseUrlPath", "lab", "--server.allowedHosts", "demo.example.org")
    forwarded = {"Host": "demo.example.org", "X-Forwarded-Proto": "https"}
    with serving(tmp_path, *options, health="/lab/_stcore/health") as port:
        page = request(port, "GET", "/lab/", **forwarded)
        assert page.status == 200
        assert "Secure" in page.headers["Set-Cookie"]
        frame = request(port, "GET", "/lab/reconstructions?embed=true", **forwarded)
        assert "frame-ancestors *" in frame.headers["Content-Security-Policy"]
        stream = "/lab/_stcore/stream"
        assert upgrade(port, stream, Origin="https://demo.example.org", **forwarded) == 101
        assert upgrade(port, stream, Origin="https://evil.example", **forwarded) == 403
        assert upgrade(port, stream, Host="evil.example", Origin="https://evil.example") == 403


@pytest.mark.slow
def test_an_error_of_a_page_shows_neither_its_words_nor_its_place(port):
    faults = []

    async def visit():
        tab = Tab(f"http://localhost:{port}", lambda kind, seconds: None, faults.append)
        tab._pages["start"] = ""
        await tab.open("start")
        await tab.leave()
        return tab

    own_loop.run(visit())
    assert faults == [f"error on start: {SORRY}"]


@pytest.mark.slow
def test_an_upload_needs_the_token_of_the_page_and_is_limited(port):
    async def session():
        tab = Tab(f"http://localhost:{port}", lambda kind, seconds: None, lambda text: None)
        await tab.open("start")
        place = f"/_stcore/upload_file/{tab.session_id}"
        known = "; ".join(f"{name}={value}" for name, value in tab.cookies.items())
        token = {"X-Xsrftoken": tab.cookies["_streamlit_xsrf"]}

        async def put(size, name="file", **headers):
            body, kind = multipart("a.csv", bytes(size))
            headers = {"Content-Type": kind, "Cookie": known} | headers
            return (
                await asyncio.to_thread(request, port, "PUT", f"{place}/{name}", body, **headers)
            ).status

        statuses = [await put(10), await put(10, **token), await put(3_000_000, **token)]
        statuses += [await put(1_000_000, f"file{n}", **token) for n in range(5)]
        await tab.leave()
        return statuses

    # Without the token, with it, too large; then as many as a session may hold.
    assert own_loop.run(session()) == [403, 204, 413, 204, 204, 204, 204, 413]


def uploading(room, session, size, receive=None):
    """A PUT of a file whose body has not come yet; the messages it was answered with."""
    scope = {
        "type": "http",
        "method": "PUT",
        "path": f"/_stcore/upload_file/{session}/file",
        "headers": [(b"content-length", str(size).encode())],
    }
    answered = []

    async def send(message):
        answered.append(message)

    return asyncio.ensure_future(room(scope, receive, send)), answered


def test_files_that_come_at_the_same_time_count_together():
    async def course():
        bodies, held = asyncio.Event(), {}

        async def app(scope, receive, send):
            await bodies.wait()
            await send({"type": "http.response.start", "status": 204})

        room = UploadRoom(app, held=lambda: held, most_bytes=100)
        calls = [uploading(room, "ann", 40) for _ in range(3)]
        calls += [uploading(room, f"visitor{n}", 100) for n in range(10)]
        await asyncio.sleep(0)
        at_first = [answered[0]["status"] if answered else None for _, answered in calls]
        bodies.set()
        await asyncio.gather(*(task for task, _ in calls))
        held["ann"] = 60
        later, answered = uploading(room, "ann", 40)
        await later
        return at_first, answered[0]["status"]

    # Two of the session's three, nine others until the server holds ten shares; then room again.
    coming = [None, None, 413, *[None] * 9, 413]
    assert own_loop.run(course()) == (coming, 204)


@pytest.mark.parametrize("fails", [False, True])
def test_a_file_no_longer_counts_as_coming_once_it_is_answered(fails):
    statuses = []

    async def course():
        async def app(scope, receive, send):
            if fails:
                raise ConnectionError
            await send({"type": "http.response.start", "status": 204})
            if len(statuses) == 0:  # the browser sends the next one at once
                statuses.append(204)
                task, answered = uploading(room, "ann", 60)
                await task
                statuses.append(answered[0]["status"])

        room = UploadRoom(app, held=dict, most_bytes=100)
        for _ in range(2):
            task, answered = uploading(room, "ann", 60)
            await asyncio.wait([task])
            statuses.append(answered[0]["status"] if answered else task.exception())

    own_loop.run(course())
    assert 413 not in statuses


async def never(*what):
    await asyncio.Event().wait()


async def piece():
    await asyncio.sleep(0)
    return {"type": "http.request", "body": b"12345", "more_body": True}


@pytest.mark.parametrize("receive", [never, piece])
def test_a_file_that_does_not_come_or_hardly_keeps_no_other_out(receive):
    async def course():
        async def app(scope, receive, send):
            while True:
                await receive()

        slow = {"patience_seconds": 0.05, "slowest_bytes": 10**12}
        room = UploadRoom(app, held=dict, most_bytes=100, **slow)
        task, answered = uploading(room, "ann", 100, receive)
        await asyncio.wait_for(task, 2)
        return answered[0]["status"], room._coming.total()

    assert own_loop.run(course()) == (408, 0)


def test_each_piece_of_a_file_gives_the_next_one_time():
    limit = Mock()

    async def course():
        room = UploadRoom(never, held=dict, most_bytes=100, patience_seconds=30, slowest_bytes=1)
        take, clock = room._in_time(piece, limit), asyncio.get_running_loop().time
        began = clock()
        for _ in range(3):
            await take()
        return began, clock()

    began, ended = own_loop.run(course())
    given = [call.args[0] for call in limit.reschedule.call_args_list]
    assert len(given) == 3
    assert began + 30 <= given[0] <= given[1] <= given[2] <= ended + 30


@pytest.mark.parametrize(("by_timer", "left"), [(True, ["slider"]), (False, ["slider", "button"])])
def test_a_click_counts_in_its_own_message_alone(by_timer, left):
    server_options()
    message = ClientState(is_auto_rerun=by_timer)
    message.widget_states.widgets.add(id="slider", int_value=3)
    message.widget_states.widgets.add(id="button", trigger_value=True)
    ended = SimpleNamespace(_state=AppSessionState.SHUTDOWN_REQUESTED)
    AppSession.request_rerun(ended, message)
    assert [widget.id for widget in message.widget_states.widgets] == left


@pytest.mark.parametrize("switch", ["", "1"])
def test_a_browser_clears_the_caches_of_its_own_lab_alone(monkeypatch, switch):
    """The message is obeyed whether or not the page has a menu that sends it."""
    clear = AppSession._handle_clear_cache_request
    monkeypatch.setattr(AppSession, "_handle_clear_cache_request", clear)  # as before, afterwards
    monkeypatch.setattr("core.session.server.config.set_option", lambda *option: None)
    monkeypatch.setenv("LAB_PUBLIC", switch)
    server_options()
    kept = st.cache_resource(lambda: object(), show_spinner=False)
    before = kept()
    AppSession._handle_clear_cache_request(SimpleNamespace(_session_state={}))
    assert (kept() is before) == bool(switch)


def test_a_faulty_setting_keeps_the_server_from_starting(monkeypatch):
    monkeypatch.setenv("LAB_PUBLIC", "1")
    monkeypatch.setenv("LAB_PUBLIC_MAX_EPOCHS", "many")
    with pytest.raises(ValueError, match="LAB_PUBLIC_MAX_EPOCHS: Input should be a valid integer"):
        server_options()
