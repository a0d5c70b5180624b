"""Fitting: each sort of samples has an encoding, which measures what it needs on the training part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeAlias

from chainrule.encode.choices import ChoiceTable
from chainrule.encode.encoding import Encoding
from chainrule.encode.images import ImageEncoding
from chainrule.encode.preparation import ENCODINGS
from chainrule.encode.sound_steps import SoundSteps
from chainrule.encode.sounds import SoundEncoding
from chainrule.encode.table import fit_table
from chainrule.encode.tags import TagEncoding
from chainrule.encode.texts import TextEncoding
from chainrule.encode.tokens import WORDS
from chainrule.errors import ConfigError, DataError
from chainrule.sources.kinds import ColumnKind
from chainrule.sources.samples import Pictures, Recordings, Samples
from chainrule.sources.tagged import TOKENS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Wanted:
    """What is wanted of an encoding; each sort of samples takes what concerns it.

    Attributes
    ----------
    kinds : tuple of ColumnKind
        Of a table's columns but the target.
    choices : ChoiceTable
        How columns become numbers.
    standardise : bool
        Whether each channel of pictures is brought to mean 0 and deviation 1.
    sound : str
        What x is made of, for sounds.
    seconds : float, optional
        Of a sound, heard at most.
    as_sequences : bool
        Whether a model reads the samples step by step: texts as ids, not as what they have of each word.
    tokens : str
        Of texts that are read: words or characters.
    steps : int, optional
        Most steps of a sequence; by the training samples if left out.
    tagged : bool
        Whether the rows are sequences with a label for each step.
    """

    kinds: tuple[ColumnKind, ...] = ()
    choices: ChoiceTable = field(default_factory=ChoiceTable)
    standardise: bool = False
    sound: str = "log_mel"
    seconds: float | None = None
    as_sequences: bool = False
    tokens: str = WORDS
    steps: int | None = None
    tagged: bool = False


Fit: TypeAlias = Callable[[Any, Any, Wanted], Encoding]


def _fit_rows(_: None, frame: pd.DataFrame, wanted: Wanted) -> Encoding:
    if wanted.tagged:
        return TagEncoding.fit(frame, wanted.choices.of(TOKENS), steps=wanted.steps)
    if wanted.as_sequences:
        return TextEncoding.fit(frame, wanted.kinds, wanted.choices, unit=wanted.tokens, steps=wanted.steps)
    return fit_table(frame, wanted.kinds, wanted.choices)


def _fit_sounds(sounds: Recordings, _: pd.DataFrame, wanted: Wanted) -> Encoding:
    if wanted.as_sequences:
        return SoundSteps.fit(sounds, method=wanted.sound, seconds=wanted.seconds, steps=wanted.steps)
    return SoundEncoding.fit(sounds, method=wanted.sound, seconds=wanted.seconds)


# By the sort of samples; None where the cells of a row are the sample.
FITS: dict[type, Fit] = {
    NoneType: _fit_rows,
    Pictures: lambda pictures, _, wanted: ImageEncoding.fit(pictures, standardise=wanted.standardise),
    Recordings: _fit_sounds,
}


def fit_encoding(samples: Samples | None, frame: pd.DataFrame, wanted: Wanted) -> Encoding:
    """Return the encoding of training samples, measured on them alone.

    Parameters
    ----------
    samples : Samples or None
        None where the rows of the frame are the samples.
    frame : DataFrame
        The rows of the training part.

    Raises
    ------
    DataError
        If nothing is known for samples of this sort, or there is nothing in them to learn from.
    """
    fit = next((FITS[sort] for sort in type(samples).__mro__ if sort in FITS), None)
    if fit is None:
        sort = type(samples).__name__
        raise DataError("samples of a sort that has an encoding", sort, f"Register one: register_encoding({sort}, …).")
    return fit(samples, frame, wanted)


def register_encoding(samples: type[Samples], encoding: type[Encoding], fit: Fit) -> None:
    """Add the encoding of a sort of samples; a model file may then name its kind.

    Raises
    ------
    ConfigError
        If the sort, or the kind, has one.
    """
    if samples in FITS or encoding.kind in ENCODINGS:
        raise ConfigError("a sort and a kind without an encoding", f"{samples.__name__}, {encoding.kind}", "Rename it.")
    FITS[samples] = fit
    ENCODINGS[encoding.kind] = encoding
