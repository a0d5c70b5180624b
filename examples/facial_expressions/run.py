"""Facial expression recognition from a FER2013 CSV: a baseline, a perceptron, a convolutional network, and one page.

python examples/facial_expressions/run.py fer2013.csv --out runs/faces
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined

from chainrule.errors import ChainruleError
from chainrule.files import replace_file
from chainrule.job.config import config_from
from chainrule.job.folder import check_place
from chainrule.job.train import Job, Outcome
from chainrule.report import plots, seeing
from chainrule.report.grid import Cell, grid
from chainrule.train import EpochEnded

HERE = Path(__file__).parent
_FACES_A_CLASS = 9


@dataclass(frozen=True, eq=False)
class Step:
    """One model of the story: its run, and what it says of the test faces."""

    title: str
    job: Job
    outcome: Outcome
    y: np.ndarray

    @property
    def recall(self) -> list[float]:
        """Share of each class that is found."""
        truth = test_truth(self.job)
        said = self.y.argmax(axis=1)
        return [float((said[truth == k] == k).mean()) for k in range(self.y.shape[1])]


def steps(epochs: int | None) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the settings of each step, from the simplest to the best."""
    pixels: dict[str, Any] = {"standardise": True} | ({} if epochs is None else {"epochs": epochs})
    return {
        # With 2,304 inputs that all move together, a larger rate overshoots.
        "logistic": ("logistic regression", {**pixels, "model": "mlp", "hidden": (), "learning_rate": 1e-4}),
        "balanced": (
            "logistic regression, classes balanced",
            {**pixels, "model": "mlp", "hidden": (), "learning_rate": 1e-4, "class_weight": "balanced"},
        ),
        "mlp": ("perceptron 256-128", {**pixels, "model": "mlp", "hidden": (256, 128), "dropout": 0.4}),
        "cnn": (
            "convolutional network",
            {
                "epochs": 20,
                **pixels,
                "model": "cnn",
                "dropout": 0.25,
                "augment": "light",
                "augment_settings": {"flip": True},
                "ema": 0.99,
            },
        ),
    }


def train(data: str, out: Path, name: str, title: str, settings: dict[str, Any], force: bool) -> Step:
    """Train one step into a run folder of its own, and tell how it goes."""
    print(f"{title} …", file=sys.stderr, flush=True)
    job = Job(config_from({"data": data} | settings), check_place(str(out / name), name, force=force))
    for event in job:
        if isinstance(event, EpochEnded) and event.epoch % 5 == 0:
            print(f"  epoch {event.epoch}: {event.scores['valid']['accuracy']:.3f}", file=sys.stderr, flush=True)
    outcome = job.finish()
    y = outcome.model.outputs_of(job.prepared.parts["test"].batch.x, job.choice.engine)
    print(f"  test accuracy {outcome.metrics['test']['accuracy']:.3f}", file=sys.stderr, flush=True)
    return Step(title, job, outcome, y)


def test_truth(job: Job) -> np.ndarray:
    """Return the class numbers of the test faces."""
    target = job.prepared.preparation.target
    return np.asarray(target.codes(job.prepared.parts["test"].frame[target.name]))


def page(told: list[Step], data: str) -> str:
    """Return the page that tells the story."""
    best = told[-1]
    prepared = best.job.prepared
    target, test = prepared.preparation.target, prepared.parts["test"]
    names = list(target.classes)
    train_part = prepared.parts["train"]
    codes = np.asarray(target.codes(train_part.frame[target.name]))
    truth = test_truth(best.job)
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (truth, best.y.argmax(axis=1)), 1)
    model = best.outcome.model
    wrong = np.flatnonzero(best.y.argmax(axis=1) != truth)
    wrong = wrong[np.argsort(best.y[wrong, truth[wrong]], kind="stable")]
    show = prepared.preparation.encoding.pictures

    def faces(k: int) -> list[Cell | None]:
        rows = np.flatnonzero(codes == k)[:_FACES_A_CLASS]
        shown = show(train_part.batch.x[rows])
        cells: list[Cell | None] = [] if shown is None else [Cell(picture) for picture in shown]
        return cells + [None] * (_FACES_A_CLASS - len(cells))

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=ChoiceLoader([FileSystemLoader(HERE), PackageLoader("chainrule", "report")]),
    )
    text: str = environment.get_template("faces.html.j2").render(
        data=Path(data).name,
        parts={name: part.n for name, part in prepared.parts.items()},
        names=names,
        shares=[float((codes == k).mean()) for k in range(len(names))],
        counts=[int((codes == k).sum()) for k in range(len(names))],
        faces=grid([faces(k) for k in range(len(names))], "Faces of each class", labels=names, side=0.9),
        told=told,
        baseline=best.outcome.metrics["baseline"],
        confusion=plots.confusion_matrix(counts, names),
        confused=seeing.confused(model, test.batch.x, truth, best.y),
        filters=seeing.filters(model),
        maps=seeing.feature_maps(model, test.batch.x, truth, best.y),
        mistakes=seeing.mistakes_seen_through(model, test.batch.x, truth, best.y, wrong),
    )
    return text


def main(arguments: list[str] | None = None) -> int:
    """Train every step and write the page; a mistake is told in a sentence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="FER2013's CSV, gzip-ed or not")
    parser.add_argument("--out", default="runs/faces", help="folder of the page and the runs")
    parser.add_argument("--epochs", type=int, help="of every model; by default what suits each")
    parser.add_argument("--force", action="store_true", help="replace the runs that are there")
    options = parser.parse_args(arguments)
    out = Path(options.out)
    try:
        told = [
            train(options.data, out, name, title, settings, options.force)
            for name, (title, settings) in steps(options.epochs).items()
        ]
        replace_file(out / "faces.html", page(told, options.data))
    except ChainruleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(out / "faces.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
