"""The report: one self-contained page on what was trained, how it went, and where it fails."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.encode.images import ImageEncoding
from chainrule.encode.numeric import Numeric
from chainrule.encode.target import CLASSIFICATION
from chainrule.figures import cell, figure, figures
from chainrule.inspection import Inspected
from chainrule.report import inspected, plots, seeing, table_plots
from chainrule.report.grid import pictures, weight_pictures
from chainrule.report.reading import Told, readings
from chainrule.report.template import template
from chainrule.report.threshold_curves import script_hash
from chainrule.saved.model import Model
from chainrule.sources.source import FILE
from chainrule.train.history import History
from chainrule.train.metrics import label_of
from chainrule.tree import leaves

if TYPE_CHECKING:
    import pandas as pd

_MISTAKES = 24
_MISTAKE_ROWS = 12
_MOST_CELLS = 8
_CAPTION = 22
_MOST_HISTOGRAMS = 6


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Rows that were not trained on (or were, where there are no others), and what the model says of them."""

    part: str
    frame: pd.DataFrame
    x: np.ndarray
    truth: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False)
class ReportData:
    """All that the page shows."""

    title: str
    model: Model
    history: History
    evaluated: Evaluated
    gradients: Mapping[str, np.ndarray]
    pull: np.ndarray
    metrics: Mapping[str, Mapping[str, float]]
    config: str
    facts: Sequence[tuple[str, str]]
    notes: Sequence[str]
    versions: Mapping[str, str]
    samples: Mapping[str, int]
    advice: str = ""
    has_pipeline: bool = False
    augmented: str = ""
    inspected: Inspected | None = None
    is_balanced: bool = False


def render(data: ReportData) -> str:
    """Return the page as HTML: no script, no font, no picture from outside; of its own, one script that moves a slider."""
    target = data.model.prepared_by.target
    told, looked = _readings(data)
    preparation = data.model.prepared_by
    page: str = template("page.html.j2").render(
        data=data,
        target=target,
        is_classification=target.task == CLASSIFICATION,
        columns=preparation.columns,
        encoding=preparation.encoding,
        is_image=preparation.kind == ImageEncoding.kind,
        becomes=preparation.encoding.becomes,
        layers=list(data.model.network.rows()),
        metric_rows=_metric_rows(data),
        parts=[part for part in ("train", "valid", "test", "baseline") if part in data.metrics],
        part_names={"train": "training", "valid": "validation", "test": "test", "baseline": "baseline"},
        curves=_curves(data),
        result=_result(data),
        decision=_decision(data),
        classes=_class_rows(data.evaluated, target.classes) if target.classes else [],
        mistakes=_mistake_pictures(data),
        mistake_table=_mistake_table(data) if preparation.columns else None,
        first_layer=_first_layer(data),
        histograms=_histograms(data),
        seen=_seen(data),
        told=told,
        looked=looked,
        found=_found(data),
        script_hash=script_hash(),
    )
    return page


def _readings(data: ReportData) -> tuple[list[Told], str]:
    """Return what a network of texts listened to; nothing for another."""
    rows = data.evaluated
    if not data.model.classes:
        return [], ""
    return readings(data.model, rows.x, rows.truth, rows.y, _worst(data, _MISTAKES).tolist())


def _found(data: ReportData) -> dict[str, Any] | None:
    """Return what inspecting the model found, where it was inspected."""
    if data.inspected is None:
        return None
    target, rows = data.model.prepared_by.target, data.evaluated
    return inspected.shown(data.inspected, target, rows.truth, rows.y, is_balanced=data.is_balanced)


def _seen(data: ReportData) -> dict[str, str]:
    """Return the pictures of a network that sees; none of them for another."""
    model, rows = data.model, data.evaluated
    if not (model.classes and seeing.sees(model.network)):
        return dict.fromkeys(("filters", "maps", "confused", "mistakes", "augmented"), "")
    return {
        "filters": seeing.filters(model),
        "maps": seeing.feature_maps(model, rows.x, rows.truth, rows.y),
        "confused": seeing.confused(model, rows.x, rows.truth, rows.y),
        "mistakes": seeing.mistakes_seen_through(model, rows.x, rows.truth, rows.y, _worst(data, _MISTAKES)),
        "augmented": data.augmented,
    }


