"""One call of a student's function, and everything that can be wrong with it but its numbers."""

from __future__ import annotations

import contextlib
import io
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.explain.why.question import Problem

SECONDS = 5.0


class TooLong(BaseException):
    """Raised inside the student's function when its time is over."""


@dataclass(frozen=True)
class Called:
    """What came of a call.

    Attributes
    ----------
    result : array or None
        In float64; None if there is no array.
    fault : str
        Why there is none; empty if there is.
    line : int or None
        Where in the student's file.
    raised : bool
        Whether it raised, as against returning something that is no array.
    notes : tuple of str
        What does not make the result wrong: float32, printing.
    is_float32 : bool
        Whether the result has fewer digits than float64.
    too_long : bool
        Whether it was stopped.
    """

    result: Any
    fault: str = ""
    line: int | None = None
    raised: bool = False
    notes: tuple[str, ...] = ()
    is_float32: bool = False
    too_long: bool = False


def call(function: Callable[..., Any], bound: Mapping[str, str], problem: Problem, seconds: float = SECONDS) -> Called:
    """Call a function with copies of a problem's arrays, and look at what it returns."""
    arguments = arguments_of(bound, problem)
    file = function.__code__.co_filename
    printed = io.StringIO()
    at = ", ".join(f"{letter}={problem.sizes[letter]}" for letter in "NDMK")
    try:
        with np.errstate(all="ignore"), contextlib.redirect_stdout(printed), limit(seconds):
            returned = function(**arguments)
    except TooLong as error:
        line = line_of(error, file)
        return Called(
            None, f"it did not end within {seconds:g} seconds ({at}): a loop that never ends?", line, raised=True
        )
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return Called(None, f"it raises at {at}: {said}", line_of(error, file), raised=True)
    notes = ["it prints; the numbers it returns are what counts"] if printed.getvalue() else []
    changed = [name for name, known in bound.items() if not _same(arguments[name], problem.given_to(known))]
    if changed:
        fault = f"it changes its argument {', '.join(changed)}: work on a copy ({changed[0]} = {changed[0]}.copy())"
        return Called(None, fault, notes=tuple(notes))
    return _looked_at(returned, problem, notes)


def _looked_at(returned: Any, problem: Problem, notes: list[str]) -> Called:
    wanted = f"an array of shape {problem.truth.shape}" if problem.truth.shape else "a number"
    if returned is None:
        return Called(None, f"expected {wanted}, got None: is `return` missing?")
    if isinstance(returned, (list, tuple, dict, set, str)):
        of = f" of {len(returned)}" if not isinstance(returned, str) else ""
        return Called(None, f"expected {wanted}, got a {type(returned).__name__}{of}: return a NumPy array")
    array = np.asarray(returned)
    if array.dtype.kind not in "fiub":
        return Called(None, f"expected {wanted} of real numbers, got {array.dtype} from a {type(returned).__name__}")
    is_float32 = array.dtype in (np.float32, np.float16)
    if is_float32:
        notes.append(f"it computes in {array.dtype}: judged to what that can hold")
    result = array.astype(np.float64)
    if not np.all(np.isfinite(result)):
        bad = int(np.sum(~np.isfinite(result)))
        fault = f"{bad} of {result.size} entries are NaN or infinite: a division by 0, log 0, or exp of a large number"
        return Called(None, fault, notes=tuple(notes))
    return Called(result, notes=tuple(notes), is_float32=is_float32)


def arguments_of(bound: Mapping[str, str], problem: Problem) -> dict[str, Any]:
    """Return copies of the arrays that a function asks for."""
    return {name: _copy(problem.given_to(known)) for name, known in bound.items()}


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(np.asarray(one), np.asarray(other), equal_nan=True))


@contextlib.contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Interrupt what takes too long, where the platform and the thread have a timer for it."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(_: int, __: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def line_of(error: BaseException, file: str) -> int | None:
    """Return the innermost line of the student's file at which an error arose."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None
