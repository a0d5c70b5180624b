"""The server: the page at once, and behind it, as soon as it stands, a session; on this machine, for its own pages alone.

What is imported here is what a page needs. The session brings NumPy and the network's mathematics, which take longer to
import than a browser takes to ask for its first file; they are imported meanwhile (see `live.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.resources
import mimetypes
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from chainrule.errors import ConfigError
from chainrule.playground.bundle import joined_page
from chainrule.playground.guard import MOST_COMMAND_BYTES, App, Guard, allowed_hosts, is_everywhere

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from chainrule.playground.live import Live
    from chainrule.playground.session import Session

DEFAULT_PORT = 8760
PORTS_TRIED = 20


class Server:
    """A web application: the page's files, and a session to which it hands on what is not a file.

    Parameters
    ----------
    begin : callable
        Returns the session; called in a thread when the server starts.
    token : str
        What a view must show to be let in.
    host, port : str, int
        Where it listens: they decide which Host and Origin headers are ours.
    allowed : sequence of str
        Other names by which a person reaches it, through a proxy for example.
    on_failure : callable
        Called, in that thread, with what kept the session from beginning.
    """

    def __init__(
        self,
        begin: Callable[[], Session],
        token: str,
        host: str,
        port: int,
        on_failure: Callable[[Exception], None] = lambda error: None,
        allowed: Sequence[str] = (),
    ) -> None:
        self._begin = begin
        self._on_failure = on_failure
        self._token = token
        self._live: asyncio.Future[Live]
        files = static_files()
        self._files = {**files, **joined_page(files)}
        routes = [
            Route("/", self._page),
            Route("/upload", self._upload, methods=["POST"]),
            WebSocketRoute("/ws", self._view),
            Route("/{name:path}", self._page),
        ]
        inner = Starlette(routes=routes, lifespan=self._lifespan)
        self.app: App = Guard(
            cast(App, inner), allowed_hosts(host, port, allowed), everywhere=is_everywhere(host), others=allowed
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._live = asyncio.ensure_future(asyncio.to_thread(self._open, asyncio.get_running_loop()))
        try:
            yield
        finally:
            with contextlib.suppress(Exception):
                (await self._live).close()

    def _open(self, loop: asyncio.AbstractEventLoop) -> Live:
        try:
            from chainrule.playground.live import Live

            return Live(self._begin(), self._token, loop)
        except Exception as error:
            self._on_failure(error)
            raise

    async def _standing(self) -> Live | None:
        """Return what answers as soon as it stands, or nothing where it never will."""
        with contextlib.suppress(Exception):
            return await asyncio.shield(self._live)
        return None

    @property
    def live(self) -> Live:
        """What answers, once it stands."""
        return self._live.result()

    async def _page(self, request: Request) -> Response:
        """Answer with one of the files that were read at the start; the path is a key, and never a path on the disk."""
        name = request.path_params.get("name", "") or "index.html"
        if name not in self._files:
            return Response("404: there is no such page\n", 404, media_type="text/plain")
        content, mime = self._files[name]
        return Response(content, media_type=mime)

    async def _upload(self, request: Request) -> Response:
        live = await self._standing()
        return (
            await live.upload(request)
            if live
            else Response("503: the session did not begin; the terminal says why. Start the Playground anew.\n", 503)
        )

    async def _view(self, socket: WebSocket) -> None:
        live = await self._standing()
        # Before the handshake is accepted this is answered by 403.
        await (live.view(socket) if live else socket.close(1011))


def static_files() -> Mapping[str, tuple[bytes, str]]:
    """Return the files of the page, by the path that a browser asks for."""
    found: dict[str, tuple[bytes, str]] = {}

    def read(folder: Traversable, prefix: str) -> None:
        for item in folder.iterdir():
            if item.is_dir():
                read(item, f"{prefix}{item.name}/")
            else:
                mime = {"js": "text/javascript"}.get(item.name.rsplit(".", 1)[-1]) or mimetypes.guess_type(item.name)[0]
                found[prefix + item.name] = (item.read_bytes(), mime or "application/octet-stream")

    static = importlib.resources.files("chainrule.playground") / "static"
    if static.is_dir():
        read(static, "")
    return found


def bound_socket(host: str, port: int | None) -> socket.socket:
    """Return a listening place: the port asked for and no other, any for 0, or the first free one from 8760 on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    ports = range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED) if port is None else [port]
    for number in ports:
        place = socket.socket(family, socket.SOCK_STREAM)
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
    last = DEFAULT_PORT + PORTS_TRIED - 1
    raise ConfigError(f"a free port from {DEFAULT_PORT} to {last}", "none", "Close another Playground, or give `port`.")


def _is_taken(error: BaseException) -> bool:
    import errno

    return getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES)


def uvicorn_config(app: App) -> Any:
    """Return how uvicorn runs an app: quietly, so that nothing of a request reaches a log."""
    import uvicorn

    from chainrule.playground.door import Connection, Door, Socket

    return uvicorn.Config(
        cast(Any, app),
        http=cast(Any, functools.partial(Connection, Door())),
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
