"""Layers of tables as PyTorch's modules: encodings of numbers, layers side by side, and the mean of several networks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from chainrule.exporters.torch_build import COMPOSITIONS, Built, brought, build
from chainrule.exporters.torch_layers import LAST, LAYERS, Module
from chainrule.nn import Columns, Ensemble, Layer, Periodic, PiecewiseLinear, Scale, SmoothClip
from chainrule.types import Params, Shape

__all__ = ["build"]


@LAYERS.entry(SmoothClip)
def smooth_clip(layer: SmoothClip, shape: Shape, p: Params) -> Module:
    """Its limit."""
    return Module(f"SmoothClip({layer.limit!r})", sources={"SmoothClip": _SMOOTH_CLIP})


@LAYERS.entry(Scale)
def scale(layer: Scale, shape: Shape, p: Params) -> Module:
    """Its pace."""
    return Module(f"Scale({layer.pace!r}, {shape[-1]})", {"s": p["s"]}, LAST, sources={"Scale": _SCALE})


@LAYERS.entry(PiecewiseLinear)
def piecewise(layer: PiecewiseLinear, shape: Shape, p: Params) -> Module:
    """The edges of each input."""
    edges = [list(own) for own in layer.edges]
    return Module(f"PiecewiseLinear({edges!r})", sources={"PiecewiseLinear": _PIECEWISE})


@LAYERS.entry(Periodic)
def periodic(layer: Periodic, shape: Shape, p: Params) -> Module:
    """Its frequencies and phases are weights."""
    weights = {"f": p["f"], "q": p["q"], "weight": p["W"], "bias": p["b"]}
    line = f"Periodic({shape[0]}, {layer.frequencies}, {layer.units})"
    return Module(line, weights, sources={"Periodic": _PERIODIC})


@COMPOSITIONS.entry(Columns)
def columns(layer: Columns, shape: Shape, p: Params, layout: str) -> Built:
    """The inputs that each part reads, and the part."""
    given = dict(zip(layer.names, (repr(list(own)) for own in layer.inputs), strict=True))
    return _beside(f"Columns({_dict(given)}, ", layer, layer.shapes_inside(shape), p, layout, {"Columns": _COLUMNS})


@COMPOSITIONS.entry(Ensemble)
def ensemble(layer: Ensemble, shape: Shape, p: Params, layout: str) -> Built:
    """The link, and the weight of each member."""
    given = f"Ensemble({layer.link!r}, {list(layer.shares)!r}, "
    return _beside(given, layer, layer.shapes_inside(shape), p, layout, {"Ensemble": _ENSEMBLE})


def _dict(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{name!r}: {value}" for name, value in values.items()) + "}"


def _beside(
    before: str, layer: Layer, shapes: Mapping[str, Shape], p: Params, layout: str, sources: dict[str, str]
) -> Built:
    """Return the layers inside as a ModuleDict, each from and to the layout that comes in."""
    lines = [f"{before}nn.ModuleDict({{"]
    whole = Built(lines, {}, dict(sources), layout, {})
    for name, child in layer.children().items():
        built = brought(build(child, shapes[name], p[name], layout), layout, child.output_shape(shapes[name]))
        first, *rest = built.lines
        lines += [f"    {name!r}: {first}", *(f"    {line}" for line in rest)]
        lines[-1] += ","
        whole.weights |= {f"inside.{name}.{key}": np.asarray(value) for key, value in built.weights.items()}
        whole.sources |= built.sources
        whole.penalised |= {f"{name}.{own}": f"inside.{name}.{theirs}" for own, theirs in built.penalised.items()}
    lines.append("}))")
    return whole


_SMOOTH_CLIP = '''
class SmoothClip(nn.Module):
    """x / sqrt(1 + (x / limit)^2)."""

    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def forward(self, x):
        return x / torch.sqrt(1 + (x / self.limit) ** 2)
'''

_SCALE = '''
class Scale(nn.Module):
    """A factor for each input, which moves at a pace of its own."""

    def __init__(self, pace, inputs):
        super().__init__()
        self.pace, self.s = pace, nn.Parameter(torch.ones(inputs))

    def forward(self, x):
        return self.pace * self.s * x
'''

_PIECEWISE = '''
class PiecewiseLinear(nn.Module):
    """How far each number has come through each of its bins."""

    def __init__(self, edges):
        super().__init__()
        inf, rows = float("inf"), []
        for d, b in enumerate(edges):
            ends = [-inf, *[0.0] * (len(b) - 2)], [*[1.0] * (len(b) - 2), inf]
            rows += [(d, low, high - low, least, most) for low, high, least, most in zip(b, b[1:], *ends)]
            rows += [] if b else [(d, 0.0, 1.0, -inf, inf)]
        self.inputs = [row[0] for row in rows]
        numbers = torch.tensor([row[1:] for row in rows], dtype=torch.float64)
        self.register_buffer("numbers", numbers.T, persistent=False)

    def forward(self, x):
        low, width, least, most = self.numbers.to(x.dtype)
        return torch.minimum(torch.maximum((x[:, self.inputs] - low) / width, least), most)
'''

_PERIODIC = '''
class Periodic(nn.Module):
    """Each number beside sums of cosines of it."""

    def __init__(self, inputs, frequencies, units):
        super().__init__()
        self.f, self.q = (nn.Parameter(torch.zeros(inputs, frequencies)) for _ in range(2))
        self.weight = nn.Parameter(torch.zeros(inputs, frequencies, units))
        self.bias = nn.Parameter(torch.zeros(inputs, units))

    def forward(self, x):
        waves = torch.cos(2 * torch.pi * (x[:, :, None] * self.f + self.q))
        h = torch.einsum("ndk,dku->ndu", waves, self.weight) + self.bias
        return torch.cat([x[:, :, None], h], dim=2).flatten(1)
'''

_COLUMNS = '''
class Columns(nn.Module):
    """Layers side by side, each of which reads inputs of its own."""

    def __init__(self, inputs, inside):
        super().__init__()
        self.inputs, self.inside = inputs, inside

    def forward(self, x):
        return torch.cat([part(x[:, self.inputs[name]]) for name, part in self.inside.items()], dim=1)
'''

_ENSEMBLE = '''
class Ensemble(nn.Module):
    """The logits of which the link makes the mean of the members' predictions."""

    def __init__(self, link, shares, inside):
        super().__init__()
        self.link, self.shares, self.inside = link, shares, inside

    def forward(self, x):
        each = [member(x) for member in self.inside.values()]
        if self.link == "identity":
            return sum(share * a for share, a in zip(self.shares, each))
        if self.link == "exp":
            return self.mean(each)
        if self.link == "logistic":
            sigmoid = nn.functional.logsigmoid
            return self.mean([sigmoid(a) for a in each]) - self.mean([sigmoid(-a) for a in each])
        return self.mean([torch.log_softmax(a, dim=-1) for a in each])

    def mean(self, logs):
        return torch.logsumexp(torch.stack([one + np.log(s) for s, one in zip(self.shares, logs)]), dim=0)
'''
