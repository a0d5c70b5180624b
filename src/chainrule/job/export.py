"""From a run, a fitted estimator or a model to an export: what was learned, written for elsewhere, run again and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from chainrule.encode.target import CLASSIFICATION, Target
from chainrule.errors import ConfigError, RunFolderError
from chainrule.exporters.drawn import drawn_rows
from chainrule.exporters.lesson import INPUTS, Lesson, Rows, Training
from chainrule.exporters.raw import raw_rows
from chainrule.exporters.targets import Checked, write_export
from chainrule.job.build import build_network, build_objective, build_optimizer, build_settings, build_weights
from chainrule.job.config import Config, config_from
from chainrule.job.folder import RunFolder, has_members
from chainrule.job.predict import open_model
from chainrule.job.prepare import Part, Prepared, prepare
from chainrule.job.settings import read_run
from chainrule.job.stream import is_streamed
from chainrule.nn.layer import layers_inside
from chainrule.optim import LBFGS, Averaged
from chainrule.saved.model import Model
from chainrule.seeds import Purpose, generator
from chainrule.train import History, replay
from chainrule.types import Batch

# Rows that an export of a model alone is held against.
_DRAWN = 64
# Rows of the training part that a run's own scores are of at most.
_MOST_SCORED = 10_000


def export(
    subject: Any,
    to: str,
    path: Path | str,
    *,
    bare: bool = False,
    exact: bool = False,
    checked: bool = True,
    force: bool = False,
) -> Checked:
    """Write a run, a fitted estimator or a model for elsewhere, run what was written, and compare.

    Parameters
    ----------
    subject : path of a run folder or of a model file, Model, or fitted estimator of chainrule.models
    to : str
        numpy, pytorch, tensorflow, keras or onnx.
    path : path
        The folder to make.
    bare : bool
        Of numpy: prediction alone, from a row (a dict) to an answer.
    exact : bool
        Whether rules are written out that a package has in a form of its own, so that training gives the same numbers.
    checked : bool
        Whether to run what was written, and compare.
    force : bool
        Whether files of the same names may be replaced.

    Returns
    -------
    Checked
        The files, and by how much the export differs.

    Raises
    ------
    ConfigError
        If something has no entry in the exporter; it says what, and what to do.
    RunFolderError
        If `path` is taken.
    """
    return write_export(lesson_of(subject), to, Path(path), bare=bare, exact=exact, checked=checked, force=force)


def lesson_of(subject: Any) -> Lesson:
    """Return what there is to export: with the training, where it is a run whose data are at hand."""
    if isinstance(subject, Model):
        return _of_model(_answering_the_likelier(subject), "model")
    if isinstance(subject, (str, Path)):
        folder = RunFolder(Path(subject))
        if not folder.path.is_dir():
            return _of_model(_answering_the_likelier(open_model(folder.path)), folder.path.stem)
        if has_members(folder):
            return _of_model(_answering_the_likelier(open_model(folder.path)), folder.path.name)
        return _of_run(folder)
    return _of_model(_model_of_estimator(subject), type(subject).__name__)


def _answering_the_likelier(model: Model) -> Model:
    """Return the model, or raise ConfigError where a threshold decides, which no export has."""
    if model.threshold is not None:
        raise ConfigError(
            "a model that answers with the likelier class, as exports do",
            f"a threshold of {model.threshold:.4g} for {model.classes[1]!r}",
            "Use chainrule.load_model and its predict, or train without `metric` and choose from the probabilities.",
        )
    return model


def _of_model(model: Model, name: str) -> Lesson:
    notes = [f"there are no rows to compare on: {_DRAWN} are drawn"]
    if model.preparation is not None:
        return Lesson(name, model, drawn_rows(model.preparation, _DRAWN), notes=notes)
    shape, network = model.network.input_shape, model.network
    rng = np.random.default_rng(0)
    x: np.ndarray = rng.normal(size=(_DRAWN, *shape)).astype(np.float32)
    if network.layer.takes_ids:
        x = rng.integers(0, _least_ids(network), size=(_DRAWN, *shape))
    return Lesson(name, model, Rows({INPUTS: x}, x), notes=notes)


def _least_ids(network: Any) -> int:
    return min(int(getattr(layer, "ids", 1 << 30)) for _, layer in layers_inside(network.layer))


def _model_of_estimator(estimator: Any) -> Model:
    network = getattr(estimator, "network_", None)
    if network is None or not hasattr(estimator, "_weights"):
        raise ConfigError(
            "a run, a model, or a fitted network of chainrule.models",
            f"{estimator!r:.60}",
            "Fit it first, or give the folder of a run.",
        )
    classes = getattr(estimator, "classes_", ())
    names = tuple(str(name) for name in classes) if isinstance(classes, np.ndarray) else ()
    outputs = network.output_shape[-1]
    fits = len(names) in (outputs, 2 * (outputs == 1))
    return Model(network, estimator._weights(), classes=names if fits else ())


def _of_run(folder: RunFolder) -> Lesson:
    missing = [file.name for file in (folder.config, folder.model, folder.journal) if not file.is_file()]
    if missing:
        raise RunFolderError(
            f"a finished run in {folder.path}", f"no {', no '.join(missing)}", "Name the folder of a run."
        )
    model = open_model(folder.path)
    config = config_from(read_run(folder.config))
    if is_streamed(config):
        raise ConfigError(
            "a run whose rows fit into memory", "one that was streamed from the disk", "Export a run on fewer rows."
        )
    prepared = prepare(config)
    if config.data_sha256 != prepared.sha256:
        raise RunFolderError(
            "the data that the run was trained on", f"other rows in {config.data}", "Restore the file, or train anew."
        )
    if any(part.batch.mask is not None for part in prepared.parts.values()):
        raise ConfigError(
            "a run on sequences without padding",
            "one whose rows have a mask",
            "Keep the model file, which reads masks.",
        )
    rows = {name: _rows(part, prepared) for name, part in prepared.parts.items()}
    tested = rows[next(name for name in ("test", "valid", "train") if name in rows)]
    why_not = _why_not(config, prepared)
    training = None if why_not else _training(config, prepared, folder, rows)
    return Lesson(folder.path.resolve().name, model, tested, training, why_not)


def _rows(part: Part, prepared: Prepared) -> Rows:
    target = prepared.preparation.target
    raw = raw_rows(prepared.preparation.encoding, part.frame, part.samples)
    x = part.batch.x if isinstance(part.batch.x, np.ndarray) else part.batch.x.toarray()
    return Rows(raw, x, part.batch.t, part.batch.w, _truth(target, part))


def _truth(target: Target, part: Part) -> np.ndarray:
    column = part.frame[target.name]
    if target.task == CLASSIFICATION:
        named: np.ndarray = np.array(target.classes, np.str_)[target.codes(column)]
        return named
    return target.values(column)


def _why_not(config: Config, prepared: Prepared) -> str:
    """Return why a script cannot repeat a run."""
    optimizer = build_optimizer(config)
    if isinstance(optimizer, LBFGS):
        return "one that lbfgs trained, whose search is no loop over batches"
    if isinstance(optimizer, Averaged):
        return "one with a moving average of its weights (ema)"
    if config.augment != "none" or config.augment_settings:
        return "one whose pictures were changed at each step (augment)"
    if config.precision != "float32":
        return f"one in {config.precision}"
    if config.plateau:
        return "one whose rate was halved on a plateau (plateau)"
    if prepared.parts["train"].stream is not None:
        return "one whose pictures were streamed from the disk"
    return ""


def _training(config: Config, prepared: Prepared, folder: RunFolder, rows: dict[str, Rows]) -> Training:
    network = build_network(config, prepared)
    train = prepared.parts["train"]
    weighted = build_weights(config, train.batch)
    assert isinstance(weighted, Batch)  # noqa: S101 (no stream is left)
    rows["train"] = Rows(rows["train"].raw, rows["train"].x, rows["train"].t, weighted.w, rows["train"].truth)
    scored_name = "valid" if "valid" in rows else "train"
    scored = rows[scored_name]
    if scored_name == "train" and len(scored.x) > _MOST_SCORED:
        scored_name = "scored"
        scored = scored.take(np.linspace(0, len(scored.x) - 1, _MOST_SCORED).astype(int))
    history = History.of(replay(folder.journal))
    optimizer = build_optimizer(config)
    assert not isinstance(optimizer, LBFGS)  # noqa: S101 (`_why_not` has seen to it)
    return Training(
        rows["train"],
        scored,
        scored_name,
        network.init(generator(config.seed, Purpose.INIT)),
        optimizer,
        build_settings(config),
        build_objective(config, network).penalty,
        history,
        len(history.epochs),
    )
