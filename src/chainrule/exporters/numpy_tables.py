"""Layers of tables in plain NumPy: encodings of numbers, layers side by side, and the mean of several networks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chainrule.exporters.numpy_layers import LAYERS, Made
from chainrule.nn import Columns, Ensemble, Periodic, PiecewiseLinear, Scale, SmoothClip
from chainrule.types import Shape

__all__ = ["LAYERS"]


def _own(call: str, lines: list[str] | None = None, inside: Iterable[Made] = ()) -> Made:
    """Return what makes a layer whose class is in `_SOURCES`, and what the layers inside it need."""
    name = (call or (lines or [""])[0]).partition("(")[0]
    sources = {kind: source for one in inside for kind, source in one.sources.items()}
    kinds = (name, *(kind for one in inside for kind in one.kinds))
    return Made(call, kinds, lines or [], {**sources, name: _SOURCES[name]})


@LAYERS.entry(SmoothClip)
def smooth_clip(layer: SmoothClip, shape: Shape, inside: Any) -> Made:
    """Its limit."""
    return _own(f"SmoothClip({layer.limit!r})")


@LAYERS.entry(Scale)
def scale(layer: Scale, shape: Shape, inside: Any) -> Made:
    """Its pace."""
    return _own(f"Scale({layer.pace!r})")


@LAYERS.entry(PiecewiseLinear)
def piecewise(layer: PiecewiseLinear, shape: Shape, inside: Any) -> Made:
    """The edges of each input, one input a line."""
    return _own("", ["PiecewiseLinear([", *(f"    {list(own)!r}," for own in layer.edges), "])"])


@LAYERS.entry(Periodic)
def periodic(layer: Periodic, shape: Shape, inside: Any) -> Made:
    """Its frequencies are weights."""
    return _own("Periodic()")


@LAYERS.entry(Columns)
def columns(layer: Columns, shape: Shape, inside: Any) -> Made:
    """The inputs that each part reads, and the part."""
    shapes = layer.shapes_inside(shape)
    made = {name: inside(child, shapes[name]) for name, child in layer.children().items()}
    lines = ["Columns({"]
    for (name, one), own in zip(made.items(), layer.inputs, strict=True):
        lines += _entry(f"{name!r}: ({list(own)!r}, ", one, "),")
    return _own("", [*lines, "})"], made.values())


@LAYERS.entry(Ensemble)
def ensemble(layer: Ensemble, shape: Shape, inside: Any) -> Made:
    """The link, and the weight of each member."""
    made = {name: inside(child, shape) for name, child in layer.children().items()}
    lines = [f"Ensemble({layer.link!r}, {{"]
    for (name, one), share in zip(made.items(), layer.shares, strict=True):
        lines += _entry(f"{name!r}: ({share!r}, ", one, "),")
    return _own("", [*lines, "})"], made.values())


def _entry(before: str, made: Made, after: str) -> list[str]:
    first, *rest = made.lines or [made.call]
    lines = [f"    {before}{first}", *(f"    {line}" for line in rest)]
    lines[-1] += after
    return lines


# Name: (what it takes to predict, what it takes to learn as well).
_SOURCES: dict[str, tuple[str, str]] = {
    "SmoothClip": (
        """
class SmoothClip:
    def __init__(self, limit):
        self.limit = limit

    def forward(self, x, w, rng=None):
        self.u = 1 / np.sqrt(1 + (x / self.limit) ** 2)
        return x * self.u
""",
        """
    def backward(self, dy, w):
        return dy * self.u**3, {}
""",
    ),
    "Scale": (
        """
class Scale:
    def __init__(self, pace):
        self.pace = pace

    def forward(self, x, w, rng=None):
        self.x = x
        return self.pace * w["s"] * x
""",
        """
    def backward(self, dy, w):
        return self.pace * w["s"] * dy, {"s": self.pace * (dy * self.x).sum(axis=tuple(range(dy.ndim - 1)))}
""",
    ),
    "PiecewiseLinear": (
        """
class PiecewiseLinear:
    def __init__(self, edges):
        rows = []
        for d, b in enumerate(edges):
            ends = [-np.inf, *[0.0] * (len(b) - 2)], [*[1.0] * (len(b) - 2), np.inf]
            rows += [(d, low, high - low, least, most) for low, high, least, most in zip(b, b[1:], *ends)]
            rows += [] if b else [(d, 0.0, 1.0, -np.inf, np.inf)]
        self.inputs, *self.numbers = np.array(rows).T
        self.inputs, self.D = self.inputs.astype(int), len(edges)

    def forward(self, x, w, rng=None):
        low, self.width, least, most = (part.astype(x.dtype) for part in self.numbers)
        z = (x[:, self.inputs] - low) / self.width
        self.moves = (z >= least) & (z < most)
        return np.clip(z, least, most)
