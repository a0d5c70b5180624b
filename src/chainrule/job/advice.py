"""Advice: one line of what to try next, from what the figures of a run say."""

from __future__ import annotations

import math
from collections.abc import Mapping

from chainrule.job.config import Config
from chainrule.train.history import History

_GAP = 0.05
_BARELY = 0.02
_WELL = 0.9
_AGAIN = 1.15


def next_step(config: Config, history: History, metrics: Mapping[str, Mapping[str, float]]) -> str:
    """Return the most useful thing to change, as a sentence with the flag to use."""
    rate = config.learning_rate or 0.001
    if history.cost and not math.isfinite(history.cost[-1]):
        return f"The cost is not finite: try a rate 10 times smaller, --lr {rate / 10:.3g}."
    key = "accuracy" if "accuracy" in metrics["train"] else "r2"
    seen = next(part for part in ("test", "valid", "train") if part in metrics)
    score, train, trivial = metrics[seen][key], metrics["train"][key], metrics["baseline"][key]
    name = {"accuracy": "accuracy", "r2": "R²"}[key]
    ended = history.ended
    if score < trivial + _BARELY:
        return (
            f"It is hardly better than knowing nothing ({name} {score:.3g} against {trivial:.3g}): look whether the "
            f"target can be known from these columns, then try --lr {rate * 10:.3g} or --hidden 128,64."
        )
    if train - score > _GAP:
        remedy = "--dropout 0.3" if config.dropout == 0 else f"--l2 {max(1e-4, (config.l2 or 0.0) * 10):g}"
        return f"It does better on the training rows ({train:.3g} against {score:.3g}): try {remedy}, or more rows."
    if ended is not None and _overlearned(history, ended.best_epoch):
        remedy = "--dropout 0.3" if config.dropout == 0 else f"--lr {rate / 3:.2g}"
        return f"After epoch {ended.best_epoch} it learned the noise of the training rows: try {remedy}, or more rows."
    if ended is not None and ended.best_epoch >= ended.epochs >= (config.epochs or 0):
        return f"It was still improving when it ended: try --epochs {2 * ended.epochs} or a higher --lr {rate * 3:.2g}."
    if train < _WELL:
        wider = ",".join(str(2 * units) for units in config.hidden) or "64,32"
        return f"Training rows are not learned much better than others: a larger network may help, --hidden {wider}."
    return "It looks sound: see how much another --seed changes it before you believe the last digit."


def _overlearned(history: History, best_epoch: int) -> bool:
    """Tell whether the training cost went on falling while the validation cost rose again."""
    valid = history.scores.get("valid", {}).get("cost")
    if valid is None or best_epoch not in history.epochs:
        return False
    best = history.epochs.index(best_epoch)
    return history.cost[-1] < 0.9 * history.cost[best] and valid[-1] > _AGAIN * valid[best]
