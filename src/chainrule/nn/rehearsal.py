"""A rehearsal of layers that are not the library's own: what they return is looked at once, before it is learned from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from chainrule.errors import ChainruleError, ShapeError
from chainrule.nn.layer import Equations, Layer, layer_field
from chainrule.tree import dotted
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape, says

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Rehearsed(Layer):
    """`inner`, whose forward and backward pass must give what a layer gives, or are refused by its name."""

    inner: Layer = layer_field(shares_names=True)
    path: str = ""

    equations: ClassVar[Equations] = Equations(forward=("y = f(x)",), backward={"dx": "f'"})

    def output_shape(self, shape: Shape) -> Shape:
        """Return the inner layer's shape."""
        return self.inner.output_shape(shape)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """Return y, of the shape that was promised, and a cache that is a mapping."""
        given = self._given(x=x, **p)
        pair: Any = self._called("forward", lambda: self.inner.forward(xp, p, x, ctx), given)
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[1], Mapping)):
            self._refuse("forward", "y and the cache, a dict", _kind(pair), "Write `return y, cache`.")
        y, cache = pair
        if isinstance(x, Mapping):
            return y, {"": cache}
        promised = (len(x), *self.output_shape(tuple(x.shape[1:])))
        if _shape(y) != promised:
            self._refuse(
                "forward",
                f"y of the shape {promised}, as output_shape says",
                f"{_kind(y)} from {given}",
                "Mend the one or the other.",
            )
        return y, {"": cache, "x": x}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """Return dx of the shape of x, and a gradient for each parameter."""
        given = self._given(dy=dy, **p)
        pair: Any = self._called("backward", lambda: self.inner.backward(xp, p, cache[""], dy), given)
        if not (isinstance(pair, tuple) and len(pair) == 2):
            self._refuse("backward", "dx and the gradients", _kind(pair), "Write `return dx, grads`.")
        # Of ids there is no derivative, and of inputs by name nobody has asked for one.
        shape = _shape(cache.get("x"))
        if shape is not None and not self.takes_ids and _shape(pair[0]) != shape:
            self._refuse("backward", f"dx of the shape of x, {shape}", f"{_kind(pair[0])} from {given}", "Mend dx.")
        return pair[0], self._checked("backward", p, pair[1])

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """Return a gradient for each parameter; nobody reads dx of a first layer."""
        grads = self._called("backward", lambda: self.inner.gradients(xp, p, cache[""], dy), self._given(dy=dy, **p))
        return self._checked("backward", p, grads)

    def _checked(self, method: str, p: Params, grads: Any) -> Params:
        if not isinstance(grads, Mapping) or set(grads) != set(p):
            came = ", ".join(map(repr, grads)) if isinstance(grads, Mapping) else _kind(grads)
            names = ", ".join(map(repr, p)) or "no parameter: an empty dict"
            self._refuse(method, f"a gradient for each of {names}", came or "none", "Key them as the parameters are.")
        gradients: Params = grads
        return gradients

    def _called(self, method: str, call: Callable[[], T], given: str) -> T:
        try:
            return call()
        except ChainruleError:
            raise
        except Exception as error:
            first = str(error).partition("\n")[0]
            raise ShapeError(
                f"{method} of {self._name} to compute with {given}",
                f"{type(error).__name__}: {first:.200}",
                f"The traceback shows the line of {type(self.inner).__name__}.",
            ) from error

    def _refuse(self, method: str, expected: str, came: str, remedy: str) -> None:
        raise ShapeError(f"{method} of {self._name} to return {expected}", came, remedy)

    @property
    def _name(self) -> str:
        kind = type(self.inner).__name__
        return f"layer {self.path!r} ({kind})" if self.path else kind

    @staticmethod
    def _given(**arrays: Any) -> str:
        return ", ".join(f"{name} {_shape(array)}" for name, array in arrays.items() if _shape(array) is not None)


def rehearsed(layer: Layer, path: str = "") -> Layer:
    """Return `layer` with every layer in it that is not the library's own being looked at; the same where none is."""
    children = {
        name: rehearsed(child, dotted(path, name) if name else path) for name, child in layer.children().items()
    }
    if any(child is not layer.children()[name] for name, child in children.items()):
        layer = layer.rebuilt(children)
    return layer if says(layer, "is_recordable") or _is_ours(layer) else Rehearsed(layer, path)


def _is_ours(layer: Layer) -> bool:
    return type(layer).__module__.partition(".")[0] == __name__.partition(".")[0]


def _shape(value: Any) -> Shape | None:
    shape = getattr(value, "shape", None)
    return None if shape is None else tuple(shape)


def _kind(value: Any) -> str:
    """Say what a value is, in a few words."""
    shape = _shape(value)
    if shape is not None:
        return f"one of the shape {shape}"
    return f"{len(value)} values" if isinstance(value, tuple) else f"a {type(value).__name__}"
