"""From settings to arrays: read the data, find the target, split, fit the preparation on the training part."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.fit import Wanted, fit_encoding
from chainrule.encode.preparation import Preparation
from chainrule.encode.seen import seen_of
from chainrule.encode.series.panel import Panel
from chainrule.encode.series.windows import Windows
from chainrule.encode.sparse import is_sparse
from chainrule.encode.split import split_groups, split_rows
from chainrule.encode.table import column_kinds
from chainrule.encode.target import (
    CLASSIFICATION,
    REGRESSION,
    Target,
    fit_target,
    guess_target,
    guess_task,
    require_column,
)
from chainrule.errors import ConfigError, DataError, did_you_mean
from chainrule.job.config import Config
from chainrule.job.doubts import doubts
from chainrule.job.readable import require_readable, require_readable_target
from chainrule.large.pictures import StreamedPictures
from chainrule.large.streamed import Streamed
from chainrule.seeds import Purpose, generator
from chainrule.sources.kinds import ColumnKind
from chainrule.sources.read import read_source
from chainrule.sources.samples import Pictures, Recordings, Samples
from chainrule.sources.source import Reading, Source
from chainrule.sources.tagged import TAGGING
from chainrule.types import Batch

if TYPE_CHECKING:
    import pandas as pd

_AUTO = "auto"
# Of pictures in a memory map, what a part that is scored has in memory at most, in bytes of x, and at least, in rows.
_MAPPED_BYTES = 128 << 20
_FEWEST_MAPPED = 500
_SHARE = 0.2
_ENOUGH_TO_VALIDATE = 5000


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of one purpose: as a table of cells, or of labels, and as arrays.

    Where they are more than the memory should hold, `stream` has them all, and frame and batch a sample of them.
    Pictures and sounds are beside their labels as `samples`.
    """

    frame: pd.DataFrame
    batch: Batch
    stream: Streamed | None = None
    samples: Samples | None = None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.frame) if self.stream is None else self.stream.n_samples

    @property
    def data(self) -> Batch | Streamed:
        """What is trained on."""
        return self.batch if self.stream is None else self.stream


