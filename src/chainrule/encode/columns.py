"""Columns: the closed family of encoders, which of them a column has, and how one is read from a model file."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chainrule.encode.category import Category, Ordinal
from chainrule.encode.choices import DEFAULT, SCALINGS, Choices
from chainrule.encode.dates import PARTS, Date
from chainrule.encode.encoder import Encoder, later_fields
from chainrule.encode.numeric import Boolean, Numeric
from chainrule.encode.words import Text
from chainrule.errors import ModelFileError

if TYPE_CHECKING:
    import pandas as pd

ENCODERS: dict[str, type[Any]] = {
    encoder.kind: encoder for encoder in (Numeric, Boolean, Category, Ordinal, Date, Text)
}


def fit_column(column: pd.Series, kind: str, choices: Choices = DEFAULT) -> Encoder:
    """Return the encoder of a column of the kind that it was taken for."""
    kind = "ordinal" if kind == "category" and choices.is_ordinal else kind
    encoder: Encoder = ENCODERS[kind].fit(column, choices)
    return encoder


def encoder_from_json(data: Any) -> Encoder:
    """Return the encoder that `to_json` described, or raise ModelFileError."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in ENCODERS:
        raise ModelFileError(
            f"a column of the kinds {', '.join(ENCODERS)}", f"{kind!r:.60}", "The model file is damaged."
        )
    values = {name: value for name, value in data.items() if name != "kind"}
    wanted = {field.name for field in fields(ENCODERS[kind])}
    needed = wanted - later_fields(ENCODERS[kind])
    wrong = [name for name in needed if name not in values]
    wrong += [name for name in wanted & set(values) if not _is_right(kind, name, values[name])]
    if not wrong and not _fit_together(kind, values):
        wrong = ["length"]
    if set(values) - wanted or wrong:
        raise ModelFileError(
            f"the fields {', '.join(sorted(wanted))} of a {kind} column",
            f"{sorted(values)!r:.100}" + (f" with a wrong {sorted(wrong)[0]}" if wrong else ""),
            "The model file is damaged.",
        )
    for inner in (values.get("days"), values.get("ranks"), *values.get("parts", ())):
        if inner is not None:
            encoder_from_json(inner)
    encoder: Encoder = ENCODERS[kind](**values)
    return encoder


def _fit_together(kind: str, values: dict[str, Any]) -> bool:
    """Tell whether fields of a length that have to go together do."""
    if kind == "text":
        topics = values.get("topics", [])
        alike = len({len(word) for word in topics}) < 2 and len(topics) in (0, len(values["words"]))
        return alike and len(values["idf"]) in (0, len(values["words"]))
    if kind == "numeric":
        knots, heights = values.get("knots", []), values.get("heights", [])
        return len(knots) == len(heights) and bool(knots) == (values["scaling"] == "quantile")
    return True


def _is_right(kind: str, name: str, value: Any) -> bool:
    # A boolean's fill is a number, a category's a category.
    return _FIELDS[f"{kind}.{name}" if f"{kind}.{name}" in _FIELDS else name](value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_finite(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_finite, value))


def _are_distinct_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _are_numeric(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and item.get("kind") == "numeric" for item in value)


# What a field of an encoder must be, so that a damaged file is found when it is read, not when it is used.
_FIELDS: dict[str, Callable[[Any], bool]] = {
    "name": _is_text,
    "indicator": _is_flag,
    "center": _is_finite,
    "scale": lambda value: _is_finite(value) and value > 0,
    "fill": _is_finite,
    "bounds": lambda value: (
        isinstance(value, list) and len(value) in (0, 2) and all(map(_is_finite, value)) and value == sorted(value)
    ),
    "scaling": lambda value: value in SCALINGS,
    "knots": lambda value: _are_finite(value) and all(a < b for a, b in pairwise(value)),
    "heights": lambda value: _are_finite(value) and value == sorted(value),
    "is_of_range": _is_flag,
    "winsorise": lambda value: _is_finite(value) and 0 <= value < 0.5,
    "impute": lambda value: _is_text(value) or _is_finite(value),
    "false": _is_text,
    "true": _is_text,
    "categories": _are_distinct_texts,
    "missing": _is_flag,
    "rare": _is_flag,
    "category.fill": lambda value: value is None or _is_text(value),
    "least": _is_count,
    "most": _is_count,
    "ranks": lambda value: _are_numeric([value]),
    "day_first": _is_flag,
    "days": lambda value: _are_numeric([value]),
    "parts": lambda value: _are_numeric(value) and len(value) in (0, len(PARTS)),
    "words": _are_distinct_texts,
    "idf": _are_finite,
    "topics": lambda value: isinstance(value, list) and all(_are_finite(word) and word for word in value),
    "ngrams": lambda value: _is_count(value) and 1 <= value <= 4,
}
