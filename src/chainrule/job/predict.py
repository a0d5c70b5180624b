"""Using a model on a table: predictions, and how good they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.encoder import Findings
from chainrule.encode.images import ImageEncoding
from chainrule.encode.preparation import Preparation
from chainrule.encode.sound_steps import SoundSteps
from chainrule.encode.sounds import SoundEncoding
from chainrule.encode.tags import TagEncoding
from chainrule.encode.target import CLASSIFICATION, Target
from chainrule.errors import DataError
from chainrule.job.config import Config
from chainrule.job.metrics import baseline, measure
from chainrule.job.readable import require_readable, require_readable_target
from chainrule.job.tagged import token_rows, whole_sequences
from chainrule.report.gallery import Predicted, render_gallery
from chainrule.saved.file import load_model
from chainrule.saved.model import Model
from chainrule.sources.read import read_source
from chainrule.sources.source import FILE, Reading, Source

if TYPE_CHECKING:
    import pandas as pd

_AS_IT_IS = Reading()


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


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of rows or files: the rows, y (N, K), the table of answers, and notes for the person."""

    source: Source
    y: np.ndarray
    table: pd.DataFrame
    notes: list[str]


def predict_table(
    model: Model, data: str, *, proba: bool = False, views: int = 1, reading: Reading = _AS_IT_IS
) -> Predictions:
    """Return predictions, one row for each of `data`; the rows of files begin with the file.

    Parameters
    ----------
    views : int
        Of pictures: each prediction is the mean over so many views (see `network.averaged_outputs`).
    """
    import pandas as pd

    source = read_for(model, data, replace(reading, labelled=False))
    findings = Findings()
    y = model.outputs(source.frame, findings, samples=source.samples, views=views)
    target = model.prepared_by.target
    if target.every_step:
        table, y = _tagged(model, source, y)
        return Predictions(
            source, y, _with_probabilities(table, y, target) if proba else table, source.notes + findings.lines()
        )
    files = {FILE: source.frame[FILE]} if source.is_of_files else {}
    said = model.answers(y)
    table = pd.DataFrame(files | {target.name: said})
    if proba and target.classes:
        table = _with_probabilities(table, y, target)
    return Predictions(source, y, table, source.notes + findings.lines() + _at_the_ends(target, y))


def _at_the_ends(target: Target, y: np.ndarray) -> list[str]:
    """Say how many predictions were drawn in to what training has seen."""
    at_the_ends = int(np.isin(y, target.bounds).sum())
    if not at_the_ends:
        return []
    low, high = target.bounds
    return [
        f"{at_the_ends:,} of {len(y):,} predictions stand at an end of what training has seen of {target.name!r}, "
        f"{low:.6g} to {high:.6g}: they may have been drawn in to it"
    ]


def _with_probabilities(table: pd.DataFrame, y: np.ndarray, target: Target) -> pd.DataFrame:
    """Return a table of answers with the probability of each class beside them."""
    import pandas as pd

    probabilities = {f"P({target.name} = {name})": y[:, k] for k, name in enumerate(target.classes)}
    return pd.concat([table, pd.DataFrame(probabilities)], axis=1)


def _tagged(model: Model, source: Source, y: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a row for each token: the number of its sequence, the token and its label; and the outputs of each."""
    preparation = model.prepared_by
    y = preparation.of_steps(y, preparation.inputs(source.frame))
    table = token_rows(source.frame)
    table[preparation.target.name] = model.answers(y)
    return table, y


def gallery_page(model: Model, predictions: Predictions) -> str:
    """Return the page of every picture beside what the model says of it.

    Raises
    ------
    DataError
        If the rows are no pictures.
    """
    encoding = model.prepared_by.encoding
    frame = predictions.source.frame
    x = encoding.encode(frame, predictions.source.samples, Findings())
    pictures = None if encoding.columns else encoding.pictures(x)
    if pictures is None:
        raise DataError("pictures or sounds for `html`", f"{encoding.describe()}", "Leave `html` out.")
    names = (
        frame[FILE].astype(str).tolist()
        if predictions.source.is_of_files
        else [f"row {i + 1}" for i in range(len(frame))]
    )
    predicted = Predicted(pictures, names, predictions.y, model.classes)
    return render_gallery(f"{predictions.source.name}: {model.prepared_by.target.name}", predicted, predictions.notes)


def evaluate_table(
    model: Model, data: str, *, part: str | None = None, views: int = 1, reading: Reading = _AS_IT_IS
) -> Evaluation:
    """Return the metrics of a model on a table that has the target column, or on files in class folders.

    The baseline answers with the class shares, or the mean, of these very rows.

    Parameters
    ----------
    part : str, optional
        train, valid or test: measure on this published part alone.
    views : int
        As for `predict_table`.
    """
    source = read_for(model, data, reading)
    if part is not None:
        source = source.take(_published(source, part))
    target = model.prepared_by.target
    if target.name not in map(str, source.frame.columns):
        raise DataError(
            f"the target {target.name!r}, to measure against, in {source.name}",
            f"no such column among {source.frame.shape[1]}",
            "Give a table that has it; to predict, none is needed.",
        )
    require_readable_target(source, target.name, Config(data), training=False)
    findings = Findings()
    column = source.frame[target.name]
    truth = target.codes(column) if target.task == CLASSIFICATION else target.values(column)
    y = model.outputs(source.frame, findings, samples=source.samples, views=views)
    if target.every_step:
        y = model.prepared_by.of_steps(y, model.prepared_by.inputs(source.frame))
    metrics = {
        "data": measure(target, truth, y, model.threshold),
        "baseline": measure(target, truth, baseline(target, truth, len(truth))),
    }
    notes = source.notes + findings.lines()
    if target.every_step:
        notes.append(whole_sequences(source.frame, truth, y))
    return Evaluation(len(truth), metrics, notes)


def _published(source: Source, part: str) -> np.ndarray:
    parts = source.parts or {}
    if part not in parts:
        came = ", ".join(parts) or "no parts at all"
        raise DataError(f"a published part {part!r} of {source.name}", came, "Leave `part` out to measure on all rows.")
    return parts[part]


def read_for(model: Model, data: str, reading: Reading) -> Source:
    """Read a table, or files as those of training were; a table without a header has the columns trained on."""
    preparation = model.prepared_by
    encoding = preparation.encoding
    source = read_source(data, as_in_training(preparation, reading))
    require_readable(source, preparation.used)
    # A built-in data set is no file, and was not written in any way.
    was_file = "." in str(model.summary.get("data", ""))
    if was_file and encoding.columns and preparation.reading is None and source.reading is not None:
        note = "the model file does not say how its training file was written: this file is read by what its own cells show"
        return replace(source, notes=[*source.notes, note])
    return source


def as_in_training(preparation: Preparation, reading: Reading) -> Reading:
    """Return how data are to be read that are to be like those of training: their columns, size, colour or rate."""
    encoding = preparation.encoding
    reading = replace(reading, names=tuple(column.name for column in encoding.columns), stored=preparation.reading)
    if isinstance(encoding, ImageEncoding):
        height, width, channels = encoding.size
        reading = replace(reading, image_size=(height, width), grey=channels == 1, bits=encoding.bits)
    if isinstance(encoding, TagEncoding):
        reading = replace(reading, tagged=True, labelled=False)
    if isinstance(encoding, SoundEncoding):
        reading = replace(reading, rate=encoding.rate)
    if isinstance(encoding, SoundSteps):
        reading = replace(reading, rate=encoding.spectra.rate)
    return reading
