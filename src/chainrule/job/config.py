"""The settings of a run: declared once, read from a file, from `--set` and from flags, and written out in full."""

from __future__ import annotations

import math
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
from chainrule.encode.sounds import METHODS
from chainrule.errors import ConfigError, did_you_mean
from chainrule.network.cnn import CNN_DROPOUT, default_filters
from chainrule.nn import ACTIVATIONS, INITS
from chainrule.nn.precision import PRECISIONS
from chainrule.optim import RULES, SCHEDULES
from chainrule.sources.source import check_header
from chainrule.types import Shape

MODELS = ("mlp", "cnn")
LOSSES = ("auto", "cross_entropy", "squared_error", "huber", "poisson")
_FRACTION = Range(float, 0.0, 1.0, high_open=True)
_TEXT = Kind(str)
_PART = "share of the rows, a file, or auto: the part that was published, else 0.2"
_MOST_UNITS = 1_000_000
_STEPS_WORTH_TAKING = 3000
_PATIENCE = 20
_HIDDEN = (128, 64)
# Pictures with shorter sides than this have too little in them to be worth a convolution's time.
_CNN_SIDE = 16
_CNN_HIDDEN = (128,)
_SLOW_RULES = {"gradient_descent": 0.1, "gradient_ascent": 0.1, "momentum": 0.03, "nesterov": 0.03, "adagrad": 0.03}


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
    task: str = option("auto", "classification", "regression", default="auto", about="kind of target")
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
        Many(Kind(str)), default=None, optional=True, about="tables: the words that stand for a missing cell"
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
    columns: dict[str, str] = _table("kinds of columns that are not to be guessed")
    valid: float | str = constrained(_FRACTION, _TEXT, default="auto", about=_PART)
    test: float | str = constrained(_FRACTION, _TEXT, default="auto", about=_PART)
    offline: bool = flag(False, about="fetch nothing")
    strict: bool = flag(False, about="stop at the first file or row that cannot be read")
    label_from: str | None = constrained(
        _TEXT, default=None, optional=True, about="files: regular expression whose first group is the label"
    )
    test_from: str | None = constrained(
        _TEXT, default=None, optional=True, about="files: regular expression that test samples match"
    )
    image_size: tuple[int, ...] | None = constrained(
        Many(Range(int, 1, 4096), at_least=2), default=None, optional=True, about="pictures: height and width"
    )
    grey: bool = flag(False, about="pictures: without colour")
    sound: str = option(*METHODS, default="log_mel", about="sounds: what x is made of")
    seconds: float | None = real(0.0, 600.0, low_open=True, default=None, optional=True, about="sounds: heard at most")
    resample: bool = flag(False, about="sounds: bring all to the rate that most have")
    standardise: bool = flag(False, about="pictures: each channel to mean 0 and deviation 1")
    memory: float = real(0.0, low_open=True, default=512.0, about="MB of pictures that are held at once")

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
    word_rows: Any = _choice("word_rows")
    most_words: Any = _choice("most_words")
    ngrams: Any = _choice("ngrams")

    model: str = option("auto", *MODELS, default="auto", about="mlp, or for pictures cnn: what a large one gets")
    filters: tuple[int, ...] | None = constrained(
        Many(Range(int, 1, _MOST_UNITS), at_least=1), default=None, optional=True, about="cnn: filters of each block"
    )
    kernel: int = whole(1, default=3, about="cnn: height and width of the windows")
    convolutions: int = whole(1, 8, default=1, about="cnn: convolutions in each block")
    norm: bool = flag(True, about="cnn: batch normalisation after each convolution")
    hidden: tuple[int, ...] | None = constrained(
        Many(Range(int, 1, _MOST_UNITS)), default=None, optional=True, about="units of each hidden dense layer"
    )
    activation: str = option(*ACTIVATIONS, default="relu", about="bend after each hidden layer")
    init: str = option("auto", *INITS, default="auto", about="how weights are drawn")
    dropout: float | None = real(
        0.0, 1.0, high_open=True, default=None, optional=True, about="rate of dropping hidden values"
    )

    augment: str = option(*PRESETS, default="none", about="pictures: how much they are changed at each step")
    augment_settings: dict[str, Any] = _table("fields of the augmentation, such as flip or shift")

    loss: str = option(*LOSSES, default="auto", about="cost")
    label_smoothing: float = real(0.0, 1.0, high_open=True, default=0.0, about="of cross_entropy")
    huber_delta: float = real(0.0, low_open=True, default=1.0, about="of huber, in standard deviations of the target")
    class_weight: str = option("none", "balanced", default="none", about="balanced: rare classes count for more")
    l1: float = real(0.0, default=0.0, about="penalty on the size of weights")
    l2: float | None = real(0.0, default=None, optional=True, about="penalty on the square of weights")
    normalised_penalty: bool = flag(False, about="divide the penalty by the number of weights, as the course does")

    optimizer: str = option(*RULES, "lbfgs", default="adam", about="rule that moves the weights")
    learning_rate: float | None = real(0.0, low_open=True, default=None, optional=True, about="size of a step")
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

    seed: int = whole(0, 2**32 - 1, default=0, about="of every random stream")
    engine: str = option("auto", "numpy", "jax", default="auto", about="where the mathematics runs")
    dtype: str = option("float32", "float64", default="float32", about="of weights and data")
    precision: str = option(
        *PRECISIONS, default="float32", about="of the layers' arithmetic while learning; bfloat16 needs jax"
    )
    checkpoint_seconds: float = real(0.0, default=10.0, about="between checkpoints")
    data_sha256: str | None = constrained(_TEXT, default=None, optional=True, about="of the arrays trained on")

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self, owner="")
        check_header(self.header)
        for column, sign in (self.decimal if isinstance(self.decimal, dict) else {}).items():
            check_value("", f"decimal.{column}", sign, {"constraints": (Options((".", ",")),), "optional": False})
        for column, first in (self.day_first if isinstance(self.day_first, dict) else {}).items():
            check_value("", f"day_first.{column}", first, {"constraints": (Kind(bool),), "optional": False})
        for name in SETTINGS:
            check_choice(name, getattr(self, name))
        for name in ("filters", "hidden", "missing"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else tuple(value))
        if self.decimal is not None and self.decimal == self.thousands:
            raise ConfigError(
                "two signs for decimals and groups", f"{self.decimal!r} for both", "Leave one of them out."
            )
        if self.image_size is not None:
            object.__setattr__(self, "image_size", tuple(self.image_size))
        if isinstance(self.valid, (int, float)) and isinstance(self.test, (int, float)) and self.valid + self.test >= 1:
            raise ConfigError(
                "shares of the rows for valid and test that leave some to train on",
                f"{self.valid:g} and {self.test:g}",
                "Make them add up to less than 1.",
            )

    @property
    def decimal_sign(self) -> str | dict[str, str] | None:
        """The decimal sign, as said or as the sign of groups leaves it; None if neither is said."""
        return self.decimal or {",": ".", ".": ","}.get(self.thousands or "")

    @property
    def choices(self) -> ChoiceTable:
        """How columns become numbers."""
        return ChoiceTable({name: getattr(self, name) for name in SETTINGS})

    def resolve(self, n_train: int, input_shape: Shape = ()) -> Config:
        """Return the settings with every choice made that depends on the data.

        Small data gets small batches and many epochs, so that there are a few thousand steps to learn in, and a
        penalty of 1 / rows: what the mean cost makes of a normal prior of variance 1 on each weight (Bishop, 2006,
        eq. 3.55). AdamW has a decay of its own. A cnn gets the one-cycle schedule, whose end is its best, in fewer
        epochs: each of its steps uses a weight at hundreds of places.

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
                f"Set --batch-size {n_train} or less, or leave it out.",
            )
        settled = self._settle_model(n_train, input_shape)
        convolves = settled.model == "cnn"
        batch_size = self.batch_size or min(n_train, 32 if n_train < 10_000 else 128)
        full_batch = self.optimizer == "lbfgs"
        steps = 1 if full_batch else math.ceil(n_train / batch_size)
        longest, shortest = (40, 12) if convolves else (500, 30)
        epochs = self.epochs or min(longest, max(shortest, math.ceil(_STEPS_WORTH_TAKING / steps)))
        # Small batches are noisy, and a convolution's gradient is a sum over all places: there, a third of the rate.
        usual = 0.003 if convolves == (n_train >= 10_000) else 0.001
        rate = self.learning_rate or _SLOW_RULES.get(self.optimizer, usual)
        l2 = (0.0 if self.optimizer == "adamw" else 1.0 / n_train) if self.l2 is None else self.l2
        schedule = self.schedule
        if schedule == "auto":
            schedule = "one_cycle" if convolves and not full_batch else "constant"
        patience = self.patience
        if patience is None:
            # A schedule that falls to nothing must not be stopped before its end, where it is best.
            patience = 0 if schedule == "one_cycle" else max(_PATIENCE, math.ceil(epochs / 5))
        return replace(
            settled,
            batch_size=n_train if full_batch else batch_size,
            epochs=epochs,
            learning_rate=rate,
            l2=l2,
            schedule=schedule,
            patience=patience,
        )

    def _settle_model(self, n_train: int, input_shape: Shape) -> Config:
        """Choose the kind of network, and its size."""
        model = self.model
        if model == "auto":
            model = "cnn" if len(input_shape) == 3 and min(input_shape[:2]) >= _CNN_SIDE else "mlp"
        if model == "mlp":
            return replace(
                self, model=model, hidden=_HIDDEN if self.hidden is None else self.hidden, dropout=self.dropout or 0.0
            )
        filters = self.filters
        if filters is None:
            # What is no picture is for `cnn` itself to refuse.
            filters = default_filters(input_shape, n_train) if len(input_shape) == 3 else (32,)
        dropout = CNN_DROPOUT if self.dropout is None else self.dropout
        return replace(
            self,
            model=model,
            filters=filters,
            hidden=_CNN_HIDDEN if self.hidden is None else self.hidden,
            dropout=dropout,
        )


def config_from(mapping: Mapping[str, Any]) -> Config:
    """Return the settings of a mapping; raise ConfigError for an unknown one, with the nearest name."""
    known = [setting.name for setting in fields(Config)]
    for name in mapping:
        if name not in known:
            raise ConfigError("a setting that exists", f"{name!r}", did_you_mean(name, known))
    if "data" not in mapping:
        raise ConfigError("data: a file, or the name of a built-in data set", "none", "Name it: chainrule train DATA.")
    return Config(**mapping)
