"""A graph of ONNX as it is read: tensors whose axes are followed, and the table that operators are entered in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule import nn
from chainrule.errors import ModelFileError
from chainrule.importers.found import Node, Step, refused
from chainrule.saved.bounds import MOST_VALUES
from chainrule.types import Shape

Perm = tuple[int | None, ...]


# In a Perm: the axis of a layer that reads both ways, before its values are put side by side on the last axis.
DIRECTIONS = -1


class WrongLayoutError(ModelFileError):
    """An operator would read other axes than its layer."""


@dataclass(frozen=True, eq=False)
class Value:
    """A tensor between operators, as it lies in the layers' own order.

    Attributes
    ----------
    maker : str
        The node that makes it.
    perm : tuple
        For each axis of the tensor, the axis (0 for the batch) of what the layers have; None for one of size 1 that they
        have not, and DIRECTIONS.
    shape : tuple of int
        Of one sample, as the layers have it.
    order : array, optional
        Where a vector's values stand among those of the layers' vector: a Flatten with channels first.
    takes_ids : bool
        Whether it is an input of whole numbers.
    """

    maker: str
    perm: Perm
    shape: Shape
    order: np.ndarray | None = None
    takes_ids: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the tensor's axes are the layers'."""
        return self.perm == tuple(range(len(self.shape) + 1))


@dataclass(eq=False)
class Reading:
    """A graph as it is read: constants, how often each tensor is read, and what has been made of it."""

    constants: dict[str, np.ndarray]
    uses: Mapping[str, int]
    values: dict[str, Value]
    nodes: dict[str, Node] = field(default_factory=dict)

    def x(self, node: Any, i: int = 0) -> Value:
        """Return an input that is computed."""
        if node.input[i] not in self.values:
            raise refused(f"{called(node)} of a constant {node.input[i]!r:.60}", "Write the constant into the weights.")
        found = self.values[node.input[i]]
        if DIRECTIONS in found.perm and node.op_type not in ("Transpose", "Reshape"):
            raise refused(f"{called(node)} of both directions apart", "Write a layer for each, and a Concat of them.")
        return found

    def const(self, node: Any, i: int) -> np.ndarray:
        """Return an input that is a constant."""
        name = node.input[i]
        if name not in self.constants:
            raise refused(f"{called(node)}, whose {name!r:.60} is no constant", "Write a network whose weights are.")
        return self.constants[name]

    def has(self, node: Any, i: int) -> bool:
        """Tell whether an input is given."""
        return len(node.input) > i and bool(node.input[i])

    def is_read_once(self, x: Value) -> bool:
        """Tell whether nobody but the operator at hand reads a tensor, or the same in other axes: then it may change."""
        return all(self.uses[name] <= 1 for name, value in self.values.items() if value.maker == x.maker)

    def add(self, node: Any, x: Value, *steps: Step, perm: Perm | None = None, order: Any = None) -> None:
        """Enter a node that reads x, with y in the same axes unless others are given."""
        shape = x.shape
        for step in steps:
            shape = step.layer.output_shape(shape) if isinstance(step.layer, nn.Layer) else shape
        if math.prod(shape) > MOST_VALUES:
            raise refused(
                f"{called(node)} of the shape {shape}", "Write a smaller network.", f"at most {MOST_VALUES:,} values"
            )
        name = node.output[0]
        self.nodes[name] = Node(name, (x.maker,), steps)
        self.values[name] = Value(name, x.perm if perm is None else perm, shape, order)

    def alias(self, node: Any, x: Value) -> None:
        """Let the output be x itself, in other axes perhaps."""
        self.values[node.output[0]] = x


Entry = Callable[[Reading, Any, dict[str, Any]], None]
ENTRIES: dict[str, Entry] = {}


def entry(*kinds: str) -> Callable[[Entry], Entry]:
    """Enter a function for operators."""

    def enter(function: Entry) -> Entry:
        ENTRIES.update(dict.fromkeys(kinds, function))
        return function

    return enter


def called(node: Any) -> str:
    """Return how an operator is named to people."""
    return f"{node.name or node.output[0]!r}, an operator {node.op_type}"


def want(node: Any, given: Mapping[str, Any], **settings: Any) -> None:
    """Refuse other values of these attributes; one that is left out is as wanted."""
    for key, wanted in settings.items():
        if given.get(key, wanted) != wanted:
            raise refused(f"{called(node)} with {key}={given[key]!r:.60}", f"Only {wanted!r} can be read.")


def plain(node: Any, x: Value, perm: Perm) -> Value:
    """Return x, if its axes are these."""
    if x.perm != perm or x.order is not None:
        raise WrongLayoutError(
            "operators whose axes are those of layers",
            f"{called(node)}, of axes {x.perm}",
            "Write it without turned axes.",
        )
    return x


def channels_first(axes: int) -> Perm:
    """Return the axes of images or sequences with channels right behind the batch."""
    return (0, axes - 1, *range(1, axes - 1))


def as_it_is(node: Any, x: Value) -> Value:
    """Return x, if its axes are the layers'."""
    return plain(node, x, tuple(range(len(x.shape) + 1)))
