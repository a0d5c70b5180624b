"""The recipe of the convolutional network: blocks of convolutions that look wider and wider, then dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from chainrule.constraints import Many, Range, constrained, flag, option, real, whole
from chainrule.errors import ConfigError, ShapeError, did_you_mean
from chainrule.network.network import Network, as_shape
from chainrule.nn import ACTIVATIONS, INITS, BatchNorm, Conv2D, Flatten, Layer, Loss, MaxPool2D, Sequential
from chainrule.recipes.mlp import LARGER, MANY_ROWS, MOST_UNITS, init_before, mlp, units_in_words
from chainrule.recipes.recipe import Pace, Recipe, register
from chainrule.types import Shape

# Pictures with shorter sides than this have too little in them to be worth a convolution's time.
_SHORTEST_SIDE = 16
# Blocks halve a picture until its shorter side would fall below this: what is left still says where things are.
_SMALLEST_MAP = 6
_MOST_BLOCKS = 5
_MOST_FILTERS = 256
# With fewer pictures than this, half the filters: there is less to learn them from.
_FEW_PICTURES = 2000
# Between the dense layers, unless somebody says otherwise.
CNN_DROPOUT = 0.4


@register
@dataclass(frozen=True)
class Cnn(Recipe):
    """A convolutional network for pictures (height, width, channels)."""

    name: ClassVar[str] = "cnn"
    about: ClassVar[str] = "blocks of convolutions, then dense layers, for pictures"
    for_pictures: ClassVar[bool] = True

    filters: tuple[int, ...] | None = constrained(
        Many(Range(int, 1, MOST_UNITS), at_least=1),
        default=None,
        optional=True,
        about="filters of each block; by size and number of the pictures if not set",
    )
    kernel: int = whole(1, default=3, about="height and width of the windows")
    convolutions: int = whole(1, 8, default=1, about="convolutions in each block")
    norm: bool = flag(True, about="batch normalisation after each convolution")
    hidden: tuple[int, ...] = constrained(
        Many(Range(int, 1, MOST_UNITS)),
        default=(128,),
        about="units of each hidden dense layer",
        search=((32,), (128,), (128, 64), (256, 128)),
    )
    activation: str = option(*ACTIVATIONS, default="relu", about="bend after each convolution and hidden layer")
    init: str = option("auto", *INITS, default="auto", about="how weights are drawn")
    dropout: float = real(
        0.0,
        1.0,
        high_open=True,
        default=CNN_DROPOUT,
        about="rate of dropping hidden values between the dense layers",
        search_between=(0.0, 0.5),
    )

    @classmethod
    def claims(cls, input_shape: Shape) -> bool:
        """Claim pictures with enough in them."""
        return len(input_shape) == 3 and min(input_shape[:2]) >= _SHORTEST_SIDE

    def resolved(self, n_train: int, input_shape: Shape) -> Cnn:
        """Return the recipe with as many filters as the pictures' size and number are worth."""
        return replace(self, filters=self.filters or default_filters(input_shape, n_train))

    def pace(self, n_train: int) -> Pace:
        """Return fewer epochs, and the one-cycle schedule, whose end is its best.

        Each step uses a weight at hundreds of places. Small batches are noisy, and a convolution's gradient is a sum over
        all places: there, a third of the rate.
        """
        return Pace(40, 12, 0.003 if n_train >= MANY_ROWS else 0.001, "one_cycle")

    def network(self, input_shape: Shape, outputs: int, loss: Loss) -> Network:
        """Return the convolutional network."""
        if self.filters is None:
            raise ConfigError("filters of each block", "none", "Set `filters`, or call resolved(n_train, input_shape).")
        return cnn(
            input_shape,
            outputs,
            loss,
            filters=self.filters,
            kernel=self.kernel,
            convolutions=self.convolutions,
            norm=self.norm,
            hidden=self.hidden,
            activation=self.activation,
            dropout=self.dropout,
            init=self.init,
        )

    def describe(self) -> str:
        """Return the blocks and the hidden layers."""
        filters = ", ".join(map(str, self.filters or ()))
        return f"cnn, blocks of {filters} filters {self.kernel}×{self.kernel}, then {units_in_words(self.hidden)}"

    def wider(self) -> dict[str, Any]:
        """Return twice the filters, which is where it learns."""
        return {"filters": tuple(2 * count for count in self.filters or ()) or LARGER}

    def calmer(self) -> dict[str, Any]:
        """Return dropout, where there is none yet."""
        return {} if self.dropout else {"dropout": 0.3}


