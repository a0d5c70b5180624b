"""Masks: which places of a sequence there are, for the layers that look at more than one of them."""

from __future__ import annotations

from chainrule.errors import ShapeError
from chainrule.types import Array, Context, Namespace


def places_there(layer: str, xp: Namespace, x: Array, ctx: Context) -> Array | None:
    """Return True for each place of x (N, T, …, C) that is no padding, (N, T, …, 1); None where none is.

    After a layer that makes one vector of a sequence there is no time left that a mask could leave out.

    Raises
    ------
    ShapeError
        Where `layer` is given another number of places than the mask tells apart.
    """
    if ctx.mask is None or ctx.mask.ndim >= x.ndim:
        return None
    if ctx.mask.shape != x.shape[: ctx.mask.ndim]:
        raise ShapeError(
            f"{layer} to receive as many places as the mask of shape {tuple(ctx.mask.shape)} tells apart",
            f"an x of shape {tuple(x.shape)}",
            "Put it before the layer that makes the sequence shorter, or let that layer keep its length.",
        )
    return xp.reshape(ctx.mask, ctx.mask.shape + (1,) * (x.ndim - ctx.mask.ndim)) > 0
