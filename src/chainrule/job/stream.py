"""From settings to a stream: a table larger than memory is surveyed, measured, and trained on from the disk."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.encoding import Encoding
from chainrule.encode.fit import fit_encoding
from chainrule.encode.preparation import Preparation
from chainrule.encode.table import column_kinds, fit_table
from chainrule.encode.target import (
    CLASSIFICATION,
    REGRESSION,
    Target,
    fit_target,
    guess_target,
    guess_task,
    require_column,
    target_of_classes,
)
from chainrule.errors import ConfigError, DataError
from chainrule.job.config import Config
from chainrule.job.prepare import Part, Prepared, reading_of, sha256, wanted_of
from chainrule.job.readable import require_readable, require_readable_target
from chainrule.large.block import Blocks
from chainrule.large.blocks import open_blocks, weight
from chainrule.large.survey import Lots, StreamedTable, Survey, Tell, measured, survey
from chainrule.sources.kinds import ColumnKind
from chainrule.sources.read import read_source
from chainrule.sources.source import Reading, Source, odd_notes
from chainrule.sources.tagged import TAGGING
from chainrule.types import Batch

if TYPE_CHECKING:
    import pandas as pd

# Of physical memory, what a table may take before it is streamed.
_SHARE_OF_MEMORY = 0.25
_AUTO_SHARE = 0.2
# Rows, and bytes of cells, that a held-out part and the sample have at most.
_MOST_ROWS = {"valid": 50_000, "test": 50_000, "sample": 100_000}
_MOST_BYTES = 48 << 20
_FEWEST = 1000


def is_streamed(config: Config) -> bool:
    """Tell whether the settings, or else the size of the file, ask for a stream."""
    if config.stream is not None:
        return config.stream
    return weight(Path(config.data)) > _SHARE_OF_MEMORY * _memory()


def _memory() -> int:
    """Bytes of memory of this machine, or of the container that this process is in."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        return total


def prepare_stream(config: Config, tell: Tell) -> Prepared:
    """Return the data that the settings name, the training part as a stream from the disk.

    Two passes over the file: the first finds the parts, a sample and the target, the second measures the columns.
    """
    if config.task == TAGGING:
        raise ConfigError("tagged sequences in memory", "`stream`", "Leave it out.")
    if config.optimizer == "lbfgs":
        raise ConfigError(
            "an optimizer that takes a step for each batch, to train on a stream", "lbfgs", "Use `optimizer=adam`."
        )
    if config.target_scaling != "none" or config.clip_predictions:
        raise ConfigError(
            "`target_scaling=none` and `clip_predictions=false` to train on a stream, whose target is not held in memory",
            f"`target_scaling={config.target_scaling}`, `clip_predictions={str(config.clip_predictions).lower()}`",
            "Leave them out, or set `stream=false`.",
        )
    reading = reading_of(config)
    blocks = open_blocks(Path(config.data), reading.wishes, tell)
    notes = [*blocks.notes, _why(config)]
    target_name = config.target or guess_target(list(blocks.columns))
    if config.target is None:
        notes.append(f"the target is guessed to be {target_name!r} (`target`)")
    require_column(target_name, list(blocks.columns), blocks.path.name)
    lots, shares = _lots(config, blocks, target_name)
    found = survey(blocks, lots, shares["sample"], tell)
    source = Source(blocks.path.name, found.frame("sample"), reading=blocks.reading, odd=blocks.odd, gaps=blocks.gaps)
    notes += odd_notes(source)
    require_readable_target(source, target_name, config)
    sample = source.frame
    if len(sample) < 2:
        raise DataError(
            "rows to train on", f"{found.n_train} in {blocks.path.name}", "Give more rows, or smaller parts."
        )
    target = _target(found, sample[target_name], config, notes)
    kinds = _without_counters(column_kinds(sample, target_name, config.columns, blocks.reading), sample, found)
    encoding: Encoding
    if config.model.reads_sequences:
        encoding = fit_encoding(None, sample, wanted_of(config, kinds))
        notes.append(f"the vocabulary is that of the sample of {len(sample):,} training rows")
    else:
        encoding = measured(blocks, lots, fit_table(sample, kinds, config.choices), config.choices, tell)
    preparation = Preparation(encoding, target, blocks.reading)
    stream = StreamedTable(blocks, lots, preparation, found.n_train)
    findings = Findings()
    frames = {"train": sample, "valid": found.frame("valid"), "test": found.frame("test")} | _files(
        config, replace(reading, names=blocks.columns, stored=blocks.reading), target_name
    )
    parts = {
        name: Part(
            frame,
            _batch(preparation, frame, findings),
            stream if name == "train" else None,
        )
        for name, frame in frames.items()
        if len(frame)
    }
    notes += _told(found, len(sample), parts, findings)
    source = replace(source, target=target_name, task=target.task)
    digest = hashlib.sha256(f"{found.n_train} {blocks.n_rows} {sha256(parts['train'].batch)}".encode()).hexdigest()
    return Prepared(source, preparation, parts, notes, digest)


