"""What a run on series came to: scores beside the naive forecasts, and the intervals that its errors after training call for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chainrule.encode.series.encoding import SeriesEncoding
from chainrule.engine import Engine
from chainrule.forecast.bands import banded
from chainrule.forecast.naive import NAIVE, SEASONAL
from chainrule.forecast.scores import Scored, scored, table_of
from chainrule.job.prepare import Prepared
from chainrule.network.network import Network
from chainrule.saved.model import Model
from chainrule.types import Params

# By how much a forecast must be better, so that it is called so.
_EVEN = 0.02


@dataclass(frozen=True, eq=False)
class MeasuredSeries:
    """A model with its intervals, and its forecasts of each part beside the truth.

    Attributes
    ----------
    model : Model
    encoding : SeriesEncoding
        That of the model.
    parts : mapping of str to Scored
    metrics : mapping
        By part, and for the last part by naive forecast.
    """

    model: Model
    encoding: SeriesEncoding
    parts: Mapping[str, Scored]
    metrics: dict[str, dict[str, float]]

    @property
    def last(self) -> Scored:
        """The part that was not learned from, if there is one."""
        return list(self.parts.values())[-1]


def series_encoding(prepared: Prepared) -> SeriesEncoding:
    """Return the encoding of data that are series."""
    encoding = prepared.preparation.encoding
    assert isinstance(encoding, SeriesEncoding)  # noqa: S101 (what has series has this encoding)
    return encoding


def measure_series(prepared: Prepared, network: Network, params: Params, engine: Engine) -> MeasuredSeries:
    """Return what weights come to.

    The intervals are the quantiles of the errors on the validation part, which lies after training: those of training are too
    small, and stand in only where there is no validation part.
    """
    assert prepared.series is not None  # noqa: S101 (see series_encoding)
    encoding = series_encoding(prepared)
    bare = Model(network, params, prepared.preparation)
    outputs = {name: bare.outputs_of(part.batch.x, engine) for name, part in prepared.parts.items()}
    after = "valid" if "valid" in outputs else "train"
    encoding = banded(encoding, prepared.series.panel, prepared.series.windows[after], outputs[after])
    model = replace(bare, preparation=replace(prepared.preparation, encoding=encoding))
    parts = {
        name: scored(name, encoding, prepared.series.panel, prepared.series.windows[name], y)
        for name, y in outputs.items()
    }
    return MeasuredSeries(model, encoding, parts, table_of(encoding, parts))


def judged(metrics: Mapping[str, Mapping[str, float]]) -> str:
    """Return how the forecasts of the last part stand beside the naive ones, in a sentence or two."""
    part = judged_part(metrics)
    own = metrics[part]["rmse"]
    beside = {name: metrics[name]["rmse"] for name in (NAIVE, SEASONAL) if name in metrics}
    name = min(beside, key=lambda one: beside[one])
    words = {"train": "training", "valid": "validation", "test": "test"}[part]
    figures = f"On the {words} part its RMSE is {own:.4g}, that of the {name} forecast, the better of those without a network, {beside[name]:.4g}"
    if beside[name] == 0:
        return f"{figures}: nothing is left to be better at."
    share = own / beside[name] - 1
    if share < -_EVEN:
        return f"{figures}: {-share:.0%} less."
    if share <= _EVEN:
        return f"{figures}: no better. A network is not worth its trouble here as it is."
    return f"{figures}: {share:.0%} more. Use the {name} forecast, or try another `window`, `model=linear`, or columns that tell more."


def judged_part(metrics: Mapping[str, Mapping[str, float]]) -> str:
    """Return the part that a run on series is judged by: the last that was measured."""
    return next(part for part in ("test", "valid", "train") if part in metrics)
