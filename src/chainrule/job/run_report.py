"""The report of a run: what it came to, with the derivatives of the weights that it kept."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import __version__
from chainrule.encode.sparse import deviation
from chainrule.engine import Engine
from chainrule.engine.numpy import NumpyEngine
from chainrule.explain.derivatives import derivatives
from chainrule.figures import figure, figures
from chainrule.inspection import Inspected
from chainrule.job.config import Config
from chainrule.job.folder import RunFolder
from chainrule.job.metrics import judged_by
from chainrule.job.prepare import Prepared
from chainrule.job.settings import to_toml
from chainrule.report.inspected import interval
from chainrule.report.page import Evaluated, ReportData, render
from chainrule.report.seeing import augmented
from chainrule.saved.model import Model
from chainrule.train import History, replay
from chainrule.tree import leaves
from chainrule.types import Batch

# Classes that the report shows augmentation on.
_AUGMENTED = 4
# How often each of them is changed.
_VARIANTS = 8
# Input values that the report's derivatives are taken of at most.
_SAMPLE_VALUES = 20_000_000


@dataclass(frozen=True, eq=False)
class Trained:
    """A run that has ended, and what was measured of it."""

    config: Config
    prepared: Prepared
    engine: Engine
    model: Model
    history: History
    metrics: Mapping[str, dict[str, float]]
    evaluated: Evaluated | None
    advice: str
    inspected: Inspected | None = None


def run_report(trained: Trained, folder: RunFolder, sample: Batch, augment: Any) -> str:
    """Return the page.

    Parameters
    ----------
    trained : Trained
        What it is about.
    folder : RunFolder
        Where its journal lies.
    sample : Batch
        Training rows to take derivatives of.
    augment : function or None
        How the pictures were changed at each step.
    """
    model, prepared, metrics = trained.model, trained.prepared, trained.metrics
    assert trained.evaluated is not None  # noqa: S101 (rows have been evaluated; series have a report of their own)
    sample = _of_size(sample, _SAMPLE_VALUES)
    grads, dx = derivatives(model.network, trained.engine, trained.engine.place(model.params), sample)
    # The cost is a mean over the rows: times N, each row's own derivative.
    pull = np.abs(dx).mean(axis=0) * sample.n_samples * deviation(sample.x)
    return render(
        ReportData(
            title=f"{prepared.source.name}: {prepared.preparation.target.name}",
            model=model,
            history=trained.history,
            evaluated=trained.evaluated,
            gradients=dict(leaves(grads)),
            pull=pull,
            metrics=dict(metrics),
            config=to_toml(trained.config),
            facts=_facts(trained, trained.evaluated.part, folder),
            notes=prepared_notes(prepared),
            versions={**versions(trained.engine.name), "seed": str(trained.config.seed)},
            samples={name: part.n for name, part in prepared.parts.items()},
            advice=trained.advice,
            has_pipeline=folder.pipeline.exists(),
            augmented=_augmented(prepared, augment, trained.config.seed),
            inspected=trained.inspected,
            is_balanced=trained.config.class_weight == "balanced",
        )
    )


def _facts(trained: Trained, seen: str, folder: RunFolder) -> list[tuple[str, str]]:
    metrics = trained.metrics
    better, _ = judged_by(metrics[seen])
    part = {"test": "test", "valid": "validation", "train": "training"}[seen]
    around = "" if trained.inspected is None else interval(trained.inspected.ours[better.name])
    ours, theirs = figures([metrics[seen][better.name], metrics["baseline"][better.name]])
    return [
        (f"{better.label} on the {part} rows" + (f": {around}" if around else ""), ours),
        ("baseline", theirs),
        *facts_of_training(trained, folder),
    ]


def facts_of_training(trained: Trained, folder: RunFolder) -> list[tuple[str, str]]:
    """Return how long training took, and how fast it was."""
    ended = trained.history.ended
    assert ended is not None  # noqa: S101 (a run that was iterated to its end)
    seconds = ("seconds of training", figure(ended.seconds) if ended.seconds >= 1000 else f"{ended.seconds:.3g}")
    if trained.config.is_search:
        return [("members that have learned from the folds", f"{ended.epochs}"), seconds]
    rate = next((event.samples_per_second for event in _epochs(folder.journal)), 0.0)
    return [
        (f"epochs; weights of epoch {ended.best_epoch}", f"{ended.epochs}"),
        seconds,
        (f"rows a second on {trained.engine.name}", f"{rate:,.0f}"),
    ]


def prepared_notes(prepared: Prepared) -> list[str]:
    """Return what was decided about the data, and come upon in it so far, for the person."""
    stream = prepared.parts["train"].stream
    return prepared.notes + ([] if stream is None else stream.findings.lines())


def _augmented(prepared: Prepared, augment: Any, seed: int) -> str:
    """Return a few training pictures beside what augmentation makes of them."""
    target, train = prepared.preparation.target, prepared.parts["train"]
    if not augment or not target.classes:
        return ""
    codes = target.codes(train.frame[target.name])
    rows = [int(np.flatnonzero(codes == k)[0]) for k in np.unique(codes)[:_AUGMENTED]]
    engine, x = NumpyEngine(), train.batch.x[rows]
    seen = [augment(engine.xp, Batch(x, train.batch.t[rows]), engine.key(seed, n)).x for n in range(_VARIANTS)]
    pictures = (prepared.preparation.encoding.pictures(part) for part in (x, *seen))
    shown = [part for part in pictures if part is not None]
    return augmented(shown[0], shown[1:], [target.classes[codes[row]] for row in rows]) if shown else ""


def blas_threads() -> str:
    """Return which library multiplies NumPy's matrices, and with how many threads: long sums are rounded by their number."""
    from threadpoolctl import threadpool_info

    found = [one for one in threadpool_info() if one["user_api"] == "blas" and "scipy.libs" not in one["filepath"]]
    return ", ".join(f"{one['internal_api']} {one['version']}, threads: {one['num_threads']}" for one in found[:1])


def versions(engine: str) -> dict[str, str]:
    """Return the versions of what a run's figures depend on."""
    packages = ["numpy", *(["jax"] if engine == "jax" else []), "scikit-learn", "pandas"]
    return {
        "Chainrule": __version__,
        "Python": platform.python_version(),
        **{name: metadata.version(name) for name in packages},
        **({"BLAS": threads} if engine != "jax" and (threads := blas_threads()) else {}),
    }


def spread(batch: Batch, n: int) -> Batch:
    """Return at most n rows, spread evenly."""
    if batch.n_samples <= n:
        return batch
    rows = np.linspace(0, batch.n_samples - 1, n).astype(int)
    return batch.take(rows)


def _of_size(batch: Batch, values: int) -> Batch:
    """Return as many rows, spread evenly, as have about so many input values; a derivative has no zeros to leave out."""
    return spread(batch, max(100, values // max(1, math.prod(batch.x.shape[1:]))))


def _epochs(path: Path) -> Iterator[Any]:
    """Yield the epochs of a journal, from the second on where there is one: the first may have compiled."""
    ended = [event for event in replay(path) if hasattr(event, "samples_per_second")]
    yield from (ended[1:] or ended)
