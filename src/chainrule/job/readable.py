"""What must be readable: the target, columns whose kind was said, and at predict all columns that the model needs."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import DataError
from chainrule.job.config import Config
from chainrule.sources.source import Source


def require_readable(source: Source, names: Sequence[str]) -> None:
    """Raise DataError if one of the columns that a model needs has cells that its notation cannot read.

    Such cells are gaps where training had them too: that is a part of the notation.
    """
    for name in names:
        odd = source.odd.get(name)
        if odd is not None and not _reads_odd_as_gaps(source, name):
            remedy = "Correct the cells, or say how this file writes them: `decimal`, `day_first`, `missing`."
            raise DataError(f"{odd.wanted}, as in training", f"{odd}", remedy)


def require_readable_target(source: Source, target: str, config: Config, *, training: bool = True) -> None:
    """Raise DataError if the target, or a column whose kind was said, has cells that are not of its kind.

    Parameters
    ----------
    training : bool
        Whether cells of the target may be words that are read as gaps, and have to be told.
    """
    for name, kind in config.columns.items():
        if kind in ("numeric", "date") and name in source.odd and not _reads_odd_as_gaps(source, name):
            remedy = f"Correct the cells, or leave them empty; or leave columns.{name} to be found."
            raise DataError(source.odd[name].wanted, f"{source.odd[name]}", remedy)
    if config.missing_target == "drop":
        return
    if target in source.odd:
        remedy = "Correct or remove these rows, or add `missing_target=drop`."
        raise DataError(source.odd[target].wanted, f"{source.odd[target]}", remedy)
    words = source.gaps.get(target, {}) if training else {}
    if words:
        word = max(words, key=lambda one: words[one])
        raise DataError(
            f"a value in every cell of the target {target!r}",
            f"{word!r} in {words[word]:,} cell{'s' * (words[word] > 1)}, read as a missing one",
            "If it is a class, say which words are missing, `missing=` for none; else drop these rows with "
            "`missing_target=drop`.",
        )


def _reads_odd_as_gaps(source: Source, name: str) -> bool:
    return source.reading is not None and source.reading.columns[name].reads_odd_as_gaps
