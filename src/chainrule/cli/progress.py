"""Progress on stderr: a bar where there is a terminal, plain lines where there is none."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from chainrule.printable import printable
from chainrule.train import Advised, Decided, EpochEnded, Event, FitStarted, MemberEnded, MembersStarted, StepsEnded
from chainrule.train.progress import SECONDS_BETWEEN_LINES, ProgressLines, describe, describe_member


class Bar:
    """A bar of all epochs, with the latest figures beside it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.fields[noun]} {task.fields[epoch]}/{task.fields[epochs]}"),
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
                "starting",
                total=event.epochs,
                completed=event.epoch,
                epoch=event.epoch,
                epochs=event.epochs,
                noun="epoch",
            )
        elif isinstance(event, MembersStarted):
            self._task = self._progress.add_task(
                "starting", total=event.members, epoch=0, epochs=event.members, noun="member"
            )
        elif isinstance(event, MemberEnded):
            self._progress.update(
                self._task, completed=event.done, epoch=event.done, description=describe_member(event)
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
        if time.monotonic() - self._last < (0.2 if terminal else SECONDS_BETWEEN_LINES) and not words.endswith("100%"):
            return
        self._last = time.monotonic()
        words = printable(words)
        done = "\n" if words.endswith("100%") or not terminal else ""
        start = "\r" if terminal else ""
        print(f"{start}{words:{self._width}}", end=done, file=self._stream, flush=True)
        self._width = 0 if done else len(words)


def observer(*, quiet: bool) -> ProgressLines | Bar | None:
    """Return what shows progress here: nothing, lines, or a bar."""
    if quiet:
        return None
    return Bar() if sys.stderr.isatty() else ProgressLines()
