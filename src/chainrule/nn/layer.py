"""What a layer is: a frozen value with a pure forward pass, its derivative right below, and a named cache."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, TypeVar

from chainrule.constraints import REQUIRED, Kind, check_fields, constrained
from chainrule.errors import ConfigError, ShapeError
from chainrule.tree import dotted
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
        """Check the hyperparameters against their declared constraints; a list becomes a tuple, which cannot change."""
        check_fields(self)
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if isinstance(value, list):
                object.__setattr__(self, item.name, tuple(value))

    def children(self) -> Mapping[str, Layer]:
        """Return the layers inside this one, each by the name under which its parameters lie in this layer's own.

        By default they are found in the fields: a layer by its field's name, those of a tuple by its name and their
        number, from 1. A child with the name "" shares this layer's own names (see `layer_field`).
        """
        return {name: child for _, held in _held(self) for name, child in held.items()}

    def rebuilt(self, children: Mapping[str, Layer]) -> Layer:
        """Return this layer with other `children`, under the names that `children()` has."""
        changes: dict[str, Any] = {}
        for name, held in _held(self):
            others = tuple(children[child] for child in held)
            changes[name] = others if isinstance(getattr(self, name), tuple) else others[0]
        return replace(self, **changes)  # type: ignore[type-var]

    def shapes_inside(self, shape: Shape) -> Mapping[str, Shape]:
        """Return the shape of what each child reads, where this layer reads an x of `shape`: by default the same."""
        return dict.fromkeys(self.children(), shape)

    def in_a_row(self) -> Mapping[str, Layer]:
        """Return the layers that x passes one after the other, by dotted name: a stack's own, else "": this one."""
        return {"": self}

    @property
    def is_random(self) -> bool:
        """Whether the layer, or one inside it, draws random numbers while it learns, and so needs a key."""
        return any(child.is_random for child in self.children().values())

    @property
    def takes_ids(self) -> bool:
        """Whether x is whole numbers that name something (rows of a table); to any other layer they come as floats.

        Of a composition, its first layer says.
        """
        return any(child.takes_ids for child in [*self.children().values()][:1])

    @property
    def most_ids(self) -> int | None:
        """How many ids there are, where x is ids: 0 to `most_ids` - 1. Of a composition, its first layer says."""
        return next((child.most_ids for child in [*self.children().values()][:1]), None)

    @property
    def takes_sparse(self) -> bool:
        """Whether x may be a SciPy CSR matrix, on NumPy; else its zeros are written out. Of a composition, all say."""
        children = self.children().values()
        return bool(children) and all(child.takes_sparse for child in children)

    @property
    def logits_of(self) -> str | None:
        """The link (see `Loss.link_name`) whose logits y is, where it can only be those of one; None: of any."""
        return None

    @property
    def has_state(self) -> bool:
        """Whether some parameters are state, which `update_state` moves instead of a gradient."""
        return any(child.has_state for child in self.children().values())

    def params(self, shape: Shape) -> Mapping[str, Param | Mapping[str, Any]]:
        """Return the parameters that an input of `shape` (without the batch axis) calls for, by name: the children's."""
        shapes = self.shapes_inside(shape)
        parts = {name: child.params(shapes[name]) for name, child in self.children().items()}
        twice = parts.get("", {}).keys() & {name for name, tree in parts.items() if tree}
        if twice:
            raise ConfigError(
                f"layers inside {type(self).__name__} under names of their own",
                f"two that are called {min(twice)!r}",
                "Give the inner layer another name.",
            )
        return joined(parts)

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

    def branches(self, xp: Namespace, cache: Cache) -> Iterator[Array]:
        """Yield which piece of its formula each number lies on, where it has several: of a max, which one is the largest.

        Between two values of a weight with the same branches the layer is smooth, so that a derivative can be measured
        there. By default the children say it, of the caches that lie under their names.
        """
        for name, child in self.children().items():
            if name in cache:
                yield from child.branches(xp, cache[name])

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
        state = {}
        for name, child in self.children().items():
            if child.has_state:
                if name not in cache:
                    raise ConfigError(
                        f"the cache of {type(self).__name__} to hold that of its layer {name!r} under this name",
                        f"{', '.join(map(repr, cache)) or 'an empty one'}",
                        f"Return what the forward pass of {name!r} gave as cache[{name!r}].",
                    )
                state[name] = child.update_state(xp, part(p, name), cache[name], keep)
        return joined(state)

    def operations(self, shape: Shape) -> int:
        """Return the multiplications and additions of one sample's forward pass: the children's, and one for each y."""
        shapes = self.shapes_inside(shape)
        inside = sum(child.operations(shapes[name]) for name, child in self.children().items())
        return inside + math.prod(self.output_shape(shape))

    def in_turn(self, shape: Shape) -> int:
        """Return how many steps a forward pass takes one after the other, each of which waits for the one before.

        Those of the children together: only what moves through time has any.
        """
        shapes = self.shapes_inside(shape)
        return sum(child.in_turn(shapes[name]) for name, child in self.children().items())


def layer_field(default: Any = REQUIRED, *, shares_names: bool = False) -> Any:
    """Return a field for a layer inside a layer.

    Parameters
    ----------
    default : Layer, optional
    shares_names : bool
        Whether its parameters are the outer layer's own, under the same names, instead of a tree under the field's name.
    """
    return constrained(Kind(Layer), default=default, shares_names=shares_names)


def part(tree: Params, name: str) -> Params:
    """Return a child's part of a composition's parameters; of one without parameters it is empty."""
    return tree.get(name, {}) if name else tree


def joined(parts: Mapping[str, Params]) -> dict[str, Any]:
    """Return a composition's tree of its children's: each under its name, that of the child "" without one.

    Beside a child "" an empty tree is left out: its name may be one of those that the child "" has.
    """
    own = parts.get("", {})
    return {**own, **{name: tree for name, tree in parts.items() if name and (tree or "" not in parts)}}


def layers_inside(layer: Layer, path: str = "") -> Iterator[tuple[str, Layer]]:
    """Yield a layer and all layers inside it with their dotted names, what is inside first."""
    for name, child in layer.children().items():
        yield from layers_inside(child, dotted(path, name))
    yield path, layer


def _held(layer: Layer) -> Iterator[tuple[str, dict[str, Layer]]]:
    """Yield each field that holds layers, and these by the names that they have as children."""
    for item in fields(layer):  # type: ignore[arg-type]
        value = getattr(layer, item.name)
        if isinstance(value, Layer):
            yield item.name, {"" if item.metadata.get("shares_names") else item.name: value}
        elif isinstance(value, tuple) and value and all(isinstance(child, Layer) for child in value):
            yield item.name, {f"{item.name}{number}": child for number, child in enumerate(value, start=1)}


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


def last_axis(layer: Layer, shape: Shape) -> int:
    """Return C, the length of the last axis, or raise ShapeError where samples are plain numbers."""
    if not shape:
        raise ShapeError(
            f"{type(layer).__name__} to receive samples with at least one axis", "numbers", "Give vectors (C,)."
        )
    return shape[-1]
