"""A place to listen, and how uvicorn serves an application there."""

from __future__ import annotations

import functools
import importlib.util
import socket
from typing import Any, cast

from chainrule.errors import ConfigError
from chainrule.web.guard import MOST_COMMAND_BYTES, App

DEFAULT_PORT = 8760
PORTS_TRIED = 20


def bound_socket(host: str, port: int | None, first: int = DEFAULT_PORT) -> socket.socket:
    """Return a listening place: the port asked for and no other, any for 0, or the first free one from `first` on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ports = range(first, first + PORTS_TRIED) if port is None else [port]
    for number in ports:
        # Named as TCP, its connections do not wait for more before they send (Nagle's algorithm), which would cost 40 ms.
        place = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        # A server that was killed a moment ago leaves connections behind that would hold its port for a minute.
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((host, number))
            place.listen(128)
        except (OSError, OverflowError) as error:
            place.close()
            if port is not None or not _is_taken(error):
                reason = getattr(error, "strerror", None) or str(error)
                remedy = "Choose another `port`, or leave it out." if port else "Choose another `host`."
                raise ConfigError(f"a free place at {host}:{number}", reason, remedy) from error
            continue
        return place
    last = first + PORTS_TRIED - 1
    raise ConfigError(f"a free port from {first} to {last}", "none", "Close another server, or give `port`.")


def _is_taken(error: BaseException) -> bool:
    import errno

    return getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES)


def uvicorn_config(app: App, *, fast: bool = False) -> Any:
    """Return how uvicorn runs an app: quietly, so that nothing of a request reaches a log.

    Parameters
    ----------
    fast : bool
        Whether requests are parsed in C, where httptools is installed.
    """
    import uvicorn

    from chainrule.web.door import Connection, Door, Socket

    connection: Any = Connection
    if fast and importlib.util.find_spec("httptools") is not None:
        from chainrule.web.fast import FastConnection

        connection = FastConnection
    return uvicorn.Config(
        cast(Any, app),
        http=cast(Any, functools.partial(connection, Door())),
        ws=cast(Any, Socket),
        ws_max_size=MOST_COMMAND_BYTES,
        ws_max_queue=8,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        ws_per_message_deflate=False,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        limit_concurrency=512,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=1,
        lifespan="on",
    )
