"""Which is better: cross-validation, comparison, search."""

from chainrule.select.compare import Comparison, Pair, compare, compare_fitted, compare_scores
from chainrule.select.crossval import CrossValidation, cross_validate
from chainrule.select.curves import Curve, learning_curve, validation_curve
from chainrule.select.folds import Folds, draw_folds
from chainrule.select.population import Population, population
from chainrule.select.space import Choice, Dimension, Space, Span
from chainrule.select.statistics import (
    McNemar,
    TTest,
    corrected_t_test,
    effect_size,
    holm,
    mcnemar,
    paired_t_test,
)
from chainrule.select.storage import Storage
from chainrule.select.tune import Search, Trial, tune
from chainrule.select.workers import Workers

__all__ = [
    "Choice",
    "Comparison",
    "CrossValidation",
    "Curve",
    "Dimension",
    "Folds",
    "McNemar",
    "Pair",
    "Population",
    "Search",
    "Space",
    "Span",
    "Storage",
    "TTest",
    "Trial",
    "Workers",
    "compare",
    "compare_fitted",
    "compare_scores",
    "corrected_t_test",
    "cross_validate",
    "draw_folds",
    "effect_size",
    "holm",
    "learning_curve",
    "mcnemar",
    "paired_t_test",
    "population",
    "tune",
    "validation_curve",
]
