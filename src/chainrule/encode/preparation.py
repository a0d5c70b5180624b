"""Preparation: samples become x and their labels t, by what was measured on the training part alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.encode.encoder import Encoder, Findings
from chainrule.encode.encoding import DAMAGED, Encoding
from chainrule.encode.images import ImageEncoding
from chainrule.encode.language import LanguageEncoding
from chainrule.encode.seen import Seen, seen_from_json
from chainrule.encode.series.encoding import SeriesEncoding
from chainrule.encode.sound_steps import SoundSteps
from chainrule.encode.sounds import SoundEncoding
from chainrule.encode.table import TableEncoding
from chainrule.encode.tags import TagEncoding
from chainrule.encode.target import Target
from chainrule.encode.texts import TextEncoding
from chainrule.errors import DataError, ModelFileError
from chainrule.sources.kinds import ColumnKind
from chainrule.sources.reading.reading import TableReading
from chainrule.sources.samples import Samples
from chainrule.types import Array, Shape

if TYPE_CHECKING:
    import pandas as pd

# All that a model file may name; nothing else is looked up. `encode.fit.register_encoding` adds to it.
ENCODINGS: dict[str, Any] = {
    encoding.kind: encoding
    for encoding in (
        TableEncoding,
        ImageEncoding,
        SoundEncoding,
        SoundSteps,
        TextEncoding,
        TagEncoding,
        LanguageEncoding,
        SeriesEncoding,
    )
}


@dataclass(frozen=True)
class Preparation:
    """What turns a source into arrays; JSON-able, and the part of a model file that knows its data.

    Attributes
    ----------
    encoding : Encoding
        How a row of a table, a picture or a sound becomes x.
    target : Target
        How a label becomes t.
    reading : TableReading or None
        How the table that was trained on was written; None for other samples, and in model files of older versions.
    seen : mapping of str to Seen
        What the training rows had in the columns that are used; empty for other samples, for tables that were streamed,
        and in model files of older versions.
    """

    encoding: Encoding
    target: Target
    reading: TableReading | None = None
    seen: Mapping[str, Seen] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`table`, `images`, `sounds`, `sound_steps`, `texts`, `tags` or `series`."""
        return self.encoding.kind

    @property
    def columns(self) -> tuple[ColumnKind, ...]:
        """Every column of a training table but the target; none for other sorts."""
        return self.encoding.columns

    @property
    def encoders(self) -> tuple[Encoder, ...]:
        """Of the columns that are used, in the order of x; none for other sorts."""
        return self.encoding.encoders

    @property
    def features(self) -> list[str]:
        """Names of the numbers of a vector x; none where x is no vector."""
        return self.encoding.features

    @property
    def input_shape(self) -> Shape:
        """Shape of one sample's x."""
        return self.encoding.shape

    @property
    def outputs(self) -> int:
        """K, the number of outputs of a network that answers the target."""
        return self.encoding.outputs(self.target)

    @property
    def used(self) -> list[str]:
        """Names of the columns that a table must have at predict."""
        return self.encoding.used

    def inputs(self, frame: pd.DataFrame, findings: Findings | None = None, *, samples: Samples | None = None) -> Array:
        """Return x (N, *input_shape) in float32, as an array or, where nearly all of it is zero, as a CSR matrix.

        Parameters
        ----------
        frame : DataFrame
            One row a sample.
        findings : Findings, optional
            Where to note down what was come upon.
        samples : Samples, optional
            The pictures or sounds of these rows, where they are no table.

        Raises
        ------
        DataError
            If a column is missing, or has text where training had numbers; if the samples are not of the sort, or
            not of the shape, that training had.
        """
        findings = Findings() if findings is None else findings
        frame = frame.drop(columns=self.target.name, errors="ignore")
        if self.reading is not None:
            frame = self.reading.values_of(frame, self.used)
        return self.encoding.encode(frame, samples, findings)

    def mask(self, x: Array) -> np.ndarray | None:
        """Return 1 for each step (N, T) of the sequences in x that there is, 0 for padding; None for other samples."""
        return self.encoding.mask(x)

    def as_column_transformer(self) -> tuple[Any, list[str]]:
        """Return the same preparation as a ColumnTransformer of scikit-learn's own transformers, to be fitted.

        Returns
        -------
        transformer : sklearn.compose.ColumnTransformer
            For tables with the columns `used`; fitted on the training rows, it learns the numbers of the encoders.
        features : list of str
            Names of its output's columns, which stand in another order than those of x.

        Raises
        ------
        DataError
            If the inputs are no rows of a table.
        """
        from chainrule.encode.transformer import column_transformer

        if not self.encoders:
            raise DataError("inputs that are rows of a table", self.encoding.describe(), "Use `inputs` instead.")
        return column_transformer(self.encoders)

    def targets(self, frame: pd.DataFrame) -> np.ndarray:
        """Return t (N, K) in float32; of a target for every step, the class numbers (N, T), 0 where there is no step."""
        if self.target.every_step:
            return self.target.encode_steps(frame[self.target.name], self.input_shape[0])
        return self.target.encode(frame[self.target.name]).astype(np.float32)

    def of_steps(self, y: np.ndarray, x: Array) -> np.ndarray:
        """Return outputs one under the other: (steps of all rows, K) where each step has one, else y itself."""
        mask = self.mask(x) if self.target.every_step else None
        return y if mask is None else y[mask > 0]

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-able data."""
        parts = {"inputs": self.encoding.to_json(), "target": self.target.to_json()}
        if self.reading is not None:
            parts |= {"reading": self.reading.to_json()}
        if self.seen:
            parts |= {"seen": {name: seen.to_json() for name, seen in self.seen.items()}}
        return parts

    @classmethod
    def from_json(cls, data: Any) -> Preparation:
        """Return the preparation that `to_json` described, or raise ModelFileError."""
        if not isinstance(data, dict) or set(data) - {"reading", "seen"} != {"inputs", "target"}:
            raise ModelFileError("inputs and target", f"{data!r:.80}", DAMAGED)
        kind = data["inputs"].get("kind") if isinstance(data["inputs"], dict) else None
        if not isinstance(kind, str) or kind not in ENCODINGS:
            raise ModelFileError(f"inputs of the kinds {', '.join(ENCODINGS)}", f"{kind!r:.60}", DAMAGED)
        reading = TableReading.from_json(data["reading"]) if "reading" in data else None
        seen = seen_from_json(data["seen"]) if "seen" in data else {}
        return cls(ENCODINGS[kind].from_json(data["inputs"]), Target.from_json(data["target"]), reading, seen)