""",
        """
    def backward(self, dy, w):
        dx = np.zeros((self.D, len(dy)), dy.dtype)
        np.add.at(dx, self.inputs, np.where(self.moves, dy / self.width, 0).T)
        return dx.T, {}
""",
    ),
    "Periodic": (
        """
class Periodic:
    def forward(self, x, w, rng=None):
        self.x, self.angle = x, 2 * np.pi * (x[:, :, None] * w["f"] + w["q"])
        h = np.einsum("ndk,dku->ndu", np.cos(self.angle), w["W"]) + w["b"]
        return np.concatenate([x[:, :, None], h], axis=2).reshape(len(x), -1)
""",
        """
    def backward(self, dy, w):
        dy = dy.reshape(*self.x.shape, -1)
        dh = dy[:, :, 1:]
        turned = -2 * np.pi * np.sin(self.angle) * np.einsum("ndu,dku->ndk", dh, w["W"])
        grads = {"f": (turned * self.x[:, :, None]).sum(axis=0), "q": turned.sum(axis=0), "b": dh.sum(axis=0)}
        grads["W"] = np.einsum("ndk,ndu->dku", np.cos(self.angle), dh)
        return dy[:, :, 0] + (turned * w["f"]).sum(axis=2), grads
""",
    ),
    "Columns": (
        """
class Columns:
    def __init__(self, parts):
        self.parts = parts

    def forward(self, x, w, rng=None):
        self.D = x.shape[1]
        found = [part.forward(x[:, own], w.get(name, {}), rng) for name, (own, part) in self.parts.items()]
        self.ends = np.cumsum([y.shape[1] for y in found])
        return np.concatenate(found, axis=1)
""",
        """
    def backward(self, dy, w):
        dx, grads = np.zeros((self.D, len(dy)), dy.dtype), {}
        for (name, (own, part)), piece in zip(self.parts.items(), np.split(dy, self.ends[:-1], axis=1)):
            back, g = part.backward(piece, w.get(name, {}))
            np.add.at(dx, own, back.T)
            grads |= {name: g} if g else {}
        return dx.T, grads
""",
    ),
    "Ensemble": (
        '''
class Ensemble:
    """The logits of which the link makes the mean of the members' predictions."""

    def __init__(self, link, members):
        self.link, self.members = link, members

    def forward(self, x, w, rng=None):
        each = {name: member.forward(x, w.get(name, {}), rng) for name, (_, member) in self.members.items()}
        shares = {name: share for name, (share, _) in self.members.items()}
        if self.link == "identity":
            return sum(shares[name] * a for name, a in each.items())
        if self.link == "exp":
            total = self.mean(shares, each)
            self.slopes = {name: np.exp(np.log(shares[name]) + a - total) for name, a in each.items()}
            return total
        if self.link == "logistic":
            yes, no = ({name: -np.logaddexp(0, s * a) for name, a in each.items()} for s in (-1, 1))
            p, q = self.mean(shares, yes), self.mean(shares, no)
            self.slopes = {name: np.exp(np.log(shares[name]) + yes[name] + no[name] - p - q) for name in each}
            return p - q
        logs = {name: a - np.logaddexp.reduce(a, axis=-1, keepdims=True) for name, a in each.items()}
        total = self.mean(shares, logs)
        self.p = {name: np.exp(one) for name, one in logs.items()}
        self.slopes = {name: np.exp(np.log(shares[name]) + one - total) for name, one in logs.items()}
        return total

    def mean(self, shares, logs):
        return np.logaddexp.reduce([(np.log(shares[name]) + one).astype(one.dtype) for name, one in logs.items()], axis=0)
''',
        """
    def backward(self, dy, w):
        dx, grads = 0, {}
        for name, (share, member) in self.members.items():
            da = share * dy if self.link == "identity" else self.slopes[name] * dy
            if self.link == "softmax":
                da = da - self.p[name] * da.sum(axis=-1, keepdims=True)
            back, g = member.backward(da, w.get(name, {}))
            dx, grads = dx + back, grads | ({name: g} if g else {})
        return dx, grads
""",
    ),
}
