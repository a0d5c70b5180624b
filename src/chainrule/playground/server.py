"""The server: pages, uploads and one WebSocket for each view, on this machine and for its own pages alone."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.resources
import mimetypes
import socket
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from chainrule.errors import ChainruleError, ConfigError
from chainrule.playground.frames import Frames
from chainrule.playground.guard import App, Guard, allowed_hosts, same_token
from chainrule.playground.protocol import MOST_COMMAND_BYTES, MOST_UPLOAD_BYTES, Hello, command_from_text
from chainrule.playground.runner import Runner
from chainrule.playground.session import Session
from chainrule.playground.storage import read_upload, too_large
from chainrule.playground.viewer import SlowViewerError, Viewer
from chainrule.playground.wire import Message, encode, error_message

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DEFAULT_PORT = 8760
PORTS_TRIED = 20
MOST_VIEWERS = 64
MOST_UPLOADS_AT_ONCE = 2
HELLO_SECONDS = 10.0
# WebSocket close codes of applications start at 4000.
NOT_ADMITTED, TOO_MANY, TOO_SLOW = 4401, 4429, 4408


class Server:
    """A session with its runner, its viewers and its web application.

    Parameters
    ----------
    session : Session
    token : str
        What a view must show to be let in.
    host, port : str, int
        Where it listens: they decide which Host and Origin headers are ours.
    """

    def __init__(self, session: Session, token: str, host: str, port: int) -> None:
        self._token = token
        self._viewers: set[Viewer] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runner = Runner(session, self._on_change)
        self._files = static_files()
        self._uploading = 0
        routes = [
            Route("/", self._page),
            Route("/upload", self._upload, methods=["POST"]),
            WebSocketRoute("/ws", self._view),
            Route("/{name:path}", self._page),
        ]
        inner = Starlette(routes=routes, lifespan=self._lifespan)
        self.app: App = Guard(cast(App, inner), allowed_hosts(host, port))

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self._frames = Frames(self._runner)
        try:
            yield
        finally:
            self._loop = None
            self._runner.close()

    @property
    def n_viewers(self) -> int:
        """Pages that are open."""
        return len(self._viewers)

    def _on_change(self, news: list[Message], version: int) -> None:
        """Called in the runner's thread."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                # The loop may close between the two lines.
                loop.call_soon_threadsafe(self._tell, news, version)

    def _tell(self, news: list[Message], version: int) -> None:
        self._frames.forget()
        for viewer in self._viewers:
            viewer.tell(news, version)

    # HTTP

    async def _page(self, request: Request) -> Response:
        """Answer with one of the files that were read at the start; the path is a key, and never a path on the disk."""
        name = request.path_params.get("name", "") or "index.html"
        if name not in self._files:
            return Response("404: there is no such page\n", 404, media_type="text/plain")
        content, mime = self._files[name]
        return Response(content, media_type=mime)

    async def _upload(self, request: Request) -> Response:
        """Take a table as the raw body of a request, and stop reading at the limit."""
        if not same_token(self._token, request.headers.get("x-chainrule-token", "")):
            return _refused(ConfigError("the token of this Playground", "another or none", "Open the link anew."), 401)
        if self._uploading >= MOST_UPLOADS_AT_ONCE:
            busy = ConfigError("one upload after the other", "several at once", "Wait for the other one.")
            return _refused(busy, 429)
        self._uploading += 1
        try:
            raw = await _body(request)
            name = request.query_params.get("name", "table.csv")
            source = await asyncio.to_thread(read_upload, name, raw)
            message = await asyncio.wrap_future(self._runner.ask(lambda session: session.add_source(source)))
            return JSONResponse(message.header())
        except ChainruleError as error:
            return _refused(error, 413 if "MiB" in error.expected else 422)
        finally:
            self._uploading -= 1

    # The WebSocket

    async def _view(self, socket: WebSocket) -> None:
        await socket.accept()
        if not await self._is_admitted(socket):
            await _close(socket, NOT_ADMITTED, "this page is not of this Playground: open the link anew")
            return
        if len(self._viewers) >= MOST_VIEWERS:
            await _close(socket, TOO_MANY, f"{MOST_VIEWERS} pages are open already")
            return
        viewer = Viewer(_Socket(socket), self._runner, self._frames)
        self._viewers.add(viewer)
        await viewer.take('{"type": "hello"}')
        tasks = [asyncio.ensure_future(viewer.pump()), asyncio.ensure_future(self._listen(socket, viewer))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._viewers.discard(viewer)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        if any(isinstance(result, SlowViewerError) for result in results):
            await _close(socket, TOO_SLOW, "this page did not read what it was sent")
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, (SlowViewerError, WebSocketDisconnect)):
                await _close(socket, 1011, "a mistake of the server")
                raise result

    async def _is_admitted(self, socket: WebSocket) -> bool:
        """The first message must be hello with our token, and must come soon."""
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                text = await socket.receive_text()
            command = command_from_text(text)
        except (TimeoutError, ChainruleError, WebSocketDisconnect, KeyError):
            return False
        return isinstance(command, Hello) and same_token(self._token, command.token)

    async def _listen(self, socket: WebSocket, viewer: Viewer) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                message = await socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                await viewer.take(message.get("text") or message.get("bytes") or "")


class _Socket:
    """Starlette's WebSocket as a viewer's wire."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def send(self, data: str | bytes) -> None:
        if isinstance(data, str):
            await self._socket.send_text(data)
        else:
            await self._socket.send_bytes(data)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.client_state is not WebSocketState.DISCONNECTED:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.send_text(str(encode(Message("bye", {"reason": reason}))))
            await socket.close(code, reason)


async def _body(request: Request) -> bytes:
    """Return the body, or raise as soon as it is known to be too large."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MOST_UPLOAD_BYTES:
        raise too_large(int(declared))
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_UPLOAD_BYTES:
            raise too_large(0)
        parts.append(part)
    return b"".join(parts)


def _refused(error: ChainruleError, status: int) -> Response:
    # The rest of a body that is not read would be taken for the next request.
    return JSONResponse(error_message(error, "upload").header(), status, headers={"connection": "close"})


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
                remedy = "Choose another --port, or leave it out." if port else "Choose another --host."
                raise ConfigError(f"a free place at {host}:{number}", reason, remedy) from error
            continue
        return place
    last = DEFAULT_PORT + PORTS_TRIED - 1
    raise ConfigError(f"a free port from {DEFAULT_PORT} to {last}", "none", "Close another Playground, or give --port.")


def _is_taken(error: BaseException) -> bool:
    import errno

    return getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES)


def uvicorn_config(app: App) -> Any:
    """Return how uvicorn runs an app: quietly, so that nothing of a request reaches a log."""
    import uvicorn

    return uvicorn.Config(
        cast(Any, app),
        http="h11",
        ws="websockets-sansio",
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