def default_filters(input_shape: Shape, n_samples: int) -> tuple[int, ...]:
    """Return the number of filters of each block: as many blocks as the size allows, twice the filters in each next.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, channels).
    n_samples : int
        Number of training pictures.

    Raises
    ------
    ShapeError
        If the input is no picture.
    """
    side = min(_require_pictures(input_shape)[:2])
    first = 16 if n_samples < _FEW_PICTURES else 32
    blocks = 1
    while blocks < _MOST_BLOCKS and side // 2 ** (blocks + 1) >= _SMALLEST_MAP:
        blocks += 1
    return tuple(min(_MOST_FILTERS, first * 2**block) for block in range(blocks))


def cnn(
    input_shape: Shape,
    outputs: int,
    loss: Loss,
    *,
    filters: Sequence[int],
    kernel: int = 3,
    convolutions: int = 1,
    norm: bool = True,
    hidden: Sequence[int] = (128,),
    activation: str = "relu",
    dropout: float = 0.0,
    init: str = "auto",
) -> Network:
    """Return a convolutional network: blocks of convolution, normalisation, bend and pooling, then a perceptron.

    Parameters
    ----------
    input_shape : tuple of int
        (height, width, channels) of one picture.
    outputs : int
        K, the number of logits.
    filters : sequence of int
        Filters of each block; after each block the picture is half as high and wide.
    kernel : int
        Height and width of the windows.
    convolutions : int
        Convolutions in each block.
    norm : bool
        Whether each convolution is followed by batch normalisation (and then has no bias of its own).
    hidden : sequence of int
        Units of the dense layers after the blocks.
    activation, dropout, init
        As in `mlp`; dropout is between the dense layers.

    Raises
    ------
    ShapeError
        If the input is no picture, or too small for so many blocks.
    """
    if activation not in ACTIVATIONS:
        raise ConfigError("the name of an activation", f"{activation!r}", did_you_mean(activation, ACTIVATIONS))
    shape = _require_pictures(input_shape)
    if min(shape[:2]) >> len(filters) < 1:
        raise ShapeError(
            f"pictures of at least {2 ** len(filters)} pixels on each side for {len(filters)} blocks, each halving them",
            f"pictures of {shape[0]}×{shape[1]} pixels",
            "Give fewer filters, such as `filters=32`, or larger pictures with `image_size`.",
        )
    weights = init_before(activation) if init == "auto" else init
    named: list[tuple[str, Layer]] = []
    for block, count in enumerate(filters, start=1):
        for number in range(1, convolutions + 1):
            suffix = f"{block}" if convolutions == 1 else f"{block}_{number}"
            named.append((f"conv{suffix}", Conv2D(count, kernel, padding="same", init=weights, bias=not norm)))
            if norm:
                named.append((f"norm{suffix}", BatchNorm()))
            named.append((f"conv_{activation}{suffix}", ACTIVATIONS[activation]))
        named.append((f"pool{block}", MaxPool2D(2)))
    named.append(("flatten", Flatten()))
    names, layers = zip(*named, strict=True)
    seen = Sequential(layers, names)
    head = mlp(seen.output_shape(shape), hidden, outputs, loss, activation=activation, dropout=dropout, init=init)
    rest = head.layer.children()
    return Network(Sequential((*layers, *rest.values()), (*names, *rest)), shape, loss)


def _require_pictures(input_shape: Shape) -> Shape:
    shape = as_shape(input_shape)
    if len(shape) != 3:
        remedy = "Choose `model=mlp` for tables, or give pictures."
        raise ShapeError("pictures of shape (height, width, channels) for the model cnn", f"inputs of {shape}", remedy)
    return shape
