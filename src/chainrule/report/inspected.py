"""What inspecting a model found, as the page shows it: tables, sentences and pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.encode.target import Target
from chainrule.figures import figure, figures
from chainrule.inspection import LABELS, OURS, Inspected, Interval, Segment, told
from chainrule.inspection.subject import probabilities
from chainrule.report import table_plots
from chainrule.report.threshold_curves import threshold_curves
from chainrule.train.metrics import Metric, metrics_for

_MOST_SEGMENTS = 200


def shown(found: Inspected, target: Target, truth: np.ndarray, y: np.ndarray, *, is_balanced: bool) -> dict[str, Any]:
    """Return the parts of the page by name; one that there is nothing for is empty.

    Parameters
    ----------
    truth : array (N,)
        Of the rows that were looked at.
    y : array (N, K)
        What the model says of them.
    is_balanced : bool
        Whether rare classes counted for more in training.
    """
    metrics = [metric for metric in metrics_for(target.task) if metric.name in found.ours]
    judged = next(metric for metric in metrics if metric.better == "lower")
    return {
        "rivals": _rivals(found, metrics),
        "rival_metrics": [metric.label for metric in metrics],
        "worth": told.worth(found, judged),
        "rare": _rare(found, target, is_balanced=is_balanced),
        "importance": _importance(found, target),
        "dependence": _dependence(found, target),
        **_calibration(found, target, truth, y),
        "thresholds": threshold_curves(found.curves, target.classes),
        **_segments(found, target),
        "limits": found.notes,
    }


def _rivals(found: Inspected, metrics: list[Metric]) -> list[dict[str, Any]]:
    """Return a row for the network and for each rival: name, what it is, a figure and interval for each metric."""
    if not found.rivals:
        return []
    about = {OURS: ("this network", "", "")}
    about |= {rival.name: (LABELS[rival.name], rival.about, f"{rival.seconds:.2g} s") for rival in found.rivals}
    return [
        {
            "name": name,
            "about": words,
            "seconds": seconds,
            "is_ours": model == OURS,
            "cells": [
                (figure(i.value), interval(i)) for i in (found.intervals.metrics[model][m.name] for m in metrics)
            ],
        }
        for model, (name, words, seconds) in about.items()
    ]


def interval(one: Interval) -> str:
    """Return `0.849 to 0.866`, or nothing where the rows are too few to tell."""
    if not one.is_known:
        return ""
    low, high = figures([one.low, one.high])
    return f"{low} to {high}"


def _rare(found: Inspected, target: Target, *, is_balanced: bool) -> str:
    if found.imbalance is None:
        return ""
    return told.rare_class(found.imbalance, found.part, target.classes[found.imbalance.k], is_balanced=is_balanced)


def _importance(found: Inspected, target: Target) -> dict[str, Any] | None:
    one = found.importance
    if one is None:
        return None
    return {
        "picture": table_plots.importance_bars(one, "" if target.classes else target.name),
        "rows": one.rows,
        "shuffles": one.shuffles,
        "cost": one.cost,
        "base": figure(one.base),
        "more": max(0, len(one.names) - table_plots.MOST_BARS) + len(one.untried),
    }


def _dependence(found: Inspected, target: Target) -> str:
    if not found.dependence:
        return ""
    shown_classes = found.dependence[0].shown
    if len(shown_classes) == 1:
        label = f"P({target.name} = {target.classes[shown_classes[0]]})"
    else:
        label = "probability" if target.classes else f"predicted {target.name}"
    return table_plots.dependence_panels(found.dependence, label, target.classes)


def _calibration(found: Inspected, target: Target, truth: np.ndarray, y: np.ndarray) -> dict[str, str]:
    one = found.calibration
    if one is None:
        return {"calibration": "", "calibrated": ""}
    p = probabilities(y)
    if one.of is None:
        said, came, label = p.max(axis=1), p.argmax(axis=1) == truth, "probability of its answer"
    else:
        said, came = p[:, one.of], truth == one.of
        label = f"probability of {target.classes[one.of]}"
    return {
        "calibration": table_plots.calibration_panels(one, said, came, label),
        "calibrated": told.calibrated(one, len(truth)),
    }


def _segments(found: Inspected, target: Target) -> dict[str, Any]:
    one = found.segments
    if one is None:
        return {"segments": "", "segment_rows": [], "worst": "", "segment_metric": "", "segment_share": ""}
    of_two = len(target.classes) == 2
    share = f"share of {target.classes[found.positive]}" if of_two else "" if target.classes else f"mean {target.name}"
    return {
        "segments": table_plots.segment_rows(one),
        "segment_rows": [_segment(segment, is_worst=segment is one.worst) for segment in one.found[:_MOST_SEGMENTS]],
        "worst": told.worst_segment(one, found.part),
        "segment_metric": one.metric,
        "segment_share": share,
        "small_segments": one.too_small,
    }


def _segment(one: Segment, *, is_worst: bool) -> dict[str, Any]:
    value, low, high = figures([one.value, one.low, one.high])
    said, came = figures([one.said, one.came]) if np.isfinite(one.said) else ("", "")
    return {
        "column": one.column,
        "level": one.level,
        "n": f"{one.n:,}",
        "value": value,
        "interval": f"{low} to {high}",
        "said": said,
        "came": came,
        "is_worst": is_worst,
    }
