"""Bodies of requests: read as far as a limit, and no longer than somebody goes on sending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request


async def read_body(
    request: Request, most: int, *, seconds: float, between: float, refused: Callable[[int], Exception]
) -> bytes:
    """Return the body of a request.

    Parameters
    ----------
    most : int
        Bytes that it may have; it is refused as soon as it is known to have more.
    seconds, between : float
        For all of it, and between two parts.
    refused : callable
        Returns the error for a body that is too large, given the size that it declared, or 0.

    Raises
    ------
    TimeoutError
        If it takes too long.
    starlette.requests.ClientDisconnect
        If the other side goes away.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise refused(int(declared))
    parts: list[bytes] = []
    size = 0
    stream = request.stream()
    async with asyncio.timeout(seconds):
        while True:
            async with asyncio.timeout(between):
                part = await anext(stream, None)
            if part is None:
                return parts[0] if len(parts) == 1 else b"".join(parts)
            size += len(part)
            if size > most:
                raise refused(0)
            if part:
                parts.append(part)


class Waiting:
    """Those that somebody else may keep waiting: where there are too many, the one that has waited longest must go."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._patience: dict[asyncio.Timeout, None] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._patience)

    def enter(self, patience: asyncio.Timeout) -> None:
        """Let one wait, inside its own `asyncio.timeout`."""
        self._patience[patience] = None
        if len(self._patience) > self._most:
            first = next(iter(self._patience))
            del self._patience[first]
            first.reschedule(asyncio.get_running_loop().time())

    def leave(self, patience: asyncio.Timeout) -> None:
        """Take one off the list."""
        self._patience.pop(patience, None)
