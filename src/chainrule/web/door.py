"""The door: connections that are slow to say what they want, or want nothing, cannot keep others out.

A server has room for so many connections. Whoever opens hundreds and sends half a request on each would fill it; so those
that have not asked anything yet have little time, and where there are many, the one that has waited longest must go: an honest
browser asks within milliseconds, and is never that one.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

SECONDS_TO_ASK = 10.0
# After that a connection is closed; it ends once its reader has taken what is still on its way, or is ended.
SECONDS_TO_GO = 20.0
# Who takes nothing of what is sent for so long does not want it.
SECONDS_TO_TAKE = 30.0
# A page that was told to go may say good-bye, and need not.
SECONDS_TO_SAY_GOODBYE = 1.0
# Of the head of a request: a browser's has two thousand, and cookies that are not ours.
MOST_HEAD_BYTES = 64 << 10
MOST_WAITING = 256
MOST_WAITING_OF_ONE_ADDRESS = 96


class Door:
    """The connections that have not asked anything yet, the longest waiting first."""

    def __init__(self) -> None:
        self._waiting: dict[Patient, None] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def enter(self, connection: Patient) -> None:
        """Let one wait, and send away whoever must go for it."""
        self._waiting[connection] = None
        alike = [other for other in self._waiting if other.address == connection.address]
        if len(alike) > MOST_WAITING_OF_ONE_ADDRESS:
            alike[0].end()
        elif len(self._waiting) > MOST_WAITING:
            next(iter(self._waiting)).end()

    def leave(self, connection: Patient) -> None:
        """Take one off the list that has asked, or has gone."""
        self._waiting.pop(connection, None)


class Patient(asyncio.Protocol):
    """What makes a connection of uvicorn's one that must ask soon, each time that it may ask; stands before it.

    Parameters
    ----------
    door : Door
        Where it waits meanwhile.
    options
        What uvicorn gives.
    """

    client: tuple[str, int] | None
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport

    def __init__(self, door: Door, **options: Any) -> None:
        super().__init__(**options)
        self._door = door
        self._patience: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None
        self._head = 0

    @property
    def address(self) -> str:
        """Who is at the other end."""
        return self.client[0] if self.client else ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what was sent; a head has an end, or nobody reads it."""
        super().data_received(data)
        if self._patience is not None:
            self._head += len(data)
            if self._head > MOST_HEAD_BYTES:
                self.end()

    def on_response_complete(self) -> None:
        """Wait for another request."""
        self._wait()
        super().on_response_complete()  # type: ignore[misc]

    def pause_writing(self) -> None:
        """Wait until the other side has taken what was sent."""
        super().pause_writing()
        self._taking = self.loop.call_later(SECONDS_TO_TAKE, self.end)

    def resume_writing(self) -> None:
        """Go on sending."""
        self._taken()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._asked()
        self._taken()
        super().connection_lost(exc)

    def end(self) -> None:
        """End it at once."""
        self._asked()
        self.transport.abort()

    def _wait(self) -> None:
        self._asked()
        self._head = 0
        self._patience = self.loop.call_later(SECONDS_TO_ASK, self._show_out)
        self._door.enter(self)

    def _show_out(self) -> None:
        self.transport.close()
        self._patience = self.loop.call_later(SECONDS_TO_GO, self.end)

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _asked(self) -> None:
        self._door.leave(self)
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class Connection(Patient, H11Protocol):
    """An HTTP connection, parsed in Python."""

    def handle_events(self) -> None:
        """Look whether a request is whole now."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._asked()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Become a WebSocket, whose patience is with those who answer it."""
        self._asked()
        super().handle_websocket_upgrade(event)


class Socket(WebSocketsSansIOProtocol):
    """A WebSocket of uvicorn's that ends soon after it was closed, whatever the other side does."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.close_timeout = SECONDS_TO_SAY_GOODBYE
