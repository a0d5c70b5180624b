"""The target: which column is to be predicted, whether it is a class or a number, and how it becomes t."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.encode.codes import codes_of
from chainrule.encode.encoder import mean_and_deviation
from chainrule.encode.reshaping import Reshaping, fit_reshaping, reshaping_from_json
from chainrule.errors import DataError, ModelFileError, did_you_mean, nearest
from chainrule.sources.kinds import as_numbers, cells_as_text, has_codes
from chainrule.sources.reading.reading import row_number
from chainrule.sources.tagged import TAGGING, parted

if TYPE_CHECKING:
    import pandas as pd

CLASSIFICATION, REGRESSION = "classification", "regression"
_TARGET_NAMES = ("target", "label", "class", "y", "outcome", "response")
_MOST_CLASSES = 1000
_MOST_INTEGER_CLASSES = 20


@dataclass(frozen=True)
class Target:
    """A fitted target column.

    Attributes
    ----------
    name : str
        Of the column.
    task : str
        classification or regression.
    classes : tuple of str
        In the order of the network's outputs; numbers in numerical order, texts in alphabetical.
    mean, scale : float
        Of a regression's training targets: t = (g(value) - mean) / scale, so that any unit learns at the same rate.
    reshaping : Reshaping or None
        g, which draws a heavy tail in; None where g(value) is the value.
    bounds : tuple of two floats, or ()
        The least and the largest value seen, which a prediction never leaves; without them it may.
    every_step : bool
        Whether each step of a sequence has a class of its own.
    """

    name: str
    task: str
    classes: tuple[str, ...] = ()
    mean: float = 0.0
    scale: float = 1.0
    reshaping: Reshaping | None = None
    bounds: tuple[float, ...] = ()
    every_step: bool = False

    @property
    def outputs(self) -> int:
        """K, the number of the network's outputs."""
        return len(self.classes) or 1

    def encode(self, column: pd.Series) -> np.ndarray:
        """Return t (N, K): an indicator matrix, or standardised values."""
        if self.task == REGRESSION:
            values = self.values(column)
            t: np.ndarray = ((self.reshaping.forward(values) if self.reshaping else values) - self.mean) / self.scale
            return t[:, None]
        indicator: np.ndarray = np.eye(len(self.classes))[self.codes(column)]
        return indicator

    def encode_steps(self, column: pd.Series, steps: int) -> np.ndarray:
        """Return the class number of each step (N, T), 0 after the last one of a row."""
        codes = self.codes(column)
        t = np.zeros((len(column), steps), np.int32)
        start = 0
        for row, labels in zip(t, parted(column), strict=True):
            row[: len(labels)] = codes[start : start + len(labels)]
            start += len(labels)
        return t

    def decode(self, y: np.ndarray) -> np.ndarray:
        """Return a regression's predictions y (N, …) in the target's own unit."""
        values: np.ndarray = y * self.scale + self.mean
        if self.reshaping:
            values = self.reshaping.back(values)
        return np.clip(values, self.bounds[0], self.bounds[1]) if self.bounds else values

    @property
    def is_plain(self) -> bool:
        """Whether `decode` is y · scale + mean and nothing else."""
        return self.reshaping is None and not self.bounds

    def describe(self) -> str:
        """Return what is done to a regression's values beyond bringing them to mean 0 and deviation 1; else nothing."""
        told = f"{self.reshaping.describe(self.name)} is learned" if self.reshaping else ""
        if self.bounds:
            low, high = (f"{bound:.6g}" for bound in self.bounds)
            told += f"{', and ' * bool(told)}predictions stay within what training has seen, {low} to {high}"
        return told

    def values(self, column: pd.Series) -> np.ndarray:
        """Return the numbers of a regression's target (N,), or raise DataError for one that is none."""
        numbers = as_numbers(column).to_numpy()
        bad = ~np.isfinite(numbers)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            raise DataError(
                f"a finite number in every cell of the target {self.name!r}",
                f"{_cell(column.iloc[row])} in row {row_number(column.index, row)}"
                + (f" and {bad.sum() - 1} more" if bad.sum() > 1 else ""),
                "Correct or remove these rows, or set `missing_target=drop`.",
            )
        return numbers

    def codes(self, column: pd.Series) -> np.ndarray:
        """Return the class numbers (N,), or raise DataError for a class that training did not have.

        Where every step has a class, those of all rows one after the other.
        """
        if self.every_step:
            column = labels_of(column)
        text = cells_as_text(column)
        codes = codes_of(text, self.classes)
        bad = codes < 0
        # UCI's Adult test file ends its labels in a dot that the training file does not have.
        if len(text) and bad.all() and text.notna().all() and text.str.endswith(".").all():
            return self.codes(text.str[:-1])
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            cell = column.iloc[row]
            known = did_you_mean(str(cell), self.classes) if text.notna().iloc[row] else "Fill in or remove the row."
            raise DataError(
                f"one of the classes of {self.name!r} that training had",
                f"{_cell(cell)} in row {row_number(column.index, row)}",
                known,
            )
        return codes

    def to_json(self) -> dict[str, Any]:
        """Return the fields; those that came later are left out where they are empty, as in older files."""
        data: dict[str, Any] = {
            "name": self.name,
            "task": self.task,
            "classes": list(self.classes),
            "mean": self.mean,
            "scale": self.scale,
        }
        data |= {"reshaping": self.reshaping.to_json()} if self.reshaping else {}
        data |= {"bounds": list(self.bounds)} if self.bounds else {}
        return data | ({"every_step": True} if self.every_step else {})

    @classmethod
    def from_json(cls, data: Any) -> Target:
        """Return the target that `to_json` described, or raise ModelFileError."""
        kinds = {"name": str, "task": str, "classes": list, "mean": float, "scale": float}
        right = (
            isinstance(data, dict)
            and set(data) - {"reshaping", "bounds", "every_step"} == set(kinds)
            and data.get("every_step", True) is True
            and all(isinstance(data[name], kind) for name, kind in kinds.items())
            and all(isinstance(item, str) for item in data["classes"])
            and len(set(data["classes"])) == len(data["classes"])
            and (len(data["classes"]) > 1 if data["task"] == CLASSIFICATION else not data["classes"])
            and data["task"] in (CLASSIFICATION, REGRESSION)
            and math.isfinite(data["mean"])
            and 0 < data["scale"] < math.inf
            and (data["task"] == REGRESSION or not {"reshaping", "bounds"} & set(data))
            and (data["task"] == CLASSIFICATION or "every_step" not in data)
            and _are_bounds(data.get("bounds", []))
        )
        if not right:
            raise ModelFileError(f"a target with {', '.join(kinds)}", f"{data!r:.80}", "The model file is damaged.")
        reshaping = reshaping_from_json(data["reshaping"]) if "reshaping" in data else None
        bounds = tuple(data.get("bounds", ()))
        numbers = (data["mean"], data["scale"], reshaping, bounds, data.get("every_step", False))
        return cls(data["name"], data["task"], tuple(data["classes"]), *numbers)


