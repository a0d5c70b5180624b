"""The reader: rows of JSON, a CSV, a picture or a sound become inputs, by what the model knows of its training data."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from chainrule.encode.dates import Date, days_since_1970
from chainrule.encode.encoder import Findings
from chainrule.encode.images import ImageEncoding
from chainrule.encode.preparation import Preparation
from chainrule.encode.sounds import SoundEncoding
from chainrule.encode.table import TableEncoding
from chainrule.errors import ChainruleError, ConfigError, nearest, rewrite_settings
from chainrule.job.predict import as_in_training
from chainrule.serve.asked import Asked
from chainrule.serve.columns import Column, columns_of, shown
from chainrule.serve.pixels import pictures_of_numbers
from chainrule.serve.quick import Quick
from chainrule.serve.refusal import CellError, RequestError
from chainrule.sources.gallery import read_gallery
from chainrule.sources.kinds import as_numbers
from chainrule.sources.listing import IMAGES, SOUNDS, Entry, Listing
from chainrule.sources.pixels import pictures_of_columns
from chainrule.sources.source import Reading, Source, read_table_of
from chainrule.sources.wav import read_recordings

JSON, CSV = "application/json", "text/csv"
_TABLES = {CSV: ".csv", "text/tab-separated-values": ".tsv"}
_WAVES = {"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"}
MOST_ROWS = 100_000


class Reader:
    """What a model can be asked in.

    Parameters
    ----------
    preparation : Preparation
        Of the model.
    most_rows : int
        That a request may have.
    """

    def __init__(self, preparation: Preparation, most_rows: int = MOST_ROWS) -> None:
        self.preparation = preparation
        self.most_rows = most_rows
        encoding = preparation.encoding
        if not isinstance(encoding, (TableEncoding, ImageEncoding, SoundEncoding)):
            raise ConfigError(
                "a model of tables, pictures or sounds", f"one of {encoding.describe()}", "Use `chainrule predict`."
            )
        self.columns = columns_of(preparation)
        self._quick = Quick(self.columns) if Quick.covers(self.columns) and not encoding.is_sparse else None
        self._no_cells = pd.DataFrame()
        self._known = {column.name for column in preparation.columns} | {preparation.target.name}

    @property
    def accepted(self) -> tuple[str, ...]:
        """The content types that a request may have."""
        encoding = self.preparation.encoding
        if isinstance(encoding, ImageEncoding):
            return ("image/png", "image/jpeg", "image/*", JSON, *_TABLES)
        return ("audio/wav",) if isinstance(encoding, SoundEncoding) else (JSON, *_TABLES)

    def read(self, content_type: str, raw: bytes, *, resample: bool = False) -> Asked:
        """Return the inputs that the body of a request is.

        Raises
        ------
        RequestError
            If it is of another sort, is no JSON, or has too many rows.
        CellError
            If a column is missing, or a cell is not of its column's kind.
        DataError
            If a table, picture or sound cannot be read.
        """
        kind = content_type.partition(";")[0].strip().lower()
        encoding = self.preparation.encoding
        is_table = isinstance(encoding, TableEncoding)
        if not raw:
            raise RequestError(400, "a body", "an empty one", f"Send {', '.join(self.accepted)}.")
        try:
            if kind == JSON and not isinstance(encoding, SoundEncoding):
                content = parsed(raw)
                return self._rows(content) if is_table else self._pixels(content, encoding)
            if kind in _TABLES and not isinstance(encoding, SoundEncoding):
                return self._table(raw, _TABLES[kind])
            if kind.startswith("image/") and isinstance(encoding, ImageEncoding):
                return self._file("picture", IMAGES, raw, resample=False)
            if kind in _WAVES and isinstance(encoding, SoundEncoding):
                return self._file("sound.wav", SOUNDS, raw, resample=resample)
        except (CellError, RequestError):
            raise
        except ChainruleError as error:
            raise type(error)(_plain(error.expected), _plain(error.came), _plain(error.remedy)) from error
        remedy = (
            "Send the file itself as the body." if kind.startswith("multipart/") else "Set the header Content-Type."
        )
        raise RequestError(415, f"a body of the type {' or '.join(self.accepted)}", f"{kind[:60]!r}", remedy)

    def _require_few(self, n: int) -> None:
        if n > self.most_rows:
            raise RequestError(
                413, f"at most {self.most_rows:,} rows a request", f"{n:,}", "Send them in several requests."
            )

    def _rows(self, content: Any) -> Asked:
        rows = [content] if isinstance(content, dict) else content
        if not isinstance(rows, list) or not rows:
            came = "an empty list" if isinstance(rows, list) else shown(rows)
            raise RequestError(
                422, "a row as a JSON object, or a list of such rows", came, "See /schema for an example."
            )
        self._require_few(len(rows))
        if not all(type(row) is dict for row in rows):
            at = next(i for i, row in enumerate(rows) if type(row) is not dict)
            raise RequestError(
                422, "an object for each row", f"{shown(rows[at])} in row {at + 1}", "See /schema for an example."
            )
        quick = None if self._quick is None else self._quick.encode(rows)
        if quick is not None:
            x, outside = quick
            return Asked(len(rows), x, filled=np.full(len(outside), len(rows)), outside=outside)
        return self._slowly(rows)

    def _slowly(self, rows: Sequence[dict[str, Any]]) -> Asked:
        """Return rows of any content, column by column."""
        named = {name: row for row, cells in reversed(list(enumerate(rows))) for name in cells}
        for column in self.columns:
            at = next((row for row, cells in enumerate(rows) if column.name not in cells), None)
            if at is not None:
                self._missing(column.name, at + 1, list(named))
        values = {column.name: column.values([row[column.name] for row in rows]) for column in self.columns}
        frame = pd.DataFrame(values, copy=False)
        return self._prepared(frame, ignored=[name for name in named if name not in self._known])

    def _missing(self, name: str, row: int | None, names: list[str]) -> NoReturn:
        match = nearest(name, [other for other in names if other not in self._known])
        remedy = f"Did you mean it by {match!r:.80}?" if match else "Send every column; an empty cell is null."
        came = "a table without it" if row is None else f"none in row {row}"
        raise CellError(f"the column {name!r}, which the model was trained on", came, remedy, name, row)

    def _prepared(self, frame: Any, *, ignored: Sequence[str] = (), notes: Sequence[str] = ()) -> Asked:
        findings = Findings()
        x = self.preparation.inputs(frame, findings)
        findings.ignored = []
        filled = np.array([int(frame[column.name].notna().sum()) for column in self.columns], np.int64)
        outside = np.array([self._outside(column, frame[column.name], findings) for column in self.columns], np.int64)
        return Asked(len(frame), x, list(notes), list(ignored), findings, filled, outside)

    @staticmethod
    def _outside(column: Column, cells: Any, findings: Findings) -> int:
        """Return how many cells lie outside of what training saw."""
        if column.seen.low is None:
            return findings.unknown[column.name] + findings.rare[column.name]
        if isinstance(column.encoder, Date):
            return int(column.seen.outside(days_since_1970(cells, day_first=column.encoder.day_first).to_numpy()).sum())
        return int(column.seen.outside(as_numbers(cells).to_numpy()).sum())

    def _table(self, raw: bytes, suffix: str) -> Asked:
        source = read_table_of(Path(f"body{suffix}"), raw, self._as_in_training())
        self._require_few(len(source))
        if isinstance(self.preparation.encoding, ImageEncoding):
            return self._samples(pictures_of_columns(source))
        names = [str(name) for name in source.frame.columns]
        for column in self.columns:
            if column.name not in names:
                self._missing(column.name, None, names)
            odd = source.odd.get(column.name)
            if odd is not None and not column.notation.reads_odd_as_gaps:
                remedy = "Correct the cell, or leave it empty to have it filled in."
                raise CellError(f"{odd.wanted}, as in training", f"{odd}", remedy, column.name, odd.row)
        ignored = [name for name in names if name not in self._known]
        return self._prepared(source.frame, ignored=ignored, notes=source.notes)

    def _as_in_training(self, *, resample: bool = False) -> Reading:
        return as_in_training(self.preparation, Reading(labelled=False, strict=True, resample=resample))

    def _file(self, name: str, noun: str, raw: bytes, *, resample: bool) -> Asked:
        entry = Entry(PurePosixPath(name), lambda: io.BytesIO(raw), (0, 0))
        read = read_gallery if noun == IMAGES else read_recordings
        return self._samples(
            read("the body", Listing(noun, [entry], None, None), self._as_in_training(resample=resample))
        )

    def _samples(self, source: Source) -> Asked:
        findings = Findings()
        x = self.preparation.inputs(source.frame, findings, samples=source.samples)
        return Asked(len(source), x, list(source.notes), findings=findings)

    def _pixels(self, content: Any, encoding: Any) -> Asked:
        if isinstance(content, list):
            self._require_few(len(content))
        pictures = pictures_of_numbers(content, encoding)
        # Pictures have no cells: a frame beside them would take longer than they do.
        return Asked(len(pictures), encoding.encode(self._no_cells, pictures, Findings()))


def parsed(raw: bytes) -> Any:
    """Return the content of JSON, which has no NaN and no infinity, or raise RequestError."""
    try:
        return _DECODER.decode(raw.decode("utf-8-sig" if raw[:3] == b"\xef\xbb\xbf" else "utf-8"))
    except RecursionError as error:
        raise RequestError(400, "JSON of a few levels", "lists in lists without end", "Send rows.") from error
    except ValueError as error:
        remedy = "Send JSON in UTF-8, with null for an empty cell."
        raise RequestError(400, "JSON", f"{error}"[:160], remedy) from error


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word}, which JSON does not have")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


def _plain(text: str) -> str:
    """Return a text about settings as one about a request."""
    return rewrite_settings(text, lambda name, value: f"?{name}=true" if name == "resample" else name)