@dataclass(frozen=True, eq=False)
class SeriesData:
    """The series of a table, and the windows of each part."""

    panel: Panel
    windows: Mapping[str, Windows]


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
    series : SeriesData or None
        Where rows are steps of series: the series, and the windows that each part is made of.
    """

    source: Source
    preparation: Preparation
    parts: dict[str, Part]
    notes: list[str] = field(default_factory=list)
    sha256: str = ""
    series: SeriesData | None = None


def reading_of(config: Config) -> Reading:
    """Return how the settings want files to be read."""
    return Reading(
        header=config.header,
        seed=config.seed,
        image_size=None if config.image_size is None else (config.image_size[0], config.image_size[1]),
        grey=True if config.grey else None,
        resample=config.resample,
        label_from=config.label_from,
        test_from=config.test_from,
        offline=config.offline,
        strict=config.strict,
        budget=int(config.memory * 1e6),
        delimiter=config.delimiter,
        encoding=config.file_encoding,
        comment=config.comment,
        row_names=config.row_names,
        decimal=config.decimal_sign,
        day_first=config.day_first,
        missing=config.missing,
        kinds=config.columns,
        tagged=config.task == TAGGING,
    )


def prepare(config: Config) -> Prepared:
    """Return the data that the settings name, ready to train on."""
    return prepare_source(config, read_source(config.data, reading_of(config)))


def prepare_source(config: Config, source: Source) -> Prepared:
    """Return data that have been read, or some rows of them, ready to train on.

    Raises
    ------
    ConfigError
        If the settings say that the rows are steps of series, which stand in an order (see `job.series`).
    """
    require_rows(config)
    reading = reading_of(config)
    notes = list(source.notes)
    source, target = find_target(config, source, notes)
    target_name, task = target.name, target.task
    names = [str(name) for name in source.frame.columns]
    apart = _group_apart(config, names, target_name, notes)
    kinds = (
        column_kinds(source.frame, target_name, {**source.kinds, **apart, **config.columns}, source.reading)
        if source.samples is None
        else ()
    )
    notes += doubts(source, target_name, kinds)
    rows, files = _split(source, target, config, notes)
    sources = {name: source.take(part) for name, part in rows.items()}
    for name, file in files.items():
        other = read_source(file, _as_trained(reading, source, names))
        require_column(target_name, list(other.frame.columns), f"the {name} file")
        require_readable(other, [column for column in names if column in other.frame.columns])
        notes += [f"{name} file: {note}" for note in other.notes]
        source = replace(source, unreadable=(*source.unreadable, *other.unreadable))
        sources[name] = _drop_missing_targets(other, target_name, config, notes)
    train = sources["train"]
    if task == CLASSIFICATION and (config.target_scaling != "none" or config.clip_predictions):
        raise ConfigError(
            "a regression for `target_scaling` and `clip_predictions`",
            f"a classification of {target_name!r}",
            "Leave them out, or set `task=regression`.",
        )
    if task != CLASSIFICATION:
        target = fit_regression(train.frame[target_name], config, notes)
    target = _unscaled_if_poisson(target, config, source.frame)
    encoding = fit_encoding(train.samples, train.frame, wanted_of(config, kinds))
    preparation = Preparation(encoding, target, source.reading, seen_of(train.frame, encoding.encoders))
    findings = Findings()
    parts: dict[str, Part] = {}
    for name in ("train", "valid", "test"):
        if name in sources and len(sources[name]):
            parts[name] = _part(name, sources[name], preparation, findings, notes)
    notes += findings.lines()
    return Prepared(source, preparation, parts, notes, sha256(parts["train"].batch))


def require_rows(config: Config) -> None:
    """Raise ConfigError if the settings say that rows are steps of series, for those who take them one by one."""
    if config.time is not None:
        raise ConfigError(
            "rows that each stand for themselves",
            f"steps of series, in the order of `time={config.time}`",
            "Leave `time` out; series have train, cv, predict, evaluate, inspect and doctor.",
        )


def wanted_of(config: Config, kinds: tuple[ColumnKind, ...]) -> Wanted:
    """Return what the settings want of an encoding."""
    return Wanted(
        kinds,
        config.choices,
        config.standardise,
        config.sound,
        config.seconds,
        config.model.reads_sequences,
        config.tokens,
        config.steps,
        config.task == TAGGING,
    )


def _group_apart(config: Config, names: list[str], target: str, notes: list[str]) -> dict[str, str]:
    """Return the kind of the column of groups, which is left out: an unseen group has a name that tells nothing."""
    if config.group is None:
        return {}
    if config.group not in names or config.group == target:
        came = "the target" if config.group == target else f"no such column among {len(names)}"
        remedy = did_you_mean(config.group, [name for name in names if name != target])
        raise ConfigError(f"a column for `group`, {config.group!r}", came, remedy)
    notes.append(
        f"rows of one {config.group} are never parted, and the column is left out (`group`, `columns.{config.group}`)"
    )
    return {config.group: "identifier"}


def _part(name: str, source: Source, preparation: Preparation, findings: Findings, notes: list[str]) -> Part:
    """Return a part; of pictures that lie in a memory map, a sample, and those to train on as a stream."""
    stream = None
    if isinstance(source.samples, Pictures) and source.samples.is_mapped:
        if name == "train":
            stream = StreamedPictures(source.samples, source.frame, preparation)
            notes.append(f"the {len(source):,} training pictures are streamed from the disk")
        most = max(_FEWEST_MAPPED, _MAPPED_BYTES // (4 * math.prod(preparation.input_shape)))
        if len(source) > most:
            notes.append(f"{name}: scores are those of {most:,} of the {len(source):,} pictures, spread evenly")
            source = source.take(np.linspace(0, len(source) - 1, most).astype(int))
    x = preparation.inputs(source.frame, findings, samples=source.samples)
    batch = Batch(x, preparation.targets(source.frame), mask=preparation.mask(x))
    return Part(source.frame, batch, stream, source.samples)


def _as_trained(reading: Reading, source: Source, names: list[str]) -> Reading:
    """Return how a file beside the training data is to be read: its columns, or pictures, like theirs."""
    reading = replace(reading, names=tuple(names), test_from=None, stored=source.reading)
    if isinstance(source.samples, Recordings):
        return replace(reading, rate=source.samples.rate)
    if not isinstance(source.samples, Pictures):
        return reading
    height, width, channels = source.samples.shape[1:]
    return replace(reading, image_size=(height, width), grey=channels == 1, bits=source.samples.bits)


def find_target(config: Config, source: Source, notes: list[str]) -> tuple[Source, Target]:
    """Return the rows that have a target, and the target as measured on all of them; guesses are added to notes."""
    names = [str(name) for name in source.frame.columns]
    target_name = config.target or source.target
    if target_name is None and (source.samples is not None or source.kinds):
        noun = "texts" if source.samples is None else source.samples.noun
        raise DataError(
            f"a label for each of the {len(source):,} {noun} of {source.name}",
            "files that no folder and no pattern gives one",
            "Put them into a folder for each class, or say `label_from=REGEX`.",
        )
    if target_name is None:
        target_name = guess_target(names)
        notes.append(f"the target is guessed to be {target_name!r} (`target`)")
    require_column(target_name, names, source.name)
    require_readable_target(source, target_name, config)
    source = _drop_missing_targets(source, target_name, config, notes)
    labels = source.frame[target_name]
    task = config.task if config.task != "auto" else source.task
    if task is None:
        task, reason = guess_task(labels)
        notes.append(f"the task is guessed to be {task}: {target_name!r}, {reason} (`task`)")
    try:
        return source, fit_target(labels, task)
    except DataError as error:
        if source.is_of_files and target_name == source.target:
            remedy = "Put the files of each class into a folder of their own, or say `label_from=REGEX`."
            raise DataError(error.expected, error.came, remedy) from error
        if config.target or source.target:
            raise
        remedy = f"{error.remedy} The target was guessed to be {target_name!r}: name the right one with `target`."
        raise DataError(error.expected, error.came, remedy) from error


def _drop_missing_targets(source: Source, target: str, config: Config, notes: list[str]) -> Source:
    if config.missing_target != "drop":
        return source
    labels = source.frame[target]
    missing = labels.isna() | labels.isin([np.inf, -np.inf])
    if not missing.any():
        return source
    notes.append(f"{int(missing.sum())} rows without a target are left out (missing_target)")
    if missing.all():
        raise DataError(f"values in the target {target!r}", "none at all", "Choose another `target`.")
    return source.take(np.flatnonzero(~missing))


def _split(
    source: Source, target: Target, config: Config, notes: list[str]
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the row numbers of the parts taken from the source, and the names of those that are files."""
    by_class = target.task == CLASSIFICATION and not target.every_step
    labels = target.codes(source.frame[target.name]) if by_class else None
    rng = generator(config.seed, Purpose.SPLIT)
    wanted = {name: getattr(config, name) for name in ("test", "valid")}
    published = {name: rows for name, rows in (source.parts or {}).items() if wanted.get(name) == _AUTO and len(rows)}
    set_aside = np.concatenate([*published.values(), np.empty(0, int)])
    rows = {"train": np.setdiff1d(np.arange(len(source)), set_aside), **published}
    total = len(rows["train"])
    files = {}
    for name, part in wanted.items():
        share = _share(name, published, total) if part == _AUTO else part
        if isinstance(share, str):
            files[name] = share
        elif share > 0:
            # Both fractions are of all rows that are not set aside, whichever is taken first.
            left = rows["train"]
            part_of = min(1.0, share * total / len(left))
            if config.group is None:
                rest, chosen = split_rows(len(left), part_of, rng, None if labels is None else labels[left])
            else:
                groups = source.frame[config.group].iloc[left].astype(str).to_numpy()
                rest, chosen = split_groups(groups, part_of, rng)
            rows["train"], rows[name] = left[rest], left[chosen]
    if published:
        sizes = ", ".join(f"{name} {len(part):,}" for name, part in published.items())
        notes.append(f"the parts are those that were published: {sizes} (`valid`, `test`)")
    if len(rows["train"]) < 2 or (labels is not None and len(np.unique(labels[rows["train"]])) < 2):
        raise DataError(
            "enough rows to train on after the split",
            f"{len(rows['train'])} of {len(source)} rows in {source.name}",
            "Give more rows, or smaller `valid` and `test`.",
        )
    return rows, files


