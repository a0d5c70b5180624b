"""Built-in data sets by name: generated problems, and scikit-learn's small real ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.errors import DataError, did_you_mean
from chainrule.seeds import Purpose, generator
from chainrule.sources.samples import Pictures
from chainrule.sources.source import Source
from chainrule.sources.synthetic import PROBLEMS


@dataclass(frozen=True)
class Entry:
    """One line of `chainrule datasets`."""

    name: str
    task: str
    samples: int
    inputs: str
    about: str


_BUNDLED = {
    "digits": Entry("digits", "classification", 1797, "8×8 pixels", "handwritten digits, 10 classes (UCI)"),
    "iris": Entry("iris", "classification", 150, "4 numbers", "three species of iris (Fisher, 1936)"),
    "wine": Entry("wine", "classification", 178, "13 numbers", "chemistry of three cultivars (UCI)"),
    "breast_cancer": Entry(
        "breast_cancer", "classification", 569, "30 numbers", "malignant or benign (UCI, Wisconsin)"
    ),
    "diabetes": Entry("diabetes", "regression", 442, "10 numbers", "progression after a year (Efron et al., 2004)"),
}


def entries() -> list[Entry]:
    """Return all built-in data sets."""
    generated = [
        Entry(name, problem.task, problem.samples, "2 numbers", problem.about) for name, problem in PROBLEMS.items()
    ]
    return [*_BUNDLED.values(), *generated]


def is_builtin(name: str) -> bool:
    """Tell whether `name` is that of a built-in data set."""
    return name in _BUNDLED or name in PROBLEMS


def load(name: str, seed: int = 0) -> Source:
    """Return a built-in data set; `seed` draws the generated ones."""
    if name in PROBLEMS:
        return _generated(name, seed)
    if name in _BUNDLED:
        return _bundled(name)
    names = [entry.name for entry in entries()]
    raise DataError("the name of a built-in data set", f"{name!r}", did_you_mean(name, names))


def _generated(name: str, seed: int) -> Source:
    import pandas as pd

    problem = PROBLEMS[name]
    x, t = problem.make(generator(seed, Purpose.SAMPLE), problem.samples, problem.noise)
    frame = pd.DataFrame({f"x{i + 1}": x[:, i] for i in range(x.shape[1])})
    target = "class" if problem.task == "classification" else "t"
    return Source(name, frame.assign(**{target: t}), target, problem.task)


def _bundled(name: str) -> Source:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    frame = bunch.frame
    if name == "digits":
        pictures = Pictures(bunch.images[..., None].astype(np.uint8), white=16.0)
        return Source(name, bunch.target.to_frame("digit"), "digit", "classification", pictures)
    if name != "diabetes":
        frame = frame.assign(target=bunch.target_names[frame["target"].to_numpy()])
    return Source(name, frame, "target", _BUNDLED[name].task)
