"""A session that is asked by plain words, and a server that answers on a port of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

from chainrule.playground.commands import handle
from chainrule.playground.protocol import command_from
from chainrule.playground.server import Server
from chainrule.playground.session import Session
from chainrule.playground.wire import Message
from chainrule.web.place import bound_socket, uvicorn_config

TOKEN = "a-token-that-is-known-to-the-tests"
# Of a network that the server has not met yet: it makes one for whoever names it.
KEY = "a-key-that-is-known-to-the-tests"


class Asking:
    """A session, with commands as keyword arguments."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __call__(self, kind: str, /, **fields: Any) -> Message:
        """Return the one answer."""
        (answer,) = handle(self.session, command_from({"type": kind, **fields}))
        return answer

    def train(self, epochs: int) -> None:
        """Run until so many more epochs are done."""
        until = self.session.learner.trainer.position.epoch + epochs
        self("run")
        while self.session.running and self.session.learner.trainer.position.epoch < until:
            self.session.advance(0.002)
        if self.session.running:
            self("pause")


@pytest.fixture
def ask() -> Asking:
    """Return a new session with the default spec."""
    return Asking(Session())


@dataclass
class Live:
    """A server that runs in a thread."""

    server: Server
    port: int
    host: str
    stop: Callable[[], None]

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://{self.host}:{self.port}"


def start_server(port: int = 0, begin: Callable[[], Session] = Session, **options: Any) -> Live:
    """Start a server; `stop` ends it."""
    place = bound_socket("127.0.0.1", port)
    number = place.getsockname()[1]
    server = Server(begin, TOKEN, "127.0.0.1", number, **options)
    runner = uvicorn.Server(uvicorn_config(server.app))
    thread = threading.Thread(target=lambda: asyncio.run(runner.serve(sockets=[place])), daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not runner.started and time.monotonic() < until:
        time.sleep(0.005)
    assert runner.started

    def stop() -> None:
        runner.should_exit = True
        thread.join(timeout=10)
        place.close()
        assert not thread.is_alive()

    return Live(server, number, "127.0.0.1", stop)


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    """Return a running server, shared by the tests of a module."""
    running = start_server()
    yield running
    running.stop()
