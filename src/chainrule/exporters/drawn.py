"""Rows that are drawn: what an export of a model alone, without the data of a run, is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.category import Category, Ordinal
from chainrule.encode.dates import Date
from chainrule.encode.images import ImageEncoding
from chainrule.encode.language import LanguageEncoding
from chainrule.encode.numeric import Boolean, Numeric
from chainrule.encode.preparation import Preparation
from chainrule.encode.series.encoding import SeriesEncoding
from chainrule.encode.sound_steps import SoundSteps
from chainrule.encode.sounds import SoundEncoding
from chainrule.encode.table import TableEncoding
from chainrule.encode.tags import TagEncoding
from chainrule.encode.texts import TextEncoding
from chainrule.encode.words import Text
from chainrule.exporters.lesson import Rows
from chainrule.exporters.raw import raw_rows
from chainrule.exporters.table import IN_STEPS, SERIES, Table
from chainrule.sources.samples import Pictures, Recordings, Samples

if TYPE_CHECKING:
    import pandas as pd

# An entry takes the encoder, the generator and the number of rows, and returns cells; some are missing, some unknown.
COLUMNS = Table("every exporter", "column")
# An entry takes the encoding, the generator and the number of rows, and returns a frame and the samples beside it.
SAMPLES = Table("every exporter", "encoding")

_MISSING = 0.1


def drawn_rows(preparation: Preparation, n: int) -> Rows:
    """Return rows such as a model might be given, always the same."""
    encoding = preparation.encoding
    frame, samples = SAMPLES.find(encoding)(encoding, np.random.default_rng(0), n)
    x = preparation.inputs(frame, samples=samples)
    return Rows(raw_rows(encoding, frame, samples), x if isinstance(x, np.ndarray) else x.toarray())


@SAMPLES.entry(TableEncoding)
def table(encoding: TableEncoding, rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, Samples | None]:
    """One column each."""
    import pandas as pd

    columns = {}
    for encoder in encoding.encoders:
        cells = pd.Series(list(COLUMNS.find(encoder)(encoder, rng, n)))
        columns[encoder.name] = cells.mask(rng.random(n) < _MISSING)
    return pd.DataFrame(columns), None


@SAMPLES.entry(ImageEncoding)
def images(encoding: ImageEncoding, rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, Samples | None]:
    """Noise."""
    import pandas as pd

    pixels = (rng.random((n, *encoding.size)) * encoding.white).round()
    return pd.DataFrame(index=range(n)), Pictures(pixels.astype(np.float32), encoding.white)


@SAMPLES.entry(SoundEncoding)
def sounds(encoding: SoundEncoding, rng: np.random.Generator, n: int) -> tuple[pd.DataFrame, Samples | None]:
    """Noise."""
    import pandas as pd

    waves = tuple(rng.uniform(-1, 1, encoding.length).astype(np.float32) for _ in range(n))
    return pd.DataFrame(index=range(n)), Recordings(waves, encoding.rate)


@COLUMNS.entry(Numeric)
def numeric(encoder: Numeric, rng: np.random.Generator, n: int) -> np.ndarray:
    """Around the center."""
    return encoder.center + encoder.scale * rng.normal(size=n)


@COLUMNS.entry(Boolean)
def boolean(encoder: Boolean, rng: np.random.Generator, n: int) -> np.ndarray:
    """Both words."""
    return rng.choice(np.array([encoder.false, encoder.true.upper()], object), n)


@COLUMNS.entry(Category, Ordinal)
def category(encoder: Category | Ordinal, rng: np.random.Generator, n: int) -> np.ndarray:
    """Those that are known, and one that is not."""
    return rng.choice(np.array([*encoder.categories, "never seen"], object), n)


@COLUMNS.entry(Date)
def date(encoder: Date, rng: np.random.Generator, n: int) -> np.ndarray:
    """Around the days of training, before 1970 too."""
    days = encoder.numeric.center + encoder.numeric.scale * rng.normal(size=n)
    return (np.clip(days, -4e4, 8e4) * 86400).astype("int64").astype("datetime64[s]")


@COLUMNS.entry(Text)
def text(encoder: Text, rng: np.random.Generator, n: int) -> np.ndarray:
    """Some words, in any case of letters, and one that is not known."""
    known = np.array([*encoder.words, "Neverseen"], object)
    return np.array([" ".join(rng.choice(known, 5)).upper() for _ in range(n)], object)


SAMPLES.refuse(SeriesEncoding, **SERIES)
SAMPLES.refuse(SoundSteps, TextEncoding, TagEncoding, LanguageEncoding, **IN_STEPS)
