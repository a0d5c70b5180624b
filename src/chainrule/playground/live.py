"""What answers a page: its room, uploads, and one WebSocket for each view."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from chainrule.errors import ChainruleError, ConfigError
from chainrule.playground.apart import read_apart
from chainrule.playground.protocol import Hello, command_from_text
from chainrule.playground.rooms import NoRoomError, NotFollowedError, Room, Rooms
from chainrule.playground.session import Session
from chainrule.playground.storage import too_large
from chainrule.playground.viewer import SlowViewerError, Viewer
from chainrule.playground.wire import Message, encode, error_message
from chainrule.web.body import read_body
from chainrule.web.guard import MOST_UPLOAD_BYTES, same_token

MOST_VIEWERS = 128
MOST_STRANGERS = 64
MOST_UPLOADS_AT_ONCE = 8
MOST_READ_AT_ONCE = 2
HELLO_SECONDS = 10.0
# Between two parts of an upload, and for all of it.
BODY_SECONDS = 10.0
UPLOAD_SECONDS = 300.0
_LOG = logging.getLogger("chainrule.playground")
# WebSocket close codes of applications start at 4000.
NOT_ADMITTED, TOO_MANY, TOO_SLOW, NOT_FOLLOWED, ELSEWHERE = 4401, 4429, 4408, 4404, 4409


class Live:
    """The rooms of a server, and who is in them.

    Parameters
    ----------
    session : Session
        What each page meets first.
    token : str
        What a view must show to be let in.
    loop : event loop
        In which the server runs.
    """

    def __init__(self, session: Session, token: str, loop: asyncio.AbstractEventLoop) -> None:
        self._token = token
        self.rooms = Rooms(session, token, loop)
        self._uploading = 0
        self._reading = asyncio.Semaphore(MOST_READ_AT_ONCE)
        # Pages that have not said hello yet, the longest waiting first.
        self._strangers: dict[asyncio.Timeout, None] = {}

    def close(self) -> None:
        """End the training."""
        self.rooms.close()

    @property
    def n_viewers(self) -> int:
        """Pages that are open."""
        return sum(len(room.viewers) for room in self.rooms.all)

    async def upload(self, request: Request) -> Response:
        """Take a table as the raw body of a request, and stop reading at the limit."""
        if not same_token(self._token, request.headers.get("x-chainrule-token", "")):
            return _refused(ConfigError("the token of this Playground", "another or none", "Open the link anew."), 401)
        room = self.rooms.find(request.headers.get("x-chainrule-session", ""))
        if room is None:
            gone = ConfigError("the network of an open page", "another or none", "Load the page anew.")
            return _refused(gone, 404)
        if self._uploading >= MOST_UPLOADS_AT_ONCE:
            busy = ConfigError("one upload after the other", "several at once", "Wait for the other one.")
            return _refused(busy, 429)
        self._uploading += 1
        try:
            raw = await read_body(
                request, MOST_UPLOAD_BYTES, seconds=UPLOAD_SECONDS, between=BODY_SECONDS, refused=too_large
            )
            name = request.query_params.get("name", "table.csv")
            # Only one that has come whole is in the way of others.
            async with self._reading:
                source = await asyncio.to_thread(read_apart, name, raw)
            message = await asyncio.wrap_future(room.runner.ask(lambda session: session.add_source(source)))
            return JSONResponse(message.header())
        except ChainruleError as error:
            return _refused(error, 413 if "MiB" in error.expected else 422)
        except TimeoutError:
            slow = ConfigError(f"an upload that goes on within {BODY_SECONDS:g} s", "silence", "Upload it again.")
            return _refused(slow, 408)
        except ClientDisconnect:
            _LOG.warning("An upload was broken off by the page.")
            return Response(status_code=400)
        finally:
            self._uploading -= 1

    async def view(self, socket: WebSocket) -> None:
        """Let a page look and take part until it goes."""
        await socket.accept()
        hello = await self._admitted(socket)
        if hello is None:
            await _close(socket, NOT_ADMITTED, "this page is not of this Playground: open the link anew")
            return
        if self.n_viewers >= MOST_VIEWERS:
            await _close(socket, TOO_MANY, f"{MOST_VIEWERS} pages are open already")
            return
        try:
            room, found = await self.rooms.room_for(hello)
        except NotFollowedError:
            await _close(socket, NOT_FOLLOWED, "the page that you follow is not there, or is not shared any more")
        except NoRoomError:
            await _close(socket, TOO_MANY, "there are as many networks as this server has room for")
        else:
            await self._stay(socket, hello, room, found)

    async def _stay(self, socket: WebSocket, hello: Hello, room: Room, found: str) -> None:
        """Answer a page until it goes, or another takes its place."""
        follows = found == "follow"
        replaced = asyncio.Event()
        viewer = room.enter(_Socket(socket), hello, follows=follows, end=replaced.set)
        viewer.say([room.about("guest" if follows else "own", found)])
        await viewer.take('{"type": "hello"}')
        jobs = (viewer.pump(), self._listen(socket, viewer), replaced.wait())
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(job) for job in jobs]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            room.leave(viewer)
            self.rooms.left(room)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        if replaced.is_set():
            reason = "the page that you follow is not shared any more" if follows else "this page has connected again"
            await _close(socket, NOT_FOLLOWED if follows else ELSEWHERE, reason)
        if any(isinstance(result, SlowViewerError) for result in results):
            await _close(socket, TOO_SLOW, "this page did not read what it was sent")
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, (SlowViewerError, WebSocketDisconnect)):
                await _close(socket, 1011, "a mistake of the server")
                raise result

    async def _admitted(self, socket: WebSocket) -> Hello | None:
        """Return the first message, which must be hello with our token, and must come soon; or nothing."""
        patience = asyncio.timeout(HELLO_SECONDS)
        try:
            async with patience:
                self._wait(patience)
                text = await socket.receive_text()
            command = command_from_text(text)
        except (TimeoutError, ChainruleError, WebSocketDisconnect, KeyError):
            return None
        finally:
            self._strangers.pop(patience, None)
        return command if isinstance(command, Hello) and same_token(self._token, command.token) else None

    def _wait(self, patience: asyncio.Timeout) -> None:
        """Let a page wait until it has said hello; where many wait, the first of them has waited enough."""
        self._strangers[patience] = None
        if len(self._strangers) > MOST_STRANGERS:
            first = next(iter(self._strangers))
            del self._strangers[first]
            first.reschedule(asyncio.get_running_loop().time())

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


def _refused(error: ChainruleError, status: int) -> Response:
    # The rest of a body that is not read would be taken for the next request.
    return JSONResponse(error_message(error, "upload").header(), status, headers={"connection": "close"})
