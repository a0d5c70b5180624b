"""The server: the page at once, and behind it, as soon as it stands, a session; on this machine, for its own pages alone.

What is imported here is what a page needs. The session brings NumPy and the network's mathematics, which take longer to
import than a browser takes to ask for its first file; they are imported meanwhile (see `live.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.resources
import mimetypes
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from chainrule.playground.bundle import joined_page
from chainrule.web.guard import App, Guard, allowed_hosts, is_everywhere

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from chainrule.playground.live import Live
    from chainrule.playground.session import Session


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