def _batch(preparation: Preparation, frame: pd.DataFrame, findings: Findings) -> Batch:
    x = preparation.inputs(frame, findings)
    return Batch(x, preparation.targets(frame), mask=preparation.mask(x))


def _why(config: Config) -> str:
    size = Path(config.data).stat().st_size / 2**30
    reason = "as asked" if config.stream else "more than a quarter of memory when read as a whole (`stream=False`)"
    return f"the training rows are streamed from the disk: {size:.2f} GB, {reason}"


def _lots(config: Config, blocks: Blocks, target: str) -> tuple[Lots, dict[str, float]]:
    """Return which rows are held out, at most as many as memory should hold, and the share of the sample."""
    row_bytes = max(8.0 * len(blocks.columns), blocks.path.stat().st_size / max(1, blocks.n_rows))
    most = {name: max(_FEWEST, min(rows, _MOST_BYTES / row_bytes)) for name, rows in _MOST_ROWS.items()}
    shares = {}
    for name in ("valid", "test"):
        wanted = getattr(config, name)
        share = 0.0 if isinstance(wanted, str) and wanted != "auto" else _AUTO_SHARE if wanted == "auto" else wanted
        shares[name] = min(float(share), most[name] / max(1, blocks.n_rows))
    shares["sample"] = min(1.0, most["sample"] / max(1, blocks.n_rows))
    lots = Lots(config.seed, shares["valid"], shares["test"], target, config.missing_target == "drop")
    return lots, shares


def _target(found: Survey, cells: pd.Series, config: Config, notes: list[str]) -> Target:
    """Return the target as all training rows have it, not the sample's alone."""
    name, task = str(cells.name), config.task
    if task == "auto":
        task, reason = guess_task(cells)
        notes.append(f"the task is guessed to be {task}: {name!r}, {reason} (`task`)")
    fit_target(cells, task)
    if task == CLASSIFICATION:
        if found.classes is None:
            raise DataError(
                f"classes that repeat in the target {name!r}", "over 1,000 different values", "Choose another `target`."
            )
        return target_of_classes(name, list(found.classes))
    mean, scale = (0.0, 1.0) if config.loss == "poisson" else found.target_moments
    return Target(name, REGRESSION, (), mean, scale or 1.0)


def _without_counters(kinds: tuple[ColumnKind, ...], sample: pd.DataFrame, found: Survey) -> tuple[ColumnKind, ...]:
    """A column that counts the rows shows in the sample by keeping its distance from the number of the row."""
    rows = np.concatenate([part.index.to_numpy() for part in found.parts["sample"]])
    changed = []
    for kind in kinds:
        cells = sample[kind.name]
        if kind.kind == "numeric" and kind.reason != "as asked" and cells.dtype.kind in "iuf":
            apart = cells.to_numpy() - rows
            if len(apart) > 1 and (apart == apart[0]).all():
                kind = ColumnKind(kind.name, "identifier", "counts the rows")  # noqa: PLW2901 (one name reads better)
        changed.append(kind)
    return tuple(changed)


def _files(config: Config, reading: Reading, target: str) -> dict[str, pd.DataFrame]:
    files = {}
    for name in ("valid", "test"):
        part = getattr(config, name)
        if isinstance(part, str) and part != "auto":
            source = read_source(part, reading)
            require_column(target, list(source.frame.columns), f"the {name} file")
            require_readable(source, [str(column) for column in source.frame.columns])
            files[name] = source.frame
    return files


def _told(found: Survey, n_sample: int, parts: dict[str, Part], findings: Findings) -> list[str]:
    held = ", ".join(f"{part.n:,} {name}" for name, part in parts.items() if part.stream is None)
    lines = [
        f"kinds of columns, medians and quartiles are those of a sample of {n_sample:,} of the {found.n_train:,} training "
        "rows; means, deviations, ends, categories and words are those of all of them"
    ]
    if held:
        lines.append(f"held out by a number drawn for each row, and kept in memory: {held}")
    return lines + findings.lines()
