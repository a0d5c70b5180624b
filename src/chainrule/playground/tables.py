"""Tables and pictures as data of the Playground, by the library's own preparation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.target import CLASSIFICATION, REGRESSION, Target
from chainrule.errors import DataError
from chainrule.playground.data import MOST_CLASSES, MOST_NUMBERS, MOST_PIXELS, MOST_ROWS, Column, Data, divided_rows
from chainrule.playground.spec import MOST_INPUTS, DataSpec

if TYPE_CHECKING:
    import pandas as pd

    from chainrule.encode.encoding import Encoding
    from chainrule.encode.preparation import Preparation
    from chainrule.sources.source import Source


def table_data(spec: DataSpec, source: Source) -> Data:
    """Choose target and task, divide, and fit the preparation on the training part alone."""
    from chainrule.encode.encoder import Findings
    from chainrule.encode.preparation import Preparation

    target_name, task, source = _labelled(spec, source)
    labels = source.frame[target_name]
    target = _fitted(labels, task)
    train, test = divided_rows(spec, len(source), target.codes(labels) if task == CLASSIFICATION else None)
    fitted_on = source.take(train)
    if task == REGRESSION:
        target = _fitted(fitted_on.frame[target_name], task)
    preparation = Preparation(_encoding(spec, source, fitted_on, target_name), target, source.reading)
    findings = Findings()
    x = preparation.inputs(source.frame, findings, samples=source.samples)
    if not isinstance(x, np.ndarray):
        # So few columns as the Playground shows are soon written out.
        _require_few(preparation.features)
        x = x.toarray()
    picture = (x.shape[1:3] if x.shape[-1] == 1 else x.shape[1:]) if x.ndim > 2 else None
    x = x.reshape(len(x), -1).astype(np.float64)
    _require_modest(x)
    return Data(
        source.name,
        target,
        _columns(preparation, x[train], picture),
        x,
        preparation.targets(source.frame).astype(np.float64),
        train,
        test,
        picture,
        preparation,
        source,
        (*source.notes, *findings.lines()),
    )


def _require_modest(x: np.ndarray) -> None:
    if x.size > MOST_NUMBERS:
        raise DataError(
            f"at most {MOST_NUMBERS:,} numbers in the Playground, rows times inputs",
            f"{len(x):,} rows of {x.shape[1]:,} inputs",
            "Take a sample of the rows, or use `chainrule train`.",
        )


def _labelled(spec: DataSpec, source: Source) -> tuple[str, str, Source]:
    """Return the target, the task, and the rows that have a label."""
    from chainrule.encode.target import guess_target, guess_task, require_column

    names = [str(name) for name in source.frame.columns]
    target_name = spec.target or source.target or guess_target(names)
    require_column(target_name, names, source.name)
    labelled = np.flatnonzero(source.frame[target_name].notna())
    if not len(labelled):
        raise DataError(f"values in the target {target_name!r}", "none at all", "Choose another target.")
    if len(labelled) > MOST_ROWS:
        raise DataError(
            f"at most {MOST_ROWS:,} rows in the Playground",
            f"{len(labelled):,}",
            "Take a sample of them, or use `chainrule train`.",
        )
    missing = len(source) - len(labelled)
    if missing:
        notes = [*source.notes, f"{missing} rows without a target are left out"]
        source = replace(source.take(labelled), notes=notes)
    said = source.task if target_name == source.target else None
    return target_name, spec.task or said or guess_task(source.frame[target_name])[0], source


def _encoding(spec: DataSpec, source: Source, train: Source, target: str) -> Encoding:
    from chainrule.encode.images import ImageEncoding
    from chainrule.encode.table import column_kinds, fit_table
    from chainrule.sources.samples import Pictures

    if isinstance(train.samples, Pictures):
        return ImageEncoding.fit(train.samples, standardise=False)
    if len(source.frame.columns) > MOST_INPUTS:
        raise DataError(
            f"at most {MOST_INPUTS:,} columns in the Playground",
            f"{len(source.frame.columns):,} in {source.name}",
            "Leave some out of the file, or use `chainrule train`.",
        )
    names = [str(name) for name in source.frame.columns if name != target]
    # A kind that was chosen for another table, or for what is the target now, says nothing here.
    kinds = {name: kind for name, kind in (spec.kinds or {}).items() if name in names}
    return fit_table(train.frame, column_kinds(source.frame, target, kinds, source.reading))


def _columns(preparation: Preparation, x: np.ndarray, picture: tuple[int, ...] | None) -> tuple[Column, ...]:
    if picture is not None:
        if x.shape[1] > MOST_PIXELS:
            came = "×".join(map(str, picture))
            raise DataError(f"pictures of at most {MOST_PIXELS:,} pixels", came, "Make them smaller.")
        return tuple(Column(f"pixel {i + 1}", 0.0, 1.0, 0.5) for i in range(x.shape[1]))
    from chainrule.encode.numeric import Numeric

    labels = preparation.features
    _require_few(labels)
    low, high, middle = x.min(axis=0), x.max(axis=0), np.median(x, axis=0)
    margin = np.where(high > low, 0.08 * (high - low), 1.0)
    units, numbers = np.tile([0.0, 1.0], (x.shape[1], 1)), np.zeros(x.shape[1], bool)
    start = 0
    for encoder in getattr(preparation.encoding, "encoders", ()):
        stop = start + len(encoder.features)
        if isinstance(encoder, Numeric):
            # What stands behind the number itself is the indicator of a gap.
            units[start], numbers[start] = (encoder.center, encoder.scale), True
        elif np.isin(x[:, start:stop], (0, 1)).all():
            # Of a category, held still, the most frequent one: the median of its indicators may be none at all.
            middle[start:stop] = np.arange(stop - start) == x[:, start:stop].mean(axis=0).argmax()
        start = stop
    ends = np.round(np.column_stack([low - margin, high + margin, middle]), 6).tolist()
    found = []
    for label, (least, most, usual), (offset, scale), number in zip(labels, ends, units, numbers, strict=True):
        found.append(Column(label, least, most, usual, float(offset), float(scale), bool(number)))
    return tuple(found)


def _require_few(labels: Sequence[str]) -> None:
    if len(labels) > MOST_INPUTS:
        raise DataError(
            f"at most {MOST_INPUTS:,} inputs in the Playground",
            f"{len(labels):,}, an input for each category of each column",
            "Leave out columns (kind identifier), or use `chainrule train`.",
        )


def _fitted(column: pd.Series, task: str) -> Target:
    from chainrule.encode.target import fit_target

    target = fit_target(column, task)
    if target.outputs > MOST_CLASSES:
        raise DataError(
            f"at most {MOST_CLASSES} classes in the Playground",
            f"{target.outputs} in {target.name!r}",
            "Choose another target, regression if they are numbers, or use `chainrule train`.",
        )
    return target
