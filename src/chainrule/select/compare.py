"""Comparison: two or more models on the same folds, and whether their difference is more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, DataError
from chainrule.select.crossval import CrossValidation, Progress, cross_validate
from chainrule.select.folds import Folds, draw_folds
from chainrule.select.statistics import (
    ALTERNATIVES,
    McNemar,
    TTest,
    corrected_t_test,
    effect_size,
    holm,
    mcnemar,
    paired_t_test,
)
from chainrule.select.workers import Workers

WARNING = (
    "The plain t-test takes the folds for independent, which they are not: they share most of their training rows. "
    "It finds differences that are not there, at a nominal 5 % in about 9 of 100 comparisons on 10 folds and in 63 of "
    "100 on 10 × 10. Believe the corrected one."
)


@dataclass(frozen=True, eq=False)
class Pair:
    """One comparison, of a with b.

    Attributes
    ----------
    differences : array (J,)
        Score of a less score of b, fold by fold.
    corrected, plain : TTest
        Nadeau and Bengio's test, and the course's.
    effect : float
        Mean difference in standard deviations of the differences.
    p : float
        Of the corrected test, raised by Holm's rule where there are several comparisons.
    """

    a: str
    b: str
    differences: np.ndarray
    corrected: TTest
    plain: TTest
    effect: float
    p: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models on the same folds; printed, it is a table and a verdict for each pair.

    Attributes
    ----------
    models : tuple of CrossValidation
        Best mean first.
    pairs : tuple of Pair
        Each model with each that is behind it.
    alternative : str
        two-sided, or greater: the one that is ahead is asked to be better.
    """

    models: tuple[CrossValidation, ...]
    pairs: tuple[Pair, ...]
    alternative: str
    level: float = 0.05

    @property
    def verdicts(self) -> list[str]:
        """A sentence for each pair."""
        return [verdict(pair, self.models[0].metric, self.level) for pair in self.pairs]

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON-able data."""
        return {
            "models": [model.to_json() for model in self.models],
            "pairs": [
                {
                    "a": pair.a,
                    "b": pair.b,
                    "difference": pair.corrected.difference,
                    "low": pair.corrected.low,
                    "high": pair.corrected.high,
                    "confidence": pair.corrected.confidence,
                    "effect_size": pair.effect if np.isfinite(pair.effect) else None,
                    "p": pair.p,
                    "p_corrected": pair.corrected.p,
                    "p_plain": pair.plain.p,
                    "differences": pair.differences.tolist(),
                }
                for pair in self.pairs
            ],
            "alternative": self.alternative,
            "warning": WARNING,
            "verdicts": self.verdicts,
        }

    def __str__(self) -> str:
        """Return models, pairs and verdicts."""
        width = max(len(model.name) for model in self.models)
        first = self.models[0]
        lines = [f"{first.metric} on {first.folds}", ""]
        lines += [f"{model.name:<{width}}  {model.mean:.4f} ± {model.std:.4f}" for model in self.models]
        several = len(self.pairs) > 1
        for pair, sentence in zip(self.pairs, self.verdicts, strict=True):
            t = pair.corrected
            lines += [
                "",
                f"{pair.a} - {pair.b}: {t.difference:+.4f}  ({t.confidence:.0%} interval {t.low:+.4f} to {t.high:+.4f}, "
                f"effect size {pair.effect:.2f})",
                f"  corrected resampled t-test  t = {t.statistic:6.3f}  {probability(t.p)}"
                + (f"  (by Holm for {len(self.pairs)} comparisons: {probability(pair.p)})" if several else ""),
                f"  the course's plain t-test   t = {pair.plain.statistic:6.3f}  {probability(pair.plain.p)}  (too sure: see below)",
                f"  {sentence}",
            ]
        return "\n".join([*lines, "", WARNING])


def probability(p: float) -> str:
    """Return p as people write it."""
    return f"p = {p:.4f}" if p >= 1e-4 else "p < 0.0001"


def verdict(pair: Pair, metric: str, level: float) -> str:
    """Return what a comparison says, in a sentence."""
    if pair.p < level:
        ahead, behind = (pair.a, pair.b) if pair.corrected.difference > 0 else (pair.b, pair.a)
        return f"{ahead} has the better {metric} than {behind}: by chance alone a difference like this is rare."
    if pair.plain.p < level:
        return f"{pair.a} and {pair.b} cannot be told apart on these rows, though the plain t-test would have said so."
    return f"{pair.a} and {pair.b} cannot be told apart on these rows."


def compare(
    models: Mapping[str, Any],
    X: Any,
    y: Any,
    *,
    folds: Folds | int = 10,
    repeats: int = 1,
    kind: str = "auto",
    groups: Any = None,
    seed: int = 0,
    scoring: Any = None,
    alternative: str = "two-sided",
    workers: Workers | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Train each model on the same folds and test the differences.

    Parameters
    ----------
    models : mapping of str to estimator
        Two or more, by name.
    alternative : str
        `two-sided`, or `greater`: whether the model with the better mean is better.
    folds, repeats, kind, groups, seed, scoring, workers, progress
        See `cross_validate`.
    """
    from sklearn.base import is_classifier

    if len(models) < 2:
        raise ConfigError("two or more models to compare", f"{len(models)}", "Give each a name: {'a': …, 'b': …}.")
    if isinstance(folds, int):
        classify = all(is_classifier(model) for model in models.values())
        folds = draw_folds(y, folds=folds, repeats=repeats, kind=kind, groups=groups, classify=classify, seed=seed)
    total = len(folds) * len(models)
    results: list[CrossValidation] = []
    for name, model in models.items():
        result = cross_validate(
            model,
            X,
            y,
            folds=folds,
            scoring=scoring,
            name=name,
            workers=workers,
            progress=None if progress is None else _behind(progress, len(results) * len(folds), total),
        )
        results.append(result)
    return compare_scores(results, alternative=alternative)


