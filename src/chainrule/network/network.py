"""A network: a layer, the shape of its input and the loss that it is trained on, as one frozen value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, ClassVar

import numpy as np

from chainrule.engine import Engine
from chainrule.errors import ConfigError, ShapeError, did_you_mean
from chainrule.nn.init import draw
from chainrule.nn.layer import Layer
from chainrule.nn.loss import Loss
from chainrule.nn.probe import ROOT, name_inside, probe
from chainrule.tree import dotted, leaves
from chainrule.types import PREDICT, Array, Batch, Cache, Context, Namespace, Params, Shape, as_dense

# Most values that lie between two layers in one piece of a prediction.
_MOST_VALUES = 1 << 25


@dataclass(frozen=True)
class LayerRow:
    """One line of a network's description."""

    name: str
    kind: str
    input_shape: Shape
    output_shape: Shape
    n_parameters: int
    operations: int


def as_shape(shape: Any) -> Shape:
    """Return the shape of one sample as a tuple, or say how a vector is written."""
    try:
        return tuple(shape)
    except TypeError as error:
        raise ShapeError("input_shape to be a tuple", f"{shape!r}", f"Write ({shape},) for a vector.") from error


@dataclass(frozen=True)
class Network:
    """What is computed, without the numbers: weights are always an argument.

    Parameters
    ----------
    layer : Layer
        From inputs to logits; a `Sequential`, as a rule.
    input_shape : tuple of int
        Shape of one sample.
    loss : Loss
        Cost of the logits, and the link that makes predictions of them.
    """

    layer: Layer
    input_shape: Shape
    loss: Loss

    is_recordable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Find out at once whether the layers fit together."""
        for name, value, kind in (("layer", self.layer, Layer), ("loss", self.loss, Loss)):
            if not isinstance(value, kind):
                raise ConfigError(f"{name} to be a {kind.__name__}", f"{value!r:.60}", "Call its class: Dense(3).")
        object.__setattr__(self, "input_shape", as_shape(self.input_shape))
        if not self.loss.accepts(self.output_shape):
            raise ShapeError(
                f"the last layer to give logits that the loss {type(self.loss).__name__} accepts",
                f"an output of shape {self.output_shape}",
                "End the network with another layer, or take another loss.",
            )

    @cached_property
    def output_shape(self) -> Shape:
        """Shape of one sample's logits."""
        return self.layer.output_shape(self.input_shape)

    @cached_property
    def specs(self) -> dict[str, Any]:
        """The parameters asked for, as a tree of `Param`."""
        return dict(self.layer.params(self.input_shape))

    @cached_property
    def penalised(self) -> tuple[str, ...]:
        """Dotted names of the parameters that a penalty applies to."""
        return tuple(path for path, spec in leaves(self.specs) if spec.penalised)

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum(spec.size for _, spec in leaves(self.specs))

    @cached_property
    def widest(self) -> int:
        """Most values of one sample between two layers, the input included."""
        return max(math.prod(shape) for row in self.rows() for shape in (row.input_shape, row.output_shape))

    @property
    def operations(self) -> int:
        """Multiplications and additions of one sample's forward pass."""
        return self.layer.operations(self.input_shape)

    def init(self, rng: np.random.Generator) -> Params:
        """Return initial parameters, as float64 NumPy arrays, the same for every engine."""
        return draw(rng, self.specs)

    def numbers(self, xp: Namespace, params: Params, batch: Batch) -> Batch:
        """Return the batch as the layers and the loss calculate with it.

        Whole numbers become numbers of the parameters' dtype: x unless the first layer takes ids, or there are several
        x by name, of which the layers know what is what; t where it has an entry for each logit.
        """
        if not any(map(_is_whole, batch)):
            return batch
        dtype = next((str(value.dtype) for _, value in leaves(params)), "float32")
        x, t, w, mask = (xp.cast(part, dtype) if _is_whole(part) else part for part in batch)
        # Class numbers stay what they are: the loss looks up what they name.
        names_classes = batch.t is not None and batch.t.ndim <= len(self.output_shape)
        return Batch(batch.x if self.layer.takes_ids else x, batch.t if names_classes else t, w, mask)

    def counted(self, mask: Array | None) -> Array | None:
        """Return the mask that the cost counts by: none where the answer no longer has the places that it masks.

        Of a network that reads the times of a sequence and gives one answer for all of them, the mask is the layers'.
        """
        return None if mask is None or mask.ndim > len(self.output_shape) else mask

    def forward(self, xp: Namespace, params: Params, x: Array, ctx: Context = PREDICT) -> Array:
        """Return the logits (N, …, K) of inputs x (N, …)."""
        return self.layer.forward(xp, params, self.numbers(xp, params, Batch(x)).x, ctx)[0]

    def predict(self, xp: Namespace, params: Params, x: Array) -> Array:
        """Return the predictions (N, …, K): probabilities, or values."""
        return self.loss.link(xp, self.forward(xp, params, x))

    @property
    def has_state(self) -> bool:
        """Whether some parameters are state, such as BatchNorm's running mean."""
        return self.layer.has_state

    def loss_and_grads(self, xp: Namespace, params: Params, batch: Batch, ctx: Context) -> tuple[Array, Params]:
        """Return the mean cost of a batch and its derivative by every parameter."""
        cost, grads, _ = self.loss_grads_and_cache(xp, params, batch, ctx)
        return cost, grads

    def loss_grads_and_cache(
        self, xp: Namespace, params: Params, batch: Batch, ctx: Context
    ) -> tuple[Array, Params, Cache]:
        """Return what `loss_and_grads` does, and the layers' cache, which `layer.update_state` reads."""
        batch = self.numbers(xp, params, batch)
        a, cache = self.layer.forward(xp, params, batch.x, ctx.of(batch))
        cost, loss_cache = self.loss.forward(xp, a, batch.t, batch.w, self.counted(batch.mask))
        return cost, self.layer.gradients(xp, params, cache, self.loss.backward(xp, loss_cache)), cache

    def cost_and_branches(
        self, xp: Namespace, params: Params, batch: Batch, ctx: Context = PREDICT
    ) -> tuple[Array, Iterator[Array]]:
        """Return the mean cost of a batch, and on which pieces of their formulas layers and loss were (see `Layer`)."""
        batch = self.numbers(xp, params, batch)
        a, cache = self.layer.forward(xp, params, batch.x, ctx.of(batch))
        cost, loss_cache = self.loss.forward(xp, a, batch.t, batch.w, self.counted(batch.mask))
        return cost, chain(self.layer.branches(xp, cache), self.loss.branches(xp, loss_cache))

    def trace(self, xp: Namespace, params: Params, batch: Batch, ctx: Context = PREDICT) -> dict[str, Array]:
        """Return every number of one pass by name.

        Returns
        -------
        dict
            `x`, `a`, `y`, `t`, `J`, `da`; for each layer `hidden1.x`, `.y`, `.dx`, `.dy`; for each parameter
            `hidden1.W` and `hidden1.dW` (`W` and `dW` where the network is a single layer, whose own x and y are
            `layer.x` and `layer.y`). The layer inside a bypass `block`, whose weight is `block.W`, has `block.inner.x`.
        """
        batch = self.numbers(xp, params, batch)
        record: dict[str, Array] = {"x": batch.x, "t": batch.t}
        layer = probe(self.layer, record)
        a, cache = layer.forward(xp, params, batch.x, ctx.of(batch))
        cost, loss_cache = self.loss.forward(xp, a, batch.t, batch.w, self.counted(batch.mask))
        da = self.loss.backward(xp, loss_cache)
        record |= {"a": a, "y": self.loss.link(xp, a), "J": cost, "da": da}
        record["dx"], grads = layer.backward(xp, params, cache, da)
        return record | dict(leaves(params)) | {_gradient_name(path): as_dense(xp, g) for path, g in leaves(grads)}

    def rows(self) -> Iterator[LayerRow]:
        """Yield a description of each layer, from the input to the output."""
        yield from _rows(self.layer, self.input_shape, "", ROOT)


