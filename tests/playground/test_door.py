"""Connections that are slow to ask, or never do, keep nobody out. All of it on loopback, and few enough for any machine."""

from __future__ import annotations

import contextlib
import logging
import resource
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from chainrule.playground import live
from chainrule.web import door
from tests.playground.conftest import KEY, TOKEN, Live, start_server
from tests.playground.test_server import opened

HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """Return a server of little patience."""
    monkeypatch.setattr(door, "SECONDS_TO_ASK", 0.5)
    monkeypatch.setattr(live, "HELLO_SECONDS", 0.5)
    monkeypatch.setattr(live, "BODY_SECONDS", 0.5)
    running = start_server()
    with opened(running, session=KEY) as page:
        page.until("session")
    yield running
    running.stop()


@pytest.fixture
def patient() -> Iterator[Live]:
    """Return a server of the usual patience."""
    running = start_server()
    with opened(running, session=KEY) as page:
        page.until("session")
    yield running
    running.stop()


@contextlib.contextmanager
def half_open(port: int, count: int, sent: bytes = HALF) -> Iterator[list[socket.socket]]:
    wires: list[socket.socket] = []
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            wire = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            with contextlib.suppress(OSError):
                wire.sendall(sent)
            wires.append(wire)
        yield wires


def is_over(wire: socket.socket, seconds: float = 5.0) -> bool:
    wire.settimeout(seconds)
    try:
        while wire.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def get(server: Live) -> int:
    return httpx.get(f"{server.url}/", timeout=5).status_code


def test_six_hundred_half_requests_shut_nobody_out(patient: Live) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    try:
        with half_open(patient.port, 600):
            started = time.monotonic()
            assert get(patient) == 200
            with opened(patient) as page:
                page.until("welcome")
            assert time.monotonic() - started < 5
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("sent", [b"", HALF], ids=["nothing", "half a header"])
def test_whoever_does_not_ask_is_shown_out(server: Live, sent: bytes) -> None:
    with half_open(server.port, 1, sent) as (wire,):
        assert is_over(wire)


def test_a_header_that_comes_letter_by_letter_gets_no_more_time(server: Live) -> None:
    with half_open(server.port, 1) as (wire,):
        started = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() < started + 5:
                wire.sendall(b"x")
                time.sleep(0.05)
        assert time.monotonic() - started < 4


def test_a_connection_may_ask_again_within_its_time(server: Live) -> None:
    with httpx.Client(base_url=server.url) as client:
        for _ in range(3):
            assert client.get("/").status_code == 200
            time.sleep(0.2)


def test_pages_that_say_nothing_make_room_for_others(patient: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_STRANGERS", 3)
    request = (
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{patient.port}\r\nOrigin: {patient.url}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with half_open(patient.port, 5, request.encode()) as wires:
        assert is_over(wires[0])
        with opened(patient) as page:
            page.until("welcome")


def upload(server: Live, content: bytes, length: int) -> socket.socket:
    wire = socket.create_connection(("127.0.0.1", server.port), timeout=5)
    head = (
        f"POST /upload HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nX-Chainrule-Token: {TOKEN}\r\n"
        f"X-Chainrule-Session: {KEY}\r\nContent-Length: {length}\r\n\r\n"
    )
    wire.sendall(head.encode() + content)
    return wire


def test_uploads_that_stall_are_not_in_the_way_of_another(patient: Live) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(upload(patient, b"a,b\n", 1000))
        table = b"a,b\n" + b"".join(b"%d,%s\n" % (i * 7 % 11, b"xy"[i % 2 : i % 2 + 1]) for i in range(40))
        answer = httpx.post(
            f"{patient.url}/upload",
            content=table,
            headers={"x-chainrule-token": TOKEN, "x-chainrule-session": KEY},
            params={"name": "t.csv"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text


def test_an_upload_that_stalls_is_answered(server: Live) -> None:
    with upload(server, b"a,b\n", 1000) as wire:
        wire.settimeout(5)
        assert wire.recv(4096).startswith(b"HTTP/1.1 408")


def test_an_upload_that_is_broken_off_is_told_in_one_line(server: Live, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        upload(server, b"a,b\n", 1000).close()
        until = time.monotonic() + 5
        while not caplog.records and time.monotonic() < until:
            time.sleep(0.02)
    assert [record.getMessage() for record in caplog.records] == ["An upload was broken off by the page."]
    assert not caplog.records[0].exc_info
