"""Turns: sessions that train and draw side by side do it one at a time, whoever has used least so far first.

Python runs one thread at a time anyway. Forty threads that all want to would hand the interpreter round in no order, and a
thread in the middle of a hundred small array operations would wait for it after each; with turns each gets a whole slice.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

# Who comes back after a rest has at most so many seconds in hand over those who worked meanwhile.
_HEAD_START = 0.02


class Place:
    """One session's place, with the seconds of work that it has had.

    Parameters
    ----------
    call : callable
        Called, in whatever thread, when a turn that had to be waited for has come.
    """

    def __init__(self, turns: Turns, call: Callable[[], None]) -> None:
        self._turns = turns
        self.call = call
        self.used = 0.0
        self._began = 0.0

    def ask(self) -> bool:
        """Ask for a turn; return whether it has come at once. If not, `call` tells of it."""
        return self._turns.ask(self)

    def begin(self) -> None:
        """Begin to work, in one's turn and in one's own thread.

        What counts is the thread's own time: it is not to blame for what else the machine does in its turn.
        """
        self._began = time.thread_time()

    def end(self, *, more: bool) -> bool:
        """Hand the turn on; return whether it is this one's again. If not, and there is more to do, `call` will tell."""
        self.used += time.thread_time() - self._began
        return self._turns.end(self, more)

    def leave(self) -> None:
        """Want no turn any more, whether one has come or not."""
        self._turns.leave(self)


class Turns:
    """Who is at work, and who waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: Place | None = None
        self._waiting: list[tuple[float, int, Place]] = []
        self._number = itertools.count()
        # What those who keep working have used, about.
        self._level = 0.0

    def place(self, call: Callable[[], None]) -> Place:
        """Return a new place."""
        return Place(self, call)

    def ask(self, place: Place) -> bool:
        """See `Place.ask`."""
        with self._lock:
            place.used = max(place.used, self._level - _HEAD_START)
            if self._holder is None:
                self._give(place)
                return True
            self._queue(place)
            return False

    def end(self, place: Place, more: bool) -> bool:
        """See `Place.end`."""
        with self._lock:
            if more and (not self._waiting or place.used < self._waiting[0][0]):
                self._level = max(self._level, place.used)
                return True
            if more:
                self._queue(place)
            called = self._next()
        if called is not None:
            called.call()
        return False

    def leave(self, place: Place) -> None:
        """See `Place.leave`."""
        called = None
        with self._lock:
            self._waiting = [entry for entry in self._waiting if entry[2] is not place]
            heapq.heapify(self._waiting)
            if self._holder is place:
                called = self._next()
        if called is not None:
            called.call()

    def _queue(self, place: Place) -> None:
        heapq.heappush(self._waiting, (place.used, next(self._number), place))

    def _next(self) -> Place | None:
        self._holder = None
        if not self._waiting:
            return None
        _, _, place = heapq.heappop(self._waiting)
        self._give(place)
        return place

    def _give(self, place: Place) -> None:
        self._holder = place
        self._level = max(self._level, place.used)
