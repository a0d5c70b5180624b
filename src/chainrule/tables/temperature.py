"""Temperature: how sure the probabilities ought to have been, by rows that their networks did not learn from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.tables.pick import cost_of

# Further from 1 than this the rows are too few, or the networks too wrong, for a temperature to mend.
_RANGE = (0.25, 4.0)


def fit_temperature(each: Sequence[np.ndarray], weights: Sequence[float], t: np.ndarray) -> float:
    """Return T, which makes the mean of softmax(aₘ / T) cost least, 1 where that costs no less.

    Guo, Pleiss, Sun & Weinberger, 2017, On calibration of modern neural networks, section 4.2, with the members' logits
    divided before their mean is taken.

    Parameters
    ----------
    each : sequence of arrays (N, K)
        Logits of each member.
    weights : sequence of float
        Whose sum is 1.
    t : array (N, K)
        Indicators of the classes.
    """
    from scipy.optimize import minimize_scalar

    def cost(log_t: float) -> float:
        y = sum(w * softmax(a / np.exp(log_t)) for w, a in zip(weights, each, strict=True))
        return cost_of(np.asarray(y), t, classify=True)

    found = minimize_scalar(cost, bounds=tuple(np.log(_RANGE)), method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x)) if found.fun < cost(0.0) else 1.0


def softmax(a: np.ndarray) -> np.ndarray:
    """Return the probabilities of logits (N, K)."""
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))
