"""Derivations: what `chainrule.explain` writes out, asked of the network as it is now, as its next step will take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.errors import ConfigError
from chainrule.nn import Penalty
from chainrule.playground.answers import require_row
from chainrule.playground.build import rule_of
from chainrule.playground.learner import WatchedLearner
from chainrule.playground.protocol import Derive, Export
from chainrule.playground.wire import Message
from chainrule.tree import leaf
from chainrule.types import PREDICT, Batch, Context

if TYPE_CHECKING:
    from chainrule.explain import Derivation


def derivation(learner: WatchedLearner, asked: Derive) -> Message:
    """Return the derivation of a weight, or of an output, and the serial that the learner had: frames with another show more."""
    return Message("derivation", {"derivation": _derived(learner, asked).to_json(), "serial": learner.serial})


def worksheet(learner: WatchedLearner, asked: Export) -> str:
    """Return a derivation as a page, or as a LaTeX article, with or without the solution."""
    from chainrule.explain import as_html, as_latex

    write = as_html.worksheet if asked.kind == "html" else as_latex.worksheet
    return write([_derived(learner, asked)], solution=asked.solution)


def _derived(learner: WatchedLearner, asked: Derive | Export) -> Derivation:
    from chainrule.explain import derive, derive_output

    scene, trainer = learner.scene, learner.trainer
    spec = scene.spec
    batch, context = _batch(learner, asked.of)
    told: dict[str, Any] = {"params": trainer.params, "context": context}
    if asked.param is None:
        if asked.output is None:
            raise ConfigError("param or output", "neither", "Name a weight: hidden1.W with the index [0, 2].")
        return derive_output(scene.network, asked.output, batch.x, batch.t, **told)
    path = _path(learner, asked)
    index = tuple(asked.index)
    return derive(
        scene.network,
        path,
        batch.x,
        batch.t,
        penalty=Penalty(spec.l1, spec.l2) if spec.l1 or spec.l2 else None,
        rule=rule_of(spec),
        learning_rate=trainer.rate,
        moments={name: float(leaf(store, asked.param)[index]) for name, store in trainer.moments.items()},
        step=trainer.rule_step + 1,
        **told,
    )


def _path(learner: WatchedLearner, asked: Derive | Export) -> str:
    """Return the address of a weight, such as hidden1.W[0,2], or raise unless it is there."""
    shapes = dict(learner.trainer.params.layout)
    shape = shapes.get(str(asked.param))
    if shape is None:
        raise ConfigError("the name of a parameter", f"{asked.param!r:.60}", f"There are {', '.join(shapes)}.")
    if len(asked.index) != len(shape) or any(i >= n for i, n in zip(asked.index, shape, strict=True)):
        raise ConfigError(f"an index into {asked.param} of shape {shape}", f"{list(asked.index)}", "Count from 0.")
    return f"{asked.param}[{','.join(map(str, asked.index))}]"


def _batch(learner: WatchedLearner, of: Any) -> tuple[Batch, Context]:
    """Return the rows of the cost: the batch that comes next, with its own noise, all training rows, or one row."""
    trainer = learner.trainer
    if of == "batch":
        return trainer.batch(trainer.next_rows()), trainer.next_context()
    if of == "all":
        return learner.scene.train, PREDICT
    row, part = of.get("row"), of.get("part", "train")
    if type(row) is not int or row < 0 or part not in ("train", "test") or set(of) - {"row", "part"}:
        raise ConfigError('of to be "batch", "all" or {"row": n}', f"{of!r:.60}", "Name a row, counted from 0.")
    rows = learner.scene.part(part)
    require_row(row, rows.n_samples, part)
    return rows.take(slice(row, row + 1)), PREDICT
