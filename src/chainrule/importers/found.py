"""What was found in a foreign file: its layers with their weights, and how they become a network and a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, ModelFileError
from chainrule.network.network import Network
from chainrule.nn import (
    BinaryCrossEntropy,
    Identity,
    Layer,
    Loss,
    Residual,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    SquaredError,
)
from chainrule.saved.bounds import check_bounds
from chainrule.saved.model import Model
from chainrule.saved.tensors import require_finite
from chainrule.tree import fill, leaves
from chainrule.types import Params, Shape

# What a file may hold at most in all weights, in bytes.
MOST_BYTES = 1 << 33
# No network that a person made has more layers.
MOST_NODES = 10_000
WHOLE = "Fetch the file whole, or write it again."


@dataclass(frozen=True)
class Softmax:
    """The link of classes that exclude each other. It is no layer here: the loss has it."""


@dataclass(frozen=True, eq=False)
class Step:
    """A layer and its weights."""

    layer: Layer | Softmax
    weights: Params = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Node:
    """What a foreign network does at one place.

    Attributes
    ----------
    name : str
        As the file calls it.
    reads : tuple of str
        The names of the nodes that it reads.
    steps : tuple of Step
        The layers that do the same; none where it is a sum of what it reads.
    is_sum : bool
    """

    name: str
    reads: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    is_sum: bool = False


def refused(what: str, remedy: str, expected: str = "a network of layers that Chainrule has") -> ModelFileError:
    """Return the error for something that a file may have and Chainrule has not."""
    return ModelFileError(expected, what, remedy)


def in_a_row(nodes: Mapping[str, Node], start: str, end: str) -> list[Step]:
    """Return the layers from the input to the output; what forks and meets in a sum becomes a Residual.

    Raises
    ------
    ModelFileError
        If nodes stand otherwise: several inputs or outputs, a branch that ends nowhere, a sum of three.
    """
    if len(nodes) > MOST_NODES:
        raise refused(f"{len(nodes):,} of them", "Write a smaller network.", f"at most {MOST_NODES:,} layers")
    seen: set[str] = set()
    steps = _between(nodes, start, end, seen)
    left = [name for name in nodes if name not in seen and name != start]
    if left:
        raise refused(
            f"{left[0]!r}, which is on no way from the input to the output that Chainrule can follow",
            "Write the part that predicts by itself.",
            "a network of layers in a row, or with bypasses",
        )
    return steps


def _between(nodes: Mapping[str, Node], start: str, end: str, seen: set[str]) -> list[Step]:
    rows: list[Sequence[Step]] = []
    at = end
    while at != start:
        node = nodes.get(at)
        if node is None or at in seen:
            raise refused(
                f"{at!r}, which two branches read that do not meet in a sum",
                "Write the part that predicts by itself.",
                "a network of layers in a row, or with bypasses",
            )
        seen.add(at)
        if not node.is_sum:
            rows.append(node.steps)
            at = node.reads[0]
            continue
        if len(node.reads) != 2:
            raise refused(f"{at!r}, a sum of {len(node.reads)}", "Write it as sums of two.")
        at = _fork(nodes, start, node)
        rows.append([_residual([_between(nodes, at, way, seen) for way in node.reads])])
    return [step for row in reversed(rows) for step in row]


def _fork(nodes: Mapping[str, Node], start: str, node: Node) -> str:
    """Return the last node that both ways to a sum come from."""
    one, other = (_before(nodes, way) for way in node.reads)
    return next((name for name in one if name in other), start)


def _before(nodes: Mapping[str, Node], at: str) -> dict[str, None]:
    """Return a node and those that it depends on, the nearest first."""
    found: dict[str, None] = {}
    left = [at]
    while left:
        name = left.pop(0)
        if name not in found:
            found[name] = None
            left += nodes[name].reads if name in nodes else ()
    return found


def _residual(ways: list[list[Step]]) -> Step:
    bypass, inner = sorted(ways, key=len)
    if not inner:
        raise refused("a sum of a value with itself", "Write it as a factor in the weights.")
    f, weights = stacked(inner)
    if not bypass:
        return Step(Residual(f, Identity()), weights)
    s, beside = stacked(bypass)
    return Step(Residual(f, s), {**weights, "shortcut": beside})


def stacked(steps: Iterable[Step]) -> tuple[Sequential, Params]:
    """Return layers as a stack, and its weights by the names of its layers."""
    steps = list(steps)
    layers: list[Layer] = []
    for step in steps:
        if isinstance(step.layer, Softmax):
            raise refused(
                "a softmax that is not at the end", "Use SelfAttention for one over places; no other has a layer here."
            )
        layers.append(step.layer)
    stack = Sequential(tuple(layers))
    return stack, dict(zip(stack.names, (step.weights for step in steps), strict=True))


def model_of(steps: list[Step], shape: Shape, source: str) -> Model:
    """Return the model that predicts what the foreign one does: its last link goes to the loss.

    Raises
    ------
    ModelFileError
        If the layers do not fit together, or weights have other shapes than theirs, or are not finite.
    """
    steps, loss = _without_link(steps)
    if not steps:
        raise refused("no layer at all", "Write a network with layers.")
    stack, weights = stacked(steps)
    try:
        network = Network(stack, shape, loss)
        check_bounds(network)
    except ChainruleError as error:
        raise ModelFileError(error.expected, error.came, f"Look at the file: {error.remedy}") from error
    return Model(network, fitted(network, weights), summary={"imported": source})


def fitted(network: Network, weights: Params) -> Params:
    """Return weights in float32, in the network's order, after each has been held against the shape it must have."""
    found = dict(leaves(weights))
    wanted = dict(leaves(network.specs))
    for name in sorted(set(wanted) ^ set(found)):
        kind = "weights without" if name in wanted else "weights with"
        raise ModelFileError("the weights that the layers have", f"{kind} {name!r:.200}", WHOLE)
    for name, spec in wanted.items():
        if found[name].shape != spec.shape:
            raise ModelFileError(f"{name} of shape {spec.shape}", f"shape {found[name].shape}", WHOLE)
    as_float = {name: np.ascontiguousarray(found[name], np.float32) for name in wanted}
    require_finite(as_float, "Train again with a smaller learning rate.")
    tree: Params = fill(network.specs, as_float)
    return tree


def _without_link(steps: list[Step]) -> tuple[list[Step], Loss]:
    last: Any = steps[-1].layer if steps else None
    if isinstance(last, Softmax):
        return steps[:-1], SoftmaxCrossEntropy()
    if isinstance(last, Sigmoid):
        return steps[:-1], BinaryCrossEntropy()
    return steps, SquaredError()