def _behind(progress: Progress, before: int, total: int) -> Progress:
    """Return what counts one model's trainings on from those of the models before it."""
    return lambda done, _, score: progress(before + done, total, score)


def compare_scores(results: Sequence[CrossValidation], *, alternative: str = "two-sided") -> Comparison:
    """Test the differences of models that were cross-validated on the same folds."""
    if alternative not in ALTERNATIVES:
        raise ConfigError(f"an alternative of {' or '.join(ALTERNATIVES)}", f"{alternative!r}", "Use two-sided.")
    first = results[0].folds
    for result in results:
        same = result.folds is first or (
            len(result.folds) == len(first)
            and all(
                np.array_equal(mine[1], yours[1]) for mine, yours in zip(result.folds.pairs, first.pairs, strict=True)
            )
        )
        if not same or result.metric != results[0].metric:
            raise DataError(
                "results of one metric on the same folds",
                f"{results[0].name}: {results[0].metric}, {first}; {result.name}: {result.metric}, {result.folds}",
                "Draw the folds once, and hand them to each cross_validate.",
            )
    ordered = sorted(results, key=lambda result: -result.mean)
    tested = [_pair(a, b, alternative) for a, b in combinations(ordered, 2)]
    raised = holm([pair.p for pair in tested])
    pairs = tuple(_with_p(pair, p) for pair, p in zip(tested, raised, strict=True))
    return Comparison(tuple(ordered), pairs, alternative)


def _pair(a: CrossValidation, b: CrossValidation, alternative: str) -> Pair:
    d = a.scores - b.scores
    sizes = {"n_train": a.folds.n_train, "n_test": a.folds.n_test}
    corrected = corrected_t_test(d, alternative=alternative, **sizes)
    plain = paired_t_test(d, alternative=alternative)
    return Pair(a.name, b.name, d, corrected, plain, effect_size(d), corrected.p)


def _with_p(pair: Pair, p: float) -> Pair:
    return Pair(pair.a, pair.b, pair.differences, pair.corrected, pair.plain, pair.effect, p)


def compare_fitted(a: Any, b: Any, X: Any, y: Any) -> McNemar:
    """Compare two classifiers that are trained already on one fixed test set, by McNemar's test."""
    return mcnemar(y, a.predict(X), b.predict(X))
