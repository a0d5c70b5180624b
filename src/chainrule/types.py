"""The shared vocabulary: what an array, a parameter tree, a batch and a context are called everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


class Batch(NamedTuple):
    """Rows of a data set: inputs `x` (N, ...), targets `t` (N, K) and sample weights `w` (N,) or None."""

    x: Array
    t: Array
    w: Array | None = None

    @property
    def n_samples(self) -> int:
        """Number of rows N."""
        return int(self.x.shape[0])


def says(value: object, claim: str) -> bool:
    """Tell whether a value's own class makes a claim, such as `is_recordable`, and it holds.

    What the class inherits it has not claimed: a subclass may do something else.
    """
    return claim in vars(type(value)) and bool(getattr(value, claim))


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
