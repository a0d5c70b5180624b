"""The chain: what stands between one parameter and the cost, with every number that passed through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.network.network import Network
from chainrule.nn import Dense, DropConnect, Equations, Layer
from chainrule.nn.layer import part
from chainrule.nn.probe import name_inside
from chainrule.tree import dotted, leaves
from chainrule.types import Array, Batch, Cache, Context, Namespace, Params, Shape, as_dense


@dataclass(frozen=True)
class Addition(Layer):
    """Where what a composition computes beside the layer inside it is added: y = x + what is beside, so that dx = dy.

    It stands in a chain only; nothing runs it.
    """

    equations: ClassVar[Equations] = Equations(
        forward=(r"y = x + s",), backward={"dx": r"\frac{\partial J}{\partial y}"}, local="1"
    )

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of x."""
        return shape

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = x, as far as it depends on x."""
        return x, {}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = dy."""
        return dy, {}


@dataclass(frozen=True, eq=False)
class Stage:
    """A layer on the way, with what came in and out, forward and backward.

    Of an `Addition`, `outer_x` is what the composition read.
    """

    path: str
    layer: Layer
    params: Params
    cache: Cache
    x: np.ndarray
    y: np.ndarray
    dx: np.ndarray
    dy: np.ndarray
    outer_x: np.ndarray | None = None

    @property
    def is_dense(self) -> bool:
        """Whether a path through it is a single weight."""
        return isinstance(self.layer, (Dense, DropConnect)) and self.x.ndim == 2

    @property
    def is_elementwise(self) -> bool:
        """Whether it handles each number on its own, so that a path through it is a single factor."""
        return bool(self.layer.equations.local)

    @property
    def weights(self) -> np.ndarray:
        """The weights (D, H) that a dense layer used: with DropConnect, those that its mask left."""
        used: np.ndarray = self.cache["V"] if isinstance(self.layer, DropConnect) else self.params["W"]
        return used

    def unit(self, number: int) -> str:
        """Return what one output is called: hidden1.2, or conv1[0,4,2] by its place."""
        shape = self.y.shape[1:]
        name = self.path or "layer"
        if len(shape) < 2:
            return f"{name}.{number}"
        return f"{name}[{','.join(str(int(i)) for i in np.unravel_index(number, shape))}]"

    @cached_property
    def local(self) -> np.ndarray:
        """dy/dx of an elementwise layer (N, U): its own backward pass of ones."""
        return rows(self.layer.backward(NUMPY, self.params, self.cache, np.ones_like(self.dy))[0])


@dataclass(frozen=True, eq=False)
class Chain:
    """A pass of a batch through a network.

    Attributes
    ----------
    stages : tuple of Stage
        From the inputs to the logits. A composition that the parameter lies inside is entered: the cost depends on the
        parameter through that layer alone.
    at : int
        Number of the stage that the parameter belongs to.
    name : str
        Of the parameter inside its layer, such as `W`.
    a, y, da : array (N, K)
        Logits, outputs, and the derivative of the cost by the logits.
    share : array (N,)
        What each row's cost counts for: 1/N, or its share of the sample weights.
    """

    network: Network
    params: Params
    batch: Batch
    context: Context
    stages: tuple[Stage, ...]
    at: int
    name: str
    cost: float
    a: np.ndarray
    y: np.ndarray
    da: np.ndarray
    share: np.ndarray
    gradient: np.ndarray

    @property
    def owner(self) -> Stage:
        """The layer that the parameter belongs to."""
        return self.stages[self.at]

    @property
    def path(self) -> str:
        """Dotted name of the parameter."""
        return dotted(self.owner.path, self.name)

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.batch.n_samples


def rows(values: Array) -> np.ndarray:
    """Return the values of each sample in a row, as Flatten puts them."""
    array = np.asarray(values)
    return array.reshape(array.shape[0], -1)


def follow(network: Network, params: Params, batch: Batch, context: Context, parameter: str) -> Chain:
    """Return the chain of a pass, for the parameter with that dotted name."""
    context = context.of(batch)
    a, cache = network.layer.forward(NUMPY, params, batch.x, context)
    record = network.trace(NUMPY, params, batch, context)
    values = [np.asarray(record[name]) for name in ("x", "a", "dx", "da")]
    whole = Stage("", network.layer, params, cache, *values)
    stages = tuple(_stages(whole, record, parameter))
    at = next(i for i, stage in enumerate(stages) if _has(stage, parameter))
    name = parameter[len(dotted(stages[at].path, " ")) - 1 :]
    head, dot, last = parameter.rpartition(".")
    weights = batch.w
    share = np.full(batch.n_samples, 1 / batch.n_samples) if weights is None else weights / weights.sum()
    return Chain(
        network, params, batch, context, stages, at, name, float(record["J"]), rows(a), rows(record["y"]),
        rows(record["da"]), share, np.asarray(as_dense(NUMPY, record[f"{head}{dot}d{last}"])),
    )  # fmt: skip


def _stages(whole: Stage, record: Mapping[str, Array], parameter: str, key: str = "") -> Iterator[Stage]:
    """Open a layer as far as x passes, or the cost depends on the parameter through, one layer after the other.

    Of a composition in which the parameter lies, the rest is told from what passed between it and the layer inside: a
    stage that leads to it, unless it reads x itself, and one that goes on from it. Where its dy is that of the whole (as
    ∂J/∂(x + f(x)) is also ∂J/∂f(x)), the rest has only been added.
    """
    layer, is_stack = whole.layer, "" not in whole.layer.in_a_row()
    for name, child in layer.children().items():
        inner = name_inside(whole.path, key, name)
        if name not in whole.cache or f"{inner}.dy" not in record:
            continue
        values = [np.asarray(record[f"{inner}.{kind}"]) for kind in ("x", "y", "dx", "dy")]
        stage = Stage(dotted(whole.path, name), child, part(whole.params, name), whole.cache[name], *values)
        if is_stack:
            yield from _stages(stage, record, parameter, inner)
        elif _has(stage, parameter):
            if stage.x is not whole.x:
                yield replace(whole, params={}, y=stage.x, dy=stage.dx)
            yield from _stages(stage, record, parameter, inner)
            after = replace(whole, params={}, x=stage.y, dx=stage.dy)
            if stage.dy is not whole.dy:
                yield after
            elif stage.y is not whole.y:
                yield replace(after, path=key or "the network", layer=Addition(), cache={}, outer_x=whole.x)
            return
    if not is_stack:
        yield whole


def _has(stage: Stage, parameter: str) -> bool:
    """Tell whether a parameter belongs to a stage's layer, or to one inside it."""
    asked = stage.layer.params(stage.x.shape[1:]) if stage.params else {}
    return parameter in {dotted(stage.path, name) for name, _ in leaves(asked)}