def _metric_rows(data: ReportData) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the name of each metric and, for each part, its figure and what it would be on other such rows."""
    parts = [part for part in ("train", "valid", "test", "baseline") if part in data.metrics]
    ours = {} if data.inspected is None else data.inspected.ours
    rows = []
    for name in dict.fromkeys(name for part in parts for name in data.metrics[part]):
        known = [part for part in parts if name in data.metrics[part]]
        texts = dict(zip(known, figures([data.metrics[part][name] for part in known]), strict=True))
        around = {data.evaluated.part: inspected.interval(ours[name])} if name in ours else {}
        rows.append((label_of(name), [(texts.get(part, "–"), around.get(part, "")) for part in parts]))
    return rows


def _curves(data: ReportData) -> str:
    history = data.history
    if not history.epochs:
        return ""
    curves = history.scores or {"train": {"cost": history.cost}}
    return plots.learning_curves(history.epochs, curves, history.rate, history.ended.best_epoch if history.ended else 0)


def _result(data: ReportData) -> str:
    target, seen = data.model.prepared_by.target, data.evaluated
    if not target.classes:
        time = None if data.inspected is None else data.inspected.time
        return table_plots.residual_panels(seen.truth, seen.y[:, 0], target.name, time)
    return plots.confusion_matrix(_confusion(seen, len(target.classes)), target.classes)


def _confusion(seen: Evaluated, k: int) -> np.ndarray:
    counts = np.zeros((k, k), int)
    np.add.at(counts, (seen.truth, seen.y.argmax(axis=1)), 1)
    return counts


def _decision(data: ReportData) -> str:
    model, seen = data.model, data.evaluated
    if seen.x.shape[1:] != (2,):
        return ""
    encoders = model.prepared_by.encoders
    scale, center = np.ones(2), np.zeros(2)
    if len(encoders) == 2 and all(isinstance(encoder, Numeric) for encoder in encoders):
        # The axes have the columns' own units, as the table of mistakes has.
        scale, center = (np.array([getattr(encoder, name) for encoder in encoders]) for name in ("scale", "center"))

    def predict(plane: np.ndarray) -> np.ndarray:
        return model.outputs_of(((plane - center) / scale).astype(np.float32))

    names = model.prepared_by.features
    return plots.decision_map(predict, seen.x * scale + center, seen.truth, names, model.classes)


def _class_rows(seen: Evaluated, classes: Sequence[str]) -> list[dict[str, Any]]:
    counts = _confusion(seen, len(classes))
    right = counts.diagonal()
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = right / counts.sum(axis=0), right / counts.sum(axis=1)
        f1 = 2 * precision * recall / (precision + recall)
    return [
        {
            "name": name,
            "n": int(counts[i].sum()),
            "precision": _share(precision[i]),
            "recall": _share(recall[i]),
            "f1": _share(f1[i]),
        }
        for i, name in enumerate(classes)
    ]


def _share(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "–"


def _worst(data: ReportData, most: int) -> np.ndarray:
    """Return the rows that the model is most surely wrong about (or furthest from), worst first."""
    seen = data.evaluated
    if not data.model.classes:
        return np.argsort(-np.abs(seen.y[:, 0] - seen.truth), kind="stable")[:most]
    rows = np.flatnonzero(seen.y.argmax(axis=1) != seen.truth)
    return rows[np.argsort(seen.y[rows, seen.truth[rows]], kind="stable")][:most]


def _mistake_pictures(data: ReportData) -> str:
    encoding = data.model.prepared_by.encoding
    rows, seen = _worst(data, _MISTAKES), data.evaluated
    shown = encoding.pictures(seen.x[rows]) if len(rows) and not encoding.columns else None
    if shown is None:
        return ""
    classes = data.model.classes
    if classes:
        said = seen.y[rows].argmax(axis=1)
        captions = [
            f"{classes[seen.truth[row]]}, said {classes[k]}\n({seen.y[row, k]:.0%} sure)"
            for row, k in zip(rows, said, strict=True)
        ]
    else:
        captions = [f"{cell(seen.truth[row])}, said {figure(seen.y[row, 0])}" for row in rows]
    if FILE in seen.frame.columns:
        captions = [
            f"{caption}\n{_file(seen.frame[FILE].iloc[row])}" for row, caption in zip(rows, captions, strict=True)
        ]
    return pictures(shown, captions)


def _file(path: str) -> str:
    """Return the end of a file's path, which tells it from others, short enough to stand above its picture."""
    return path if len(path) <= _CAPTION else "…" + path[1 - _CAPTION :]


def _mistake_table(data: ReportData) -> dict[str, Any] | None:
    rows, seen = _worst(data, _MISTAKE_ROWS), data.evaluated
    if len(rows) == 0:
        return None
    target = data.model.prepared_by.target
    found = data.inspected.importance if data.inspected is not None else None
    # What matters to the answer stands first.
    by_importance = dict.fromkeys([*(found.names if found is not None else ()), *data.model.prepared_by.used])
    names = [name for name in by_importance if name in seen.frame.columns][:_MOST_CELLS]
    lines = []
    for row in rows:
        if target.classes:
            k = int(seen.y[row].argmax())
            head = [target.classes[seen.truth[row]], f"{target.classes[k]} ({seen.y[row, k]:.0%} sure)"]
        else:
            head = [cell(seen.truth[row]), figure(seen.y[row, 0])]
        cells = seen.frame.iloc[row]
        lines.append([*head, *(_cell(cells[name]) for name in names)])
    return {"names": names, "rows": lines, "more": len(data.model.prepared_by.used) - len(names)}


def _cell(value: Any) -> str:
    import pandas as pd

    if pd.isna(value):
        return "–"
    text = cell(float(value)) if isinstance(value, (float, np.floating)) else str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _first_layer(data: ReportData) -> str:
    """Return the first layer's weights as pictures where the input is one, or which words of a text are listened to."""
    model = data.model
    if model.prepared_by.encoders:
        # One column of many features, such as a text: its words are what there is to compare.
        encoders = model.prepared_by.encoders
        return plots.listening(encoders[0].features, data.pull) if len(encoders) == 1 else ""
    W = next((np.asarray(value) for name, value in leaves(model.params) if name.endswith("W")), None)
    if W is None:
        return ""
    shape = model.prepared_by.input_shape
    if W.ndim != 2 or W.shape[0] != math.prod(shape):
        return ""
    maps = model.prepared_by.encoding.weights(W.T.reshape(-1, *shape))
    return "" if maps is None else weight_pictures(maps)


def _histograms(data: ReportData) -> str:
    weights = {name: np.asarray(value) for name, value in leaves(data.model.params) if np.ndim(value) > 1}
    gradients = {name: np.asarray(value) for name, value in data.gradients.items()}
    shown = dict(list(weights.items())[:_MOST_HISTOGRAMS])
    return plots.histograms(shown, gradients) if shown else ""
