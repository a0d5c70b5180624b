"""What a wrong result has in common with the right one, where no slip explains it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.explain.why.question import Problem, Question
from chainrule.explain.why.recognise import close


def quiet() -> Any:
    """Return a context in which nothing is printed."""
    return contextlib.redirect_stdout(io.StringIO())


def of(results: Sequence[Any], problems: Sequence[Problem], question: Question) -> list[str]:
    """Return sentences on how a result lies to the truth, on the first problem and, if a factor, on all."""
    result, truth = results[0], problems[0].truth
    if result.shape != truth.shape:
        turned = result.ndim == 2 and close(result.T, truth, 1e-6)
        return ["it is the right one transposed"] if turned else []
    if not np.any(result):
        return ["all its entries are zero"]
    factors = [_factor(one, problem.truth) for one, problem in zip(results, problems, strict=True)]
    if all(factor is not None for factor in factors):
        listed = ", ".join(f"{factor:.4g}" for factor in factors)
        sizes = "; ".join(",".join(f"{k}={p.sizes[k]}" for k in "NDMK") for p in problems)
        return [f"it is the right one times {listed} (at {sizes})"]
    scale = max(float(np.abs(truth).max(initial=0.0)), 1e-30)
    good = np.abs(result - truth) <= 1e-6 * scale
    told = []
    if good.any():
        told.append(f"{int(good.sum())} of {good.size} entries are right" + _bad_rows(good))
    else:
        cosine = float((result * truth).sum() / (np.linalg.norm(result) * np.linalg.norm(truth)))
        told.append(f"no entry is right; its direction is {np.degrees(np.arccos(np.clip(cosine, -1, 1))):.0f}° off")
    steps = [line.name for line in question.path if line.name.startswith("d")][:-1]
    if steps:
        told.append(f"compute it in steps, and compare the first of them by number: {', '.join(steps)}")
    return told


def _factor(result: Any, truth: Any) -> float | None:
    if result.shape != truth.shape:
        return None
    factor = float((result * truth).sum() / (truth * truth).sum())
    return factor if close(result, factor * truth, 1e-6) and abs(factor) > 1e-12 else None


def _bad_rows(good: Any) -> str:
    if good.ndim != 2:
        wrong = np.flatnonzero(~good)
        return f"; wrong: entries {', '.join(map(str, wrong[:6]))}" if good.ndim == 1 and wrong.size else ""
    rows, columns = np.flatnonzero(~good.all(axis=1)), np.flatnonzero(~good.all(axis=0))
    if len(rows) < good.shape[0]:
        return f"; wrong: rows {', '.join(map(str, rows[:6]))}"
    return f"; wrong: columns {', '.join(map(str, columns[:6]))}" if len(columns) < good.shape[1] else ""
