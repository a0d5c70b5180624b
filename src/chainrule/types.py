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

    NumPy and JAX agree on these. The last three groups are ours. `expit` is the logistic function, `erf` the error
    function, `bernoulli` draws a boolean mask, `uniform` numbers from 0 to 1 and `beta` those of a Beta(α, α); `fold`
    derives a new key from a key and a number. `cast(x, dtype)` knows bfloat16 where the engine does.

    `scan(step, carry, xs, reverse=False)` is a loop over time: `step(carry, x)` returns the next carry and a y, for each
    entry x of xs along the first axis, from the last one to the first if `reverse`; it returns the last carry and all
    ys, each at its entry's place. Carry, xs and ys are arrays or tuples, lists and dicts of them, None among them; the
    carry keeps its shapes and dtypes. `take(a, indices, axis=0)` picks entries, counted from the end where an index is
    negative. `add_at(a, indices, values)` is its adjoint along the first axis: a copy of a with `values`
    (indices' shape, …) added to those rows, in which the values of an index that is repeated add up. Whole numbers
    from outside the table are an IndexError on NumPy; compiled code cannot stop, and gives NaN or leaves them out.

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
    zeros: Callable[..., Array]
    zeros_like: Callable[..., Array]

    expit: Callable[..., Array]
    erf: Callable[..., Array]
    cast: Callable[..., Array]
    bernoulli: Callable[..., Array]
    uniform: Callable[..., Array]
    beta: Callable[..., Array]
    fold: Callable[..., Key]

    scan: Callable[..., tuple[Any, Any]]
    take: Callable[..., Array]
    add_at: Callable[..., Array]

    conv: Callable[..., Array]
    conv_dx: Callable[..., Array]
    conv_dW: Callable[..., Array]
    taps: Callable[..., list[Array]]
    spread: Callable[..., Array]


class Batch(NamedTuple):
    """Rows of a data set: every array has a leading axis of length N, and what there is none of is None.

    Attributes
    ----------
    x : array (N, ...), or a mapping of such arrays by name
        Inputs. Whole numbers (ids) stay whole numbers on every engine.
    t : array (N, ...) or None
        Targets, or class numbers.
    w : array (N,) or None
        Sample weights.
    mask : array (N, T) or None
        1 for each place of a sample that there is, 0 for padding, which counts neither in a cost nor in a norm.
    """

    x: Array
    t: Array = None
    w: Array | None = None
    mask: Array | None = None

    @property
    def n_samples(self) -> int:
        """Number of rows N."""
        return int(next(self.arrays()).shape[0])

    def arrays(self) -> Iterator[Array]:
        """Yield every array, those of x first."""
        for part in self:
            yield from _arrays(part)

    def map(self, function: Callable[..., Any], *others: Batch) -> Batch:
        """Apply `function` to every array, and to the array of the same name in each of `others`."""
        return Batch(*(_mapped(function, *parts) for parts in zip(self, *others, strict=True)))

    def take(self, rows: Any) -> Batch:
        """Return some rows: a slice, or an array of their numbers."""
        return self.map(lambda array: array[rows])


def _arrays(part: Any) -> Iterator[Array]:
    if isinstance(part, Mapping):
        for inner in part.values():
            yield from _arrays(inner)
    elif part is not None:
        yield part


def _mapped(function: Callable[..., Any], part: Any, *others: Any) -> Any:
    if isinstance(part, Mapping):
        return {name: _mapped(function, inner, *(other[name] for other in others)) for name, inner in part.items()}
    return None if part is None else function(part, *others)


@dataclass(frozen=True, eq=False)
class RowGradient:
    """The gradient of a table of which a batch has read some rows: zero in all others, which nobody has to write down.

    A layer may return it for a parameter in place of an array of the parameter's shape. A rule that leaves rows
    without a gradient alone (`Rule.by_rows`) touches the named ones only; for everything else `as_dense` makes it the
    array that it stands for.

    Attributes
    ----------
    rows : int array
        Of any shape; a row may be named repeatedly.
    values : array (*rows.shape, ...)
        What each naming adds to the gradient of its row.
    shape : tuple of int
        The table's.
    """

    rows: Array
    values: Array
    shape: Shape

    def map(self, function: Callable[[Array], Array]) -> RowGradient:
        """Return the gradient with `function` applied to its values."""
        return RowGradient(self.rows, function(self.values), self.shape)


def as_dense(xp: Namespace, gradient: Array | RowGradient) -> Array:
    """Return a gradient as an array of its parameter's shape."""
    if not isinstance(gradient, RowGradient):
        return gradient
    return xp.add_at(xp.zeros(gradient.shape, gradient.values.dtype), gradient.rows, gradient.values)


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
    mask : array (N, T) or None
        1 for each place of a sample that there is; a layer that looks at several places must leave the others out.
    """

    train: bool = False
    key: Key = None
    w: Array | None = None
    mask: Array | None = None

    def child(self, xp: Namespace, index: int) -> Context:
        """Return the context of the `index`-th layer inside this one, with randomness of its own."""
        return Context(self.train, None if self.key is None else xp.fold(self.key, index), self.w, self.mask)

    def of(self, batch: Batch) -> Context:
        """Return the context of a batch: which of its samples and places count."""
        if batch.w is None and batch.mask is None:
            return self
        w, mask = (own if theirs is None else theirs for own, theirs in ((self.w, batch.w), (self.mask, batch.mask)))
        return Context(self.train, self.key, w, mask)


PREDICT = Context(train=False)
