"""What a model of series knows of its data, in lines for people."""

from __future__ import annotations

import numpy as np

from chainrule.encode.encoder import shown
from chainrule.forecast.ahead import encoding_of
from chainrule.saved.model import Model


def lines_of_series(model: Model) -> list[str]:
    """Return the schema of a model of series, line by line."""
    encoding = encoding_of(model)
    layout, clock = encoding.layout, encoding.clock
    level = "the last known value of each window" if encoding.level == "last" else "the mean of each series in training"
    lines = [
        f"series   times {layout.time!r}, one step is {clock.describe()}; season {encoding.season}",
        f"         {encoding.describe()}; trained up to {clock.written(np.array([encoding.until]))[0]}",
        f"         values are told from {level}",
    ]
    if layout.group is not None:
        lines.append(f"groups   {layout.group!r}: {shown(list(encoding.sizes))}")
    lines.append(f"input    of each step: {', '.join(encoding.channels)}")
    for word, part in (("past", encoding.past), ("ahead", encoding.ahead)):
        if part is not None:
            lines.append(
                f"{word:8} {'known up to the last step' if word == 'past' else 'known ahead'}: {', '.join(part.used)}"
            )
    return lines + _intervals(model)


def _intervals(model: Model) -> list[str]:
    encoding = encoding_of(model)
    shares = ", ".join(f"{100 * share:g} %" for share in encoding.coverage)
    if encoding.quantiles:
        return [f"interval {shares}, by quantiles that the network gives"]
    if not encoding.bands:
        return ["interval none: the run has not been finished"]
    last = [f"{100 * share:g} %: {steps[-1][0] * encoding.typical:+.4g} to {steps[-1][1] * encoding.typical:+.4g}"
            for share, steps in zip(encoding.coverage, encoding.bands, strict=True)]  # fmt: skip
    return [f"interval by the errors after training; of the last step, about {', '.join(last)}"]
