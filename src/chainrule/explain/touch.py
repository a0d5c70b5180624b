"""Touch: which outputs of a layer one of its parameters acts on, and how strongly: the last factor of every path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.explain.chain import Chain, rows
from chainrule.nn import Conv2D
from chainrule.tree import fill, leaf, leaves, map_leaves
from chainrule.types import Params, as_dense


@dataclass(frozen=True, eq=False)
class Touch:
    """How a layer's output depends on one of its parameters.

    Attributes
    ----------
    units : array of int
        The outputs of the layer that depend on it: one for a dense layer, every position for a shared kernel.
    slopes : array (N, units)
        ∂y/∂w: of a dense weight, x.
    """

    units: np.ndarray
    slopes: np.ndarray


def touch(chain: Chain, index: tuple[int, ...]) -> Touch | None:
    """Return how the owner's outputs depend on a parameter; None where they are not linear in it, or draw noise."""
    owner = chain.owner
    if owner.is_dense:
        slopes = np.ones((chain.n, 1))
        if chain.name == "W":
            slopes = rows(owner.x)[:, index[0], None]
            if "mask" in owner.cache:
                slopes = slopes * owner.cache["mask"][index]
        return Touch(np.array([index[-1]]), slopes)
    if owner.layer.is_random:
        return None
    # Where a layer is linear in its parameters, raising one by 1 tells the slope exactly.
    values = map_leaves(np.asarray, owner.params)
    one = np.zeros_like(leaf(values, chain.name))
    one[index] = 1
    raised = _replaced(values, chain.name, leaf(values, chain.name) + one)
    zero, up = (rows(owner.layer.forward(NUMPY, p, owner.x, chain.context)[0]) for p in (values, raised))
    slopes = up - zero
    total = float((slopes * rows(owner.dy)).sum())
    scale = float(np.abs(slopes * rows(owner.dy)).sum())
    # Where it is not, the layer's own gradient tells.
    if not abs(total - chain.gradient[index]) <= 1e-9 * scale + 1e-300:
        return None
    units = np.flatnonzero((slopes != 0).any(axis=0))
    return Touch(units, slopes[:, units])


def by_row(chain: Chain, index: tuple[int, ...]) -> np.ndarray:
    """Return what each row adds to the derivative (N,): the owner's backward pass, linear in dy, of that row alone."""
    owner, found = chain.owner, np.zeros(chain.n)
    for n in range(chain.n):
        alone = np.zeros_like(owner.dy)
        alone[n] = owner.dy[n]
        gradient = leaf(owner.layer.gradients(NUMPY, owner.params, owner.cache, alone), chain.name)
        found[n] = as_dense(NUMPY, gradient)[index]
    return found


def _replaced(tree: Params, path: str, value: np.ndarray) -> Params:
    return fill(tree, {name: value if name == path else old for name, old in leaves(tree)})


def kernel_meets(chain: Chain, index: tuple[int, ...], unit: int) -> tuple[int, int, int]:
    """Return the row, column and channel of the value that a kernel's weight is multiplied by, for one output."""
    layer, shape = chain.owner.layer, chain.owner.x.shape[1:]
    assert isinstance(layer, Conv2D)  # noqa: S101 (the caller has looked)
    window = layer.window(shape)
    i, j, k = np.unravel_index(unit, chain.owner.y.shape[1:])
    (u, v), group = index[:2], int(k) // (layer.filters // layer.groups)
    (sh, sw), (dh, dw) = window.stride, window.dilation
    row = int(i) * sh + u * dh - window.padding[0][0]
    column = int(j) * sw + v * dw - window.padding[1][0]
    return row, column, group * (shape[2] // layer.groups) + index[2]
