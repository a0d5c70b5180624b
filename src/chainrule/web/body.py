"""Bodies of requests: read as far as a limit, and no longer than somebody goes on sending."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request


async def read_body(
    request: Request,
    most: int,
    *,
    seconds: float,
    between: float,
    refused: Callable[[int], Exception],
    waiting: Waiting | None = None,
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
    waiting : Waiting, optional
        The others that are being read, of whom the longest must go where there are too many.

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
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    waiting = Waiting(1) if waiting is None else waiting
    async with asyncio.timeout_at(min(end, loop.time() + between)) as patience:
        waiting.enter(patience)
        try:
            while (part := await anext(stream, None)) is not None:
                size += len(part)
                if size > most:
                    raise refused(0)
                if part:
                    parts.append(part)
                if patience in waiting:
                    # Not one that was told to go a moment ago.
                    patience.reschedule(min(end, loop.time() + between))
        finally:
            waiting.leave(patience)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class Waiting:
    """Those that somebody else may keep waiting: where there are too many, the one that has waited longest must go."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._patience: dict[asyncio.Timeout, None] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._patience)

    def __contains__(self, patience: asyncio.Timeout) -> bool:
        """Whether one still may wait."""
        return patience in self._patience

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