def labels_of(column: pd.Series) -> pd.Series:
    """Return the labels of all steps of all rows, one after the other."""
    import pandas as pd

    return pd.Series([label for labels in parted(column) for label in labels], name=column.name, dtype=object)


def _are_bounds(value: Any) -> bool:
    if value == []:
        return True
    are_two = isinstance(value, list) and len(value) == 2 and all(isinstance(bound, float) for bound in value)
    return are_two and math.isfinite(value[0]) and math.isfinite(value[1]) and value[0] < value[1]


def guess_target(names: list[str]) -> str:
    """Return the column that is called like a target, else the last."""
    lowered = {name.lower().strip(): name for name in names}
    return next((lowered[name] for name in _TARGET_NAMES if name in lowered), names[-1])


def require_column(name: str, names: list[str], where: str) -> None:
    """Raise DataError, with the nearest name, unless there is a column `name`."""
    if name not in names:
        match = nearest(name, names)
        remedy = f"Did you mean `target={match}`?" if match else did_you_mean(name, names)
        raise DataError(f"a column {name!r} in {where}", f"no such column among {len(names)}", remedy)


def guess_task(column: pd.Series) -> tuple[str, str]:
    """Return classification or regression, and why."""
    present = column.dropna().drop_duplicates()
    numbers = as_numbers(present)
    if column.dtype.kind == "b" or numbers.isna().any() or has_codes(present):
        return CLASSIFICATION, "its cells are texts"
    unique = len(present)
    if np.isfinite(numbers).all() and (numbers == numbers.round()).all() and unique <= _MOST_INTEGER_CLASSES:
        return CLASSIFICATION, f"it has {unique} different whole numbers"
    return REGRESSION, f"it has {unique} different numbers"


