"""Raw rows as typed arrays: what a script reads from its .npz in place of the person's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.category import Category, Ordinal
from chainrule.encode.dates import Date
from chainrule.encode.encoder import Encoder
from chainrule.encode.images import ImageEncoding
from chainrule.encode.language import LanguageEncoding
from chainrule.encode.numeric import Boolean, Numeric
from chainrule.encode.series.encoding import SeriesEncoding
from chainrule.encode.sound_steps import SoundSteps
from chainrule.encode.sounds import SoundEncoding
from chainrule.encode.table import TableEncoding
from chainrule.encode.tags import TagEncoding
from chainrule.encode.texts import TextEncoding
from chainrule.encode.words import Text
from chainrule.errors import DataError
from chainrule.exporters.table import IN_STEPS, SERIES, Table
from chainrule.sources.kinds import as_dates, as_numbers, cells_as_text
from chainrule.sources.samples import Pictures, Recordings, Samples

if TYPE_CHECKING:
    import pandas as pd

    from chainrule.encode.encoding import Encoding

# A missing cell is NaN, NaT or "".
COLUMNS = Table("every exporter", "column")
SAMPLES = Table("every exporter", "encoding")

PIXELS, WAVES = "pixels", "waves"


def raw_rows(encoding: Encoding, frame: pd.DataFrame, samples: Samples | None) -> dict[str, np.ndarray]:
    """Return rows as one array for each column, or the pixels, or the waves."""
    found: dict[str, np.ndarray] = SAMPLES.find(encoding)(encoding, frame, samples)
    return found


@SAMPLES.entry(TableEncoding)
def table(encoding: TableEncoding, frame: pd.DataFrame, samples: Samples | None) -> dict[str, np.ndarray]:
    """One array for each column that is used."""
    return {encoder.name: COLUMNS.find(encoder)(encoder, frame[encoder.name]) for encoder in encoding.encoders}


@SAMPLES.entry(ImageEncoding)
def pictures(encoding: ImageEncoding, frame: pd.DataFrame, samples: Pictures) -> dict[str, np.ndarray]:
    """The pixels, of which the white of training is to become 1."""
    pixels = samples[:]
    if samples.white != encoding.white:
        pixels = pixels * (encoding.white / samples.white)
    return {PIXELS: np.ascontiguousarray(pixels)}


@SAMPLES.entry(SoundEncoding)
def sounds(encoding: SoundEncoding, frame: pd.DataFrame, samples: Recordings) -> dict[str, np.ndarray]:
    """The waves (N, length), cut or filled with silence."""
    heard = np.zeros((len(samples), encoding.length), np.float32)
    for row, wave in zip(heard, samples.waves, strict=True):
        row[: len(wave)] = wave[: encoding.length]
    return {WAVES: heard}


@COLUMNS.entry(Numeric)
def numeric(encoder: Encoder, column: pd.Series) -> np.ndarray:
    """float64, NaN where there is no number."""
    return as_numbers(column).to_numpy(np.float64)


@COLUMNS.entry(Boolean, Category, Ordinal, Text)
def text(encoder: Encoder, column: pd.Series) -> np.ndarray:
    """Texts in the form in which they are compared, "" where there is none."""
    cells = cells_as_text(column)
    if (cells == "").any() and cells.isna().any():
        raise DataError(
            f"cells of {encoder.name!r} that are texts or missing",
            "empty texts beside missing cells, which a script could not tell apart",
            "Write the one or the other.",
        )
    return np.array(cells.fillna("").tolist(), dtype=np.str_)


@COLUMNS.entry(Date)
def date(encoder: Date, column: pd.Series) -> np.ndarray:
    """Microseconds since 1970, NaT where there is no date."""
    return as_dates(column, day_first=encoder.day_first).to_numpy("datetime64[us]")


SAMPLES.refuse(SeriesEncoding, **SERIES)
SAMPLES.refuse(SoundSteps, TextEncoding, TagEncoding, LanguageEncoding, **IN_STEPS)
