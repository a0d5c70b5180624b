"""Least squares in closed form, for rows that may be sparse and weighted."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg
from scipy.sparse import issparse
from scipy.sparse import linalg as sparse_linalg


def least_squares(
    X: Any, t: np.ndarray, w: np.ndarray | None, alpha: float, *, intercept: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return W (D, K) and b (K,) that minimise ½ Σₙ wₙ |xₙ W + b - tₙ|² + ½ α ΣW²; of several, the shortest W.

    With the weighted means taken off, b = t̄ - x̄ W drops out, and W is the least-squares solution of
    [√w X; √α 1] W = [√w t; 0].

    Parameters
    ----------
    X : array or CSR matrix (N, D)
        A sparse one stays sparse: its means are taken off by an operator.
    t : array (N, K)
    w : array (N,), optional
    alpha : float
    intercept : bool
    """
    n, d = X.shape
    weights = np.ones(n) if w is None else np.asarray(w, float)
    root = np.sqrt(weights)[:, None]
    t = t.astype(float)
    share = weights / weights.sum()
    x_mean = np.asarray(share @ X, float).ravel() if intercept else np.zeros(d)
    t_mean = share @ t if intercept else np.zeros(t.shape[1])
    right = root * (t - t_mean)
    if issparse(X):
        W = np.stack([_iterate(X, root[:, 0], x_mean, column, alpha) for column in right.T], axis=1)
    else:
        left = root * (X - x_mean)
        if alpha > 0:
            left = np.concatenate([left, np.sqrt(alpha) * np.eye(d)])
            right = np.concatenate([right, np.zeros((d, t.shape[1]))])
        # Directions that are zero but for rounding: the means taken off leave one, repeated columns more.
        W = linalg.lstsq(left, right, cond=max(left.shape) * np.finfo(float).eps)[0]
    return W, t_mean - x_mean @ W


def _iterate(X: Any, root: np.ndarray, mean: np.ndarray, right: np.ndarray, alpha: float) -> np.ndarray:
    """Solve one column with LSQR, which needs no more than products with √w (X - x̄) and its transpose."""
    operator = sparse_linalg.LinearOperator(
        X.shape,
        dtype=float,
        matvec=lambda v: root * (X @ v.ravel() - mean @ v.ravel()),
        rmatvec=lambda u: X.T @ (root * u.ravel()) - mean * (root @ u.ravel()),
    )
    limit = 10 * max(X.shape)
    solution: np.ndarray = sparse_linalg.lsqr(
        operator, right, damp=np.sqrt(alpha), atol=1e-14, btol=1e-14, iter_lim=limit
    )[0]
    return solution


def steepest(X: Any, w: np.ndarray | None, alpha: float, *, intercept: bool) -> float:
    """Return λ, the largest curvature of J = Σₙ wₙ ½ |xₙ W + b - tₙ|² / Σₙ wₙ + ½ α ΣW² / Σₙ wₙ in any direction.

    λ is the largest eigenvalue of its second derivative, ([X 1]ᵀ w [X 1] + α) / Σₙ wₙ.
    """
    n, d = X.shape
    weights = np.ones(n) if w is None else np.asarray(w, float)

    def curvature(v: np.ndarray) -> np.ndarray:
        v = v.ravel()
        slope = weights * (X @ v[:d] + v[d])
        out: np.ndarray = np.append(X.T @ slope + alpha * v[:d], slope.sum() if intercept else 0.0)
        return out / np.float64(weights.sum())

    # Power iteration: with each product the steepest direction outgrows the others.
    v = np.ones(d + 1) if intercept else np.append(np.ones(d), 0)
    v = v + 1e-3 * np.cos(np.arange(d + 1)) * (v != 0)
    value = 0.0
    for _ in range(200):
        grown = curvature(v)
        before, value = value, float(np.linalg.norm(grown) / np.linalg.norm(v))
        if value == 0 or abs(value - before) <= 1e-6 * value:
            break
        v = grown / np.linalg.norm(grown)
    # The iteration comes from below, and a rate must not be too high.
    return 1.01 * value if value > 0 else 1.0
