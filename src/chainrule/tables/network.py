"""From a member to its network: an encoding of the numbers, found in the training rows, then dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from chainrule.network.network import Network
from chainrule.nn import (
    ACTIVATIONS,
    Columns,
    Dense,
    Dropout,
    Identity,
    Layer,
    Loss,
    Periodic,
    PiecewiseLinear,
    Sequential,
    SmoothClip,
)
from chainrule.recipes.mlp import init_before
from chainrule.tables.member import Member

# Of more numbers than these the bins or waves would be tens of thousands of inputs, and hardly fewer parameters than rows.
_MOST_NUMBERS = 300


class Fronts:
    """The encodings of one table's inputs, each found once in all training rows, without their targets.

    Parameters
    ----------
    x : array (N, D), or None where the inputs are sparse
    numbers : sequence of int, optional
        Which inputs are numbers; the others are indicators, or words. By default those that take more than two values.
    """

    def __init__(self, x: np.ndarray | None, numbers: Sequence[int] | None = None) -> None:
        self._x = x
        self.piecewise = lru_cache(self._piecewise)
        several = () if x is None else _numbers(x)
        self.numbers = several if numbers is None else tuple(sorted(set(several) & set(numbers)))

    def _piecewise(self, bins: int) -> Layer:
        return PiecewiseLinear.of(self._x, bins=bins, columns=self.numbers)

    def layers(self, member: Member) -> list[tuple[str, Layer]]:
        """Return the layers before the first dense one, by name."""
        if member.encoding == "plain" or self._x is None:
            return []
        if not 0 < len(self.numbers) <= _MOST_NUMBERS:
            return [("clip", SmoothClip())]
        if member.encoding == "piecewise":
            # Drawn in first: the outer bins go on beyond the outermost edges.
            return [("clip", SmoothClip()), ("bins", self.piecewise(member.bins))]
        if member.encoding == "periodic":
            others = tuple(sorted(set(range(self._x.shape[1])) - set(self.numbers)))
            waves: list[Layer] = [Periodic()]
            parts, inputs = (waves, [self.numbers])
            if others:
                parts, inputs = [*waves, Identity()], [self.numbers, others]
            return [("clip", SmoothClip()), ("waves", Columns(tuple(parts), tuple(inputs)))]
        return [("clip", SmoothClip())]


def _numbers(x: np.ndarray) -> tuple[int, ...]:
    """Return which inputs take so many values that they are numbers rather than indicators."""
    ends = np.stack([x.min(axis=0), x.max(axis=0)])
    between = ((x != ends[0]) & (x != ends[1])).any(axis=0)
    return tuple(int(d) for d in np.flatnonzero(between))


def network_of(member: Member, fronts: Fronts, n_inputs: int, outputs: int, loss: Loss) -> Network:
    """Return the network of a member for inputs (N, D) and K logits."""
    named = fronts.layers(member)
    for number, units in enumerate(member.hidden, start=1):
        named.append((f"hidden{number}", Dense(units, init=init_before(member.activation))))
        named.append((f"{member.activation}{number}", ACTIVATIONS[member.activation]))
        if member.dropout:
            named.append((f"dropout{number}", Dropout(member.dropout)))
    named.append(("output", Dense(outputs, init="glorot")))
    names, layers = zip(*named, strict=True)
    return Network(Sequential(layers, names), (n_inputs,), loss)
