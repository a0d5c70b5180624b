"""The runner: one thread that owns a session, trains in its turn while nobody asks for anything, and answers in between."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from chainrule.errors import TrainingError
from chainrule.playground.session import Session
from chainrule.playground.turns import Turns
from chainrule.playground.wire import Message

T = TypeVar("T")
# So long a command waits at most while training goes on, but for a step that takes longer.
SLICE = 0.003
# Other threads get a turn after each slice: Python's own switching would let them wait for its interval each time.
_BREATH = 2e-5

_Task = tuple[Callable[[Session], Any], Future[Any], bool]
# In the queue of tasks: that a turn has come, and that it is all over.
_TURN, _END = "turn", "end"


class Runner:
    """Nobody else touches the session, so that it needs no lock.

    Parameters
    ----------
    session : Session
    on_change : callable
        Called in the runner's thread with the messages for all views, and the version of the state.
    turns : Turns, optional
        Shared with the runners of other sessions, so that they train and draw one at a time.
    """

    def __init__(
        self, session: Session, on_change: Callable[[list[Message], int], None], turns: Turns | None = None
    ) -> None:
        self._session = session
        self._on_change = on_change
        self._tasks: queue.SimpleQueue[_Task | str] = queue.SimpleQueue()
        self._place = (turns or Turns()).place(lambda: self._tasks.put(_TURN))
        self._has_turn = self._has_asked = self._is_resting = False
        # What waits for a turn.
        self._later: deque[_Task] = deque()
        # When slow motion takes its next step.
        self._until = 0.0
        self._thread = threading.Thread(target=self._live, name="playground", daemon=True)
        self._thread.start()

    def ask(self, function: Callable[[Session], T], *, in_turn: bool = False) -> Future[T]:
        """Let the thread call `function` with the session; the result comes by the future.

        A question is answered at once, whatever other sessions do. What is asked sixty times a second waits for its turn.
        """
        future: Future[T] = Future()
        self._tasks.put((function, future, in_turn))
        return future

    def rest(self, resting: bool) -> None:
        """Let training rest where it is, or go on; a session that runs goes on running, as far as it can tell."""

        def take(session: Session) -> None:
            self._is_resting = resting
            session.learner.rest()

        self.ask(take)

    def close(self) -> None:
        """End the thread after what it has in hand."""
        self._tasks.put(_END)
        self._thread.join(timeout=5)

    @property
    def is_alive(self) -> bool:
        """Whether the thread lives."""
        return self._thread.is_alive()

    @property
    def _is_busy(self) -> bool:
        return self._session.is_busy and not self._is_resting

    @property
    def _wants_turn(self) -> bool:
        return bool(self._later) or (self._is_busy and time.perf_counter() >= self._until)

    def _live(self) -> None:
        version = self._session.version
        try:
            while self._serve():
                if self._has_turn:
                    self._work()
                news = self._session.news()
                changed = self._session.version != version
                version = self._session.version
                if news or changed:
                    self._on_change(news, version)
                if self._is_busy:
                    # What there is to tell goes out now, and not after the next slice.
                    time.sleep(_BREATH)
        finally:
            self._place.leave()

    def _serve(self) -> bool:
        """Do what was asked for, waiting for it where there is nothing else to do; return False at the end."""
        if self._wants_turn and not (self._has_turn or self._has_asked):
            self._has_turn = self._place.ask()
            self._has_asked = not self._has_turn
        try:
            task = self._tasks.get_nowait() if self._has_turn else self._tasks.get(timeout=self._patience())
        except queue.Empty:
            return True
        if task == _END:
            return False
        if task == _TURN:
            self._has_turn, self._has_asked = True, False
        elif isinstance(task, tuple):
            if task[2]:
                self._later.append(task)
            else:
                self._hand_on()
                self._carry_out(task)
        return True

    def _patience(self) -> float | None:
        """Return how long to wait for a question: until one comes, but for slow motion, which goes on by itself."""
        if not self._is_busy or self._has_asked:
            return None
        return max(0.0, self._until - time.perf_counter())

    def _hand_on(self) -> None:
        """A question may take long; others need not wait for that."""
        if self._has_turn:
            self._place.begin()
            self._has_turn = self._place.end(more=False)

    def _work(self) -> None:
        """Draw what is waited for, and train for a slice."""
        self._place.begin()
        if self._later:
            self._carry_out(self._later.popleft())
        if self._is_busy and time.perf_counter() >= self._until:
            self._until = time.perf_counter() + self._train()
        more = self._wants_turn
        self._has_turn = self._place.end(more=more)
        self._has_asked = more and not self._has_turn

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

    def _carry_out(self, task: _Task) -> None:
        function, future, _ = task
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(function(self._session))
            except BaseException as error:
                future.set_exception(error)
