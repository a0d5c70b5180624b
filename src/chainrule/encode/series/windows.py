"""Windows: stretches of history with what came after them, and which of them belong to which part of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.encode.series.panel import Panel, Series
from chainrule.errors import DataError


@dataclass(frozen=True, eq=False)
class Windows:
    """Places in the series of a panel from which a forecast is made.

    Attributes
    ----------
    series : array (N,) of int
        Which of the panel's series.
    origin : array (N,) of int
        The last step that is known, as an index into that series; the horizon begins right after it.
    """

    series: np.ndarray
    origin: np.ndarray

    def __len__(self) -> int:
        return len(self.origin)

    def take(self, rows: np.ndarray) -> Windows:
        """Return some of them."""
        return Windows(self.series[rows], self.origin[rows])

    def of_series(self, number: int) -> np.ndarray:
        """Return the origins in one series."""
        found: np.ndarray = self.origin[self.series == number]
        return found


@dataclass(frozen=True)
class Cuts:
    """The times at which a part ends: training is up to `train`, validation up to `valid`, the test part is what follows.

    A window is of the part in which its whole horizon lies; its history may reach back into the part before, as it does when
    a forecast is made. One whose horizon lies on both sides of a cut belongs to none.
    """

    train: float
    valid: float

    def part(self, first: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return 0, 1, 2 for train, valid, test, and -1 for none, by the times of a horizon's first and last step."""
        inside = [last <= self.train, (first > self.train) & (last <= self.valid), first > self.valid]
        return np.select(inside, [0, 1, 2], default=-1)


PARTS = ("train", "valid", "test")


def all_windows(panel: Panel, window: int, horizon: int, *, stride: int = 1) -> Windows:
    """Return every window without a missing step whose horizon has all its values and whose history has one at least."""
    found = [_origins(one, window, horizon) for one in panel.series]
    found = [origins[:: max(1, stride)] for origins in found]
    series = np.repeat(np.arange(len(found)), [len(origins) for origins in found])
    return Windows(series, np.concatenate([*found, np.empty(0, int)]).astype(int))


def _origins(one: Series, window: int, horizon: int) -> np.ndarray:
    """Return the last known step of each window of a series."""
    length, span = len(one), window + horizon
    if length < span:
        return np.empty(0, int)
    first = np.arange(length - span + 1)
    without_gap = one.at[first + span - 1] - one.at[first] == span - 1
    known = np.concatenate([[0], np.cumsum(np.isfinite(one.y))])
    in_history = known[first + window] - known[first]
    in_horizon = known[first + span] - known[first + window]
    origins: np.ndarray = first[without_gap & (in_history > 0) & (in_horizon == horizon)] + window - 1
    return origins


def horizon_times(panel: Panel, windows: Windows, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the times (N,) of the first and of the last step of each horizon."""
    times = [one.times for one in panel.series]
    ends = gathered(windows, times, windows.origin[:, None] + np.array([1, horizon]))
    return ends[:, 0], ends[:, 1]


def cuts_at(panel: Panel, valid: float, test: float, horizon: int) -> Cuts:
    """Return the cuts that leave shares of all different times to validation and test, and a horizon to each at least.

    Parameters
    ----------
    valid, test : float
        Shares; 0 for no such part.

    Raises
    ------
    DataError
        If nothing is left to train on.
    """
    times = distinct_times(panel)
    sizes = {
        name: max(horizon, round(share * len(times))) if share else 0
        for name, share in (("valid", valid), ("test", test))
    }
    left = len(times) - sum(sizes.values())
    if left < 2:
        raise DataError(
            f"times enough for training, validation and test, each of a horizon of {horizon} steps",
            f"{len(times)} different times",
            "Give a longer table, a smaller `horizon`, or `valid=0` or `test=0`.",
        )
    after_valid = len(times) - sizes["test"]
    return Cuts(float(times[left - 1]), float(times[after_valid - 1]))


def distinct_times(panel: Panel) -> np.ndarray:
    """Return the different times of all series, in order."""
    times: np.ndarray = np.unique(np.concatenate([one.times for one in panel.series]))
    return times


def parted(panel: Panel, windows: Windows, horizon: int, cuts: Cuts) -> dict[str, Windows]:
    """Return the windows of each part, without the empty ones."""
    part = cuts.part(*horizon_times(panel, windows, horizon))
    return {name: windows.take(np.flatnonzero(part == i)) for i, name in enumerate(PARTS) if (part == i).any()}


def steps_of(windows: Windows, window: int, ahead: int) -> np.ndarray:
    """Return the indices (N, window + ahead) of each window's steps in its series."""
    return windows.origin[:, None] + np.arange(1 - window, 1 + ahead)


def gathered(windows: Windows, values: Sequence[np.ndarray], steps: np.ndarray) -> np.ndarray:
    """Return the values (N, S, …) at steps (N, S) of the series that each window is of, given (L, …) for each series."""
    lengths = np.array([len(one) for one in values])
    if (steps < 0).any() or (steps >= lengths[windows.series][:, None]).any():
        # Beside a series lies another one, whose values must never stand in for what is not there.
        raise IndexError("a window reaches beyond its series")
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    found: np.ndarray = np.concatenate(list(values))[begins[windows.series][:, None] + steps]
    return found
