"""The log: one line of JSON for each event, written by a thread of its own, so that no reader of it keeps a request waiting."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import deque
from typing import Any, TextIO

# Lines that wait for a slow reader; beyond these lines are dropped, and counted.
MOST_LINES = 10_000
# Lines are written so often, and at most so many with one call.
SECONDS = 0.1
_AT_ONCE = 100


class Log:
    """Lines of JSON on a stream, with no cell, no token and no path that is not ours.

    Parameters
    ----------
    stream : text file
        Whatever happens to it stops nobody.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[dict[str, Any]] = deque()
        self._dropped = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._live, name="log", daemon=True)
        self._thread.start()

    def __call__(self, event: str, **fields: Any) -> None:
        """Note an event down: the thread, which looks now and then, is not woken, as that would cost more than a line."""
        if len(self._lines) >= MOST_LINES:
            self._dropped += 1
            return
        self._lines.append({"time": time.time(), "event": event, **fields})

    def close(self) -> None:
        """Write what is left, for a moment at most."""
        self._ending.set()
        self._thread.join(timeout=2)

    def _live(self) -> None:
        while not self._ending.wait(SECONDS):
            self._write()
        self._write()

    def _write(self) -> None:
        while self._lines:
            some = [self._lines.popleft() for _ in range(min(len(self._lines), _AT_ONCE))]
            if self._dropped:
                some[0]["dropped"], self._dropped = self._dropped, 0
            text = "".join(json.dumps({**line, "time": _moment(line["time"])}) + "\n" for line in some)
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(text)
                self._stream.flush()


def _moment(seconds: float) -> str:
    """Return a moment as RFC 3339 writes it: `2026-11-30T18:03:58.123Z`."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"
