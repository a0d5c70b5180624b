"""Running the server until it is interrupted."""

from __future__ import annotations

import socket
import sys
import threading
import webbrowser

from chainrule.playground.server import Server, uvicorn_config
from chainrule.playground.session import Session

# The trainer computes without a pause; with Python's usual 5 ms each answer would wait for it that long, several times.
_SWITCH = 0.0005


def serve(session: Session, place: socket.socket, *, token: str, host: str, browse: str | None) -> None:
    """Serve a session on a bound socket, and open a link in the browser as soon as the server answers."""
    import uvicorn

    sys.setswitchinterval(_SWITCH)
    server = Server(session, token, host, place.getsockname()[1])
    if browse is not None:
        # The place is listening already: the browser's first request waits until the server takes it.
        threading.Thread(target=webbrowser.open, args=(browse,), daemon=True).start()
    uvicorn.Server(uvicorn_config(server.app)).run(sockets=[place])
