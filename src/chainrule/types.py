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

    NumPy and JAX agree on these. The last two groups are ours. `expit` is the logistic function, `erf` the error
    function, `bernoulli` draws a boolean mask, `uniform` numbers from 0 to 1 and `beta` those of a Beta(α, α); `fold`
    derives a new key from a key and a number. `cast(x, dtype)` knows bfloat16 where the engine does.

    The last group moves a `Window` over images (N, H, W, C). `conv(x, W, window)` is the convolution,
    `conv_dx(dy, W, window, (H, W))` and `conv_dW(x, dy, window)` are its derivatives, each as fast as the engine has
    it. `taps(x, window, fill)` lists, for each place (u, v) in the window, what all windows see there:
    x_{n, i s + u d - p, j s + v d - p, c}, with `fill` outside the image. `spread(parts, window, (H, W))` is its
    adjoint: it adds each part to where its tap was read.
    """

    abs: Callable[..., Array]
    arange: Callable[..., Array]
    clip: Callable[..., Array]
    concatenate: Callable[..., Array]
    cos: Callable[..., Array]
    exp: Callable[..., Array]
    expm1: Callable[..., Array]
    floor: Callable[..., Array]
    log: Callable[..., Array]
    log1p: Callable[..., Array]
    logaddexp: Callable[..., Array]
    max: Callable[..., Array]
    maximum: Callable[..., Array]
    minimum: Callable[..., Array]
    ones_like: Callable[..., Array]
    reshape: Callable[..., Array]
    sign: Callable[..., Array]
    sin: Callable[..., Array]
    sqrt: Callable[..., Array]
    square: Callable[..., Array]
    sum: Callable[..., Array]
    take_along_axis: Callable[..., Array]
    tanh: Callable[..., Array]
    vdot: Callable[..., Array]
    where: Callable[..., Array]
    zeros_like: Callable[..., Array]

    expit: Callable[..., Array]
    erf: Callable[..., Array]
    cast: Callable[..., Array]
    bernoulli: Callable[..., Array]
    uniform: Callable[..., Array]
    beta: Callable[..., Array]
    fold: Callable[..., Key]

    conv: Callable[..., Array]
    conv_dx: Callable[..., Array]
    conv_dW: Callable[..., Array]
    taps: Callable[..., list[Array]]
    spread: Callable[..., Array]


class Window(NamedTuple):
    """How a window moves over an image, along height and width: p rows and columns of padding stand around it.

    Attributes
    ----------
    size : (int, int)
        Height and width of the window, in taps.
    stride : (int, int)
        s: steps from one window to the next.
    dilation : (int, int)
        d: steps from one tap to the next.
    padding : ((int, int), (int, int))
        Rows before and after the image, columns before and after.
    """

    size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))

    @property
    def reach(self) -> tuple[int, int]:
        """Height and width from the first tap to the last, both included."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.size, self.dilation, strict=True))  # type: ignore[return-value]

    def places(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return how many windows fit below each other and side by side on an image of `size`."""
        spans = zip(size, self.padding, self.reach, self.stride, strict=True)
        return tuple((n + before + after - reach) // s + 1 for n, (before, after), reach, s in spans)  # type: ignore[return-value]

    def turned(self, size: tuple[int, int], places: tuple[int, int]) -> Window:
        """Return how the kernel, turned by half a turn, moves over dy (with s - 1 zeros between its values) to dx.

        `size` is that of dx, `places` that of dy. The result must be as long as x, n:
        (places - 1) s + 1 + before + after - (reach - 1) = n.
        """
        padding = []
        for i, n in enumerate(size):
            before = self.reach[i] - 1 - self.padding[i][0]
            padding.append((before, n - (places[i] - 1) * self.stride[i] - 1 - before + self.reach[i] - 1))
        return Window(self.size, (1, 1), self.dilation, (padding[0], padding[1]))

    @property
    def is_tiling(self) -> bool:
        """Whether the windows neither overlap nor leave a gap."""
        return self.stride == self.size and self.dilation == (1, 1)


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
    """What a layer may know beyond its input.

    Attributes
    ----------
    train : bool
        Whether it learns.
    key : Key
        Where its randomness comes from.
    w : array (N,) or None
        The samples' weights. A sample of weight zero is no sample (the engine pads a short batch with such rows), and
        a layer that looks at the batch as a whole must leave it out.
    """

    train: bool = False
    key: Key = None
    w: Array | None = None

    def child(self, xp: Namespace, index: int) -> Context:
        """Return the context of the `index`-th layer inside this one, with randomness of its own."""
        return Context(self.train, None if self.key is None else xp.fold(self.key, index), self.w)


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


def overlay(tree: Params, values: Params) -> dict[str, Any]:
    """Return a copy of a tree with those leaves replaced that `values`, a part of such a tree, has."""
    return {
        name: (overlay(value, values[name]) if isinstance(value, Mapping) else values[name])
        if name in values
        else value
        for name, value in tree.items()
    }


def leaf(tree: Params, path: str) -> Any:
    """Return the leaf called `path`, such as `hidden1.W`."""
    node: Any = tree
    for name in path.split("."):
        node = node[name]
    return node
