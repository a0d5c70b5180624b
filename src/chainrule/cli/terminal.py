"""What is printed: by few doors, which escape what data may have brought in, and outlive a reader that has gone.

A command's work is worth more than what it says of it. So nothing that happens to standard error stops it, and what happens
to standard output is told at its end, when everything else is done.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import sys
from typing import Any

from chainrule.errors import OutputError
from chainrule.printable import printable

# Signs of ours that old encodings lack, and what stands for them there.
_LOOKALIKES = {
    "×": "x",
    "–": "-",
    "−": "-",
    "…": "...",
    "→": "->",
    "←": "<-",
    "·": "*",
    "²": "^2",
    "±": "+-",
    "≤": "<=",
}
_LOOKALIKES |= {"≥": ">=", "≈": "~", "∂": "d", "Σ": "Sum", "η": "eta", "“": '"', "”": '"', "’": "'"}


def prepare() -> None:
    """Make the standard streams fit to be written to; called once, before anything else."""
    _fill_closed_descriptors()
    codecs.register_error("chainrule", _lookalikes)
    streams: list[Any] = [sys.stdout, sys.stderr]
    for stream in streams:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.reconfigure(errors="chainrule")
    if not isinstance(sys.stderr, Unbreakable):
        sys.stderr = Unbreakable(sys.stderr)


def tell(text: str = "", *, end: str = "\n") -> None:
    """Print something to stderr, for whoever is there to read it."""
    sys.stderr.write(printable(text, keep="\n") + end)
    sys.stderr.flush()


def say(text: str) -> None:
    """Print to stdout what also lies in a file: to a stdout that was closed on purpose it is not said."""
    if sys.stdout is not None:
        _write(printable(text, keep="\n") + "\n")


def answer(text: str) -> None:
    """Print to stdout what a person asked for and finds nowhere else."""
    _require_stdout()
    _write(printable(text, keep="\n") + "\n")


def pour(text: str) -> None:
    """Write to stdout a file's content: as it is, in UTF-8, to a pipe or a file; escaped to a terminal."""
    _require_stdout()
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None or sys.stdout.isatty():
        _write(printable(text, keep="\n\t"))
        return
    with _told():
        sys.stdout.flush()
        raw.write(text.encode("utf-8", "backslashreplace"))
        raw.flush()


def _write(text: str) -> None:
    with _told():
        sys.stdout.write(text)
        sys.stdout.flush()


@contextlib.contextmanager
def _told() -> Any:
    """Tell what keeps stdout from taking the answer; a reader that has seen enough is left in peace."""
    try:
        yield
    except BrokenPipeError:
        # `main` ends without a word.
        raise
    except OSError as error:
        abandon(sys.stdout)
        raise unanswered(error) from error


def _require_stdout() -> None:
    if sys.stdout is None:
        raise unanswered(OSError(errno.EBADF, os.strerror(errno.EBADF)))


def unanswered(error: OSError) -> OutputError:
    """Return the error that says why stdout did not take an answer."""
    remedy = "Send it elsewhere; what was to be written into files is there."
    return OutputError("standard output to take the answer", error.strerror or str(error), remedy)


def abandon(stream: Any) -> None:
    """Let what a stream still holds go nowhere: Python would try to write it at its end, and complain."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        stream.flush()


class Unbreakable:
    """A text stream that goes on in silence where nobody takes what is written any more.

    Parameters
    ----------
    stream : text stream or None
        None is the stream of a descriptor that was closed before the start.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or not."""
        if self._stream is not None:
            try:
                self._stream.write(text)
            except (OSError, ValueError):
                self._give_up()
        return len(text)

    def flush(self) -> None:
        """Flush, or not."""
        if self._stream is not None:
            try:
                self._stream.flush()
            except (OSError, ValueError):
                self._give_up()

    def isatty(self) -> bool:
        """Whether a person looks on."""
        return self._stream is not None and bool(self._stream.isatty())

    def _give_up(self) -> None:
        abandon(self._stream)
        self._stream = None

    def __getattr__(self, name: str) -> Any:
        """Return what else the stream has."""
        if self._stream is None:
            raise AttributeError(name)
        return getattr(self._stream, name)


def _fill_closed_descriptors() -> None:
    """Put nothing where a standard stream was closed: the next file that is opened would else get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is this one.
            os.open(os.devnull, os.O_RDWR)


def _lookalikes(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wrong = error.object[error.start : error.end]
    shown = "".join(_LOOKALIKES.get(letter) or letter.encode("ascii", "backslashreplace").decode() for letter in wrong)
    return shown, error.end
