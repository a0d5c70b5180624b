"""Tables for the terminal: figures in columns, aligned by their digits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from chainrule.printable import printable


def metrics_table(metrics: Mapping[str, Mapping[str, float]]) -> str:
    """Return metrics down and parts of the data across, the baseline, the rivals or the naive forecasts last."""
    from chainrule.figures import figures
    from chainrule.forecast.scores import label_of

    parts = list(metrics)
    rows = []
    for name in dict.fromkeys(name for part in parts for name in metrics[part]):
        known = [part for part in parts if name in metrics[part]]
        texts = dict(zip(known, figures([metrics[part][name] for part in known]), strict=True))
        rows.append([label_of(name), *(texts.get(part, "–") for part in parts)])
    return align(["", *parts], rows)


def align(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Return lines of columns: the first `left` ones aligned to the left, the others to the right."""
    lines = [[printable(cell) for cell in line] for line in (header, *rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def finite(values: Mapping[str, float]) -> dict[str, float | None]:
    """Return values with None for those that JSON has no number for."""
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
