"""Folds: which rows train and which test, drawn once so that every model is measured on the same ones."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.constraints import Range
from chainrule.errors import ConfigError, DataError, did_you_mean

KINDS = ("auto", "plain", "stratified", "grouped")


@dataclass(frozen=True, eq=False)
class Folds:
    """Pairs of row numbers, and how they were drawn.

    Attributes
    ----------
    pairs : tuple of (int array, int array)
        (training rows, test rows), one pair for each fold of each repeat.
    kind : str
        plain, stratified or grouped.
    folds, repeats : int
        K, and how often K folds were drawn anew.
    seed : int
        Of the drawing.
    notes : tuple of str
        What a person ought to know about them.
    """

    pairs: tuple[tuple[np.ndarray, np.ndarray], ...]
    kind: str
    folds: int
    repeats: int
    seed: int
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        """J = folds × repeats, the number of times that a model is trained."""
        return len(self.pairs)

    def __str__(self) -> str:
        """Return how they were drawn, in words."""
        kind = {"plain": "", "stratified": "stratified ", "grouped": "grouped "}[self.kind]
        repeats = f", drawn {self.repeats} times" if self.repeats > 1 else ""
        return f"{self.folds} {kind}folds{repeats} (seed {self.seed})"

    @property
    def n_train(self) -> float:
        """Mean number of training rows."""
        return float(np.mean([len(train) for train, _ in self.pairs]))

    @property
    def n_test(self) -> float:
        """Mean number of test rows."""
        return float(np.mean([len(test) for _, test in self.pairs]))


def draw_folds(
    y: Any,
    *,
    folds: int = 5,
    repeats: int = 1,
    kind: str = "auto",
    groups: Any = None,
    classify: bool | None = None,
    seed: int = 0,
) -> Folds:
    """Draw K folds, shuffled, `repeats` times.

    Parameters
    ----------
    y : array (N,) or (N, K)
        Targets.
    kind : str
        `stratified`: each fold has every class in its share; `grouped`: rows of one group are never parted, so
        that a person seen in training is not tested on; `plain`: neither. `auto`: grouped where there are
        groups, else stratified for classes, else plain.
    groups : array (N,), optional
        What must not be parted, such as the person that a row is of.
    classify : bool, optional
        Whether y are classes; by default looked for in y.

    Raises
    ------
    DataError
        If a class has a single row in stratified folds, or there are fewer rows or groups than folds.
    """
    labels = np.asarray(y)
    _check(folds, repeats, kind, len(labels))
    if classify is None:
        from sklearn.utils.multiclass import type_of_target

        classify = type_of_target(labels) in ("binary", "multiclass")
    if kind == "auto":
        kind = "grouped" if groups is not None else "stratified" if classify else "plain"
    if kind == "grouped":
        pairs = _grouped(labels, groups, folds, repeats, seed, classify=classify)
        return Folds(pairs, kind, folds, repeats, seed)
    if groups is not None:
        raise ConfigError("no groups beside folds that are not grouped", f"groups and {kind!r}", "Leave kind at auto.")
    if kind == "stratified":
        return _stratified(labels, folds, repeats, seed)
    from sklearn.model_selection import RepeatedKFold

    splitter = RepeatedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    return Folds(tuple(splitter.split(np.zeros(len(labels)))), kind, folds, repeats, seed)


def _check(folds: Any, repeats: Any, kind: str, n: int) -> None:
    if kind not in KINDS:
        raise ConfigError("a kind of folds", f"{kind!r}", did_you_mean(kind, KINDS))
    if not Range(int, 2).accepts(folds):
        raise ConfigError("at least 2 folds", f"{folds!r}", "5 or 10 are usual.")
    if not Range(int, 1).accepts(repeats):
        raise ConfigError("at least 1 repeat", f"{repeats!r}", "1 is enough to look, 10 to compare.")
    if n < folds:
        raise DataError(f"at least one row for each of {folds} folds", f"{n} rows", f"Use {max(2, n)} folds or fewer.")


def _stratified(labels: np.ndarray, folds: int, repeats: int, seed: int) -> Folds:
    from sklearn.model_selection import RepeatedStratifiedKFold

    classes, counts = np.unique(labels, return_counts=True)
    alone = [str(name) for name, count in zip(classes.tolist(), counts, strict=True) if count < 2]
    if alone:
        named = ", ".join(map(repr, alone[:5])) + (f" and {len(alone) - 5} more" if len(alone) > 5 else "")
        raise DataError(
            "at least 2 rows of every class for stratified folds, one to train on and one to test",
            f"a single row of class {named}",
            "Add rows of that class, leave it out, or ask for plain folds: `kind=plain`.",
        )
    rare = [
        f"class {str(name)!r} has {count} rows: it is missing from some of the {folds} test folds"
        for name, count in zip(classes.tolist(), counts, strict=True)
        if count < folds
    ]
    splitter = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    if counts.max() < folds:
        raise DataError(
            f"a class with at least {folds} rows for {folds} stratified folds",
            f"at most {counts.max()} rows of a class",
            f"Use {counts.max()} folds or fewer, or plain ones.",
        )
    with warnings.catch_warnings():
        # scikit-learn warns of the rare classes that the notes name.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        pairs = tuple(splitter.split(np.zeros(len(labels)), labels))
    return Folds(pairs, "stratified", folds, repeats, seed, tuple(rare))


def _grouped(
    labels: np.ndarray, groups: Any, folds: int, repeats: int, seed: int, *, classify: bool
) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    if groups is None:
        raise ConfigError("groups for grouped folds", "none", "Name what must not be parted: `groups`.")
    names, number = np.unique(np.asarray(groups), return_inverse=True)
    if len(number) != len(labels):
        raise DataError("one group for each row", f"{len(number)} groups for {len(labels)} rows", "Give one a row.")
    if len(names) < folds:
        raise DataError(
            f"at least {folds} groups for {folds} folds", f"{len(names)} groups", f"Use {len(names)} folds or fewer."
        )
    from sklearn.model_selection import StratifiedGroupKFold

    # One class for all rows leaves the splitter nothing to balance but the sizes of the folds.
    classes = labels if classify else np.zeros(len(labels), int)
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    for repeat in range(repeats):
        splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=(seed + repeat) % 2**32)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            pairs += splitter.split(np.zeros(len(labels)), classes, number)
    if not all(len(test) for _, test in pairs):
        raise DataError(
            f"groups that can be dealt to {folds} folds", "a fold without a row", "Use fewer folds, or another seed."
        )
    return tuple(pairs)
