"""The sources of the Playground's data: generated problems, drawn points and faces, bundled tables, uploads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from chainrule.encode.target import CLASSIFICATION, Target
from chainrule.errors import DataError, did_you_mean
from chainrule.playground.controls import in_controls
from chainrule.playground.data import MOST_CLASSES, Column, Data, divided
from chainrule.playground.faces import MOODS, SIZE, draw_faces
from chainrule.playground.spec import DataSpec
from chainrule.playground.tables import table_data
from chainrule.seeds import Purpose, generator
from chainrule.sources.synthetic import PROBLEMS

if TYPE_CHECKING:
    from chainrule.sources.source import Source

# The course's clouds are points without their spread, and its donut has thick rings: noise comes on top of these.
_SPREAD = {"clouds": 1.0, "donut": 1.0}
# Half of the plane's width is the most noise, as in TensorFlow Playground.
_PER_PERCENT = 0.05


def load_data(spec: DataSpec, uploads: Mapping[str, Source], drawn: Sequence[Sequence[float]]) -> Data:
    """Return the data that a spec names: generated, bundled, drawn by hand, or uploaded before."""
    if spec.name == "drawn":
        return _drawn(spec, drawn)
    if spec.name in PROBLEMS:
        return _generated(spec)
    if spec.name == "faces":
        return _faces(spec)
    if spec.name in uploads:
        try:
            return table_data(spec, uploads[spec.name])
        except DataError as error:
            raise DataError(error.expected, error.came, in_controls(error.remedy)) from error
    from chainrule.sources import datasets

    if spec.name.startswith("upload:"):
        raise DataError(
            "a table that was uploaded to this server",
            f"{spec.name!r:.60}",
            "The server was restarted: upload it again.",
        )
    if not datasets.is_builtin(spec.name):
        names = [*PROBLEMS, *(entry.name for entry in datasets.entries()), "faces", "drawn"]
        raise DataError(
            "the name of a data set of the Playground", f"{spec.name!r:.60}", did_you_mean(spec.name, names)
        )
    return table_data(spec, datasets.load(spec.name, spec.seed))


def _generated(spec: DataSpec) -> Data:
    problem = PROBLEMS[spec.name]
    noise = _SPREAD.get(spec.name, 0.0) + spec.noise * _PER_PERCENT
    x, values = problem.make(generator(spec.seed, Purpose.SAMPLE), spec.samples, noise)
    reach = max(6.0, float(np.ceil(np.abs(x).max())))
    columns = tuple(Column(name, -reach, reach, 0.0) for name in ("x₁", "x₂"))
    return divided(spec, spec.name, _target(problem.task, values), columns, x, values)


def _drawn(spec: DataSpec, points: Sequence[Sequence[float]]) -> Data:
    if not points:
        # Two points to look at, so that there is something on the map before the first click.
        points = [[-2.0, 0.0, 0.0], [2.0, 0.0, 1.0]]
    array = np.asarray(points, dtype=np.float64)
    x, values = array[:, :2], array[:, 2]
    task = spec.task or CLASSIFICATION
    if task == CLASSIFICATION:
        if not (np.isin(values, np.arange(MOST_CLASSES))).all():
            raise DataError(
                f"classes from 0 to {MOST_CLASSES - 1} of drawn points", f"{values.max():g}", "Choose another class."
            )
        # Classes are numbered as they are drawn: a class without points yet has its output already.
        target = Target("class", task, tuple(str(k) for k in range(max(2, int(values.max()) + 1))))
    else:
        target = Target("t", task)
    reach = max(6.0, float(np.ceil(np.abs(x).max())))
    columns = tuple(Column(name, -reach, reach, 0.0) for name in ("x₁", "x₂"))
    return divided(spec, "drawn", target, columns, x, values)


def _faces(spec: DataSpec) -> Data:
    pictures, moods = draw_faces(generator(spec.seed, Purpose.SAMPLE), spec.samples, spec.noise / 100)
    x = pictures.reshape(len(pictures), -1)
    columns = tuple(Column(f"pixel {i // SIZE + 1}, {i % SIZE + 1}", 0.0, 1.0, 0.5) for i in range(x.shape[1]))
    target = Target("mood", CLASSIFICATION, MOODS)
    return divided(spec, "faces", target, columns, x, moods, picture=(SIZE, SIZE))


def _target(task: str, values: np.ndarray) -> Target:
    if task == CLASSIFICATION:
        return Target("class", task, tuple(str(k) for k in range(max(2, int(values.max()) + 1))))
    return Target("t", task)
