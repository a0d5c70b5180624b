"""Histories: arrays and pandas Series as the rows of a table of series, with the future of what is known ahead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.encode.series.clock import Clock
from chainrule.errors import DataError, ModelFileError
from chainrule.models.values import Form, Reader, Writer, enter
from chainrule.saved.archive import REMEDY

if TYPE_CHECKING:
    import pandas as pd

GROUP, TIME, VALUE = "series", "time", "y"


@dataclass(frozen=True, eq=False)
class Histories:
    """Series as arrays.

    Attributes
    ----------
    y : list of array (T,)
        NaN where a value is missing, and for the steps to come.
    times : list of array (T,)
        Numbers, or microseconds since 1970 began.
    X : list of array (T, F)
        What is known ahead.
    is_date : bool
    """

    y: list[np.ndarray]
    times: list[np.ndarray]
    X: list[np.ndarray]
    is_date: bool

    @property
    def n_columns(self) -> int:
        """F, the columns that are known ahead."""
        return int(self.X[0].shape[1])

    def frame(self) -> pd.DataFrame:
        """Return a row for each step, with the columns `series`, `time`, `y` and those of X."""
        import pandas as pd

        times = np.concatenate(self.times)
        columns: dict[str, Any] = {
            GROUP: np.repeat([f"{number:09d}" for number in range(len(self.y))], [len(one) for one in self.y]),
            TIME: np.rint(times).astype(np.int64).astype("datetime64[us]") if self.is_date else times,
            VALUE: np.concatenate(self.y),
        }
        X = np.concatenate(self.X)
        return pd.DataFrame(columns | {name: X[:, i] for i, name in enumerate(known_columns(X.shape[1]))})

    def tail(self, steps: int) -> Histories:
        """Return the last steps of each."""
        return Histories(
            [one[-steps:] for one in self.y],
            [one[-steps:] for one in self.times],
            [one[-steps:] for one in self.X],
            self.is_date,
        )

    def with_future(self, X: Any, steps: int, clock: Clock) -> Histories:
        """Return histories that go on by what is known of the steps to come."""
        ahead = _matrices(X, len(self.y))
        if ahead is None:
            if self.n_columns:
                raise DataError(
                    f"X of the {steps} steps to come", "None", "Give a row for each, with what is known of it."
                )
            return self
        for one in ahead:
            if one.shape != (steps, self.n_columns):
                came = f"an array of shape {one.shape}"
                raise DataError(
                    f"X of shape ({steps}, {self.n_columns}), a row for each step to come", came, "Mend it."
                )
        return _joined(self, ahead, steps, clock)


def as_histories(y: Any, X: Any = None, ahead: int = 0, clock: Clock | None = None) -> Histories:
    """Return what an estimator is given as histories.

    Parameters
    ----------
    y : array (T,), (T, 1), pandas Series, or list of them
    X : array (T + ahead, F), DataFrame, or list of them, optional
    ahead : int
        Steps to come, of which X has rows too.
    clock : Clock, optional
        That goes on into them.

    Raises
    ------
    DataError
        If there is no series, a series is no list of numbers, or X has another number of rows.
    """
    several = isinstance(y, (list, tuple)) and len(y) > 0 and np.ndim(_plain(y[0])) > 0
    parts = list(y) if several else [y]
    values = [_values(part) for part in parts]
    times = [_times(part) for part in parts]
    is_date = times[0] is not None and times[0][1]
    if any((one is None) != (times[0] is None) or (one is not None and one[1] != is_date) for one in times):
        raise DataError(
            "series that all have an index of dates, or of numbers, or none", "a mixture", "Make them alike."
        )
    numbers = [
        np.arange(len(one), dtype=float) if found is None else found[0]
        for one, found in zip(values, times, strict=True)
    ]
    matrices = _matrices(X, len(values)) or [np.empty((len(one) + ahead, 0)) for one in values]
    for one, matrix in zip(values, matrices, strict=True):
        if len(matrix) != len(one) + ahead:
            more = f" and {ahead} steps to come" if ahead else ""
            raise DataError(f"X with a row for each of {len(one)} values{more}", f"{len(matrix)} rows", "Mend X.")
    known = Histories(values, numbers, [m[: len(v)] for m, v in zip(matrices, values, strict=True)], is_date)
    if not ahead or not known.n_columns or clock is None:
        return known
    return _joined(known, [m[len(v) :] for m, v in zip(matrices, values, strict=True)], ahead, clock)


def known_columns(n: int) -> tuple[str, ...]:
    """Return what the columns of X are called."""
    return tuple(f"x{i}" for i in range(n))


def _joined(before: Histories, ahead: list[np.ndarray], steps: int, clock: Clock) -> Histories:
    later = [clock.times(clock.positions(times[-1:])[-1] + 1 + np.arange(steps)) for times in before.times]
    return Histories(
        [np.concatenate([one, np.full(steps, np.nan)]) for one in before.y],
        [np.concatenate([one, more]) for one, more in zip(before.times, later, strict=True)],
        [np.vstack([one, more]) for one, more in zip(before.X, ahead, strict=True)],
        before.is_date,
    )


def _plain(values: Any) -> Any:
    return values.to_numpy() if hasattr(values, "to_numpy") else values


def _values(part: Any) -> np.ndarray:
    try:
        found = np.asarray(_plain(part), float)
    except (TypeError, ValueError) as error:
        raise DataError(
            "numbers in y", f"{error!s:.80}", "Give an array of numbers, NaN where one is missing."
        ) from error
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 1:
        raise DataError(
            "y as one series (T,), or a list of them", f"an array of shape {found.shape}", "Write list(y) for its rows."
        )
    if not len(found):
        raise DataError("a series with values", "an empty one", "Leave it out.")
    if np.isinf(found).any():
        raise DataError("finite numbers in y", f"{found[np.isinf(found)][0]}", "Put NaN where a value is missing.")
    return found


def _times(part: Any) -> tuple[np.ndarray, bool] | None:
    """Return the times that the index of a pandas Series has, and whether they are dates; None where it only counts."""
    index = getattr(part, "index", None)
    if index is None or callable(index):
        return None
    if hasattr(index, "to_timestamp"):
        index = index.to_timestamp()
    if index.dtype.kind != "M":
        counts = index.dtype.kind in "iu" and (np.asarray(index) == np.arange(len(index))).all()
        return None if counts or index.dtype.kind not in "iuf" else (np.asarray(index, float), False)
    if index.tz is not None:
        index = index.tz_convert("UTC").tz_localize(None)
    return index.to_numpy().astype("datetime64[us]").astype(np.int64).astype(float), True


def _matrices(X: Any, n: int) -> list[np.ndarray] | None:
    """Return X as a matrix for each of n series; None where there is none."""
    if X is None:
        return None
    parts = list(X) if isinstance(X, (list, tuple)) and n > 1 else [X]
    if len(parts) != n:
        raise DataError(f"an X for each of the {n} series", f"{len(parts)}", "Give a list of as many arrays.")
    found = []
    for part in parts:
        try:
            matrix = np.asarray(_plain(part), float)
        except (TypeError, ValueError) as error:
            raise DataError("numbers in X", f"{error!s:.80}", "Encode texts as numbers first.") from error
        matrix = matrix[:, None] if matrix.ndim == 1 else matrix
        if matrix.ndim != 2 or not np.isfinite(matrix).all():
            came = f"an array of shape {matrix.shape}" if matrix.ndim != 2 else "NaN or infinity"
            raise DataError("X of finite numbers (T, F)", came, "What is known ahead has no gaps.")
        found.append(matrix)
    if len({matrix.shape[1] for matrix in found}) > 1:
        raise DataError("X of the same columns for all series", "different numbers of columns", "Make them alike.")
    return found


def _write(writer: Writer, value: Histories, where: str) -> dict[str, Any]:
    return {name: writer.write(getattr(value, name), f"{where}.{name}") for name in ("y", "times", "X", "is_date")}


def _read(reader: Reader, content: Any, depth: int) -> Histories:
    found = {name: reader.read(content[name], depth) for name in ("y", "times", "X", "is_date")}
    lists = [found[name] for name in ("y", "times", "X")]
    right = all(
        isinstance(one, list) and all(isinstance(a, np.ndarray) and a.dtype.kind == "f" for a in one) for one in lists
    )
    alike = right and lists[0] and len({len(one) for one in lists}) == 1
    if not alike or any(
        y.ndim != 1 or t.shape != y.shape or X.ndim != 2 or len(X) != len(y) or not np.isfinite(t).all()
        for y, t, X in zip(*lists, strict=True)
    ):  # fmt: skip
        raise ModelFileError(
            "the end of each series, its times and what was known ahead", f"{list(content)!r:.80}", REMEDY
        )
    return Histories(found["y"], found["times"], found["X"], bool(found["is_date"]))


enter(Histories, Form("histories", _write, _read))
