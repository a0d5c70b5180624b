"""Populations: what an engine offers that can train many networks of one architecture as one program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import numpy as np

from chainrule.engine.base import Carry, Engine, PerStep, Program
from chainrule.engine.choose import engine_by_name
from chainrule.types import Array, Batch, Key, Params


class ManyEngine(Engine, Protocol):
    """An engine for populations, whose members differ in fold (F), seed (R) and setting (S).

    Whatever belongs to a member has the leading axes (F, R, S): each leaf of its weights, and its costs. What members
    share is there once: all settings of a seed see the same batches, all members of a fold the same rows.
    """

    @property
    def lanes(self) -> int:
        """How many populations this machine trains side by side in the time of one: one on each core, or one on a GPU."""

    def run_many(
        self,
        step: Program,
        carry: Carry,
        keys: Sequence[Key] | None,
        data: Batch,
        rows: np.ndarray,
        per_step: PerStep,
        settings: Mapping[str, np.ndarray],
    ) -> tuple[Carry, Array]:
        """Take many steps of every member in one call.

        Parameters
        ----------
        step : Program
            (engine, (weights, moments, key), batch, numbers) -> the same after the step, and the cost before it.
        carry : (weights, moments)
            Leaves (F, R, S, …), on this engine; it may be destroyed.
        keys : sequence of R keys, or None
            Sources of randomness, where a layer draws any.
        data : Batch
            x (F, N, …) and t (F, N, K), each fold's own preparation of all rows.
        rows : int array (F, R, steps, batch size)
            Rows of each batch. -1, at the end of a batch, is padding that does not count; a batch of -1 alone is
            a step that the member does not take.
        per_step : mapping of str to array (F, S, steps)
            The numbers of each step; `t`, the number of the step, is (F, steps).
        settings : mapping of str to array (S,)
            Numbers that stay the same, such as the strength of a penalty.

        Returns
        -------
        carry, costs (steps, F, R, S)
        """

    def map_many(self, program: Program, params: Params, x: Array) -> Array:
        """Return program(params, x) of every member: (F, R, S, N, …) for x (F, N, …)."""


def many_engine(dtype: str = "float32") -> ManyEngine:
    """Return the engine that trains populations: JAX.

    Raises
    ------
    ConfigError
        If jax is not installed.
    """
    return cast(ManyEngine, engine_by_name("jax", dtype))
