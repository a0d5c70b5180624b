"""Choices: how the cells of a column become numbers, where a person wants it otherwise than by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from chainrule.constraints import Kind, Many, Options, Range, check_fields, check_value, constrained, option, whole
from chainrule.errors import ConfigError, did_you_mean

# The name that stands for every column which is not named itself.
EVERY = "*"
# How numbers are scaled.
SCALINGS = ("standard", "minmax", "robust", "smooth", "quantile", "none")
_FRACTION = Range(float, 0.0, 0.5, high_open=True)


@dataclass(frozen=True)
class Choices:
    """The choices for one column. Each suits columns of the kinds that its `suits` names; others ignore it."""

    scaling: str = option(
        *SCALINGS,
        default="standard",
        about="standard: (x - mean) / deviation; minmax: 0..1, clipped; robust: (x - median) / quartiles' distance; "
        "smooth: robust, with tails drawn in to ± 3; quantile: normal deviates by rank",
        suits=("numeric", "date", "category"),
    )
    winsorise: float = constrained(
        _FRACTION,
        default=0.0,
        about="share of the lowest, and of the highest, numbers that are drawn in to the next one",
        suits=("numeric",),
    )
    impute: str | float = constrained(
        Options(("auto", "median", "mean", "mode")),
        Range(float),
        default="auto",
        about="what a missing cell becomes: median, mean, mode (the most frequent) or a number",
        suits=("numeric", "boolean", "category", "date"),
    )
    indicators: bool = constrained(
        Kind(bool),
        default=True,
        about="whether a missing cell also raises an indicator",
        suits=("numeric", "boolean", "date"),
    )
    encoding: str = option(
        "onehot", "ordinal", default="onehot", about="onehot: an indicator each; ordinal: a rank", suits=("category",)
    )
    order: str | tuple[str, ...] = constrained(
        Options(("auto", "number", "alphabet", "frequency")),
        Many(Kind(str), 1),
        default="auto",
        about="of ranks: number, alphabet, frequency (rare ones first), or the categories as a list, lowest first",
        suits=("category",),
    )
    rare: str | float = constrained(
        Options(("auto",)),
        Range(float, 0.0),
        default="auto",
        about="rows (a share, if below 1) that a category needs in order not to count as rare",
        suits=("category",),
    )
    most_categories: int = whole(1, default=100, about="most indicators of a column", suits=("category",))
    dates: str = option(
        "circles",
        "parts",
        default="circles",
        about="circles: days, and sine and cosine of year, week and day; parts: year, month, day, weekday, hour",
        suits=("date",),
    )
    text: str = option(
        "tfidf",
        "bag",
        "topics",
        default="tfidf",
        about="weights of words, their counts, or the weights brought together to a few topics",
        suits=("text",),
    )
    topics: int = whole(1, 500, default=32, about="most topics of a column of texts", suits=("text",))
    word_rows: int = whole(1, default=2, about="rows that a word needs in order to count", suits=("text",))
    most_words: int = whole(1, default=50_000, about="most words of a column, the most frequent", suits=("text",))
    ngrams: int = whole(1, 4, default=1, about="most words in a row that count as one", suits=("text",))

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        # A list, which a file of settings has, would make the choices unhashable.
        object.__setattr__(self, "order", self.order if isinstance(self.order, str) else tuple(self.order))
        check_fields(self, owner="")

    @property
    def is_ordinal(self) -> bool:
        """Whether categories become ranks: asked for, or meant by whoever gives their order."""
        return self.encoding == "ordinal" or self.order != "auto"


DEFAULT = Choices()
SETTINGS = {setting.name: setting for setting in fields(Choices)}


@dataclass(frozen=True)
class ChoiceTable:
    """The choices for all columns of a table.

    Attributes
    ----------
    settings : mapping
        For each field of `Choices` that is set: one value for every column, or a mapping from the names of columns
        to values, in which `*` stands for all others.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)

    def of(self, column: str) -> Choices:
        """Return the choices for a column."""
        if not any(isinstance(value, Mapping) and column in value for value in self.settings.values()):
            return self._of_all
        return self._chosen(column)

    @cached_property
    def _of_all(self) -> Choices:
        return self._chosen(EVERY)

    def _chosen(self, column: str) -> Choices:
        chosen: dict[str, Any] = {}
        for name, value in self.settings.items():
            values = value if isinstance(value, Mapping) else {EVERY: value}
            if column in values or EVERY in values:
                chosen[name] = values.get(column, values.get(EVERY))
        return Choices(**chosen)

    def check(self, kinds: Mapping[str, str]) -> None:
        """Raise ConfigError for a column that is not there, or of a kind that a choice does not suit."""
        for name, value in self.settings.items():
            suits = SETTINGS[name].metadata["suits"]
            for column in value if isinstance(value, Mapping) else ():
                if column == EVERY:
                    continue
                if column not in kinds:
                    raise ConfigError(
                        f"the name of a column under `{name}`", f"{column!r}", did_you_mean(column, kinds)
                    )
                if kinds[column] not in suits:
                    raise ConfigError(
                        f"a column of the kind {' or '.join(suits)} for {name}.{column}",
                        f"one of the kind {kinds[column]}",
                        f"Leave it out, or say what the column is: `columns.{column}={suits[0]}`.",
                    )
                if name == "scaling" and kinds[column] == "category" and not self.of(column).is_ordinal:
                    raise ConfigError(
                        f"ranks to be scaled by scaling.{column}",
                        "a category whose indicators are 0 and 1",
                        f"Leave it out, or make ranks of it: `encoding.{column}=ordinal`.",
                    )


def check_choice(name: str, value: Any) -> None:
    """Raise ConfigError unless `value` is a choice, or a mapping from columns to choices, for `name`."""
    for column, item in value.items() if isinstance(value, Mapping) else ((None, value),):
        label = name if column is None else f"{name}.{column}"
        check_value("", label, item, SETTINGS[name].metadata)
