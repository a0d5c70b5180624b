"""Progress on stderr: a bar where there is a terminal, plain lines where there is none."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from chainrule.printable import printable
from chainrule.train import Advised, Decided, EpochEnded, Event, FitStarted, StepsEnded

_SECONDS_BETWEEN_LINES = 5.0


def describe(event: EpochEnded) -> str:
    """Return cost, metric and rate of an epoch in one line."""
    parts = [f"cost {event.cost:.4g}"]
    scores = event.scores.get("valid") or event.scores.get("train") or {}
    where = "valid " if "valid" in event.scores else ""
    parts += [f"{where}{name} {value:.4g}" for name, value in scores.items()]
    parts.append(f"rate {event.rate:.3g}")
    parts.append(f"{event.samples_per_second:,.0f} rows/s")
    return "  ".join(parts)


class Plain:
    """Lines, at most one every few seconds and one at the end."""

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream or sys.stderr
        self._epochs = 0
        self._started = self._last = 0.0
        self._first = 0
        self._latest = ""

    def __enter__(self) -> Plain:
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
            if time.monotonic() - self._last > _SECONDS_BETWEEN_LINES:
                self._print(self._latest)
                self._last, self._latest = time.monotonic(), ""
        elif isinstance(event, Advised):
            self._print(event.advice)

    def _print(self, line: str) -> None:
        print(printable(line), file=self._stream, flush=True)


class Bar:
    """A bar of all epochs, with the latest figures beside it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task: Any = None

    def __enter__(self) -> Bar:
        """Show the bar."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the bar as it is."""
        self._progress.stop()

    def see(self, event: Event) -> None:
        """Take notice of an event."""
        if isinstance(event, FitStarted):
            self._task = self._progress.add_task(
                "starting", total=event.epochs, completed=event.epoch, epoch=event.epoch, epochs=event.epochs
            )
        elif isinstance(event, StepsEnded):
            self._progress.update(self._task, completed=event.epoch - 1 + event.step / event.steps)
        elif isinstance(event, EpochEnded):
            from rich.markup import escape

            self._progress.update(
                self._task, completed=event.epoch, epoch=event.epoch, description=escape(describe(event))
            )
        elif isinstance(event, Advised):
            self._console.print(printable(event.advice), style="bold yellow", markup=False)
        elif isinstance(event, Decided) and event.decision == "scale_rate":
            self._console.print(printable(f"epoch {event.epoch}: {event.detail}"), markup=False)


class Reading:
    """How far the reading of a large table is: one line that is written over on a terminal, else one now and then."""

    def __init__(self, stream: Any = None) -> None:
        self._stream = stream or sys.stderr
        self._last = time.monotonic()
        self._width = 0

    def tell(self, words: str) -> None:
        """Say it, if the last time is long enough ago."""
        terminal = self._stream.isatty()
        if time.monotonic() - self._last < (0.2 if terminal else _SECONDS_BETWEEN_LINES) and not words.endswith("100%"):
            return
        self._last = time.monotonic()
        words = printable(words)
        done = "\n" if words.endswith("100%") or not terminal else ""
        start = "\r" if terminal else ""
        print(f"{start}{words:{self._width}}", end=done, file=self._stream, flush=True)
        self._width = 0 if done else len(words)


def observer(*, quiet: bool) -> Plain | Bar | None:
    """Return what shows progress here: nothing, lines, or a bar."""
    if quiet:
        return None
    return Bar() if sys.stderr.isatty() else Plain()


def _span(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
