"""Columns: layers side by side, each of which reads inputs of its own: numbers one way, categories another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from chainrule.constraints import Kind, Many, Range, constrained
from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Equations, Layer, register, require_vector
from chainrule.types import Array, Cache, Context, Namespace, Params, Shape


@register
@dataclass(frozen=True)
class Columns(Layer):
    """Each part reads some of the inputs; what the parts give stands side by side.

    ::

        forward    y  = [f₁(x[I₁]), f₂(x[I₂]), …]
        backward   dx = for each input the sum of what the parts that read it give back
        shapes     x (N, D)   I: numbers of inputs, from 0   y (N, M₁ + M₂ + …)

    A `Dense(8, bias=False)` that reads the indicators of a category is its embedding: the row of W that belongs to the
    indicator which is raised.

    Parameters
    ----------
    parts : tuple of Layer
        f₁, f₂, …, each with a vector as its output.
    inputs : tuple of tuples of int
        I₁, I₂, …: which inputs each part reads. An input may be read by several, or by none.
    names : tuple of str, optional
        One for each part; by default `part1`, `part2`, …
    """

    parts: tuple[Layer, ...] = constrained(Many(Kind(Layer), at_least=1))
    inputs: tuple[tuple[int, ...], ...] = constrained(Many(Many(Range(int, 0), at_least=1), at_least=1))
    names: tuple[str, ...] = constrained(Many(Kind(str)), default=())

    is_recordable: ClassVar[bool] = False
    equations: ClassVar[Equations] = Equations(
        forward=(r"y = \left[ f_1(x_{I_1}), f_2(x_{I_2}), \dots \right]",),
        backward={
            "dx": r"\frac{\partial J}{\partial x_d} = \sum_{p \,:\, d \in I_p}"
            r"\frac{\partial J}{\partial f_p} \frac{\partial f_p}{\partial x_d}"
        },
        where={"f_p": "the parts", "I_p": "the inputs that part p reads"},
    )

    def __post_init__(self) -> None:
        """Name the parts that have no name, and refuse other counts of inputs than of parts."""
        super().__post_init__()
        object.__setattr__(self, "inputs", tuple(tuple(own) for own in self.inputs))
        object.__setattr__(self, "names", self.names or tuple(f"part{i + 1}" for i in range(len(self.parts))))
        if len(self.inputs) != len(self.parts):
            raise ConfigError(
                f"inputs for each of the {len(self.parts)} parts of Columns",
                f"{len(self.inputs)} lists of them",
                "Give each part the numbers of the inputs that it reads.",
            )
        distinct = len(set(self.names)) == len(self.names) == len(self.parts)
        if not distinct or any("." in name or not name for name in self.names):
            raise ConfigError(
                f"{len(self.parts)} different names without a dot, one for each part",
                f"{self.names}",
                "Leave names out.",
            )

    def children(self) -> dict[str, Layer]:
        """Return the parts, each under its name."""
        return dict(zip(self.names, self.parts, strict=True))

    def rebuilt(self, children: Mapping[str, Layer]) -> Columns:
        """Return other parts of the same inputs under the same names."""
        return Columns(tuple(children[name] for name in self.names), self.inputs, self.names)

    @property
    def takes_ids(self) -> bool:
        """Numbers: x is a matrix of them, whatever a part makes of its own."""
        return False

    @property
    def takes_sparse(self) -> bool:
        """No: columns are taken out of a matrix of all numbers."""
        return False

    @property
    def most_ids(self) -> int | None:
        """None: x is no ids."""
        return None

    @cached_property
    def _all(self) -> np.ndarray:
        """The inputs that are read, part by part."""
        return np.concatenate([np.asarray(own, int) for own in self.inputs])

    def shapes_inside(self, shape: Shape) -> dict[str, Shape]:
        """Return (D,) of each part: as many as it reads."""
        return {name: (len(own),) for name, own in zip(self.names, self.inputs, strict=True)}

    def output_shape(self, shape: Shape) -> Shape:
        """(D,) becomes (M₁ + M₂ + …,)."""
        d, total = require_vector(self, shape), 0
        if self._all.max() >= d:
            raise ShapeError(
                f"Columns to read inputs of which there are {d}",
                f"number {self._all.max()} (the first is 0)",
                "Give Columns the numbers of inputs that there are.",
            )
        for (name, part), own in zip(self.children().items(), self.inputs, strict=True):
            try:
                total += require_vector(self, part.output_shape((len(own),)))
            except ShapeError as error:
                raise ShapeError(f"part {name!r}: {error.expected}", error.came, error.remedy) from error
        return (total,)

    def forward(self, xp: Namespace, p: Params, x: Array, ctx: Context) -> tuple[Array, Cache]:
        """y = [f₁(x[I₁]), f₂(x[I₂]), …]."""
        cache: Cache = {}
        found = []
        for number, (name, part) in enumerate(self.children().items()):
            own = xp.take(x, np.asarray(self.inputs[number]), axis=1)
            y, cache[name] = part.forward(xp, p[name], own, ctx.child(xp, number) if part.is_random else ctx)
            found.append(y)
        widths = [int(y.shape[1]) for y in found]
        return xp.concatenate(found, axis=1), {**cache, "inputs": int(x.shape[1]), "ends": tuple(np.cumsum(widths))}

    def backward(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> tuple[Array, Params]:
        """dx = for each input the sum over the parts that read it."""
        found, grads = [], {}
        for (name, part), own in zip(self.children().items(), self._split(cache, dy), strict=True):
            dx, grads[name] = part.backward(xp, p[name], cache[name], own)
            found.append(dx)
        by_input = xp.zeros((cache["inputs"], dy.shape[0]), dy.dtype)
        return xp.add_at(by_input, self._all, xp.concatenate(found, axis=1).T).T, grads

    def gradients(self, xp: Namespace, p: Params, cache: Cache, dy: Array) -> Params:
        """Return the parts' gradients."""
        parts = zip(self.children().items(), self._split(cache, dy), strict=True)
        return {name: part.gradients(xp, p[name], cache[name], own) for (name, part), own in parts}

    def _split(self, cache: Cache, dy: Array) -> list[Array]:
        """Return each part's own dy."""
        ends: Any = cache["ends"]
        return [dy[:, start:end] for start, end in zip((0, *ends), ends, strict=False)]
