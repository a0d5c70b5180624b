"""The network that most people mean for pictures: blocks of convolutions that look wider and wider, then dense layers."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import ConfigError, ShapeError, did_you_mean
from chainrule.network.mlp import init_before, mlp
from chainrule.network.network import Network, as_shape
from chainrule.nn import ACTIVATIONS, BatchNorm, Conv2D, Flatten, Layer, Loss, MaxPool2D, Sequential
from chainrule.types import Shape

# Blocks halve a picture until its shorter side would fall below this: what is left still says where things are.
_SMALLEST_MAP = 6
_MOST_BLOCKS = 5
_MOST_FILTERS = 256
# With fewer pictures than this, half the filters: there is less to learn them from.
_FEW_PICTURES = 2000
# Between the dense layers, unless somebody says otherwise.
CNN_DROPOUT = 0.4


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
