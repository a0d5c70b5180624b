"""A network as PyTorch's modules, one a line, with the axes brought where each layer wants them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.exporters.table import Table
from chainrule.exporters.torch_images import LAYERS
from chainrule.exporters.torch_layers import ANY, FIRST, LAST, Module
from chainrule.nn import Layer, Residual, Sequential
from chainrule.nn.layer import part
from chainrule.types import Params, Shape

# An entry takes the layer, the shape that it reads, its weights, and the layout that x comes in with.
COMPOSITIONS = Table("pytorch", "composition")

RESIDUAL = '''
class Residual(nn.Module):
    """A layer and a bypass around it."""

    def __init__(self, inner, shortcut):
        super().__init__()
        self.inner, self.shortcut = inner, shortcut

    def forward(self, x):
        return self.shortcut(x) + self.inner(x)
'''

AXES = '''
class Axes(nn.Module):
    """The same numbers with their axes in another order: channels first, or last."""

    def __init__(self, *order):
        super().__init__()
        self.order = order

    def forward(self, x):
        return x.permute(self.order).contiguous()
'''


def moved(layout: str, wanted: str, axes: int) -> list[str]:
    """Return the module, if any is needed, that brings the channels of x (N, …) with so many axes where they are wanted."""
    if wanted in (ANY, layout) or axes <= 2:
        return []
    order = [0, axes - 1, *range(1, axes - 1)] if wanted == FIRST else [0, *range(2, axes), 1]
    return [f"Axes({', '.join(map(str, order))})"]


@dataclass
class Built:
    """A network as it is built: its lines, its weights by dotted names, the classes that it needs, where channels are.

    `penalised` has PyTorch's names of what Chainrule calls W, by Chainrule's.
    """

    lines: list[str]
    weights: dict[str, np.ndarray]
    sources: dict[str, str]
    layout: str
    penalised: dict[str, str]


def build(layer: Layer, shape: Shape, p: Params, layout: str = LAST) -> Built:
    """Return a layer as lines that make a module; x comes in with channels where `layout` says."""
    if type(layer) in COMPOSITIONS:
        built: Built = COMPOSITIONS.find(layer)(layer, shape, p, layout)
        return built
    module: Module = LAYERS.find(layer)(layer, shape, p)
    if not (module.before or module.after or moved(layout, module.layout, len(shape) + 1)):
        weights = {name: np.asarray(value) for name, value in module.weights.items()}
        return Built([module.line], weights, dict(module.sources), layout, _penalised(module, p))
    built = stack(Sequential((layer,), ("layer",)), shape, {"layer": p}, layout)
    built.penalised = {own.removeprefix("layer."): theirs for own, theirs in built.penalised.items()}
    return built


def brought(built: Built, layout: str, shape: Shape) -> Built:
    """Return what makes y of `shape` with its channels brought where `layout` says."""
    back = moved(built.layout, layout, len(shape) + 1)
    if back:
        # Only what is a Sequential has brought them elsewhere.
        built.lines = [*built.lines[:-1], f"    ('back', {back[0]}),", built.lines[-1]]
        built.sources["Axes"] = AXES
    return built


def _penalised(module: Module, p: Params) -> dict[str, str]:
    return {own: theirs for own, theirs in module.penalised.items() if own in p and theirs in module.weights}


@COMPOSITIONS.entry(Sequential)
def stack(layer: Sequential, shape: Shape, p: Params, layout: str) -> Built:
    """One layer a line, and the axes brought where it wants them."""
    lines: list[str] = []
    weights: dict[str, np.ndarray] = {}
    sources: dict[str, str] = {}
    penalised: dict[str, str] = {}
    shapes = layer.shapes(shape)
    for (name, child), before, after in zip(layer.children().items(), shapes, shapes[1:], strict=False):
        if type(child) in COMPOSITIONS:
            inner = build(child, before, p[name], layout)
            first, *rest = inner.lines
            lines += [f"({name!r}, {first}", *rest]
            lines[-1] += "),"
            weights |= {f"{name}.{key}": value for key, value in inner.weights.items()}
            sources |= inner.sources
            penalised |= {f"{name}.{own}": f"{name}.{theirs}" for own, theirs in inner.penalised.items()}
            layout = inner.layout
            continue
        module: Module = LAYERS.find(child)(child, before, p[name])
        around = moved(layout, module.layout, len(before) + 1)
        if around:
            sources["Axes"] = AXES
        wanted = layout if module.layout == ANY else module.layout
        for i, line in enumerate([*around, *module.before]):
            lines.append(f"({f'{name}_before{i + 1}'!r}, {line}),")
        lines.append(f"({name!r}, {module.line}),")
        lines += [f"({f'{name}_after{i + 1}'!r}, {line})," for i, line in enumerate(module.after)]
        weights |= {f"{name}.{key}": value for key, value in module.weights.items()}
        sources |= module.sources
        penalised |= {f"{name}.{own}": f"{name}.{theirs}" for own, theirs in _penalised(module, p[name]).items()}
        # A vector has its channels both first and last.
        layout = LAST if len(after) == 1 else wanted
    whole = ["nn.Sequential(OrderedDict([", *(f"    {line}" for line in lines), "]))"]
    return Built(whole, weights, sources, layout, penalised)


@COMPOSITIONS.entry(Residual)
def residual(layer: Residual, shape: Shape, p: Params, layout: str) -> Built:
    """The inner layer and the bypass, both from and to the layout that comes in."""
    parts = {
        "inner": (layer.inner, {name: tree for name, tree in p.items() if name != "shortcut"}),
        "shortcut": (layer.shortcut, part(p, "shortcut")),
    }
    lines, sources = ["Residual("], {"Residual": RESIDUAL}
    weights: dict[str, np.ndarray] = {}
    penalised: dict[str, str] = {}
    for name, (child, tree) in parts.items():
        built = brought(build(child, shape, tree, layout), layout, layer.output_shape(shape))
        lines += [f"    {line}" for line in built.lines]
        lines[-1] += ","
        weights |= {f"{name}.{key}": value for key, value in built.weights.items()}
        sources |= built.sources
        before = "shortcut." if name == "shortcut" else ""
        penalised |= {f"{before}{own}": f"{name}.{theirs}" for own, theirs in built.penalised.items()}
    return Built([*lines, ")"], weights, sources, layout, penalised)
