"""Inspection: what a fitted model makes of rows that it has not seen, whatever is inside it.

A model is a function from raw rows to probabilities or values (`Predict`): a network with its preparation, a mean of many,
or another package's pipeline. Nothing here asks for more.
"""

from chainrule.inspection import told
from chainrule.inspection.calibration import Calibration, calibration
from chainrule.inspection.dependence import Dependence, dependence
from chainrule.inspection.estimator import as_estimator
from chainrule.inspection.importance import Importance, permutation_importance
from chainrule.inspection.inspected import OURS, Inspected, inspect
from chainrule.inspection.intervals import Interval, Intervals, bootstrap
from chainrule.inspection.rivals import LABELS, Rival, fit_rivals
from chainrule.inspection.segments import Segment, Segments, segments
from chainrule.inspection.subject import Predict, Rows, Subject
from chainrule.inspection.thresholds import Curve, Imbalance, curves, imbalance

__all__ = [
    "LABELS",
    "OURS",
    "Calibration",
    "Curve",
    "Dependence",
    "Imbalance",
    "Importance",
    "Inspected",
    "Interval",
    "Intervals",
    "Predict",
    "Rival",
    "Rows",
    "Segment",
    "Segments",
    "Subject",
    "as_estimator",
    "bootstrap",
    "calibration",
    "curves",
    "dependence",
    "fit_rivals",
    "imbalance",
    "inspect",
    "permutation_importance",
    "segments",
    "told",
]