def _share(name: str, published: Mapping[str, np.ndarray], total: int) -> float:
    """Return the share of a part that was left to be chosen: none where it, or one that serves for it, is published."""
    if name in published or (name == "test" and published):
        return 0.0
    # Beyond some thousand rows a validation part tells hardly more, and those rows could be learned from.
    return min(_SHARE, _ENOUGH_TO_VALIDATE / max(1, total)) if published else _SHARE


def fit_regression(column: pd.Series, config: Config, notes: list[str]) -> Target:
    """Return the target of numbers, as the settings want it; what is done to them is added to notes."""
    if config.loss == "poisson" and config.target_scaling != "none":
        raise ConfigError(
            "`target_scaling=none` for the loss poisson, whose targets are counts",
            f"`target_scaling={config.target_scaling}`",
            "Leave one of them out.",
        )
    target = fit_target(column, REGRESSION, config.target_scaling, is_bounded=config.clip_predictions)
    told = target.describe()
    notes += [f"{told} (`target_scaling`, `clip_predictions`)"] if told else []
    return target


def _unscaled_if_poisson(target: Target, config: Config, frame: pd.DataFrame) -> Target:
    if config.loss != "poisson":
        return target
    if target.task == CLASSIFICATION:
        raise DataError("a regression for the loss poisson", "a classification", "Use `task=regression`.")
    values = target.values(frame[target.name])
    if values.min() < 0:
        row = int(values.argmin())
        raise DataError(
            "targets of at least 0 for the loss poisson",
            f"{values[row]:g} in row {row + 1}",
            "Use the loss squared_error or huber.",
        )
    return replace(target, mean=0.0, scale=1.0)


def sha256(batch: Batch) -> str:
    """Return the digest of arrays, by which a resumed run knows its data again."""
    digest = hashlib.sha256()
    arrays = (batch.x.data, batch.x.indices, batch.x.indptr) if is_sparse(batch.x) else (batch.x,)
    for array in (*arrays, batch.t):
        digest.update(str(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
