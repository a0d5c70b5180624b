"""One family of errors, so that every failure says what was expected, what came and what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable

# A setting in a text for people: `dropout`, `dropout=0.3` or, of one column, `scaling.fare=robust`.
_SETTING = re.compile(r"`([A-Za-z_]\w*(?:\.[^`=]*)?)(?:=([^`]*))?`")


class ChainruleError(Exception):
    """A mistake that the user can mend.

    A setting is named between backticks, `dropout` or `dropout=0.3`, as in Python; whoever shows the error to people who
    have flags or controls instead says it in their way, by `rewrite_settings`.

    Parameters
    ----------
    expected : str
        What would have been right, as a noun phrase.
    came : str
        What came instead, with its shape, dtype, column or row.
    remedy : str
        What to do about it, as one sentence.
    """

    def __init__(self, expected: str, came: str, remedy: str) -> None:
        self.expected = expected
        self.came = came
        self.remedy = remedy
        super().__init__(f"Expected {expected}; got {came}. {remedy}")

    def __reduce__(self) -> tuple[type[ChainruleError], tuple[str, str, str]]:
        """Keep the three parts when the error crosses a process boundary."""
        return type(self), (self.expected, self.came, self.remedy)


class ShapeError(ChainruleError, ValueError):
    """An array or a layer does not fit the one before it."""


class ConfigError(ChainruleError, ValueError):
    """A setting is unknown or out of its range."""


class DataError(ChainruleError, ValueError):
    """A table, a column or a cell cannot be used as it is."""


class ModelFileError(ChainruleError, ValueError):
    """A model file is damaged, foreign, or asks for what a model file must not."""


class RunFolderError(ChainruleError, OSError):
    """A run folder is in the way, cannot be written, or holds no run."""


class TooLargeError(ChainruleError, MemoryError):
    """Something needs more memory than there is."""


class OutputError(ChainruleError, OSError):
    """Everything is done, but what was to be said of it could not be."""


class StorageError(ChainruleError, OSError):
    """The storage of a search is locked, cannot be reached, or is none."""


class TrainingError(ChainruleError, ArithmeticError):
    """Training came to nothing that could be kept."""


# Comparing two words takes the product of their lengths; what is longer than this was not typed.
_LONGEST = 200


class TrainingWarning(UserWarning):
    """Training ended otherwise than it was meant to, with weights that are worth keeping."""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the one of `words` that `word` was most likely meant to be, or None."""
    if len(word) > _LONGEST:
        return None
    lowered = {candidate.lower(): candidate for candidate in words if len(candidate) <= _LONGEST}
    matches = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.5)
    return lowered[matches[0]] if matches else None


def did_you_mean(word: str, words: Iterable[str], *, show: int = 12) -> str:
    """Return the remedy for a misspelt name: the nearest one, or the list to choose from."""
    known = list(words)
    match = nearest(word, known)
    if match is not None:
        return f"Did you mean {match!r}?"
    listed = ", ".join(name[:_LONGEST] for name in known[:show]) + (
        f" and {len(known) - show} more" if len(known) > show else ""
    )
    return f"Choose one of: {listed}."


def rewrite_settings(text: str, write: Callable[[str, str | None], str]) -> str:
    """Return a text with each setting that it names between backticks said in another way.

    Parameters
    ----------
    write : function
        From the setting's name, and its value or None, to what stands in the place of both and the backticks.
    """
    return _SETTING.sub(lambda found: write(found[1], found[2]), text)
