"""The engine: where the mathematics runs. One page is all that the rest of Chainrule knows about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

import numpy as np

from chainrule.types import Array, Batch, Key, Namespace, Params

Carry: TypeAlias = Any
PerStep: TypeAlias = Mapping[str, np.ndarray]


class Program(Protocol):
    """A pure function that is a value: hashable and equal by content, so that it is compiled once."""

    def __call__(self, engine: Engine, *arguments: Any) -> Any:
        """Compute, using `engine.xp` alone."""

    def __hash__(self) -> int:
        """Equal programs hash alike."""


class Engine(Protocol):
    """NumPy and JAX behind one door.

    Attributes
    ----------
    name : str
        `numpy` or `jax`.
    dtype : str
        `float32` or `float64`, of all arrays but those of whole numbers.
    xp : Namespace
        The array functions that formulas use.
    """

    name: str
    dtype: str
    xp: Namespace

    def array(self, values: Any) -> Array:
        """Bring an array of inputs or targets to this engine: whole numbers as int32, all others in its dtype."""

    def numpy(self, values: Array) -> np.ndarray:
        """Bring an array back."""

    def place(self, tree: Params) -> Params:
        """Bring a tree of parameters to this engine, as copies that the engine may update in place."""

    def zeros(self, params: Params) -> Params:
        """Return zeros of the same layout as placed parameters."""

    def key(self, *numbers: int) -> Key:
        """Return the source of randomness that these whole numbers name."""

    def each(
        self,
        update: Callable[..., Any],
        params: Params,
        grads: Params,
        moments: Mapping[str, Params],
        c: Any,
        *,
        by_rows: bool = False,
        by_array: bool = False,
    ) -> tuple[Params, Mapping[str, Params]]:
        """Apply an optimizer's elementwise `update` to all parameters, in the largest pieces that are fast here.

        `by_rows` tells whether it leaves weights without a gradient and their moments as they are, so that of a
        `RowGradient`'s table the named rows alone need to be handled. `by_array` tells that it is not elementwise: then
        it is called as update(xp, path, w, g, state, c), for each array in its own shape under its dotted name.
        """

    def put(self, params: Params, values: Params) -> Params:
        """Return placed parameters with those leaves replaced that `values`, a part of their tree, has."""

    def compile(self, program: Program) -> Callable[..., Any]:
        """Return `program` with this engine bound, compiled where the engine compiles."""

    def run(self, step: Program, carry: Carry, data: Batch, rows: np.ndarray, per_step: PerStep) -> tuple[Carry, Array]:
        """Take many steps in one call.

        Parameters
        ----------
        step : Program
            (engine, carry, batch, numbers) -> (carry, cost).
        carry : pytree
            What a step hands to the next; the engine may destroy the one that it is given.
        data : Batch
            The whole data set, on this engine.
        rows : int array (steps, batch size)
            The rows of each batch; -1, at the end of the last one alone, is padding that must not count.
        per_step : mapping of str to float array (steps,)
            The numbers of each step.

        Returns
        -------
        carry, costs (steps,)
            On this engine, perhaps still being computed.
        """