@dataclass(frozen=True)
class Forward:
    """The program that computes logits."""

    network: Network

    def __call__(self, engine: Engine, params: Params, x: Array) -> Array:
        """Return the logits of x."""
        return self.network.forward(engine.xp, params, x)


def rows_at_once(network: Network, most: int = 4096) -> int:
    """Return how many samples pass through a network in one piece.

    An engine that multiplies no sparse matrix makes this many rows dense at a time; and the maps of a convolution have
    many times the values of its image.
    """
    return max(1, min(most, _MOST_VALUES // max(1, network.widest)))


def logits(network: Network, engine: Engine, params: Params, x: Any, *, rows: int = 4096) -> np.ndarray:
    """Return the logits of x (N, ...) as a NumPy array, at most `rows` samples at a time.

    Parameters
    ----------
    params : tree
        As placed on `engine`.
    x : array or CSR matrix, or a mapping of such
        Inputs, on the host or already on `engine`.
    """
    if not isinstance(x, Mapping) and tuple(x.shape[1:]) != network.input_shape:
        raise ShapeError(
            f"inputs of shape (N, {', '.join(map(str, network.input_shape))})",
            f"an array of shape {tuple(x.shape)}",
            "Prepare the data as it was prepared for training.",
        )
    forward = engine.compile(Forward(network))
    data = Batch(x)
    n, rows = data.n_samples, rows_at_once(network, rows)
    out = np.empty((n, *network.output_shape), engine.dtype)
    for start in range(0, n, rows):
        part = data.take(slice(start, start + rows)).map(engine.array)
        out[start : start + rows] = engine.numpy(forward(params, part.x))
    return out


def layer_output(network: Network, engine: Engine, params: Params, x: Any, layer: str | int) -> np.ndarray:
    """Return what one layer makes of x (N, ...).

    Parameters
    ----------
    layer : str or int
        A layer's name; or the number of a layer with weights, counted from 1 without the last one, for what is read
        by the next layer with weights (that is: after the bend, and whatever else lies between).
    """
    name = layer_name(network, layer)
    record: dict[str, Array] = {}
    x = network.numbers(engine.xp, params, Batch(x)).x
    y, _ = probe(network.layer, record).forward(engine.xp, params, x, PREDICT)
    return engine.numpy(record.get(f"{name}.y", y))


def layer_name(network: Network, layer: str | int) -> str:
    """Return the name of a layer that is given by its name, or by a number as `layer_output` has it."""
    rows = list(network.rows())
    if isinstance(layer, str):
        names = [row.name for row in rows]
        if layer not in names:
            raise ConfigError("the name of a layer", f"{layer!r}", did_you_mean(layer, names))
        return layer
    weighted = [i for i, row in enumerate(rows) if row.n_parameters]
    count = len(weighted) - 1
    at = layer - 1 if layer > 0 else count + layer
    if layer == 0 or not 0 <= at < count:
        raise ConfigError(f"a hidden layer from 1 to {count}", f"{layer}", "Or give a layer's name.")
    return rows[weighted[at + 1] - 1].name


def _is_whole(part: Any) -> bool:
    """Tell whether an array is of whole numbers, or of True and False."""
    dtype = getattr(part, "dtype", None)
    return dtype is not None and dtype.kind in "iub"


def _gradient_name(path: str) -> str:
    """`hidden1.W` becomes `hidden1.dW`."""
    head, dot, last = path.rpartition(".")
    return f"{head}{dot}d{last}"


def _rows(layer: Layer, shape: Shape, path: str, name: str) -> Iterator[LayerRow]:
    """Yield the rows of the layers inside, and then, if there is more to it than they have, the layer's own."""
    children, shapes = layer.children(), layer.shapes_inside(shape)
    kind = type(layer).__name__
    key = name if path or name != ROOT else ""
    inside: list[LayerRow] = []
    for child_name, child in children.items():
        if child_name or child.children():
            within = dotted(path, child_name)
            inside += _rows(child, shapes[child_name], within, name_inside(path, key, child_name))
        else:
            # It has no name of its own, and is told with the layer that it shares its names with.
            kind = f"{kind}({type(child).__name__})"
    yield from inside
    count = sum(spec.size for _, spec in leaves(layer.params(shape))) - sum(row.n_parameters for row in inside)
    operations = layer.operations(shape) - sum(row.operations for row in inside)
    if count or operations or not children:
        yield LayerRow(name, kind, shape, layer.output_shape(shape), count, operations)
