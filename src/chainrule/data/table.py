"""Preparation: a table becomes x and t by encoders that were fitted on its training part alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.columns import ENCODERS, encoder_from_json
from chainrule.data.encoder import Encoder, Findings
from chainrule.data.kinds import KINDS, ColumnKind, as_numbers, infer_kind
from chainrule.data.target import Target
from chainrule.errors import ConfigError, DataError, ModelFileError, did_you_mean, nearest

if TYPE_CHECKING:
    import pandas as pd

_LEFT_OUT = ("identifier", "constant")
_DAMAGED = "The model file is damaged or was not written by Chainrule."


@dataclass(frozen=True)
class Preparation:
    """What turns a table into arrays; JSON-able, and the part of a model file that knows its data.

    Attributes
    ----------
    columns : tuple of ColumnKind
        Every column of the training table but the target, what it was taken for, and why.
    encoders : tuple of Encoder
        Of the columns that are used, in the order of x.
    target : Target
    image : dict or None
        For pictures: `shape`, and the pixel value that becomes 1 (`white`).
    """

    columns: tuple[ColumnKind, ...]
    encoders: tuple[Encoder, ...]
    target: Target
    image: Mapping[str, Any] | None = None

    @property
    def features(self) -> list[str]:
        """Names of the columns of x."""
        if self.image is not None:
            return [column.name for column in self.columns]
        return [name for encoder in self.encoders for name in encoder.features]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample's x."""
        return tuple(self.image["shape"]) if self.image is not None else (len(self.features),)

    @property
    def used(self) -> list[str]:
        """Names of the columns that a table must have at predict."""
        return [e.name for e in self.encoders] if self.image is None else [c.name for c in self.columns]

    def inputs(self, frame: pd.DataFrame, findings: Findings | None = None) -> np.ndarray:
        """Return x (N, *input_shape) in float32.

        Raises
        ------
        DataError
            If a column is missing, or has text where training had numbers.
        """
        findings = Findings() if findings is None else findings
        names = list(frame.columns)
        missing = [name for name in self.used if name not in names]
        if missing:
            match = nearest(missing[0], [name for name in names if name not in self.used])
            raise DataError(
                f"the column {missing[0]!r}, which the model was trained on",
                f"a table without it (missing: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''})",
                f"Rename {match!r} to {missing[0]!r}?" if match else "Add the column; its cells may be empty.",
            )
        known = {column.name for column in self.columns} | {self.target.name}
        findings.ignored += [name for name in names if name not in known and name not in findings.ignored]
        if self.image is not None:
            return self._pixels(frame)
        x = np.empty((len(frame), len(self.features)), np.float32)
        at = 0
        for encoder in self.encoders:
            width = len(encoder.features)
            x[:, at : at + width] = encoder.encode(frame[encoder.name], findings)
            at += width
        return x

    def _pixels(self, frame: pd.DataFrame) -> np.ndarray:
        assert self.image is not None  # noqa: S101 (the caller has looked)
        values = np.column_stack([as_numbers(frame[name]).to_numpy() for name in self.used])
        if not np.isfinite(values).all():
            row, column = np.argwhere(~np.isfinite(values))[0]
            raise DataError(
                "a number in every pixel",
                f"{frame[self.used[column]].iloc[row]!r} in row {row + 1}, column {self.used[column]!r}",
                "Correct or remove the picture.",
            )
        x: np.ndarray = (values / self.image["white"]).astype(np.float32)
        return x.reshape(-1, *self.input_shape)

    def targets(self, frame: pd.DataFrame) -> np.ndarray:
        """Return t (N, K) in float32."""
        return self.target.encode(frame[self.target.name]).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-able data."""
        return {
            "columns": [{"name": c.name, "kind": c.kind, "reason": c.reason} for c in self.columns],
            "encoders": [encoder.to_json() for encoder in self.encoders],
            "target": self.target.to_json(),
            "image": dict(self.image) if self.image is not None else None,
        }

    @classmethod
    def from_json(cls, data: Any) -> Preparation:
        """Return the preparation that `to_json` described, or raise ModelFileError."""
        if not isinstance(data, dict) or set(data) != {"columns", "encoders", "target", "image"}:
            raise ModelFileError("columns, encoders, target and image", f"{data!r:.80}", _DAMAGED)
        columns, image = data["columns"], data["image"]
        fields = {"name", "kind", "reason"}
        if not isinstance(columns, list) or not all(isinstance(c, dict) and set(c) == fields for c in columns):
            raise ModelFileError("columns with a name, a kind and a reason", f"{columns!r:.80}", _DAMAGED)
        if not isinstance(data["encoders"], list):
            raise ModelFileError("a list of encoders", f"{data['encoders']!r:.80}", _DAMAGED)
        if image is not None and not (
            isinstance(image, dict)
            and set(image) == {"shape", "white"}
            and isinstance(image["shape"], list)
            and all(type(size) is int and size > 0 for size in image["shape"])
            and math.prod(image["shape"]) == len(columns)
            and len(image["shape"]) in (2, 3)
            and isinstance(image["white"], float)
            and 0 < image["white"] < math.inf
        ):
            raise ModelFileError("an image with a shape and a white", f"{image!r:.80}", _DAMAGED)
        return cls(
            tuple(ColumnKind(**{name: str(value) for name, value in c.items()}) for c in columns),
            tuple(encoder_from_json(item) for item in data["encoders"]),
            Target.from_json(data["target"]),
            image,
        )


def column_kinds(
    frame: pd.DataFrame, target: str, overrides: Mapping[str, str], image: bool = False
) -> tuple[ColumnKind, ...]:
    """Return the kind of every column but the target: inferred, or as the person says in `overrides`."""
    names = [str(name) for name in frame.columns if name != target]
    for name, kind in overrides.items():
        if name not in names:
            raise ConfigError("the name of a column under `columns`", f"{name!r}", did_you_mean(name, names))
        if kind not in KINDS:
            raise ConfigError(f"a kind for the column {name!r}", f"{kind!r}", did_you_mean(str(kind), KINDS))
    if image:
        return tuple(ColumnKind(name, "numeric", "a pixel") for name in names)
    return tuple(
        ColumnKind(name, overrides[name], "as asked") if name in overrides else infer_kind(frame[name])
        for name in names
    )


def fit_preparation(
    train: pd.DataFrame, kinds: tuple[ColumnKind, ...], target: Target, image_shape: tuple[int, ...] | None = None
) -> Preparation:
    """Fit the encoders on the training part."""
    if image_shape is not None:
        white = float(max(train[[kind.name for kind in kinds]].max()))
        return Preparation(kinds, (), target, {"shape": list(image_shape), "white": white or 1.0})
    columns, encoders = [], []
    for kind in kinds:
        if kind.kind in _LEFT_OUT:
            columns.append(kind)
            continue
        column = train[kind.name]
        if column.notna().sum() == 0:
            columns.append(ColumnKind(kind.name, "constant", "all cells of the training part are missing"))
            continue
        try:
            encoder = ENCODERS[kind.kind].fit(column)
            encoder.encode(column, Findings())
        except DataError as error:
            raise DataError(error.expected, error.came, f"Set columns.{kind.name} to another kind.") from error
        columns.append(kind if encoder.features else ColumnKind(kind.name, "text", "no word is in several rows"))
        if encoder.features:
            encoders.append(encoder)
    if not encoders:
        raise DataError(
            "at least one column to learn from",
            "only " + ", ".join(f"{c.name} ({c.kind}: {c.reason})" for c in columns[:5]),
            "Name a kind with --set columns.NAME=category, or use another table.",
        )
    return Preparation(tuple(columns), tuple(encoders), target)
