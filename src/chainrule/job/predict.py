"""Using a model on a table: predictions, and how good they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.encoder import Findings
from chainrule.data.source import Reading, Source
from chainrule.data.target import CLASSIFICATION, require_column
from chainrule.job.metrics import baseline, measure
from chainrule.job.prepare import read_source
from chainrule.network.file import load_model
from chainrule.network.model import Model

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a model on a table, beside the baseline."""

    rows: int
    metrics: dict[str, dict[str, float]]
    notes: list[str]


def open_model(path: Path) -> Model:
    """Return the model in a file, or in the folder of a run."""
    inside = path / "model.chainrule"
    return load_model(inside if path.is_dir() and inside.exists() else path)


def predict_table(
    model: Model, data: str, *, proba: bool = False, header: str = "auto"
) -> tuple[pd.DataFrame, list[str]]:
    """Return a table of predictions, one row for each of `data`, and notes for the person."""
    import pandas as pd

    source = _read(model, data, header)
    findings = Findings()
    y = model.outputs(source.frame, findings, samples=source.samples)
    target = model.preparation.target
    if not target.classes:
        return pd.DataFrame({target.name: y[:, 0]}), source.notes + findings.lines()
    table = pd.DataFrame({target.name: np.array(target.classes, dtype=object)[y.argmax(axis=1)]})
    if proba:
        probabilities = {f"P({target.name} = {name})": y[:, k] for k, name in enumerate(target.classes)}
        table = pd.concat([table, pd.DataFrame(probabilities)], axis=1)
    return table, source.notes + findings.lines()


def evaluate_table(model: Model, data: str, *, header: str = "auto") -> Evaluation:
    """Return the metrics of a model on a table that has the target column.

    The baseline answers with the class shares, or the mean, of this very table.
    """
    source = _read(model, data, header)
    target = model.preparation.target
    require_column(target.name, [str(name) for name in source.frame.columns], source.name)
    findings = Findings()
    column = source.frame[target.name]
    truth = target.codes(column) if target.task == CLASSIFICATION else target.values(column)
    y = model.outputs(source.frame, findings, samples=source.samples)
    metrics = {
        "data": measure(target, truth, y),
        "baseline": measure(target, truth, baseline(target, truth, len(truth))),
    }
    return Evaluation(len(truth), metrics, source.notes + findings.lines())


def _read(model: Model, data: str, header: str) -> Source:
    """Read a table. One without a header and without the target gets the names of the columns trained on."""
    names = tuple(column.name for column in model.preparation.columns)
    return read_source(data, Reading(header=header, names=names))
