"""The server: who is let in, what is refused, and that one page cannot hurt another."""

from __future__ import annotations

import contextlib
import gc
import gzip
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from chainrule.errors import ConfigError
from chainrule.playground import live as live_module
from chainrule.playground.wire import decode
from chainrule.web.guard import MOST_COMMAND_BYTES, MOST_UPLOAD_BYTES
from chainrule.web.place import DEFAULT_PORT, bound_socket
from tests.playground.conftest import KEY, TOKEN, Live, start_server

# Seconds that a machine with other work may take over a single message; nothing waits so long for what has come.
PATIENCE = 120.0


class Page:
    """A page of the Playground, without a browser."""

    def __init__(self, wire: ClientConnection) -> None:
        self.wire = wire

    def send(self, kind: str, **fields: Any) -> None:
        self.wire.send(json.dumps({"type": kind, **fields}))

    def receive(self, timeout: float = 10.0, *, ack: bool = True) -> dict[str, Any]:
        """Return the next message's header; a frame is acknowledged."""
        raw = self.wire.recv(timeout)
        header: dict[str, Any] = json.loads(raw) if isinstance(raw, str) else decode(raw)[0]
        if ack and header["type"] == "frame":
            self.send("ack", frame=header["n"])
        return header

    def until(self, kind: str, seconds: float = 10.0, **fields: Any) -> dict[str, Any]:
        """Return the next message of a type (and with these fields)."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            message = self.receive(seconds)
            if message["type"] == kind and all(message.get(key) == value for key, value in fields.items()):
                return message
        raise AssertionError(f"no {kind} in {seconds} s")


@contextlib.contextmanager
def opened(live: Live, token: str = TOKEN, **hello: Any) -> Iterator[Page]:
    """Open a page that has said hello."""
    with connect(f"ws://127.0.0.1:{live.port}/ws", origin=live.url, max_size=None, compression=None) as wire:  # type: ignore[arg-type]
        page = Page(wire)
        page.send("hello", token=token, **hello)
        yield page


@pytest.fixture
def own(live: Live) -> Iterator[Page]:
    """Return an open page whose network has the key that uploads name."""
    with opened(live, session=KEY, page="tests") as page:
        page.until("state")
        yield page


def _handshake(live: Live, **headers: str | None) -> None:
    wanted = {"Host": f"127.0.0.1:{live.port}", "Origin": live.url} | headers
    lines = [f"{name}: {value}" for name, value in wanted.items() if value is not None]
    request = (
        "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", live.port), timeout=5) as wire:
        wire.sendall(request.encode("latin-1"))
        status = wire.recv(4096).split(b"\r\n")[0]
    assert status.split()[1] in (b"101", b"403", b"400"), status
    if status.split()[1] != b"101":
        raise ConnectionRefusedError(status)


def test_a_page_of_ours_is_let_in(live: Live) -> None:
    _handshake(live)
    _handshake(live, Host=f"localhost:{live.port}", Origin=f"http://localhost:{live.port}")
    with opened(live) as page:
        assert page.receive()["found"] == "new"
        assert page.receive()["type"] == "welcome"
        assert page.receive()["type"] == "state"
        assert page.until("frame")["n"] == 1


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "http://evil.example",
        "https://127.0.0.1:{port}",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "http://127.0.0.1:{port}.evil.example",
        "http://evil.example#127.0.0.1:{port}",
        "http://127.0.0.1:{port}@evil.example",
        "http://localhost.evil.example:{port}",
        "http://evillocalhost:{port}",
        "file://",
    ],
)
def test_a_cross_site_websocket_is_refused(live: Live, origin: str | None) -> None:
    with pytest.raises(ConnectionRefusedError):
        _handshake(live, Origin=None if origin is None else origin.format(port=live.port))


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example:{port}",
        "rebound.example",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.evil.example:{port}",
        "0.0.0.0:{port}",
    ],
)
def test_dns_rebinding_is_refused_though_origin_equals_host(live: Live, host: str) -> None:
    name = host.format(port=live.port)
    with pytest.raises(ConnectionRefusedError):
        _handshake(live, Host=name, Origin=f"http://{name}")
    answer = httpx.get(live.url + "/", headers={"Host": name})
    assert answer.status_code == 403
    assert httpx.get(live.url + "/", headers={"Host": name, "Origin": f"http://{name}"}).status_code == 403


def test_a_foreign_origin_is_refused_on_every_request(live: Live) -> None:
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{live.port + 1}"):
        assert httpx.get(live.url + "/", headers={"Origin": origin}).status_code == 403
        headers = {"Origin": origin, "X-Chainrule-Token": TOKEN}
        assert httpx.post(live.url + "/upload", headers=headers, content=b"a,b\n").status_code == 403


def test_two_hosts_in_one_request_are_refused(live: Live) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=5) as wire:
        ours = f"Host: 127.0.0.1:{live.port}\r\n"
        wire.sendall(f"GET / HTTP/1.1\r\n{ours}Host: evil.example\r\n\r\n".encode())
        assert wire.recv(4096).split()[1] in (b"400", b"403")


@pytest.mark.parametrize("path", ["/", "/nothing.js", "/upload"])
def test_every_answer_carries_the_headers_and_no_cookie(live: Live, path: str) -> None:
    for answer in (httpx.get(live.url + path), httpx.get(live.url + path, headers={"Host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        for rule in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'"):
            assert rule in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/..%2f..%2fserver.py",
        "/%2e%2e/server.py",
        "/static/../server.py",
        "//etc/passwd",
        "/etc/passwd",
        "/server.py",
        "/index.html/",
        "/\\etc",
    ],
)
def test_no_path_leads_out_of_the_page(live: Live, path: str) -> None:
    with socket.create_connection(("127.0.0.1", live.port), timeout=5) as wire:
        wire.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nConnection: close\r\n\r\n".encode())
        assert wire.recv(4096).split()[1] in (b"404", b"400")


def test_other_methods_are_refused(live: Live) -> None:
    assert httpx.post(live.url + "/").status_code == 405
    assert httpx.put(live.url + "/upload").status_code in (404, 405)
    assert httpx.options(live.url + "/upload", headers={"Origin": live.url}).status_code in (404, 405)


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "é" * 8])
def test_without_the_token_nobody_is_let_in(live: Live, token: str) -> None:
    with opened(live, token) as page:
        assert page.receive()["type"] == "bye"
        with pytest.raises(ConnectionClosed) as caught:
            page.receive()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4401
    if token.isascii():
        answer = httpx.post(live.url + "/upload", headers={"X-Chainrule-Token": token}, content=b"a,b\n1,2\n")
        assert answer.status_code == 401
        assert answer.json()["type"] == "error"
    assert httpx.post(live.url + "/upload", content=b"a,b\n1,2\n").status_code == 401


@pytest.mark.parametrize("first", ['{"type": "run"}', "noise", "[]", b"\x00\x01", '{"type": "hello", "token": 3}'])
def test_a_command_before_hello_is_not_carried_out(live: Live, first: str | bytes) -> None:
    with connect(f"ws://127.0.0.1:{live.port}/ws", origin=live.url) as wire:  # type: ignore[arg-type]
        wire.send(first)
        assert json.loads(wire.recv(5))["type"] == "bye"
    with opened(live) as page:
        assert page.until("state")["running"] is False


def test_who_does_not_say_hello_is_let_go(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "HELLO_SECONDS", 0.1)
    with connect(f"ws://127.0.0.1:{live.port}/ws", origin=live.url) as wire:  # type: ignore[arg-type]
        assert json.loads(wire.recv(5))["type"] == "bye"


def test_the_token_is_in_no_log(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.DEBUG, "uvicorn"):
        other = start_server()
        with opened(other) as page:
            page.until("frame")
        httpx.post(other.url + "/upload", headers={"X-Chainrule-Token": TOKEN}, content=b"x", timeout=60)
        with opened(other, "wrong") as page:
            page.receive()
        other.stop()
    assert TOKEN not in caplog.text
    written = capfd.readouterr()
    assert TOKEN not in written.out + written.err


def test_commands_are_answered_with_their_id_and_in_their_order(live: Live) -> None:
    with opened(live) as page:
        for number in range(20):
            page.send("probe", x=[number / 10, 1.0], id=number)
        assert [page.until("probe")["id"] for _ in range(20)] == list(range(20))


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", '{"type": 7}', '{"type": "open"}', '{"type": "edit", "param": "hidden1.W"}', "\x00" * 100],
)
def test_a_malformed_message_is_answered_and_the_page_stays(live: Live, text: str) -> None:
    with opened(live) as page:
        page.until("frame")
        page.wire.send(text)
        assert page.until("error")["remedy"]
        page.send("probe", x=[0, 0])
        page.until("probe")


def test_a_giant_message_ends_that_page_alone(live: Live) -> None:
    with opened(live) as bystander:
        bystander.until("frame")
        with opened(live) as page:
            page.until("frame")
            with pytest.raises(ConnectionClosed):
                _send_giant(page)
        bystander.send("probe", x=[0, 0])
        bystander.until("probe")


def _send_giant(page: Page) -> None:
    page.wire.send(" " * (MOST_COMMAND_BYTES + 1))
    page.until("nothing more")


def test_messages_out_of_their_order_do_no_harm(live: Live) -> None:
    with opened(live) as page:
        first = page.until("frame")
        for frame in (999, 0, first["n"], first["n"] + 7):
            page.send("ack", frame=frame, want={"map": {"a": []}, "size": "x"})
        page.send("hello", token="again")
        page.send("back")
        page.send("drop_run", run=5)
        page.send("step", unit="substep")
        page.until("substep")
        page.send("rewind")
        page.send("probe", x=[0, 0])
        page.until("probe")


def _upload(live: Live, content: Any, name: str = "table.csv", **headers: str) -> httpx.Response:
    return httpx.post(
        f"{live.url}/upload",
        params={"name": name},
        headers={"X-Chainrule-Token": TOKEN, "X-Chainrule-Session": KEY, "Origin": live.url, **headers},
        content=content,
        timeout=60,
    )


TABLE = b"size,colour\n" + b"".join(b"%d.5,%s\n" % (i % 7, b"red" if i % 2 else b"blue") for i in range(60))


def test_an_upload_is_described_and_can_be_trained_on(live: Live, own: Page) -> None:
    answer = _upload(live, TABLE, "../../etc/shop.csv")
    assert answer.status_code == 200
    content = answer.json()
    assert content["type"] == "uploaded"
    assert content["name"] == "shop.csv"
    own.send("set", path="data.name", value=content["upload"], id=1)
    assert own.until("state", id=1)["data"]["classes"] == ["blue", "red"]
    # It is that page's alone.
    with opened(live) as page:
        page.send("set", path="data.name", value=content["upload"], id=1)
        assert "uploaded" in page.until("error", id=1)["expected"]


def test_a_csv_of_100_mb_is_answered_before_it_is_read(live: Live, own: Page) -> None:
    started = time.monotonic()
    head = f"POST /upload HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nX-Chainrule-Token: {TOKEN}\r\nX-Chainrule-Session: {KEY}\r\n"
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as wire:
        wire.sendall(f"{head}Content-Length: {100 << 20}\r\n\r\n".encode() + b"a,b\n" * 1000)
        answer = b""
        while part := wire.recv(65536):
            answer += part
    assert answer.split()[1] == b"413"
    assert b"chainrule train" in answer
    assert time.monotonic() - started < 5


def test_a_stream_without_an_end_is_cut_at_the_limit(live: Live, own: Page) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 4 * MOST_UPLOAD_BYTES:
            sent += 1 << 20
            yield b"1,2,3,4\n" * (1 << 17)

    with contextlib.suppress(httpx.HTTPError):
        assert _upload(live, endless()).status_code == 413
    assert sent < 2 * MOST_UPLOAD_BYTES


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (np.random.default_rng(0).bytes(100_000), "table"),
        (bytes(range(1, 256)) * 50, ""),
        (b"", "rows"),
        (b"\x1f\x8b" + b"noise" * 10, "gzip"),
        (gzip.compress(b"a,b\n" + b"1,2\n" * 50_000_000)[:-9], ""),
        (b"PAR1" + b"noise" * 100, "Parquet"),
        (b"just one column\n1\n2\n", "two columns"),
        (
            b",".join(b"c%d" % i for i in range(5000)) + b"\n" + b",".join(b"1" for _ in range(5000)) + b"\n",
            "1,024 columns",
        ),
    ],
    ids=["noise", "bytes", "empty", "no gzip", "gzip bomb", "no parquet", "one column", "5,000 columns"],
)
def test_what_is_no_table_is_answered(live: Live, own: Page, content: bytes, expected: str) -> None:
    answer = _upload(live, content)
    assert answer.status_code in (413, 422)
    message = answer.json()
    assert message["type"] == "error"
    assert expected in message["expected"] + message["came"]
    assert message["remedy"]
    assert "/tmp" not in answer.text


def test_a_table_of_one_class_is_answered_where_it_is_chosen(live: Live, own: Page) -> None:
    upload = _upload(live, b"a,b\n" + b"".join(b"%d.5,same\n" % (i % 7) for i in range(30))).json()["upload"]
    own.send("set", path="data.name", value=upload)
    error = own.until("error")
    assert "two classes" in error["expected"]
    own.send("probe", x=[0, 0])
    own.until("probe")


def test_an_upload_without_a_page_is_refused(live: Live) -> None:
    for key in ("", "a-key-that-nobody-has-on-this-server"):
        answer = _upload(live, TABLE, **{"X-Chainrule-Session": key})
        assert answer.status_code == 404
        assert answer.json()["expected"] == "the network of an open page"


def test_no_more_than_two_frames_are_under_way(live: Live) -> None:
    with opened(live) as page:
        page.send("run")
        came = []
        with contextlib.suppress(TimeoutError):
            while True:
                came.append(page.receive(0.5, ack=False))
        numbers = [message["n"] for message in came if message["type"] == "frame"]
        assert numbers == [1, 2]
        page.send("ack", frame=1)
        assert page.receive(ack=False)["n"] == 3
        page.send("pause")


def test_a_hidden_page_gets_a_frame_every_two_seconds_at_most(live: Live) -> None:
    with opened(live) as page:
        page.send("run")
        frame = page.until("frame")
        page.send("ack", frame=frame["n"], hidden=True)
        frames = 0
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                raw = page.wire.recv(0.2)
                header = json.loads(raw) if isinstance(raw, str) else decode(raw)[0]
                if header["type"] == "frame":
                    frames += 1
                    page.send("ack", frame=header["n"], hidden=True)
        # One may have been under way when the page was hidden.
        assert frames <= 2
        page.send("pause")


def test_the_frame_budget_is_shown_on_request(live: Live) -> None:
    with opened(live) as page:
        assert page.until("frame")["budget"] is None
        page.send("budget", show=True)
        page.until("budget")
        page.send("run")
        for _ in range(30):
            frame = page.until("frame")
        assert frame["budget"]["frames_per_second"] > 0
        assert frame["budget"]["bytes"] > 1000
        page.send("pause")
        page.until("state", running=False)


def test_a_page_that_stops_reading_is_let_go_and_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.playground.viewer.SEND_SECONDS", 1.0)
    other = start_server()
    stuck = socket.create_connection(("127.0.0.1", other.port))
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    options: dict[str, Any] = {"origin": other.url, "compression": None, "max_queue": 1, "close_timeout": 0.1}
    with _unread(f"ws://127.0.0.1:{other.port}/ws", sock=stuck, **options) as wire, opened(other) as page:
        wire.send(json.dumps({"type": "hello", "token": TOKEN}))
        page.send("run")
        while other.server.live.n_viewers < 2:
            page.receive(PATIENCE)
        # It asks for its state again and again, and never reads one.
        over = threading.Event()
        asking = threading.Thread(target=_ask_until, args=(wire, over), daemon=True)
        asking.start()
        # While it is there, and after it has been let go, the other page gets frame upon frame.
        frames = {True: 0, False: 0}
        while other.server.live.n_viewers > 1 or frames[False] < 20:
            frames[other.server.live.n_viewers > 1] += page.receive(PATIENCE)["type"] == "frame"
        over.set()
        assert frames[True] > 0
        page.send("pause")
        page.until("state", PATIENCE, running=False)
    stuck.close()
    other.stop()


@contextlib.contextmanager
def _unread(address: str, sock: socket.socket, **options: Any) -> Iterator[ClientConnection]:
    """Open a wire that may be gone, or full, when it is to be closed."""
    wire = connect(address, sock=sock, **options)
    yield wire.__enter__()
    with contextlib.suppress(ConnectionClosed, OSError):
        # What waits for room in a full wire would be waited for.
        sock.shutdown(socket.SHUT_RDWR)
        wire.__exit__(None, None, None)


def _ask_until(wire: ClientConnection, over: threading.Event) -> None:
    with contextlib.suppress(Exception):
        while not over.is_set():
            wire.send(json.dumps({"type": "hello"}))


def test_many_pages_that_train_get_their_frames_without_a_stall() -> None:
    other = start_server()
    with contextlib.ExitStack() as stack:
        pages = [stack.enter_context(opened(other)) for _ in range(8)]
        for page in pages:
            page.until("frame")
            page.send("run")

        def watch(page: Page) -> None:
            for _ in range(30):
                page.until("frame", PATIENCE)

        with ThreadPoolExecutor(len(pages)) as watching:
            for watched in [watching.submit(watch, page) for page in pages]:
                watched.result()
    end = time.monotonic() + 5
    while other.server.live.n_viewers and time.monotonic() < end:
        time.sleep(0.02)
    assert other.server.live.n_viewers == 0
    other.stop()
    gc.collect()


def test_too_many_pages_are_told(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "MOST_VIEWERS", 1)
    with opened(live) as page:
        page.until("frame")
        with opened(live) as another:
            assert "open already" in another.receive()["reason"]


def test_a_server_that_was_killed_takes_its_pages_back_on_the_same_port() -> None:
    first = start_server()
    with opened(first) as page:
        page.until("frame")
        first.stop()
        with pytest.raises(ConnectionClosed):
            page.until("nothing more")
    second = start_server(first.port)
    with opened(second, session=KEY) as page:
        assert page.until("session")["found"] == "lost"
        page.until("welcome")
    second.stop()


def test_a_port_that_was_asked_for_is_that_port_or_an_error() -> None:
    with bound_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"a free place at 127.0.0.1:{port}") as caught:
            bound_socket("127.0.0.1", port)
        assert "`port`" in caught.value.remedy
    for wrong in (-1, 70_000):
        with pytest.raises(ConfigError):
            bound_socket("127.0.0.1", wrong)
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1"):
        bound_socket("192.0.2.1", None)


def test_without_a_port_the_first_free_one_is_taken() -> None:
    with bound_socket("127.0.0.1", None) as one, bound_socket("127.0.0.1", None) as two:
        ports = [place.getsockname()[1] for place in (one, two)]
    assert ports[0] < ports[1]
    assert all(DEFAULT_PORT <= port < DEFAULT_PORT + 20 for port in ports)


def test_a_handshake_with_another_path_is_refused(live: Live) -> None:
    with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{live.port}/other", origin=live.url):  # type: ignore[arg-type]
        pass
