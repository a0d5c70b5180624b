"""The shared vocabulary: what an array, a parameter tree, a batch and a context are called everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

# Arrays of NumPy, JAX and SciPy share no base class, so their type is a name and a promise.
Array: TypeAlias = Any
Key: TypeAlias = Any
Shape: TypeAlias = tuple[int, ...]
# A tree: nested dicts whose leaves are arrays, {"hidden1": {"W": ..., "b": ...}}.
Params: TypeAlias = Mapping[str, Any]
Cache: TypeAlias = dict[str, Any]


class Namespace(Protocol):
    """The array functions that a formula may use; `xp` in every signature.

    NumPy and JAX agree on these. The last group are ours: `expit` is the logistic function, `erf` the error
    function, `bernoulli` draws a boolean mask, `fold` derives a new key from a key and a number.
    """

    abs: Callable[..., Array]
    clip: Callable[..., Array]
    concatenate: Callable[..., Array]
    exp: Callable[..., Array]
    expm1: Callable[..., Array]
    log: Callable[..., Array]
    log1p: Callable[..., Array]
    logaddexp: Callable[..., Array]
    max: Callable[..., Array]
    maximum: Callable[..., Array]
    minimum: Callable[..., Array]
    ones_like: Callable[..., Array]
    reshape: Callable[..., Array]
    sign: Callable[..., Array]
    sqrt: Callable[..., Array]
    square: Callable[..., Array]
    sum: Callable[..., Array]
    tanh: Callable[..., Array]
    vdot: Callable[..., Array]
    where: Callable[..., Array]
    zeros_like: Callable[..., Array]

    expit: Callable[..., Array]
    erf: Callable[..., Array]
    bernoulli: Callable[..., Array]
    fold: Callable[..., Key]


class Batch(NamedTuple):
    """Rows of a data set: inputs `x` (N, ...), targets `t` (N, K) and sample weights `w` (N,) or None."""

    x: Array
    t: Array
    w: Array | None = None

    @property
    def n_samples(self) -> int:
        """Number of rows N."""
        return int(self.x.shape[0])


@dataclass(frozen=True, slots=True)
class Context:
    """What a layer may know beyond its input: whether it learns, and where its randomness comes from."""

    train: bool = False
    key: Key = None

    def child(self, xp: Namespace, index: int) -> Context:
        """Return the context of the `index`-th layer inside this one, with randomness of its own."""
        return Context(self.train, None if self.key is None else xp.fold(self.key, index))


PREDICT = Context(train=False)


def leaves(tree: Params, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a tree with its dotted name, such as `hidden1.W`, in the tree's order."""
    for name, value in tree.items():
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(value, Mapping):
            yield from leaves(value, path)
        else:
            yield path, value


def map_leaves(function: Callable[..., Any], tree: Params, *others: Params) -> dict[str, Any]:
    """Apply `function` to the leaves of `tree` and to the leaves of the same name in `others`."""
    return {
        name: map_leaves(function, value, *(other[name] for other in others))
        if isinstance(value, Mapping)
        else function(value, *(other[name] for other in others))
        for name, value in tree.items()
    }


def nest(named: Mapping[str, Any]) -> dict[str, Any]:
    """Build the tree that `leaves` reads: {"hidden1.W": W} becomes {"hidden1": {"W": W}}."""
    tree: dict[str, Any] = {}
    for path, value in named.items():
        *parents, last = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    return tree


def fill(tree: Params, named: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a tree of the layout of `tree`, layers without parameters included, with the values of `named`."""
    filled: dict[str, Any] = {}
    for name, value in tree.items():
        path = f"{prefix}.{name}" if prefix else name
        filled[name] = fill(value, named, path) if isinstance(value, Mapping) else named[path]
    return filled


def leaf(tree: Params, path: str) -> Any:
    """Return the leaf called `path`, such as `hidden1.W`."""
    node: Any = tree
    for name in path.split("."):
        node = node[name]
    return node
