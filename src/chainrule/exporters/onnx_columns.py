"""The preparation of inputs as operators of ONNX: from the cells of a table, pixels or waves to x."""

from __future__ import annotations

import itertools

import numpy as np

from chainrule.encode.category import Category, Ordinal
from chainrule.encode.dates import Date
from chainrule.encode.encoder import Encoder
from chainrule.encode.images import ImageEncoding
from chainrule.encode.language import LanguageEncoding
from chainrule.encode.numeric import Boolean, Numeric
from chainrule.encode.scaling import CLIP
from chainrule.encode.series.encoding import SeriesEncoding
from chainrule.encode.sound_steps import SoundSteps
from chainrule.encode.sounds import SoundEncoding
from chainrule.encode.spectrum import FLOOR, mel_bands
from chainrule.encode.table import TableEncoding
from chainrule.encode.tags import TagEncoding
from chainrule.encode.texts import TextEncoding
from chainrule.encode.words import Text
from chainrule.errors import ConfigError
from chainrule.exporters.lesson import Rows
from chainrule.exporters.onnx_graph import DOUBLE, FLOAT, INT64, STRING, UINT8, Graph
from chainrule.exporters.raw import PIXELS, WAVES
from chainrule.exporters.table import IN_STEPS, SERIES, Table

# An entry takes the encoder, the graph and the notes, declares the input, and returns the name of the numbers (N, width).
COLUMNS = Table("onnx", "column")
# An entry takes the encoding, the graph, the notes and the tested rows, and returns the name of x.
ENCODINGS = Table("onnx", "encoding")

_ML = "ai.onnx.ml"
# A word of so many letters is written in all its cases.
_LETTERS = 8
_FAR = 1e6


@ENCODINGS.entry(TableEncoding)
def table(encoding: TableEncoding, graph: Graph, notes: list[str], rows: Rows) -> str:
    """One input a column; their numbers side by side."""
    parts = [COLUMNS.find(encoder)(encoder, graph, notes) for encoder in encoding.encoders]
    return graph.op("Concat", *parts, axis=1)


@ENCODINGS.entry(ImageEncoding)
def images(encoding: ImageEncoding, graph: Graph, notes: list[str], rows: Rows) -> str:
    """Scaled pixels, standardised if training did."""
    type_ = UINT8 if rows.raw[PIXELS].dtype == np.uint8 else FLOAT
    x = graph.cast(graph.input(PIXELS, type_, None, *encoding.size), FLOAT)
    x = graph.op("Mul", x, graph.const(np.float32(1 / encoding.white)))
    if encoding.is_standardised:
        x = graph.op("Sub", x, graph.const(encoding.means))
        x = graph.op("Div", x, graph.const(encoding.deviations))
    return x


