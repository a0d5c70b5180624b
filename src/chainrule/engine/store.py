"""Where parameters lie on NumPy: a tree whose leaves are views of one contiguous vector."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.tree import leaves, nest
from chainrule.types import Params, RowGradient, Shape


class Store(dict[str, Any]):
    """A parameter tree over one vector: `store["hidden1"]["W"]` is a view, `store.flat` is everything.

    Writing to the vector changes the leaves and the other way round. Gradients, moments and best weights are
    stores of the same layout, so that an optimizer, a checksum or L-BFGS need no packing.
    """

    def __init__(self, layout: tuple[tuple[str, Shape], ...], empty: tuple[str, ...], flat: np.ndarray) -> None:
        self.layout = layout
        self.empty = empty
        self.flat = flat
        self.views: list[np.ndarray] = []
        named: dict[str, Any] = {}
        start = 0
        for path, shape in layout:
            stop = start + math.prod(shape)
            self.views.append(flat[start:stop])
            named[path] = flat[start:stop].reshape(shape)
            start = stop
        super().__init__(nest(named))
        for path in empty:
            _ensure(self, path)
        self._paths = [tuple(path.split(".")) for path, _ in layout]

    @classmethod
    def of(cls, tree: Params, dtype: str) -> Store:
        """Return a store that holds a copy of `tree`."""
        named = dict(leaves(tree))
        layout = tuple((path, tuple(np.shape(value))) for path, value in named.items())
        values = [np.asarray(value, dtype=dtype).reshape(-1) for value in named.values()]
        flat = np.concatenate(values) if values else np.zeros(0, dtype)
        return cls(layout, tuple(_empty_nodes(tree)), flat)

    def like(self, flat: np.ndarray) -> Store:
        """Return a store of this layout over another vector."""
        return Store(self.layout, self.empty, flat)

    def parts(self, tree: Params) -> list[Any]:
        """Return the leaves of a tree of this layout as vectors, in the order of the layout; gradients by rows as such."""
        parts: list[Any] = []
        for path, (_, shape) in zip(self._paths, self.layout, strict=True):
            node: Any = tree
            for name in path:
                node = node[name]
            if node.shape != shape:
                raise ShapeError(
                    f"a gradient of {'.'.join(path)} of its shape {shape}",
                    f"one of shape {tuple(node.shape)}",
                    "Mend the layer's backward.",
                )
            parts.append(node if isinstance(node, RowGradient) else node.reshape(-1))
        return parts


def _empty_nodes(tree: Params, prefix: str = "") -> list[str]:
    """Layers without parameters have a place in the tree too."""
    found = []
    for name, value in tree.items():
        if isinstance(value, dict):
            path = f"{prefix}.{name}" if prefix else name
            found += _empty_nodes(value, path) if value else [path]
    return found


def _ensure(tree: dict[str, Any], path: str) -> None:
    node: Any = tree
    for name in path.split("."):
        node = node.setdefault(name, {})
