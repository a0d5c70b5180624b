"""The report of a language model: its bits beside n-grams, how they fell, and what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chainrule.report import plots
from chainrule.report.template import template
from chainrule.saved.model import Model
from chainrule.train.history import History

# Bits of a token that is as dark as can be.
_SURPRISE = 10.0
_PARTS = {"train": "training", "valid": "validation", "test": "test", "baseline": "best n-gram"}


@dataclass(frozen=True, eq=False)
class LanguageData:
    """All that the page shows.

    Attributes
    ----------
    metrics : mapping
        By part, and of the best n-gram as `baseline`.
    orders : sequence of float
        Bits of the n-gram of each order from 1 on the part that was measured last.
    samples : sequence of (int, str)
        What it wrote after some epochs.
    reading : sequence of (str, float)
        Tokens of the part that was measured last, and the bits that each cost.
    tokens : mapping
        Tokens of each part.
    """

    title: str
    model: Model
    history: History
    metrics: Mapping[str, Mapping[str, float]]
    orders: Sequence[float]
    samples: Sequence[tuple[int, str]]
    reading: Sequence[tuple[str, float]]
    config: str
    notes: Sequence[str]
    versions: Mapping[str, str]
    tokens: Mapping[str, int]


def render_language(data: LanguageData) -> str:
    """Return the page as HTML: no script, no font, no picture from outside."""
    history, last = data.history, next(part for part in ("test", "valid", "train") if part in data.metrics)
    ended = history.ended
    parts = [part for part in _PARTS if part in data.metrics]
    unit = data.model.prepared_by.encoding.to_json()["vocabulary"]["unit"].removesuffix("s")
    curves = (
        plots.learning_curves(history.epochs, history.scores, history.rate, ended.best_epoch if ended else 0)
        if history.epochs
        else ""
    )
    page: str = template("language.html.j2").render(
        data=data,
        unit=unit,
        last=_PARTS[last],
        ended=ended,
        parts=parts,
        part_names=_PARTS,
        facts=[
            (f"bits a {unit} on the {_PARTS[last]} part", f"{data.metrics[last]['bits']:.3f}"),
            ("bits of the best n-gram there", f"{data.metrics['baseline']['bits']:.3f}"),
            ("perplexity", f"{data.metrics[last]['perplexity']:.4g}"),
            (f"epochs; weights of epoch {ended.best_epoch if ended else 0}", f"{ended.epochs if ended else 0}"),
            ("seconds of training", f"{ended.seconds if ended else 0:.3g}"),
        ],
        rows=[(name, [data.metrics[part].get(name) for part in parts]) for name in data.metrics[last]],
        reading=[(_shown(token), bits, min(1.0, bits / _SURPRISE)) for token, bits in data.reading],
        curves=curves,
        layers=list(data.model.network.rows()),
        separate=unit == "word",
    )
    return page


def _shown(word: str) -> str:
    return "↵\n" if word == "\n" else word
