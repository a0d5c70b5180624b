"""Layers along time in plain NumPy: recurrence, attention, and what stands before them."""

from __future__ import annotations

from typing import Any

from chainrule.exporters.numpy_layers import Made
from chainrule.exporters.numpy_tables import LAYERS
from chainrule.exporters.numpy_time_sources import SOURCES
from chainrule.nn import GRU, LSTM, Bidirectional, Embedding, Positions, SelfAttention, SimpleRNN
from chainrule.nn.recurrent.recurrent import Recurrent
from chainrule.types import Shape

__all__ = ["LAYERS"]


def _own(call: str, *kinds: str, inside: tuple[Made, ...] = ()) -> Made:
    """Return what makes a layer of these classes, the last of which is its own, around the layers inside."""
    sources = {kind: source for one in inside for kind, source in one.sources.items()}
    sources |= {kind: SOURCES[kind] for kind in kinds}
    return Made(call, (*kinds, *(kind for one in inside for kind in one.kinds)), sources=sources)


@LAYERS.entry(SimpleRNN, LSTM, GRU)
def recurrent(layer: Recurrent, shape: Shape, inside: Any) -> Made:
    """Which end it reads from, and whether every state comes out."""
    name = type(layer).__name__
    given = ["every=True"] * layer.return_sequences + ["reverse=True"] * layer.reverse
    given += [f"rate={layer.recurrent_dropout!r}"] if layer.recurrent_dropout else []
    return _own(f"{name}({', '.join(given)})", "Recurrent", name)


@LAYERS.entry(Bidirectional)
def bidirectional(layer: Bidirectional, shape: Shape, inside: Any) -> Made:
    """Both layers, each on a line of its own where it takes several."""
    ahead, back = inside(layer.ahead, shape), inside(layer.back, shape)
    made = _own(f"Bidirectional({ahead.call}, {back.call})", "Bidirectional", inside=(ahead, back))
    if not ahead.lines and not back.lines:
        return made
    lines = ["Bidirectional("]
    for one in (ahead, back):
        lines += [f"    {line}" for line in one.lines or [one.call]]
        lines[-1] += ","
    return Made("", made.kinds, [*lines, ")"], made.sources)


@LAYERS.entry(SelfAttention)
def attention(layer: SelfAttention, shape: Shape, inside: Any) -> Made:
    """Its heads, and whether a place sees those behind it."""
    return _own(f"SelfAttention({layer.heads}{', causal=True' if layer.causal else ''})", "SelfAttention")


@LAYERS.entry(Positions)
def positions(layer: Positions, shape: Shape, inside: Any) -> Made:
    """Weights, or waves."""
    name = "LearnedPositions" if layer.learned else "Positions"
    return _own(f"{name}()", name)


@LAYERS.entry(Embedding)
def embedding(layer: Embedding, shape: Shape, inside: Any) -> Made:
    """The id that stands for nothing."""
    return _own(f"Embedding({'' if layer.padding is None else f'padding={layer.padding}'})", "Embedding")