@ENCODINGS.entry(SoundEncoding)
def sounds(encoding: SoundEncoding, graph: Graph, notes: list[str], rows: Rows) -> str:
    """Windows, gathered; their spectra, as products with sines and cosines; the bands, and the standardisation."""
    window, frames = encoding.window, encoding.shape[0]
    waves = graph.cast(graph.input(WAVES, FLOAT, None, encoding.length), DOUBLE)
    at = np.arange(frames)[:, None] * encoding.hop + np.arange(window)
    seen = graph.op("Gather", waves, graph.const(at, np.int64), axis=1)
    hann = np.sin(np.pi * np.arange(window) / window) ** 2
    angle = 2 * np.pi * np.outer(np.arange(window), np.arange(window // 2 + 1)) / window
    real, imaginary = (
        graph.op("MatMul", seen, graph.const(hann[:, None] * wave(angle) / hann.sum(), np.float64))
        for wave in (np.cos, np.sin)
    )
    heard = graph.op("Add", graph.op("Mul", real, real), graph.op("Mul", imaginary, imaginary))
    if encoding.method == "fft":
        heard = graph.op("Sqrt", heard)
    else:
        bands = graph.const(mel_bands(len(encoding.means), window, encoding.rate), np.float64)
        heard = graph.op("Log", graph.op("Add", graph.op("MatMul", heard, bands), graph.const(FLOOR, np.float64)))
    centred = graph.op("Sub", heard, graph.const(encoding.means, np.float64))
    x = graph.cast(graph.op("Div", centred, graph.const(encoding.deviations, np.float64)), FLOAT)
    return graph.op("Reshape", x, graph.const([-1, *encoding.shape], np.int64))


@COLUMNS.entry(Numeric)
def numeric(encoder: Numeric, graph: Graph, notes: list[str]) -> str:
    """A double a row; NaN is missing."""
    return number(encoder, graph, graph.input(encoder.name, DOUBLE, None, 1))


def number(encoder: Numeric, graph: Graph, cells: str) -> str:
    """Fill in, draw in, scale."""
    missing = graph.op("Or", graph.op("IsNaN", cells), graph.op("IsInf", cells))
    y = graph.op("Where", missing, graph.const(encoder.fill, np.float64), cells)
    if encoder.bounds:
        y = _clip(graph, y, *encoder.bounds)
    if encoder.scaling == "quantile":
        return _with_indicator(graph, _read_off(graph, y, encoder), missing, there=encoder.indicator)
    y = graph.op("Sub", y, graph.const(encoder.center, np.float64))
    y = graph.op("Div", y, graph.const(encoder.scale, np.float64))
    y = _clip(graph, y, -_FAR, _FAR)
    if encoder.scaling == "smooth":
        share = graph.op("Div", y, graph.const(CLIP, np.float64))
        square = graph.op("Add", graph.const(1.0, np.float64), graph.op("Mul", share, share))
        y = graph.op("Div", y, graph.op("Sqrt", square))
    return _with_indicator(graph, y, missing, there=encoder.indicator)


def _read_off(graph: Graph, y: str, encoder: Numeric) -> str:
    """Draw in to the outermost knots, count the knots below, and go along the line from there."""
    knots, heights = np.array(encoder.knots), np.array(encoder.heights)
    y = _clip(graph, y, float(knots[0]), float(knots[-1]))
    if len(knots) == 1:
        return graph.op("Add", graph.op("Mul", y, graph.const(0.0, np.float64)), graph.const(heights[0], np.float64))
    is_above = graph.op("GreaterOrEqual", y, graph.const(knots[1:-1][None], np.float64))
    at = graph.op("ReduceSum", graph.cast(is_above, INT64), graph.const([1], np.int64), keepdims=1)
    slopes = np.diff(heights) / np.diff(knots)
    found = [graph.op("Gather", graph.const(part, np.float64), at) for part in (knots[:-1], slopes, heights[:-1])]
    return graph.op("Add", graph.op("Mul", graph.op("Sub", y, found[0]), found[1]), found[2])


def _clip(graph: Graph, y: str, low: float, high: float) -> str:
    return graph.op("Clip", y, graph.const(low, np.float64), graph.const(high, np.float64))


def _with_indicator(graph: Graph, y: str, missing: str, *, there: bool) -> str:
    y = graph.cast(y, FLOAT)
    return graph.op("Concat", y, graph.cast(missing, FLOAT), axis=1) if there else y


def _looked_up(graph: Graph, name: str, values: dict[str, float]) -> str:
    """Return the number of each text as a double, NaN for one that has none."""
    cells = graph.input(name, STRING, None, 1)
    keys, numbers = list(values), [float(value) for value in values.values()]
    found = graph.op(
        "LabelEncoder", cells, domain=_ML, keys_strings=keys, values_floats=numbers, default_float=float("nan")
    )
    return graph.cast(found, DOUBLE)


@COLUMNS.entry(Boolean)
def boolean(encoder: Boolean, graph: Graph, notes: list[str]) -> str:
    """Both words in all their cases."""
    values = dict.fromkeys(_cases(encoder.false), 0.0) | dict.fromkeys(_cases(encoder.true), 1.0)
    y = _looked_up(graph, encoder.name, values)
    missing = graph.op("IsNaN", y)
    filled = graph.op("Where", missing, graph.const(encoder.fill, np.float64), y)
    return _with_indicator(graph, filled, missing, there=encoder.indicator)


def _cases(word: str) -> list[str]:
    if len(word) > _LETTERS:
        return [word, word.lower(), word.upper(), word.title()]
    return ["".join(letters) for letters in itertools.product(*({c.lower(), c.upper()} for c in word))]


@COLUMNS.entry(Category)
def category(encoder: Category, graph: Graph, notes: list[str]) -> str:
    """The place of the indicator that is raised; beyond the last, none is."""
    width = encoder.width
    places = {name: i for i, name in enumerate(encoder.categories)}
    other = width - 1 if encoder.rare else width
    if encoder.missing:
        places[""] = len(encoder.categories)
    elif encoder.fill is not None:
        places[""] = places.get(encoder.fill, other)
    else:
        places.setdefault("", other)
    cells = graph.input(encoder.name, STRING, None, 1)
    at = graph.op(
        "LabelEncoder",
        cells,
        domain=_ML,
        keys_strings=list(places),
        values_int64s=list(places.values()),
        default_int64=other,
    )
    at = graph.op("Reshape", at, graph.const([-1], np.int64))
    return graph.op("OneHot", at, graph.const(width, np.int64), graph.const([0.0, 1.0]), axis=-1)


@COLUMNS.entry(Ordinal)
def ordinal(encoder: Ordinal, graph: Graph, notes: list[str]) -> str:
    """The rank, as a number."""
    ranks = {name: float(i) for i, name in enumerate(encoder.categories)}
    return number(encoder.numeric, graph, _looked_up(graph, encoder.name, ranks))


@COLUMNS.entry(Date)
def date(encoder: Date, graph: Graph, notes: list[str]) -> str:
    """Days since 1970, and where they lie on the circles of the year, the week and the day."""
    if encoder.parts:
        raise ConfigError(
            f"a preparation of the column {encoder.name!r} that onnx can express",
            "dates as year, month, day, weekday and hour",
            "Train with `dates=circles`, or use `to=numpy` with `bare=True`.",
        )
    notes.append(f"{encoder.name}: give days since 1970-01-01 as a number; ONNX reads no dates")
    cells = graph.input(encoder.name, DOUBLE, None, 1)
    missing = graph.op("IsNaN", cells)
    days = graph.op("Where", missing, graph.const(encoder.numeric.fill, np.float64), cells)
    waves = []
    for period in (365.2425, 7.0, 1.0):
        length = graph.const(period, np.float64)
        turns = graph.op("Div", days, length)
        share = graph.op("Sub", turns, graph.op("Floor", turns))
        angle = graph.op("Mul", share, graph.const(2 * np.pi, np.float64))
        quarter = graph.op("Add", angle, graph.const(np.pi / 2, np.float64))
        waves += [graph.cast(graph.op("Sin", turned), FLOAT) for turned in (angle, quarter)]
    return graph.op("Concat", number(encoder.numeric, graph, cells), *waves, axis=1)


@COLUMNS.entry(Text)
def words(encoder: Text, graph: Graph, notes: list[str]) -> str:
    """The numbers of the words, which come in as they are: this version of ONNX splits no texts."""
    notes.append(
        f"{encoder.name}: give the {encoder.width} numbers of its {'topics' if encoder.topics else 'words'}; ONNX splits no texts "
        "(`to=numpy` with `bare=True` has the lines that do)"
    )
    return graph.input(encoder.name, FLOAT, None, encoder.width)


# How the rows of a comparison are given to a graph: an entry takes the encoder, the raw cells, and its columns of x.
FEEDS = Table("onnx", "column")


@FEEDS.entry(Numeric, Boolean, Category, Ordinal)
def feed_cells(encoder: Encoder, cells: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The cells as they are."""
    return cells[:, None]


@FEEDS.entry(Date)
def feed_days(encoder: Date, cells: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Days since 1970."""
    days: np.ndarray = (cells - np.datetime64(0, "us")) / np.timedelta64(1, "D")
    return days[:, None]


@FEEDS.entry(Text)
def feed_words(encoder: Text, cells: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The numbers of the words."""
    return x


def feeds_of(encoders: tuple[Encoder, ...], rows: Rows) -> dict[str, np.ndarray]:
    """Return what each input of the graph gets for the rows."""
    if not encoders:
        return dict(rows.raw)
    feeds: dict[str, np.ndarray] = {}
    at = 0
    for encoder in encoders:
        x = rows.x[:, at : at + encoder.width]
        feeds[encoder.name] = FEEDS.find(encoder)(encoder, rows.raw[encoder.name], x)
        at += encoder.width
    return feeds


ENCODINGS.refuse(SeriesEncoding, **SERIES)
ENCODINGS.refuse(SoundSteps, TextEncoding, TagEncoding, LanguageEncoding, **IN_STEPS)
