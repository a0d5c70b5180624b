"""The server before its session stands: the page comes at once, what answers it comes later, or never."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from chainrule.errors import ConfigError
from chainrule.playground.run import serve
from chainrule.playground.session import Session
from chainrule.web.place import bound_socket
from tests.playground.conftest import TOKEN, start_server


def test_the_page_does_not_wait_for_the_session_but_its_questions_do() -> None:
    may_begin = threading.Event()

    def begin() -> Session:
        may_begin.wait(timeout=30)
        return Session()

    live = start_server(begin=begin)
    try:
        with urllib.request.urlopen(f"{live.url}/", timeout=10) as answer:
            assert b"page.js" in answer.read()
        address = f"ws://{live.host}:{live.port}/ws"
        asking = threading.Timer(0.3, may_begin.set)
        asking.start()
        with connect(address, origin=live.url) as wire:  # type: ignore[arg-type]
            assert may_begin.is_set()
            wire.send(json.dumps({"type": "hello", "token": TOKEN}))
            assert [json.loads(wire.recv(timeout=10))["type"] for _ in range(2)] == ["session", "welcome"]
    finally:
        may_begin.set()
        live.stop()


def test_a_session_that_cannot_begin_ends_the_server_and_is_told() -> None:
    def begin() -> Session:
        raise ConfigError("a session", "none", "Try again.")

    with bound_socket("127.0.0.1", 0) as place, pytest.raises(ConfigError, match="a session"):
        serve(begin, place, token=TOKEN, host="127.0.0.1", browse=None)


def test_a_page_whose_session_cannot_begin_is_told() -> None:
    failures: list[Exception] = []

    def begin() -> Session:
        raise ConfigError("a session", "none", "Try again.")

    live = start_server(begin=begin, on_failure=failures.append)
    try:
        with urllib.request.urlopen(f"{live.url}/", timeout=10) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError, match="503") as refused:
            urllib.request.urlopen(urllib.request.Request(f"{live.url}/upload", b"a", method="POST"), timeout=10)
        assert b"Start the Playground anew" in refused.value.read()
        with pytest.raises(InvalidStatus, match="403"):
            connect(f"ws://{live.host}:{live.port}/ws", origin=live.url)  # type: ignore[arg-type]
    finally:
        live.stop()
    assert [str(error) for error in failures] == [str(ConfigError("a session", "none", "Try again."))]
