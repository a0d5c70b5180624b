"""The settings of a run: what all runs share is declared here, once; what one kind of network has, in its recipe."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from chainrule.constraints import (
    Kind,
    Many,
    Options,
    Range,
    check_fields,
    check_value,
    constrained,
    flag,
    option,
    real,
    whole,
)
from chainrule.encode.augment import PRESETS
from chainrule.encode.choices import SETTINGS, ChoiceTable, check_choice
from chainrule.encode.language import NEXT
from chainrule.encode.reshaping import RESHAPINGS
from chainrule.encode.series.encoding import CIRCLES, LEVELS
from chainrule.encode.sounds import METHODS
from chainrule.encode.tokens import CHARACTERS, UNITS
from chainrule.errors import ConfigError, did_you_mean
from chainrule.job import defaults
from chainrule.job.texts import parse_part, parse_shares, parse_size, parse_words
from chainrule.nn import losses_named
from chainrule.nn.precision import PRECISIONS
from chainrule.optim import RULES, SCHEDULES
from chainrule.recipes import MODELS, Auto, Lstm, Recipe, fields_of, owners, recipe_from
from chainrule.sources.source import check_header
from chainrule.sources.tagged import TAGGING
from chainrule.tables.learn import rows_a_step
from chainrule.tables.member import QUICK, Member, quick_member
from chainrule.types import Shape

# Efforts that train many networks instead of one.
SEARCHES = ("standard", "best")
LOSSES = ("auto", *losses_named("classification"), *losses_named("regression"))
_FRACTION = Range(float, 0.0, 1.0, high_open=True)
_TEXT = Kind(str)
_PART = "share of the rows, a file, or auto: the part that was published, else 0.2"


def _table(about: str) -> Any:
    return field(default_factory=dict, metadata={"constraints": (Kind(dict),), "optional": False, "about": about})


def _choice(name: str) -> Any:
    """Return the field of a choice for columns: one value for all of them, or a table by their names."""
    setting = SETTINGS[name]
    return constrained(
        *setting.metadata["constraints"], Kind(dict), default=setting.default, about=setting.metadata["about"]
    )


@dataclass(frozen=True)
class Config:
    """Everything that a run depends on. None means: to be chosen when the data has been seen (see `resolve`)."""

    data: str = constrained(_TEXT, about="file, or name of a built-in data set")
    target: str | None = constrained(_TEXT, default=None, optional=True, about="column to predict")
    task: str = option(
        "auto",
        "classification",
        "regression",
        TAGGING,
        NEXT,
        default="auto",
        about="kind of target; tagging: lines of a token and its label; next: a running text",
    )
    header: str = constrained(_TEXT, default="auto", about="auto, first, none, or the row that names the columns")
    delimiter: str | None = constrained(
        _TEXT, default=None, optional=True, about="tables: what parts the cells: comma, tab, semicolon, bar, a sign"
    )
    file_encoding: str | None = constrained(
        _TEXT, default=None, optional=True, about="tables: of the text, utf-8, cp1252 or gbk for example"
    )
    decimal: str | dict[str, str] | None = constrained(
        Options((".", ",")),
        Kind(dict),
        default=None,
        optional=True,
        about="tables: the sign in front of the decimals, of all columns or by their names",
    )
    thousands: str | None = constrained(
        Options((".", ",", " ", "'")), default=None, optional=True, about="tables: the sign between groups of digits"
    )
    missing: tuple[str, ...] | None = constrained(
        Many(Kind(str)),
        default=None,
        optional=True,
        about="tables: the words that stand for a missing cell",
        read=parse_words,
    )
    day_first: bool | dict[str, bool] | None = constrained(
        Kind(bool),
        Kind(dict),
        default=None,
        optional=True,
        about="tables: whether 1/2/2024 is the first of February, in all columns or by their names",
    )
    comment: str | None = constrained(
        _TEXT, default=None, optional=True, about="tables: what lines begin with that are no rows"
    )
    row_names: bool | None = constrained(
        Kind(bool), default=None, optional=True, about="tables: whether the first column has the names of the rows"
    )
    missing_target: str = option("error", "drop", default="error", about="rows whose target is missing")
    target_scaling: str = option(
        *RESHAPINGS,
        default="none",
        about="of numbers, what is learned: none: the values; power, quantile: a heavy tail drawn in",
    )
    clip_predictions: bool = flag(False, about="of numbers, whether predictions stay within what training has seen")
    columns: dict[str, str] = _table("kinds of columns that are not to be guessed")
    valid: float | str = constrained(_FRACTION, _TEXT, default="auto", about=_PART, read=parse_part)
    test: float | str = constrained(_FRACTION, _TEXT, default="auto", about=_PART, read=parse_part)
    offline: bool = flag(False, about="fetch nothing")
    strict: bool = flag(False, about="stop at the first file or row that cannot be read")
    label_from: str | None = constrained(
        _TEXT, default=None, optional=True, about="files: regular expression whose first group is the label"
    )
    test_from: str | None = constrained(
        _TEXT, default=None, optional=True, about="files: regular expression that test samples match"
    )
    image_size: tuple[int, ...] | None = constrained(
        Many(Range(int, 1, 4096), at_least=2),
        default=None,
        optional=True,
        about="pictures: height and width",
        read=parse_size,
    )
    grey: bool = flag(False, about="pictures: without colour")
    sound: str = option(*METHODS, default="log_mel", about="sounds: what x is made of")
    seconds: float | None = real(0.0, 600.0, low_open=True, default=None, optional=True, about="sounds: heard at most")
    resample: bool = flag(False, about="sounds: bring all to the rate that most have")
    standardise: bool = flag(False, about="pictures: each channel to mean 0 and deviation 1")
    memory: float = real(0.0, low_open=True, default=512.0, about="MB of pictures that are held at once")

    time: str | None = constrained(
        _TEXT, default=None, optional=True, about="series: column of the times; rows are forecast from those before"
    )
    group: str | None = constrained(
        _TEXT,
        default=None,
        optional=True,
        about="column whose equal cells are never parted, such as a person's name; with time: that names the series",
    )
    window: int | None = whole(1, 100_000, default=None, optional=True, about="series: steps of history that are read")
    horizon: int | None = whole(1, 10_000, default=None, optional=True, about="series: steps that are forecast")
    known: tuple[str, ...] = constrained(
        Many(Kind(str)), default=(), about="series: columns that are known ahead", read=parse_words
    )
    season: int | None = whole(
        1, 100_000, default=None, optional=True, about="series: steps after which it is like itself; 1: none"
    )
    level: str = option(*LEVELS, default="last", about="series: what values are told from: the last one, or the mean")
    calendar: tuple[str, ...] = constrained(
        Many(Options(("auto", "none", *CIRCLES)), at_least=1),
        default=("auto",),
        about="series: positions in the year, the week and the day that are inputs",
        read=parse_words,
    )
    step_by: str = option("time", "rows", default="time", about="series: rows: each is one step, whatever its time")
    gaps: str = option("split", "fill", default="split", about="series: fill: a missing step is a missing value")
    coverage: tuple[float, ...] = constrained(
        Many(Range(float, 0.0, 1.0, low_open=True, high_open=True), at_least=1),
        default=(0.8, 0.95),
        about="series: shares of the values that intervals are to hold",
        read=parse_shares,
    )

    stream: bool | None = constrained(
        Kind(bool),
        default=None,
        optional=True,
        about="whether training rows stay on the disk; by their size if not set",
    )
    scaling: Any = _choice("scaling")
    winsorise: Any = _choice("winsorise")
    impute: Any = _choice("impute")
    indicators: Any = _choice("indicators")
    encoding: Any = _choice("encoding")
    order: Any = _choice("order")
    rare: Any = _choice("rare")
    most_categories: Any = _choice("most_categories")
    dates: Any = _choice("dates")
    text: Any = _choice("text")
    topics: Any = _choice("topics")
    word_rows: Any = _choice("word_rows")
    most_words: Any = _choice("most_words")
    ngrams: Any = _choice("ngrams")

    tokens: str = option(*UNITS, default="words", about="texts that a model reads step by step: words or characters")
    steps: int | None = whole(
        1, 1_000_000, default=None, optional=True, about="sequences: most steps that are read; by the data if not set"
    )
    effort: str = option(
        "none",
        "quick",
        "standard",
        "best",
        default="none",
        about="tables: none: the one network that is set here; quick: one with what suits tables; standard, best: many on folds",
    )
    metric: str | None = constrained(
        _TEXT, default=None, optional=True, about="two classes, with an effort: what the threshold is chosen for"
    )
    jobs: int | None = whole(
        1, default=None, optional=True, about="with an effort: trainings at once; cores, if not set"
    )

    model: Recipe = constrained(Kind(Recipe), default=Auto(), about="kind of network")

    augment: str = option(*PRESETS, default="none", about="pictures: how much they are changed at each step")
    augment_settings: dict[str, Any] = _table("fields of the augmentation, such as flip or shift")

    loss: str = option(*LOSSES, default="auto", about="cost")
    label_smoothing: float = real(0.0, 1.0, high_open=True, default=0.0, about="of cross_entropy")
    huber_delta: float = real(0.0, low_open=True, default=1.0, about="of huber, in standard deviations of the target")
    class_weight: str = option("none", "balanced", default="none", about="balanced: rare classes count for more")
    l1: float = real(0.0, default=0.0, about="penalty on the size of weights")
    l2: float | None = real(
        0.0, default=None, optional=True, about="penalty on the square of weights", search_between=(1e-6, 1e-1)
    )
    normalised_penalty: bool = flag(False, about="divide the penalty by the number of weights, as the course does")

    optimizer: str = option(*RULES, "lbfgs", default="adam", about="rule that moves the weights")
    learning_rate: float | None = real(
        0.0, low_open=True, default=None, optional=True, about="size of a step", search_between=(1e-4, 1e-1)
    )
    optimizer_settings: dict[str, Any] = _table("fields of the rule, such as momentum or beta1")
    ema: float = real(
        0.0, 1.0, high_open=True, default=0.0, about="moving average of the weights: share of the old; 0: none"
    )
    schedule: str = option("auto", *SCHEDULES, default="auto", about="how the learning rate changes")
    schedule_settings: dict[str, Any] = _table("fields of the schedule, such as every or floor")
    clip_value: float | None = real(0.0, low_open=True, default=None, optional=True, about="most of one derivative")
    clip_norm: float | None = real(0.0, low_open=True, default=None, optional=True, about="most length of the gradient")
    epochs: int | None = whole(1, default=None, optional=True, about="most passes over the data")
    batch_size: int | None = whole(1, default=None, optional=True, about="rows a step")
    patience: int | None = whole(
        0, default=None, optional=True, about="epochs without improvement before stopping; 0: never"
    )
    plateau: int = whole(0, default=0, about="epochs without improvement before the rate is halved; 0: never")
    time_limit: float | None = real(0.0, low_open=True, default=None, optional=True, about="most seconds")

    seed: int = whole(0, 2**32 - 1, default=0, about="of every random number")
    engine: str = option("auto", "numpy", "jax", default="auto", about="where the mathematics runs")
    dtype: str = option("float32", "float64", default="float32", about="of weights and data")
    precision: str = option(
        *PRECISIONS, default="float32", about="of the layers' arithmetic while learning; bfloat16 needs jax"
    )
    checkpoint_seconds: float = real(0.0, default=10.0, about="between checkpoints")
    data_sha256: str | None = constrained(_TEXT, default=None, optional=True, about="of the arrays trained on")

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        model: object = self.model
        if not isinstance(model, Recipe):
            remedy = 'Write model=Cnn(), or name it: config_from({"data": …, "model": "cnn"}).'
            raise ConfigError("a recipe for model, such as Mlp() or Cnn()", f"{self.model!r}", remedy)
        for name in fields_of(type(self.model)):
            if name in SHARED:
                remedy = "Rename the recipe's field."
                raise ConfigError(f"a setting of the model {self.model.name} that no run has", f"{name!r}", remedy)
        check_fields(self, owner="")
        check_header(self.header)
        for column, sign in (self.decimal if isinstance(self.decimal, dict) else {}).items():
            check_value("", f"decimal.{column}", sign, {"constraints": (Options((".", ",")),), "optional": False})
        for column, first in (self.day_first if isinstance(self.day_first, dict) else {}).items():
            check_value("", f"day_first.{column}", first, {"constraints": (Kind(bool),), "optional": False})
        for name in SETTINGS:
            check_choice(name, getattr(self, name))
        for setting in fields(self):
            value = getattr(self, setting.name)
            # A list is what a file of settings has.
            if isinstance(value, list):
                object.__setattr__(self, setting.name, tuple(value))
        if self.decimal is not None and self.decimal == self.thousands:
            raise ConfigError(
                "two signs for decimals and groups", f"{self.decimal!r} for both", "Leave one of them out."
            )
        if isinstance(self.valid, (int, float)) and isinstance(self.test, (int, float)) and self.valid + self.test >= 1:
            raise ConfigError(
                "shares of the rows for valid and test that leave some to train on",
                f"{self.valid:g} and {self.test:g}",
                "Make them add up to less than 1.",
            )

        given = [name for name in _OF_SERIES if getattr(self, name) != SHARED_DEFAULTS[name]]
        if self.time is None and given:
            raise ConfigError(
                f"a column of times, `time`, beside {given[0]}", "none", "Name it, or leave the other out."
            )

    @property
    def is_search(self) -> bool:
        """Whether members on folds are asked for instead of one network."""
        return self.effort in SEARCHES

    @property
    def decimal_sign(self) -> str | dict[str, str] | None:
        """The decimal sign, as said or as the sign of groups leaves it; None if neither is said."""
        return self.decimal or {",": ".", ".": ","}.get(self.thousands or "")

    def _refuse_for_lbfgs(self, n_train: int, rate: float) -> None:
        """Raise ConfigError for settings that a search over all rows does not have; what has been resolved is none."""
        usual: dict[str, Any] = {"learning_rate": rate, "batch_size": n_train, "schedule": "constant"}
        for name in (*usual, "clip_norm", "clip_value", "plateau"):
            value = getattr(self, name)
            if value and value != "auto" and value != usual.get(name):
                raise ConfigError(
                    f"no {name} for the optimizer lbfgs, which takes all rows at once and searches for its own steps",
                    f"{value}",
                    f"Leave `{name}` out, or take another `optimizer`.",
                )

    @property
    def choices(self) -> ChoiceTable:
        """How columns become numbers."""
        return ChoiceTable({name: getattr(self, name) for name in SETTINGS})

    def resolve(self, n_train: int, input_shape: Shape = ()) -> Config:
        """Return the settings with every choice made that depends on the data, as `defaults` and the recipe have it.

        Parameters
        ----------
        n_train : int
            Number of training rows.
        input_shape : tuple of int
            Shape of one sample.
        """
        if self.batch_size is not None and self.batch_size > n_train:
            raise ConfigError(
                f"a batch_size of at most the {n_train} training rows",
                f"{self.batch_size}",
                f"Set `batch_size={n_train}` or less, or leave it out.",
            )
        quick = quick_member((n_train, *input_shape), self.seed) if self.effort == QUICK.name else None
        model = (self.model if quick is None else _quickened(self.model, quick)).resolved(n_train, input_shape)
        pace = model.pace(n_train)
        full_batch = self.optimizer == "lbfgs"
        if full_batch:
            self._refuse_for_lbfgs(n_train, defaults.learning_rate(pace, self.optimizer))
        usual = defaults.batch_size(n_train) if quick is None else rows_a_step(n_train)
        batch_size = n_train if full_batch else self.batch_size or usual
        epochs = self.epochs or defaults.epochs(pace, math.ceil(n_train / batch_size))
        schedule = self.schedule
        if schedule == "auto":
            schedule = "constant" if full_batch else pace.schedule
        return replace(
            self,
            model=model,
            batch_size=batch_size,
            epochs=epochs,
            learning_rate=self.learning_rate
            or (defaults.learning_rate(pace, self.optimizer) if quick is None else quick.learning_rate),
            ema=self.ema or (0.0 if quick is None or full_batch else quick.average),
            l2=self.l2 if self.l2 is not None else defaults.l2(self.optimizer, n_train) if pace.l2 is None else pace.l2,
            schedule=schedule,
            clip_norm=self.clip_norm or pace.clip_norm,
            patience=defaults.patience(schedule, epochs) if self.patience is None else self.patience,
        )


_OF_SERIES = (
    "window", "horizon", "known", "season", "level", "calendar", "step_by", "gaps", "coverage",
)  # fmt: skip
SHARED_DEFAULTS = {setting.name: setting.default for setting in fields(Config)}


def _quickened(model: Recipe, quick: Member) -> Recipe:
    """Return the recipe with what suits tables where nobody said otherwise; one that was named has its own settings."""
    if not isinstance(model, Auto):
        return model
    return Auto({"hidden": quick.hidden, "activation": quick.activation, "dropout": quick.dropout, **model.given})


SHARED = {setting.name: setting for setting in fields(Config) if setting.name != "model"}
# Half of a surrogate pair: what Python makes of a file name that is not UTF-8, and what no file of settings can hold.
_HALF = re.compile("[\ud800-\udfff]")


def config_from(mapping: Mapping[str, Any]) -> Config:
    """Return the settings of a mapping by name, those of the model beside those of the run.

    Raises
    ------
    ConfigError
        For a setting that does not exist, with the nearest name, or that belongs to another model.
    """
    # What has a label for every step is read step by step.
    usual = Lstm.name if mapping.get("task") in (TAGGING, NEXT) else Auto.name
    model = mapping.get("model", usual)
    if mapping.get("task") == NEXT:
        mapping = {"tokens": CHARACTERS, **mapping}
    # Of a model that is not known, no setting is.
    recipe_from(model, {})
    for name in mapping:
        if name not in setting_names():
            raise ConfigError("a setting that exists", f"{name!r}", did_you_mean(name, setting_names()))
    for name, value in mapping.items():
        if _HALF.search(f"{name}{value}"):
            raise ConfigError(f"{name} to be text in UTF-8", f"{value!r:.80}", "Rename the file or the column.")
    if "data" not in mapping:
        raise ConfigError("data: a file, or the name of a built-in data set", "none", "Name it: chainrule train DATA.")
    shared = {name: value for name, value in mapping.items() if name in SHARED}
    own = {name: value for name, value in mapping.items() if name not in SHARED and name != "model"}
    return Config(**shared, model=recipe_from(model, own))


def setting_names() -> list[str]:
    """Return the names of all settings: those of every run, and those of all models."""
    return [*SHARED, "model", *dict.fromkeys(name for recipe in MODELS.values() for name in fields_of(recipe))]


def declared(name: str, model: str = Auto.name) -> list[Mapping[str, Any]]:
    """Return what the fields of this name declare: that of every run, or those of the model; of all models where it is auto.

    Returns
    -------
    list of mapping
        Metadata of fields; none where there is no such setting.
    """
    if name in SHARED:
        return [SHARED[name].metadata]
    return [fields_of(recipe)[name].metadata for recipe in owners(name) if model in (Auto.name, recipe.name)]
