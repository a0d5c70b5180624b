"""The programs of learning: one step of a batch, and the cost and gradients of a whole data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar

from chainrule.engine import Engine
from chainrule.optim import Clip, Rule
from chainrule.train.objective import Objective, Stateful, stateful
from chainrule.tree import map_leaves
from chainrule.types import Array, Batch, Context, Key, Params, as_dense, says

_LEARNING = Context(train=True)


def step_context(engine: Engine, key: Key, t: Any) -> Context:
    """Return the context of step number t, whose noise is a function of the key and t; None where nothing is drawn."""
    return _LEARNING if t is None else Context(True, engine.xp.fold(key, t))


def moved(
    engine: Engine, rule: Rule, params: Params, grads: Params, moments: Mapping[str, Params], c: Mapping[str, Any]
) -> tuple[Params, Mapping[str, Params]]:
    """Return weights and moments after a step of the rule."""
    if rule.by_array:
        return engine.each(rule.update_array, params, grads, moments, c, by_array=True)
    return engine.each(rule.update, params, grads, moments, c, by_rows=says(rule, "by_rows"))


@dataclass(frozen=True)
class TrainingStep:
    """The program of one step: cost, gradients, clipping, rule; then the state that no rule moves."""

    objective: Objective
    rule: Rule
    clip: Clip

    is_recordable: ClassVar[bool] = True

    @cached_property
    def _stateful(self) -> Stateful | None:
        return stateful(self.objective)

    def __call__(self, engine: Engine, carry: Any, batch: Batch, c: Mapping[str, Any]) -> tuple[Any, Array]:
        """(weights, moments, key), batch -> the same after the step, and the cost before it."""
        params, moments, key = carry
        ctx = step_context(engine, key, c.get("t"))
        state: Params = {}
        if self._stateful is None:
            cost, grads = self.objective.loss_and_grads(engine.xp, params, batch, ctx)
        else:
            # Before the rule: it may move the weights in place, and the new state depends on the old.
            cost, grads, state = self._stateful.loss_grads_and_state(engine.xp, params, batch, ctx)
        if self.clip:
            grads = self.clip(engine.xp, grads)
        params, moments = moved(engine, self.rule, params, grads, moments, c)
        if state:
            params = engine.put(params, state)
        return (params, moments, key), cost


@dataclass(frozen=True)
class Shown:
    """The program that returns what a rule shows."""

    rule: Rule

    def __call__(self, engine: Engine, params: Params, moments: Mapping[str, Params]) -> Params:
        """Return the weights to be evaluated and kept."""
        return self.rule.shown(params, moments)


def shown_by(rule: Rule, engine: Engine, params: Params, moments: Mapping[str, Params]) -> Params:
    """Return the weights to be evaluated and kept, on the engine: those that move, or what the rule shows instead."""
    if not rule.shows_another:
        return params
    shown: Params = engine.compile(Shown(rule))(params, moments)
    return shown


@dataclass(frozen=True)
class LossAndGrads:
    """The program of a whole data set's cost and gradients."""

    objective: Objective

    def __call__(self, engine: Engine, params: Params, data: Batch, ctx: Key) -> tuple[Array, Params]:
        """Return the cost and the gradients; randomness, if any, is drawn once for the whole search."""
        cost, grads = self.objective.loss_and_grads(engine.xp, params, data, Context(True, ctx))
        return cost, map_leaves(partial(as_dense, engine.xp), grads)


@dataclass(frozen=True)
class WithState:
    """The program that returns parameters with the state that a whole data set, seen at once, gives them."""

    objective: Stateful

    def __call__(self, engine: Engine, params: Params, data: Batch, key: Key) -> Params:
        """Return the parameters, with nothing of their old state."""
        state = self.objective.loss_grads_and_state(engine.xp, params, data, Context(True, key), 0.0)[2]
        return engine.put(params, state)
