"""The log: one line of JSON for each event, written by a thread of its own, so that no reader of it keeps a request waiting."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from typing import Any, TextIO

# Lines that wait for a slow reader; beyond these lines are dropped, and counted.
MOST_LINES = 10_000


class Log:
    """Lines of JSON on a stream, with no cell, no token and no path that is not ours.

    Parameters
    ----------
    stream : text file
        Whatever happens to it stops nobody.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def __call__(self, event: str, **fields: Any) -> None:
        """Note an event down."""
        if self._lines.qsize() >= MOST_LINES:
            self._dropped += 1
            return
        self._lines.put({"time": time.time(), "event": event, **fields})

    def close(self) -> None:
        """Write what is left, for a moment at most."""
        self._lines.put(None)
        self._thread.join(timeout=2)

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            if self._dropped:
                line["dropped"], self._dropped = self._dropped, 0
            line["time"] = _moment(line["time"])
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(json.dumps(line, ensure_ascii=True) + "\n")
                self._stream.flush()


def _moment(seconds: float) -> str:
    """Return a moment as RFC 3339 writes it: `2026-11-30T18:03:58.123Z`."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"
