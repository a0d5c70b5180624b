"""Advice: one line of what to try next, from what the figures of a run say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.job.config import Config
from chainrule.job.metrics import judged_by
from chainrule.train.history import History

_EXPLODED = 2.0
_GAP = 0.05
_BARELY = 0.98
_NEARLY_ALL = 0.995
_WELL = 0.9
_WELL_BELOW = 0.95


def next_step(config: Config, history: History, metrics: Mapping[str, Mapping[str, float]]) -> str:
    """Return the most useful thing to change, as a sentence that marks the setting to use."""
    rate = config.learning_rate or 0.001
    if history.cost and not history.cost[-1] <= _EXPLODED * history.cost[0]:
        return f"The cost rose instead of falling: try a rate 10 times smaller, `learning_rate={rate / 10:.3g}`."
    better, cost = judged_by(metrics["train"])
    seen = next(part for part in ("test", "valid", "train") if part in metrics)
    score, train = metrics[seen][better.name], metrics["train"][better.name]
    wider, calmer = _wider(config), _calmer(config)
    # Accuracy hides what is learned of a rare class; the cost does not.
    if metrics[seen][cost.name] > _BARELY * metrics["baseline"][cost.name]:
        return (
            f"By {cost.label} it is hardly better than knowing nothing: look whether the target can be known from "
            f"{'these pictures' if config.model.for_pictures else 'these columns'}, then try `learning_rate={rate * 3:.2g}` or {wider}."
        )
    if train - score > _GAP:
        return f"It does better on the training rows ({train:.3g} against {score:.3g}): try {calmer}, or more rows."
    if score > _NEARLY_ALL:
        return f"It looks sound, with a {better.label} of {score:.4g}: see how much another `seed` changes it."
    if _overlearned(history):
        return f"After epoch {_best_epoch(history)} only the training rows were learned better: try {calmer}."
    ended = history.ended
    # A one-cycle schedule is at its best when it ends, however long it is.
    falls = config.schedule == "one_cycle"
    if ended is not None and not falls and ended.best_epoch >= ended.epochs >= (config.epochs or 0):
        return f"It was still improving when it ended: try `epochs={2 * ended.epochs}` or a higher `learning_rate={rate * 3:.2g}`."
    if train < _WELL:
        return f"Training rows are not learned much better than others: a larger network may help, {wider}."
    return "It looks sound: see how much another `seed` changes it before you believe the last digit."


def _wider(config: Config) -> str:
    """Return the settings that make the network larger where it learns."""
    return _marked(config.model.wider()) or f"another `model` than {config.model.name}"


def _calmer(config: Config) -> str:
    """Return the settings that make it harder to learn the training rows by heart."""
    if config.model.for_pictures and config.augment == "none":
        return _marked({"augment": "light"})
    return _marked(config.model.calmer() or {"l2": f"{max(1e-4, (config.l2 or 0.0) * 10):.2g}"})


def _marked(settings: Mapping[str, Any]) -> str:
    """Return settings as a text in which each is marked."""
    values = {
        name: ",".join(map(str, value)) if isinstance(value, tuple) else value for name, value in settings.items()
    }
    return " and ".join(f"`{name}={value}`" for name, value in values.items())


def _best_epoch(history: History) -> int:
    return history.ended.best_epoch if history.ended else 0


def _overlearned(history: History) -> bool:
    """Tell whether the training cost fell well below where it was when the validation cost was at its best."""
    best = _best_epoch(history)
    if "valid" not in history.scores or best not in history.epochs:
        return False
    return history.cost[-1] < _WELL_BELOW * history.cost[history.epochs.index(best)]
