"""Choosing from settings: the rows to choose on, the estimators to choose from, and the folders of the answers."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.constraints import Range, check_value
from chainrule.encode.target import CLASSIFICATION, REGRESSION, Target
from chainrule.errors import ConfigError, DataError, did_you_mean
from chainrule.job.config import SHARED, config_from, declared, setting_names
from chainrule.job.estimator import SourceEstimator, truth_of
from chainrule.job.prepare import find_target, reading_of, require_rows
from chainrule.job.settings import as_base, merge, parse_setting, read_config
from chainrule.recipes import MODELS, Auto, Mlp, fields_of, recipe_from
from chainrule.select import Choice, Dimension, Span
from chainrule.sources.read import read_source
from chainrule.sources.source import Source
from chainrule.train.metrics import metrics_for

# What our metrics are called by scikit-learn's scorers, of which more is better, always.
SCORERS = {
    "accuracy": "accuracy",
    "macro_f1": "f1_macro",
    "log_loss": "neg_log_loss",
    "roc_auc": "roc_auc",
    "r2": "r2",
    "mae": "neg_mean_absolute_error",
    "rmse": "neg_root_mean_squared_error",
}
_NOT_SEARCHED = ("data", "target", "task", "header", "valid", "test", "seed", "data_sha256", "columns")


@dataclass(frozen=True, eq=False)
class Question:
    """What is to be chosen on.

    Attributes
    ----------
    source : Source
        The rows, without those that were published as a test part.
    y : array (N,)
        Class names, or values.
    groups : array (N,) or None
    target : Target
    settings : dict
        What was given beyond the defaults; target and task are settled.
    test : (Source, array) or None
        The published test part, or the file that `test` names.
    notes : list of str
    """

    source: Source
    y: np.ndarray
    groups: np.ndarray | None
    target: Target
    settings: dict[str, Any]
    test: tuple[Source, np.ndarray] | None
    notes: list[str]

    @property
    def title(self) -> str:
        """Data and target."""
        return f"{self.source.name}: {self.target.name}"

    def estimator(self, changes: Mapping[str, Any] | None = None) -> SourceEstimator:
        """Return the network that the settings ask for, some of them changed, as an estimator."""
        changes = changes or {}
        settings = (
            as_base(self.settings, changes) | dict(changes) | {"target": self.target.name, "task": self.target.task}
        )
        config_from(settings)
        return SourceEstimator(**settings)

    @property
    def fingerprint(self) -> str:
        """What a search is of: the rows, the target and every setting that was given."""
        digest = hashlib.sha256(repr(sorted(self.settings.items(), key=str)).encode())
        digest.update("\n".join(map(str, self.y.tolist())).encode())
        return f"{self.title}, {len(self.source)} rows, {digest.hexdigest()[:12]}"


def question(settings: Mapping[str, Any], *, groups: str | None = None) -> Question:
    """Return what the settings of a run ask to be chosen on."""
    config = replace(config_from(settings), stream=False)
    require_rows(config)
    source = read_source(config.data, reading_of(config))
    notes = list(source.notes)
    source, target = find_target(config, source, notes)
    if target.every_step:
        raise ConfigError(
            "one answer for each row, to choose by folds", "a label for every step", "Train on it instead."
        )
    test = _published_test(source, target)
    if test is not None:
        kept = np.setdiff1d(np.arange(len(source)), source.parts["test"]) if source.parts else np.arange(len(source))
        notes.append(f"the {len(test[1]):,} rows published as a test part are kept out")
        source = source.take(kept)
    names = None
    if groups is not None:
        if groups not in source.frame.columns or groups == target.name:
            remedy = did_you_mean(groups, [str(name) for name in source.frame.columns if name != target.name])
            raise DataError(f"a column {groups!r} of groups in {source.name}", "no such column", remedy)
        names = source.frame[groups].astype(str).to_numpy()
        # What the folds keep apart, the network must not learn by its name.
        source = replace(source, frame=source.frame.drop(columns=groups))
        notes.append(f"the column {groups!r} parts the folds and is no input")
    given = {name: value for name, value in settings.items() if name != "test"} | {"stream": False}
    return Question(replace(source, notes=[]), truth_of(source, target), names, target, given, test, notes)


def _published_test(source: Source, target: Target) -> tuple[Source, np.ndarray] | None:
    rows = (source.parts or {}).get("test", np.empty(0, int))
    if not len(rows):
        return None
    part = source.take(rows)
    return part, truth_of(part, target)


def scorer_of(metric: str | None, target: Target) -> str | None:
    """Return the scorer for a metric's name; None for the one that the task is judged by: the estimator's own."""
    if metric is None or metric == metrics_for(target.task)[0].name:
        return None
    from sklearn.metrics import get_scorer_names

    name = SCORERS.get(metric, metric)
    if name not in get_scorer_names():
        raise ConfigError("the name of a metric", f"{metric!r}", did_you_mean(metric, [*SCORERS, *get_scorer_names()]))
    numbers = name in [SCORERS[known.name] for known in metrics_for(REGRESSION) if known.name in SCORERS]
    if numbers == (target.task == CLASSIFICATION):
        fitting = ", ".join(known.name for known in metrics_for(target.task))
        raise ConfigError(f"a metric of a {target.task}", f"{metric!r}", f"Use one of: {fitting}.")
    return name


def contender(text: str) -> tuple[str, dict[str, Any]]:
    """Return name and settings of one of the models to compare: a TOML file, or settings as NAME=VALUE."""
    path = Path(text)
    if path.suffix == ".toml" or path.is_file():
        settings = read_config(path)
        for name in ("data", "target", "task", "data_sha256"):
            settings.pop(name, None)
        return path.stem, settings
    settings = {}
    for part in shlex.split(text):
        merge(settings, *parse_setting(part))
    if not settings:
        raise ConfigError("a configuration: a TOML file, or settings", f"{text!r}", 'Write "hidden=64 dropout=0.3".')
    return " ".join(shlex.split(text)), settings


def contenders(texts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the settings of all models to compare, by name."""
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        name, settings = contender(text)
        if name in found:
            raise ConfigError("models that differ", f"{name!r} twice", "Change one, or rename its file.")
        found[name] = settings
    return found


