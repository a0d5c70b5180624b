"""Fitting: what of a spec must be another for its data: inputs, axes of the map, and the size of an untouched network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from chainrule.playground.data import Data
from chainrule.playground.scene import fitting
from chainrule.playground.spec import DEFAULT, LayerSpec, Spec

_MANY_COLUMNS = 8
_WIDEST = 16


def fitted_to(spec: Spec, data: Data, before: Data | None) -> Spec:
    """Return a spec whose inputs and axes the data have, as it is where they do."""
    inputs = fitting(spec.inputs, data)
    if inputs != tuple(spec.inputs):
        spec = replace(spec, inputs=inputs)
    if spec.data.name.startswith("upload:") and spec.layers == DEFAULT.layers:
        spec = replace(spec, layers=_layers_for(data))
    other = before is not None and before.labels != data.labels
    if other or not _are_axes(spec.view.axes, data):
        spec = replace(spec, view=replace(spec.view, axes=_axes_for(data), slices={}))
    return spec


def _are_axes(axes: Sequence[int] | str, data: Data) -> bool:
    """Tell whether a map may have these axes: columns that are there, and the first two only where they were chosen."""
    if isinstance(axes, str):
        return True
    width = len(data.columns)
    if max(axes) >= max(2, width):
        return False
    return tuple(axes) != (0, 1) or tuple(axes) == _axes_for(data)


def _axes_for(data: Data) -> tuple[int, int] | str:
    """Return the first two columns of numbers; principal components where there are many, or not two.

    A plane of two indicators of categories has four points that any row can be at.
    """
    width = len(data.columns)
    if width <= 2 and all(column.is_number for column in data.columns):
        return (0, 1)
    numbers = [place for place, column in enumerate(data.columns) if column.is_number]
    return "pca" if width > _MANY_COLUMNS or len(numbers) < 2 else (numbers[0], numbers[1])


def _layers_for(data: Data) -> tuple[LayerSpec, ...]:
    """Return hidden layers between so many inputs and outputs, small enough to be looked at.

    The first is about twice the geometric mean of both sides; none is narrower than what it must tell apart.
    """
    outputs = data.target.outputs
    first = min(_WIDEST, max(4, 2 * math.ceil(math.sqrt(len(data.columns) * outputs))))
    like = DEFAULT.layers[0]
    return replace(like, units=first), replace(like, units=min(first, max(4, outputs + 2)))
