"""Weighted: a layer with weights W and biases b, and how they are drawn."""

from __future__ import annotations

from chainrule.nn.layer import Layer, Param
from chainrule.types import Shape


class Weighted(Layer):
    """A layer that multiplies by weights W, which a penalty applies to, and adds a bias to each channel of y.

    Its fields say how W is drawn, by `init` times `gain`, and whether there is a `bias`.
    """

    init: str
    gain: float
    bias: bool

    def weights(self, shape: Shape, fans: tuple[int, int], channels: int) -> dict[str, Param]:
        """Return W of `shape`, whose units sum over so many terms forward and backward, and b (channels,)."""
        W = Param(shape, self.init, self.gain, fans, penalised=True)
        return {"W": W, "b": Param((channels,))} if self.bias else {"W": W}
