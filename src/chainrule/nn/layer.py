"""What a layer is: a frozen value with a pure forward pass, its derivative right below, and a named cache."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from chainrule.constraints import check_fields
from chainrule.errors import ConfigError, ShapeError
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@dataclass(frozen=True)
class Param:
    """What a layer asks for: an array of `shape`, drawn by `init`, and whether a penalty applies to it.

    `fans` is (fan in, fan out), the number of terms a unit sums over forward and backward. What is not `trained` is
    state: no rule moves it, the layer's `update_state` says after each step what it is from then on.
    """

    shape: Shape
    init: str = "zeros"
    gain: float = 1.0
    fans: tuple[int, int] = (1, 1)
    penalised: bool = False
    trained: bool = True

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Equations:
    """A layer's mathematics as LaTeX: the one source of the book, the derivation panel and the worksheets.

    Attributes
    ----------
    forward : tuple of str
        What the layer computes, y first.
    backward : mapping of str to str
        `dx` and, for each parameter P, `dP`: what the derivative of the cost by it is.
    where : mapping of str to str
        Each symbol beyond x and y in words, with its shape.
    source : str
        Author, year, title, equation.
    local : str
        Of a layer that handles each number on its own: dy/dx, in x and y. It is one factor of a path's product.
    """

    forward: tuple[str, ...]
    backward: Mapping[str, str]
    where: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    local: str = ""


class Layer(ABC):
    """A differentiable function of an input and named parameters.

    Subclasses are frozen dataclasses whose fields are hyperparameters only. `forward` and `backward` are pure:
    they own nothing, change no argument, and sum over the batch without averaging. The cache holds exactly what
    `backward` reads, by name.

    Attributes
    ----------
    is_recordable : bool
        Whether `forward` and `backward` may be recorded once and played again instead of being called, on NumPy. A
        class has to say so in its own body: what it inherits it has not promised. A layer that does not say so is
        called in every step.
    """

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations]

    def __post_init__(self) -> None:
        """Check the hyperparameters against their declared constraints."""
        check_fields(self)

    @property
    def is_random(self) -> bool:
        """Whether the layer draws random numbers while it learns, and so needs a key."""
        return False

    @property
    def takes_ids(self) -> bool:
        """Whether x is whole numbers that name something (rows of a table); to any other layer they come as floats."""
        return False

    @property
    def has_state(self) -> bool:
        """Whether some parameters are state, which `update_state` moves instead of a gradient."""
        return False

    def params(self, shape: Shape) -> Mapping[str, Param | Mapping[str, object]]:
        """Return the parameters that an input of `shape` (without the batch axis) calls for, by name."""
        return {}

    @abstractmethod
    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of y (without the batch axis) for an x of `shape`; raise ShapeError if x does not fit."""

    @abstractmethod
    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """Return y and the cache that `backward` will read."""

    @abstractmethod
    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """Return dx = ∂J/∂x and the gradients, keyed as the parameters are, given dy = ∂J/∂y."""

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """Return the gradients alone: for a first layer, whose dx nobody asks for (and which may be costly)."""
        return self.backward(xp, p, cache, dy)[1]

    def update_state(self, xp: Namespace, p: Params, cache: Cache, keep: float | None = None) -> Params:
        """Return the new values of the parameters that are state, as the part of p's tree that holds them.

        Parameters
        ----------
        p : tree
            The parameters that `forward` saw.
        cache : dict
            What `forward` returned while learning.
        keep : float, optional
            Share of the old state in the new; by default the layer's own momentum.
        """
        return {}

    def operations(self, shape: Shape) -> int:
        """Return the multiplications and additions of one sample's forward pass."""
        return math.prod(self.output_shape(shape))


T = TypeVar("T", bound=type[Layer])

LAYERS: dict[str, type[Layer]] = {}


def register(layer: T) -> T:
    """Enter a layer class in the closed registry, the only place where a model file's names are looked up."""
    kind = layer.__name__
    if LAYERS.setdefault(kind, layer) is not layer:
        raise ConfigError("a layer class with a name of its own", f"a second {kind!r}", "Rename the class.")
    return layer


def require_vector(layer: Layer, shape: Shape) -> int:
    """Return D of an input of shape (D,), or raise ShapeError naming the layer and the remedy."""
    if len(shape) != 1:
        raise ShapeError(
            f"{type(layer).__name__} to receive vectors of shape (D,)",
            f"an input of shape {shape}",
            "Put a Flatten layer before it.",
        )
    return shape[0]