def dimension(text: str, model: str = Auto.name) -> tuple[str, Dimension]:
    """Return name and span, or choice, of `NAME=LOW..HIGH` or `NAME=A|B|C`.

    Raises
    ------
    ConfigError
        If the model has no such setting, or it does not accept the values.
    """
    name, equals, values = text.partition("=")
    name = name.strip()
    base = name.partition(".")[0]
    if not equals or not values.strip():
        raise ConfigError(
            "NAME=LOW..HIGH or NAME=A|B|C", f"{text!r}", "Write learning_rate=1e-4..1e-1 or hidden=64|128,64."
        )
    if base in _NOT_SEARCHED or base not in setting_names():
        known = [known for known in setting_names() if known not in _NOT_SEARCHED]
        raise ConfigError("a setting that can be searched", f"{name!r}", did_you_mean(name, known))
    found = _span(name, values) if ".." in values else _choice(name, values)
    if base == name:
        for value in (found.first, found.last):
            _check(name, value, model)
    return name, found


def _check(name: str, value: Any, model: str) -> None:
    """Raise ConfigError unless the run, or the model, accepts the value for this setting."""
    if name == "model":
        recipe_from(value, {})
    elif name in SHARED:
        check_value("", name, value, SHARED[name].metadata)
    else:
        recipe_from(model, {name: value})


def _span(name: str, values: str) -> Span:
    low, _, high = values.partition("..")
    try:
        whole = all(part.strip().lstrip("-").isdigit() for part in (low, high))
        numbers = float(low), float(high)
    except ValueError as error:
        raise ConfigError(f"{name} from a number to a number", f"{values!r}", "Write 1e-4..1e-1.") from error
    return Span(numbers[0], numbers[1], whole=whole and _is_whole(name))


def _is_whole(name: str) -> bool:
    """Tell whether a setting takes whole numbers alone."""
    constraints = [found for metadata in declared(name) for found in metadata.get("constraints", ())]
    return any(isinstance(found, Range) and found.kind is int for found in constraints)


def _choice(name: str, values: str) -> Choice:
    return Choice(tuple(parse_setting(f"{name}={part.strip()}")[1] for part in values.split("|")))


def default_space(model: str = Auto.name) -> dict[str, Dimension]:
    """Return what is searched where nothing is named: each setting of the run and the model that says where to search.

    The course's rate and penalty come first, each on its log scale; spans come before choices.
    """
    settings = {**SHARED, **fields_of(MODELS.get(model, Mlp))}
    spans = {}
    for name, setting in settings.items():
        if "search_between" in setting.metadata:
            low, high = setting.metadata["search_between"]
            spans[name] = Span(low, high, whole=_is_whole(name))
    choices = {
        name: Choice(setting.metadata["search"]) for name, setting in settings.items() if "search" in setting.metadata
    }
    first = {name: spans.pop(name) for name in ("learning_rate", "l2")}
    return {**first, **spans, **choices}