def fit_target(column: pd.Series, task: str, reshaping: str = "none", *, is_bounded: bool = False) -> Target:
    """Measure a target column on the training part.

    Parameters
    ----------
    reshaping : str
        Of a regression, which map of its values is learned: none, power or quantile.
    is_bounded : bool
        Of a regression, whether predictions stay within the values seen; of reshaped ones they always do.
    """
    name = str(column.name)
    if task == TAGGING:
        return replace(fit_target(labels_of(column), CLASSIFICATION), every_step=True)
    if task == REGRESSION:
        values = Target(name, task).values(column)
        mean, scale = mean_and_deviation(values)
        if scale == 0:
            raise DataError(
                f"different values in the target {name!r}", f"{values[0]:g} in every row", "Choose another `target`."
            )
        bounds = (float(values.min()), float(values.max())) if is_bounded or reshaping != "none" else ()
        found = fit_reshaping(values, reshaping)
        if found is not None:
            mean, scale = mean_and_deviation(found.forward(values))
        return Target(name, task, (), mean, scale or 1.0, found, bounds)
    text = cells_as_text(column)
    infinite = column.dtype.kind == "f" and np.isinf(column).any()
    if text.isna().any() or infinite:
        row = int(np.flatnonzero(text.isna() | (text.isin(["inf", "-inf"])))[0])
        raise DataError(
            f"a class in every cell of the target {name!r}",
            f"{_cell(column.iloc[row])} in row {row + 1}",
            "Fill in or remove these rows, or set `missing_target=drop`.",
        )
    counts = text.value_counts()
    if len(counts) < 2:
        raise DataError(
            f"at least two classes in the target {name!r}",
            f"one class, {counts.index[0]!r}, in all {len(text)} rows",
            "Choose another `target`, or add rows of another class.",
        )
    if len(counts) > _MOST_CLASSES or len(counts) > 0.5 * len(text) > 5:
        raise DataError(
            f"classes that repeat in the target {name!r}",
            f"{len(counts)} different values in {len(text)} rows",
            "Choose another `target`, or `task=regression` if they are numbers.",
        )
    return target_of_classes(name, list(counts.index))


def target_of_classes(name: str, classes: list[str]) -> Target:
    """Return the target with these classes, in their order."""
    return Target(name, CLASSIFICATION, tuple(sorted(classes, key=_order)))


def _order(name: str) -> tuple[int, float, str]:
    try:
        value = float(name)
    except ValueError:
        return 1, 0.0, name
    return (0, value, name) if math.isfinite(value) else (1, 0.0, name)


def _cell(cell: Any) -> str:
    if cell is None or cell != cell:  # noqa: PLR0124 (NaN is not itself)
        return "an empty cell"
    return repr(cell.item() if isinstance(cell, np.generic) else cell)
