"""Progress as lines of text: what a notebook, a log file or a terminal without a bar is told."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from chainrule.figures import brief
from chainrule.printable import printable
from chainrule.train.events import Advised, EpochEnded, Event, FitStarted, MemberEnded

SECONDS_BETWEEN_LINES = 5.0


def describe(event: EpochEnded) -> str:
    """Return cost, metric and rate of an epoch in one line."""
    parts = [f"cost {brief(event.cost)}"]
    scores = event.scores.get("valid") or event.scores.get("train") or {}
    where = "valid " if "valid" in event.scores else "train "
    parts += [f"{where}{name} {brief(value)}" for name, value in scores.items()]
    parts.append(f"rate {event.rate:.3g}")
    parts.append(f"{event.samples_per_second:,.0f} rows/s")
    return "  ".join(parts)


def describe_member(event: MemberEnded) -> str:
    """Return what a member came to, and what the ensemble would now cost, in one line."""
    return f"best cost {event.best:.4g}; the last {event.cost:.4g}, {event.what}"


class ProgressLines:
    """Lines, at most one every few seconds and one at the end."""

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream or sys.stderr
        self._epochs = 0
        self._started = self._last = 0.0
        self._first = 0
        self._latest = ""

    def __enter__(self) -> ProgressLines:
        """Return the observer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Print the last epoch, if it is not printed yet."""
        if self._latest:
            self._print(self._latest)

    def see(self, event: Event) -> None:
        """Take notice of an event."""
        if isinstance(event, FitStarted):
            self._epochs, self._first = event.epochs, event.epoch
            self._started = time.monotonic()
        elif isinstance(event, EpochEnded):
            done = event.epoch - self._first
            left = (time.monotonic() - self._started) / done * (self._epochs - event.epoch)
            self._latest = f"epoch {event.epoch}/{self._epochs}  {describe(event)}  at most {_span(left)} left"
            if time.monotonic() - self._last > SECONDS_BETWEEN_LINES:
                self._print(self._latest)
                self._last, self._latest = time.monotonic(), ""
        elif isinstance(event, MemberEnded):
            self._latest = f"member {event.done}/{event.members}  {describe_member(event)}"
            if time.monotonic() - self._last > SECONDS_BETWEEN_LINES:
                self._print(self._latest)
                self._last, self._latest = time.monotonic(), ""
        elif isinstance(event, Advised):
            self._print(event.advice)

    def _print(self, line: str) -> None:
        print(printable(line), file=self._stream, flush=True)


def _span(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
