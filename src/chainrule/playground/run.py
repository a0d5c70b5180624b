"""Running the server until it is interrupted."""

from __future__ import annotations

import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chainrule.playground.server import Server
from chainrule.web.place import uvicorn_config

if TYPE_CHECKING:
    from chainrule.playground.session import Session

# The trainer computes without a pause; with Python's usual 5 ms each answer would wait for it that long, several times.
_SWITCH = 0.0005


def serve(
    begin: Callable[[], Session],
    place: socket.socket,
    *,
    token: str,
    host: str,
    browse: str | None,
    allowed: Sequence[str] = (),
) -> None:
    """Serve a session on a bound socket, and open a link in the browser as soon as the server answers.

    Parameters
    ----------
    begin : callable
        Returns the session; called while the browser is still loading the page. What it raises ends the server.
    allowed : sequence of str
        Names beside those of this machine by which a person reaches it.
    """
    import uvicorn

    sys.setswitchinterval(_SWITCH)
    failed: list[Exception] = []

    def fail(error: Exception) -> None:
        failed.append(error)
        web.should_exit = True

    server = Server(begin, token, host, place.getsockname()[1], fail, allowed)
    web = uvicorn.Server(uvicorn_config(server.app))
    if browse is not None:
        # The place is listening already: the browser's first request waits until the server takes it.
        threading.Thread(target=webbrowser.open, args=(browse,), daemon=True).start()
    web.run(sockets=[place])
    if failed:
        raise failed[0]
