"""From settings to arrays: read the table, find the target, split, fit the preparation on the training part."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data import datasets
from chainrule.data.batches import Stream, stream
from chainrule.data.encoder import Findings
from chainrule.data.source import Source, read_table
from chainrule.data.split import split_rows
from chainrule.data.table import Preparation, column_kinds, fit_preparation
from chainrule.data.target import CLASSIFICATION, Target, fit_target, guess_target, guess_task, require_column
from chainrule.errors import DataError
from chainrule.job.config import Config
from chainrule.types import Batch

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of one purpose: as a table, and as arrays."""

    frame: pd.DataFrame
    batch: Batch

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.frame)


@dataclass(frozen=True, eq=False)
class Prepared:
    """Data ready to train on.

    Attributes
    ----------
    source : Source
    preparation : Preparation
    parts : dict
        train, valid and test; an empty part is left out.
    notes : list of str
        What was decided, for the person.
    sha256 : str
        Of the training arrays.
    """

    source: Source
    preparation: Preparation
    parts: dict[str, Part]
    notes: list[str] = field(default_factory=list)
    sha256: str = ""


def read_source(data: str, *, header: str = "auto", seed: int = 0, names: list[str] | None = None) -> Source:
    """Return the table that DATA names: a built-in data set, or a file (which wins where both exist)."""
    path = Path(data)
    # A folder of that name, the run's own perhaps, does not hide the data set.
    if datasets.is_builtin(data) and not _is_file(path):
        return datasets.load(data, seed)
    if not path.suffix and "/" not in data and not _is_file(path) and not path.is_dir():
        return datasets.load(data, seed)
    return read_table(path, header, names)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file() or path.is_fifo()
    except OSError:
        # A name that no file can have.
        return False


def prepare(config: Config) -> Prepared:
    """Return the data that the settings name, ready to train on."""
    source = read_source(config.data, header=config.header, seed=config.seed)
    notes = list(source.notes)
    frame = source.frame
    names = [str(name) for name in frame.columns]
    target_name = config.target or source.target
    if target_name is None:
        target_name = guess_target(names)
        notes.append(f"the target is guessed to be {target_name!r} (--target)")
    require_column(target_name, names, source.name)
    frame = _drop_missing_targets(frame, target_name, config, notes)
    task = config.task if config.task != "auto" else source.task
    if task is None:
        task, reason = guess_task(frame[target_name])
        notes.append(f"the task is guessed to be {task}: {target_name!r}, {reason} (--task)")
    try:
        target = fit_target(frame[target_name], task)
    except DataError as error:
        if config.target or source.target:
            raise
        remedy = f"{error.remedy} The target was guessed to be {target_name!r}: name the right one with --target."
        raise DataError(error.expected, error.came, remedy) from error
    kinds = column_kinds(frame, target_name, config.columns, image=source.image_shape is not None)
    rows, others = _split(frame, target, config, source)
    train = frame.iloc[rows["train"]].reset_index(drop=True)
    if task != CLASSIFICATION:
        target = fit_target(train[target_name], task)
    target = _unscaled_if_poisson(target, config, frame)
    preparation = fit_preparation(train, kinds, target, source.image_shape)
    findings = Findings()
    parts: dict[str, Part] = {}
    frames = {name: frame.iloc[part].reset_index(drop=True) for name, part in rows.items()} | others
    for name in ("train", "valid", "test"):
        if name in frames and len(frames[name]):
            part = frames[name]
            if name in others:
                require_column(target_name, list(part.columns), f"the {name} file")
                part = _drop_missing_targets(part, target_name, config, notes)
            batch = Batch(preparation.inputs(part, findings), preparation.targets(part))
            parts[name] = Part(part, batch)
    notes += findings.lines()
    return Prepared(source, preparation, parts, notes, _sha256(parts["train"].batch))


def _drop_missing_targets(frame: pd.DataFrame, target: str, config: Config, notes: list[str]) -> pd.DataFrame:
    if config.missing_target != "drop":
        return frame
    missing = frame[target].isna() | frame[target].isin([np.inf, -np.inf])
    if missing.any():
        notes.append(f"{int(missing.sum())} rows without a target are left out (missing_target)")
    if missing.all():
        raise DataError(f"values in the target {target!r}", "none at all", "Choose another --target.")
    return frame[~missing].reset_index(drop=True)


def _split(
    frame: pd.DataFrame, target: Target, config: Config, source: Source
) -> tuple[dict[str, np.ndarray], dict[str, pd.DataFrame]]:
    """Return the row numbers of the parts taken from the table, and the tables of those that are files."""
    labels = target.codes(frame[target.name]) if target.task == CLASSIFICATION else None
    rng = stream(config.seed, Stream.SPLIT)
    rows = {"train": np.arange(len(frame))}
    others = {}
    total = len(frame)
    for name in ("test", "valid"):
        wanted = getattr(config, name)
        if isinstance(wanted, str):
            others[name] = read_table(Path(wanted), config.header, [str(c) for c in frame.columns]).frame
        elif wanted > 0:
            # Both fractions are of the whole table, whichever is taken first.
            left = rows["train"]
            share = min(1.0, wanted * total / len(left))
            rest, part = split_rows(len(left), share, rng, None if labels is None else labels[left])
            rows["train"], rows[name] = left[rest], left[part]
    if len(rows["train"]) < 2 or (labels is not None and len(np.unique(labels[rows["train"]])) < 2):
        raise DataError(
            "enough rows to train on after the split",
            f"{len(rows['train'])} of {total} rows in {source.name}",
            "Give more rows, or smaller --valid and --test.",
        )
    return rows, others


def _unscaled_if_poisson(target: Target, config: Config, frame: pd.DataFrame) -> Target:
    if config.loss != "poisson":
        return target
    if target.task == CLASSIFICATION:
        raise DataError("a regression for the loss poisson", "a classification", "Use --task regression.")
    values = target.values(frame[target.name])
    if values.min() < 0:
        row = int(values.argmin())
        raise DataError(
            "targets of at least 0 for the loss poisson",
            f"{values[row]:g} in row {row + 1}",
            "Use the loss squared_error or huber.",
        )
    return replace(target, mean=0.0, scale=1.0)


def _sha256(batch: Batch) -> str:
    digest = hashlib.sha256()
    for array in (batch.x, batch.t):
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
