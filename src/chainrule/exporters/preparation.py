"""The preparation of inputs in plain lines of NumPy, for every script: from raw rows to x."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.encode.category import Category, Ordinal
from chainrule.encode.dates import Date
from chainrule.encode.images import ImageEncoding
from chainrule.encode.language import LanguageEncoding
from chainrule.encode.numeric import Boolean, Numeric
from chainrule.encode.preparation import Preparation
from chainrule.encode.scaling import CLIP
from chainrule.encode.series.encoding import SeriesEncoding
from chainrule.encode.sound_steps import SoundSteps
from chainrule.encode.sounds import SoundEncoding
from chainrule.encode.spectrum import FLOOR, mel_bands
from chainrule.encode.table import TableEncoding
from chainrule.encode.tags import TagEncoding
from chainrule.encode.texts import TextEncoding
from chainrule.encode.words import Text
from chainrule.exporters.helper_sources import HELPERS
from chainrule.exporters.lesson import INPUTS
from chainrule.exporters.raw import PIXELS, WAVES
from chainrule.exporters.table import IN_STEPS, SERIES, Table

# More than this is not written into code but into a file beside it.
_SHORT = 240


@dataclass
class Plain:
    """Lines that prepare, as they are collected.

    Attributes
    ----------
    needs : dict of str to str
        Source of the functions that are called, by their names.
    arrays : dict of str to array
        What is too long for code.
    """

    needs: dict[str, str] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)

    def call(self, name: str) -> str:
        """Return the name of a helper, whose source is taken in."""
        self.needs.setdefault(name, HELPERS[name])
        return name

    def value(self, name: str, values: list[Any]) -> str:
        """Return a list as code; a long one as a reference to the file beside it."""
        written = repr(values)
        if len(written) <= _SHORT:
            return written
        key = f"{len(self.arrays) + 1}: {name}"
        self.arrays[key] = np.array(values)
        return f"FITTED[{key!r}]"


# An entry takes the encoder, the expression of its cells and the Plain, and returns an expression (N,) or (N, width).
COLUMNS = Table("every script", "column")
# An entry takes the encoding and the Plain, and returns the lines of `prepare(rows)`.
ENCODINGS = Table("every script", "encoding")


def prepare_source(preparation: Preparation | None, plain: Plain) -> str:
    """Return the source of `prepare(rows)`, which gives x in float32."""
    if preparation is None:
        body = [f"return np.asarray(rows[{INPUTS!r}])"]
        about = "Return x: nothing is prepared."
    else:
        encoding = preparation.encoding
        body = ENCODINGS.find(encoding)(encoding, plain)
        about = f"Return x (N, {', '.join(map(str, encoding.shape))}), by what was measured on the training rows."
    return "\n".join(["def prepare(rows):", f'    """{about}"""', *(f"    {line}" for line in body)])


@ENCODINGS.entry(TableEncoding)
def table(encoding: TableEncoding, plain: Plain) -> list[str]:
    """One expression a line, side by side."""
    parts = [COLUMNS.find(encoder)(encoder, f"rows[{encoder.name!r}]", plain) for encoder in encoding.encoders]
    return ["x = [", *(f"    {part}," for part in parts), "]", "return np.column_stack(x).astype(np.float32)"]


@ENCODINGS.entry(ImageEncoding)
def images(encoding: ImageEncoding, plain: Plain) -> list[str]:
    """Scale the pixels, and standardise them if training did."""
    line = f"x = (rows[{PIXELS!r}] * np.float32(1 / {encoding.white!r})).astype(np.float32)"
    if not encoding.is_standardised:
        return [line, "return x"]
    means, deviations = (list(values) for values in (encoding.means, encoding.deviations))
    return [line, f"x -= np.array({means!r}, np.float32)", f"return x / np.array({deviations!r}, np.float32)"]


@ENCODINGS.entry(SoundEncoding)
def sounds(encoding: SoundEncoding, plain: Plain) -> list[str]:
    """Windows, their spectra, the bands, and the standardisation."""
    plain.arrays |= {"means": np.array(encoding.means), "deviations": np.array(encoding.deviations)}
    lines = [
        f"window = np.sin(np.pi * np.arange({encoding.window}) / {encoding.window}) ** 2",
        f"frames = np.lib.stride_tricks.sliding_window_view(rows[{WAVES!r}], {encoding.window}, axis=1)",
        f"spectrum = np.fft.rfft(frames[:, ::{encoding.hop}] * window, axis=2)",
        "power = (spectrum.real**2 + spectrum.imag**2) / window.sum() ** 2",
    ]
    if encoding.method == "fft":
        lines.append("heard = np.sqrt(power)")
    else:
        plain.arrays["bands"] = mel_bands(len(encoding.means), encoding.window, encoding.rate)
        lines.append(f"heard = np.log({FLOOR!r} + power @ FITTED['bands'])")
    return [*lines, "return ((heard - FITTED['means']) / FITTED['deviations'])[..., None].astype(np.float32)"]


@COLUMNS.entry(Numeric)
def numeric(encoder: Numeric, cells: str, plain: Plain) -> str:
    """Fill in, draw in, scale."""
    helper, given = "number", [cells]
    if encoder.scaling == "smooth":
        helper, given = "smooth", [cells, repr(CLIP)]
    if encoder.scaling == "quantile":
        knots = plain.value(f"quantiles of {encoder.name}", encoder.knots)
        helper, given = "by_rank", [cells, knots, plain.value(f"deviates of {encoder.name}", encoder.heights)]
    given.append(f"fill={encoder.fill!r}")
    if (encoder.center, encoder.scale) != (0.0, 1.0):
        given.append(f"center={encoder.center!r}, scale={encoder.scale!r}")
    if encoder.bounds:
        given.append(f"bounds={tuple(encoder.bounds)!r}")
    return f"{plain.call(helper)}({', '.join(given + _indicator(encoder.indicator))})"


@COLUMNS.entry(Boolean)
def boolean(encoder: Boolean, cells: str, plain: Plain) -> str:
    """0 or 1."""
    words = f"{encoder.false.lower()!r}, {encoder.true.lower()!r}"
    given = [cells, words, f"fill={encoder.fill!r}", *_indicator(encoder.indicator)]
    return f"{plain.call('yes_no')}({', '.join(given)})"


@COLUMNS.entry(Category)
def category(encoder: Category, cells: str, plain: Plain) -> str:
    """An indicator for each."""
    if encoder.fill is not None:
        cells = f"np.where({cells} == '', {encoder.fill!r}, {cells})"
    given = [cells, plain.value(encoder.name, encoder.categories)]
    given += ["missing=True"] * encoder.missing + ["rare=True"] * encoder.rare
    return f"{plain.call('one_hot')}({', '.join(given)})"


@COLUMNS.entry(Ordinal)
def ordinal(encoder: Ordinal, cells: str, plain: Plain) -> str:
    """The rank, as a number."""
    ranks = f"{plain.call('rank')}({cells}, {plain.value(encoder.name, encoder.categories)})"
    return numeric(encoder.numeric, ranks, plain)


@COLUMNS.entry(Date)
def date(encoder: Date, cells: str, plain: Plain) -> str:
    """Days, and circles or parts."""
    days = f"{plain.call('days')}({cells})"
    filled = f"np.nan_to_num({days}, nan={encoder.numeric.fill!r})"
    scaled = numeric(encoder.numeric, days, plain)
    if not encoder.parts:
        return f"{scaled}, {plain.call('circles')}({filled})"
    split = [
        numeric(part, f"{plain.call('calendar')}({filled})[{i}]", plain) for i, part in enumerate(encoder.part_encoders)
    ]
    return ", ".join([scaled, *split])


@COLUMNS.entry(Text)
def words(encoder: Text, cells: str, plain: Plain) -> str:
    """Counts or TF-IDF."""
    plain.imports.add("import re")
    given = [cells, plain.value(f"words of {encoder.name}", encoder.words)]
    if encoder.idf:
        given.append(plain.value(f"weights of {encoder.name}", encoder.idf))
    if encoder.ngrams > 1:
        given.append(f"ngrams={encoder.ngrams}")
    counted = f"{plain.call('words')}({', '.join(given)})"
    return f"{counted} @ {plain.value(f'topics of {encoder.name}', encoder.topics)}" if encoder.topics else counted


def _indicator(there: bool) -> list[str]:
    return ["indicator=True"] if there else []


ENCODINGS.refuse(SeriesEncoding, **SERIES)
ENCODINGS.refuse(SoundSteps, TextEncoding, TagEncoding, LanguageEncoding, **IN_STEPS)
