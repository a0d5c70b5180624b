"""What must be readable: the target, columns whose kind was said, and at predict all columns that the model needs."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import DataError
from chainrule.job.config import Config
from chainrule.sources.source import Source


def require_readable(source: Source, names: Sequence[str], *, all_: bool = False) -> None:
    """Raise DataError if one of some columns has cells that its notation cannot read.

    Cells that are not to be read are gaps where training had such cells too: that is a part of the notation.
    """
    for name in names:
        odd = source.odd.get(name)
        if (
            odd is not None
            and source.reading is not None
            and (all_ or not source.reading.columns[name].reads_odd_as_gaps)
        ):
            raise DataError(
                odd.wanted + ", as in training",
                f"{odd}",
                "Correct the cells, or leave them empty to have them filled in.",
            )


def require_readable_target(source: Source, target: str, config: Config) -> None:
    """Raise DataError if the target, or a column whose kind was said, has cells that are not of its kind."""
    require_readable(source, [name for name, kind in config.columns.items() if kind in ("numeric", "date")])
    if config.missing_target == "drop":
        return
    require_readable(source, [target], all_=True)
    words = source.gaps.get(target, {})
    if words:
        word = max(words, key=lambda one: words[one])
        raise DataError(
            f"a value in every cell of the target {target!r}",
            f"{word!r} in {words[word]:,} cell{'s' * (words[word] > 1)}, read as a missing one",
            "If it is a class, say which words are missing, `missing=` for none; else drop these rows with "
            "`missing_target=drop`.",
        )
