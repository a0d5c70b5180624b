"""Who looks on while an estimator fits: the printed lines, the observers, scikit-learn's callbacks, and Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chainrule.errors import ConfigError
from chainrule.train import Advised, Decided, EpochEnded, Event, Run

INTERRUPTED = "interrupted by the user"


def narrate(event: Event) -> None:
    """Print an epoch as one line, and what was decided."""
    if isinstance(event, EpochEnded):
        parts = [f"Iteration {event.epoch}, loss = {event.cost:.8f}"]
        parts += [f"validation {name} = {value:.6f}" for name, value in event.scores.get("valid", {}).items()]
        parts.append(f"{event.samples_per_second:,.0f} samples/s")
        _say(", ".join(parts))
    elif isinstance(event, Decided) and event.decision != "keep_weights":
        _say(event.detail)
    elif isinstance(event, Advised):
        _say(event.advice)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def observers(callbacks: Sequence[Any] | None, verbose: Any) -> list[Callable[[Event], Any]]:
    """Return what each event is shown to."""
    for callback in callbacks or ():
        if not callable(callback):
            raise ConfigError(
                "callbacks to be functions of one event",
                f"{callback!r:.80}",
                "Give a function; callbacks of scikit-learn's protocol are set with set_callbacks.",
            )
    return [*([narrate] if verbose else []), *(callbacks or ())]


class Tasks:
    """scikit-learn's callbacks: the fit is a task, and each epoch a task inside it.

    Parameters
    ----------
    estimator : estimator with `_init_callback_context`
    X, y, sample_weight
        What is fitted.
    epochs : int
        Most epochs.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, epochs: int) -> None:
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._facts = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._context = estimator._init_callback_context(max_subtasks=epochs)
        self._context.call_on_fit_task_begin(**self._facts)
        # A task for each epoch of a fit that nobody watches would be memory and time for nothing.
        self._watched = bool(getattr(estimator, "_skl_callbacks", None))
        self._left = epochs
        self._epoch: Any = None
        self._begin_epoch()

    def _begin_epoch(self) -> None:
        if self._watched and self._left:
            self._left -= 1
            self._epoch = self._context.subcontext(task_name="epoch").call_on_fit_task_begin(**self._facts)

    def epoch_ended(self, fitted: Callable[[], dict[str, Any]]) -> bool:
        """Tell the callbacks; return whether one of them asks to stop. `fitted` gives the attributes as of now."""
        if not self._watched:
            return False
        stop = bool(self._epoch.call_on_fit_task_end(reconstruction_attributes=fitted, **self._facts))
        if not stop:
            self._begin_epoch()
        return stop

    def ended(self, fitted: dict[str, Any]) -> None:
        """Tell the callbacks that the fit is over."""
        self._context.call_on_fit_task_end(reconstruction_attributes=fitted, **self._facts)


@contextmanager
def interruptible(run: Run) -> Iterator[None]:
    """Let the first Ctrl-C end `run` after the steps in hand, and a second one break it off.

    An exception in the middle of a step could leave half of the weights moved, and on JAX none at all.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def first(number: int, frame: Any) -> None:
        run.stop(INTERRUPTED)
        signal.signal(signal.SIGINT, before)

    before = signal.getsignal(signal.SIGINT)
    # Whoever has a handler of their own, or ignores Ctrl-C, keeps it.
    if before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
