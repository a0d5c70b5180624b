"""A network: a layer, the shape of its input and the loss that it is trained on, as one frozen value."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.engine import Engine
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.network.summary import LayerRow, Summary
from chainrule.nn.combine import Sequential, require_layer
from chainrule.nn.init import draw
from chainrule.nn.layer import Layer
from chainrule.nn.loss import Loss
from chainrule.nn.probe import ROOT, name_inside, probe
from chainrule.tree import dotted, leaves
from chainrule.types import PREDICT, Array, Batch, Cache, Context, Namespace, Params, Shape, as_dense

if TYPE_CHECKING:
    from chainrule.fitted.fitted import Fitted
    from chainrule.fitted.learning import Callback
    from chainrule.optim import LBFGS, Rule, Schedule
    from chainrule.train.metrics import Metric


def as_shape(shape: Any) -> Shape:
    """Return the shape of one sample as a tuple, or say how a vector is written."""
    try:
        sizes = tuple(shape)
    except TypeError as error:
        remedy = (
            f"Write ({shape},) for a vector." if isinstance(shape, int) else "Write (4,) for vectors of four numbers."
        )
        raise ShapeError("input_shape to be a tuple", f"{shape!r}", remedy) from error
    if not all(isinstance(size, int | np.integer) and size > 0 for size in sizes):
        raise ShapeError(
            "an input_shape of whole numbers above 0", f"{shape!r}", "Write (4,) for vectors of four numbers."
        )
    return tuple(int(size) for size in sizes)


@dataclass(frozen=True)
class Network:
    """What is computed, without the numbers: weights are always an argument.

    ::

        network = Network([Dense(16), Relu(), Dense(3)], (4,), SoftmaxCrossEntropy())
        fitted = network.fit(x, t, epochs=20)

    Parameters
    ----------
    layer : Layer, or list of layers
        From inputs to logits. A list becomes a `Sequential`; its items are layers, or pairs of a name and a layer.
    input_shape : tuple of int
        Shape of one sample.
    loss : Loss
        Cost of the logits, and the link that makes predictions of them.
    """

    layer: Layer
    input_shape: Shape
    loss: Loss

    is_recordable: ClassVar[bool] = True

    if TYPE_CHECKING:

        def __init__(
            self, layer: Layer | Sequence[Layer | tuple[str, Layer]], input_shape: Sequence[int], loss: Loss
        ) -> None:
            """Take what becomes the fields."""

    def __post_init__(self) -> None:
        """Find out at once whether the layers fit together."""
        given: Any = self.layer
        what: Any = self.loss
        is_layer = isinstance(given, Layer) or (isinstance(given, type) and issubclass(given, Layer))
        object.__setattr__(self, "layer", require_layer(given) if is_layer else Sequential.of(given))
        if not isinstance(what, Loss):
            is_class = isinstance(what, type) and issubclass(what, Loss)
            raise ConfigError(
                "a loss",
                f"the class {what.__name__}" if is_class else f"{what!r:.60}",
                f"Call it: {what.__name__}()." if is_class else "Take one of chainrule.nn, such as SquaredError().",
            )
        object.__setattr__(self, "input_shape", as_shape(self.input_shape))
        if self.layer.logits_of not in (None, self.loss.link_name):
            raise ConfigError(
                f"an ensemble of predictions by the link {self.loss.link_name}, for {type(self.loss).__name__}",
                f"one of the link {self.layer.logits_of}",
                "Make it by Ensemble.of(members, loss).",
            )
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

    @property
    def in_turn(self) -> int:
        """Steps of a forward pass that wait for each other: those of recurrent layers."""
        return self.layer.in_turn(self.input_shape)

    def init(self, rng: np.random.Generator) -> Params:
        """Return initial parameters, as float64 NumPy arrays, the same for every engine."""
        return draw(rng, self.specs)

    def numbers(self, xp: Namespace, params: Params, batch: Batch) -> Batch:
        """Return the batch as the layers and the loss calculate with it.

        Whole numbers become numbers of the parameters' dtype: x unless the first layer takes ids, or there are several
        x by name, of which the layers know what is what; t where it has an entry for each logit.

        Of a CSR matrix, whose products NumPy can take, all other layers than those read the zeros too.
        """
        if hasattr(batch.x, "tocsr") and not self.layer.takes_sparse:
            batch = batch._replace(x=batch.x.toarray())
        if not any(map(_is_whole, batch)):
            return batch
        dtype = next((str(value.dtype) for _, value in leaves(params)), "float32")
        x, t, w, mask = (xp.cast(part, dtype) if _is_whole(part) else part for part in batch)
        # Class numbers stay what they are: the loss looks up what they name.
        names_classes = batch.t is not None and batch.t.ndim <= len(self.output_shape)
        return Batch(batch.x if self.layer.takes_ids else x, batch.t if names_classes else t, w, mask)

    def check_ids(self, x: Any) -> None:
        """Raise DataError where x is ids, and one of them names nothing: NumPy counts from the end, JAX returns NaN."""
        most = self.layer.most_ids
        if most is None or not hasattr(x, "shape") or 0 in x.shape:
            return
        ids = np.asarray(x)
        low, high = ids.min(), ids.max()
        if low < 0 or high >= most:
            worst = low if low < 0 else high
            place = tuple(int(i) for i in np.argwhere(ids == worst)[0])
            raise DataError(
                f"ids from 0 to {most - 1}", f"{worst} at {place}", "Give every id a row, or map it to one."
            )

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

    def fit(
        self,
        x: Any,
        t: Any = None,
        *,
        epochs: int = 10,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        optimizer: str | Rule | LBFGS = "adam",
        schedule: str | Schedule = "constant",
        clip_norm: float | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        engine: str | Engine = "auto",
        dtype: str = "float32",
        valid: Any = None,
        sample_weight: Any = None,
        mask: Any = None,
        metrics: Sequence[Metric | str] | None = None,
        callbacks: Sequence[Callback] = (),
        shuffle: bool = True,
        seed: int = 0,
        progress: bool = False,
    ) -> Fitted:
        """Return this network trained: new weights, and how they came about. The network itself stays as it is.

        Ctrl-C ends it after the steps in hand, with the weights so far. If a callback raises, its error comes out as it
        is, and carries the network as far as it had come as `error.fitted`.

        Parameters
        ----------
        x : array-like (N, …), DataFrame of numbers, or mapping of arrays
            Inputs.
        t : array-like
            Targets as the loss takes them: class numbers (N,) or indicators (N, K), values (N, K) or, for a single
            output, (N,).
        epochs : int
            Passes over the rows.
        batch_size : int, optional
            Rows a step; 32 if left out.
        learning_rate : float, optional
            η before scheduling; without one, what the optimizer is usually given (Adam: 0.001).
        optimizer : str, Rule or LBFGS
            A name such as `adam`, or one of `chainrule.optim` with settings of its own.
        schedule : str or Schedule
            How η changes.
        clip_norm : float, optional
            Greatest length of the gradient.
        l1, l2 : float
            Penalties on the size and on the square of the weights.
        engine : str or Engine
            `numpy`, `jax`, or `auto`: the one that is likely done first.
        dtype : str
            `float32` or `float64`.
        valid : float, tuple or Batch, optional
            A share of the rows, or other rows (x, t), that are not trained on: the weights of the epoch with the least
            cost on them are kept.
        sample_weight : array-like (N,), optional
            A weight of k counts as k equal rows in the cost; BatchNorm leaves rows of weight 0 out and counts others once.
        mask : array-like (N, T), optional
            1 for each place of a sample that there is, 0 for padding.
        metrics : sequence of str or Metric, optional
            What is measured after each epoch beside the cost; those that suit the loss if left out.
        callbacks : sequence
            Functions of an event, called with each; and policies, such as `train.EarlyStopping()`, which decide.
        shuffle : bool
            Whether each epoch takes the rows in an order of its own.
        seed : int
            Names initial weights, orders and noise.
        progress : bool
            Whether epochs are told on stderr.

        Returns
        -------
        Fitted
            It predicts, evaluates, is drawn and saved, and can be trained on.

        Raises
        ------
        ConfigError, DataError, ShapeError
            If a setting, the data or their shapes cannot be.
        TrainingError
            If the weights end as NaN or infinity.
        """
        # A person's door, and the one place that reaches to a higher level: only when it is called.
        higher = importlib.import_module("chainrule.fitted.fit")
        fitted: Fitted = higher.fit(
            self,
            x,
            t,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            optimizer=optimizer,
            schedule=schedule,
            clip_norm=clip_norm,
            l1=l1,
            l2=l2,
            engine=engine,
            dtype=dtype,
            valid=valid,
            sample_weight=sample_weight,
            mask=mask,
            metrics=metrics,
            callbacks=callbacks,
            shuffle=shuffle,
            seed=seed,
            progress=progress,
        )
        return fitted

    def part(self, first: str | None = None, last: str | None = None) -> Network:
        """Return the layers from `first` to `last`, both included, as a network of its own.

        Its weights are those of the same names: it can be given the whole's, `params`, or `{name: params[name] for name
        in part.layer.names}`. A part that ends where the whole ends keeps its loss; any other gives plain values.

        Parameters
        ----------
        first, last : str, optional
            Names of layers of the stack; by default its first and its last.

        Raises
        ------
        ConfigError
            If the network is no stack, or has no such layers in this order.
        """
        # A part is a network, and its module needs this one.
        found: Network = importlib.import_module("chainrule.network.part").part(self, first, last)
        return found

    def summary(self) -> Summary:
        """Return a table of the layers: print it, or let a notebook show it."""
        return Summary(tuple(self.rows()), self.input_shape, type(self.loss).__name__, self.operations)

    def rows(self) -> Iterator[LayerRow]:
        """Yield a description of each layer, from the input to the output."""
        yield from _rows(self.layer, self.input_shape, "", ROOT)


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
