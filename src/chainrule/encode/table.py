"""Tables as inputs: each column becomes numbers by an encoder that was fitted on the training part alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from chainrule.encode.choices import DEFAULT, ChoiceTable
from chainrule.encode.columns import encoder_from_json, fit_column
from chainrule.encode.encoder import Encoder, Findings
from chainrule.encode.encoding import DAMAGED, Encoding, require_fields
from chainrule.encode.sparse import side_by_side, worth_keeping_sparse
from chainrule.encode.together import different_numbers, encoded, fitted
from chainrule.errors import ConfigError, DataError, ModelFileError, did_you_mean, nearest
from chainrule.sources.kinds import KINDS, LEFT_OUT, ColumnKind, infer_kind, kind_of_plain
from chainrule.sources.reading.notation import Notation
from chainrule.sources.reading.reading import TableReading
from chainrule.sources.samples import Samples
from chainrule.types import Array, Shape

if TYPE_CHECKING:
    import pandas as pd


# Of the names of rows, how many must be different.
_DIFFERENT = 0.95


@dataclass(frozen=True)
class TableEncoding(Encoding):
    """Columns, each by its encoder, side by side.

    Attributes
    ----------
    columns : tuple of ColumnKind
        Every column of the training table but the target, what it was taken for, and why.
    encoders : tuple of Encoder
        Of the columns that are used, in the order of x.
    """

    columns: tuple[ColumnKind, ...]
    encoders: tuple[Encoder, ...]
    kind: ClassVar[str] = "table"

    @property
    def shape(self) -> Shape:
        """(D,)."""
        return (len(self.features),)

    @property
    def features(self) -> list[str]:
        """Names of the columns of x."""
        return [name for encoder in self.encoders for name in encoder.features]

    @property
    def used(self) -> list[str]:
        """Names of the columns that are learned from."""
        return [encoder.name for encoder in self.encoders]

    @property
    def is_sparse(self) -> bool:
        """Whether x is a CSR matrix: nearly all of a row's numbers are zero, as those of texts are."""
        widths = {wide: sum(e.width for e in self.encoders if e.is_wide == wide) for wide in (False, True)}
        return worth_keeping_sparse(widths[False], widths[True])

    def encode(self, frame: pd.DataFrame, samples: Samples | None, findings: Findings) -> Array:
        """Return x (N, D), or raise DataError if a column is missing or has text where training had numbers."""
        if samples is not None:
            raise DataError(
                "a table with the columns that the model was trained on",
                f"{len(samples)} {samples.noun}",
                "Name a CSV, TSV or Parquet file.",
            )
        names = list(frame.columns)
        missing = [name for name in self.used if name not in names]
        if missing:
            match = nearest(missing[0], [name for name in names if name not in self.used])
            raise DataError(
                f"the column {missing[0]!r}, which the model was trained on",
                f"a table without it (missing: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''})",
                f"Rename {match!r} to {missing[0]!r}?" if match else "Add the column; its cells may be empty.",
            )
        known = {column.name for column in self.columns}
        findings.ignored += [name for name in names if name not in known and name not in findings.ignored]
        done = encoded(self.encoders, frame, findings)
        parts = [
            done[encoder.name] if encoder.name in done else encoder.encode(frame[encoder.name], findings)
            for encoder in self.encoders
        ]
        return side_by_side(parts, len(frame), sparse=self.is_sparse)

    def describe(self) -> str:
        """`rows of 12 columns`."""
        return f"rows of {len(self.columns)} columns"

    def to_json(self) -> dict[str, Any]:
        """Return columns and encoders."""
        return {
            "kind": self.kind,
            "columns": [{"name": c.name, "kind": c.kind, "reason": c.reason} for c in self.columns],
            "encoders": [encoder.to_json() for encoder in self.encoders],
        }

    @classmethod
    def from_json(cls, data: Any) -> TableEncoding:
        """Return the encoding that `to_json` described, or raise ModelFileError."""
        require_fields(data, cls.kind, {"columns", "encoders"})
        columns, fields = data["columns"], {"name", "kind", "reason"}
        if not isinstance(columns, list) or not all(isinstance(c, dict) and set(c) == fields for c in columns):
            raise ModelFileError("columns with a name, a kind and a reason", f"{columns!r:.80}", DAMAGED)
        if not isinstance(data["encoders"], list):
            raise ModelFileError("a list of encoders", f"{data['encoders']!r:.80}", DAMAGED)
        return cls(
            tuple(ColumnKind(**{name: str(value) for name, value in c.items()}) for c in columns),
            tuple(encoder_from_json(item) for item in data["encoders"]),
        )


def column_kinds(
    frame: pd.DataFrame, target: str, overrides: Mapping[str, str], reading: TableReading | None = None
) -> tuple[ColumnKind, ...]:
    """Return the kind of every column but the target: inferred, or as the person says in `overrides`.

    Parameters
    ----------
    reading : TableReading, optional
        How the table was written: what is a name there is no number, whatever it looks like.
    """
    names = [str(name) for name in frame.columns if name != target]
    for name, kind in overrides.items():
        if name not in names:
            raise ConfigError("the name of a column under `columns`", f"{name!r}", did_you_mean(name, names))
        if kind not in KINDS:
            raise ConfigError(f"a kind for the column {name!r}", f"{kind!r}", did_you_mean(str(kind), KINDS))
    notations = {} if reading is None else reading.columns
    done = {name: ColumnKind(name, kind, "as asked") for name, kind in overrides.items()}
    left = [name for name in names if name not in done and not (name in notations and notations[name].is_name)]
    done |= {name: kind_of_plain(name, values, unique) for name, values, unique in different_numbers(frame, left)}
    return tuple(done.get(name) or kind_of(frame[name], notations.get(name)) for name in names)


def kind_of(column: pd.Series, notation: Notation | None) -> ColumnKind:
    """Return what a column is, inferred from its cells and the notation that they were read by."""
    if notation is not None and notation.is_name and column.nunique() < _DIFFERENT * len(column):
        # Names that come again and again tell something.
        return infer_kind(column)
    if notation is not None and notation.is_name:
        return ColumnKind(str(column.name), "identifier", "the row names of the file")
    return infer_kind(column, as_written=notation is not None and notation.is_text)


def _is_empty(column: pd.Series) -> bool:
    """Tell whether all cells are missing; most columns show it by their first cell."""
    return len(column) == 0 or (bool(column.iloc[:1].isna().all()) and bool(column.isna().all()))


def fit_table(train: pd.DataFrame, kinds: tuple[ColumnKind, ...], choices: ChoiceTable | None = None) -> TableEncoding:
    """Fit the encoders on the training part, as chosen."""
    choices = choices or ChoiceTable()
    choices.check({kind.name: kind.kind for kind in kinds})
    columns: list[ColumnKind] = []
    encoders: list[Encoder] = []
    done = fitted(train, [kind.name for kind in kinds if kind.kind == "numeric" and choices.of(kind.name) == DEFAULT])
    for kind in kinds:
        if kind.name in done:
            columns.append(kind)
            encoders.append(done[kind.name])
            continue
        if kind.kind in LEFT_OUT:
            columns.append(kind)
            continue
        column = train[kind.name]
        if _is_empty(column):
            columns.append(ColumnKind(kind.name, "constant", "all cells of the training part are missing"))
            continue
        try:
            encoder = fit_column(column, kind.kind, choices.of(kind.name))
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
            "Name the kind of a column, `columns.NAME=category`, or use another table.",
        )
    return TableEncoding(tuple(columns), tuple(encoders))
