"""The runner: one thread that owns a session, trains while nobody asks for anything, and answers in between."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from chainrule.errors import TrainingError
from chainrule.playground.session import Session
from chainrule.playground.wire import Message

T = TypeVar("T")
# So long a command waits at most while training goes on, but for a step that takes longer.
SLICE = 0.003
# Other threads get a turn after each slice: Python's own switching would let them wait for its interval each time.
_BREATH = 2e-5

_Task = tuple[Callable[[Session], Any], Future[Any]]


class Runner:
    """Nobody else touches the session, so that it needs no lock.

    Parameters
    ----------
    session : Session
    on_change : callable
        Called in the runner's thread with the messages for all views, and the version of the state.
    """

    def __init__(self, session: Session, on_change: Callable[[list[Message], int], None]) -> None:
        self._session = session
        self._on_change = on_change
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._live, name="playground", daemon=True)
        self._thread.start()

    def ask(self, function: Callable[[Session], T]) -> Future[T]:
        """Let the thread call `function` with the session; the result comes by the future."""
        future: Future[T] = Future()
        self._tasks.put((function, future))
        return future

    def close(self) -> None:
        """End the thread after what it has in hand."""
        self._tasks.put(None)
        self._thread.join(timeout=5)

    @property
    def is_alive(self) -> bool:
        """Whether the thread lives."""
        return self._thread.is_alive()

    def _live(self) -> None:
        version = self._session.version
        rest = 0.0
        while True:
            if not self._serve(rest):
                return
            busy = self._session.is_busy
            rest = self._train() if busy else 0.0
            news = self._session.news()
            changed = self._session.version != version
            version = self._session.version
            if news or changed:
                self._on_change(news, version)
            if busy and not rest:
                time.sleep(_BREATH)

    def _train(self) -> float:
        """Train for a slice; a mistake of ours there pauses the session and is told, but ends no thread."""
        try:
            return self._session.advance(SLICE)
        except Exception as error:
            self._session.running, self._session.race = False, None
            self._session.fail(
                TrainingError("training to go on", f"{type(error).__name__}: {error}", "Reset the network.")
            )
            return 0.0

    def _serve(self, rest: float) -> bool:
        """Do what was asked for, waiting for it where there is nothing to train; return False at the end."""
        wait: float | None = rest if self._session.is_busy else None
        try:
            task = self._tasks.get(timeout=wait) if wait is None or wait > 0 else self._tasks.get_nowait()
        except queue.Empty:
            return True
        if task is None:
            return False
        self._carry_out(task)
        if self._session.is_busy:
            # The answer goes out now, and not after the next slice of training.
            time.sleep(_BREATH)
        return True

    def _carry_out(self, task: _Task) -> None:
        function, future = task
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(function(self._session))
            except BaseException as error:
                future.set_exception(error)
