"""Answers to questions about the network as it is now: values at a point, rows of a cell."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError
from chainrule.playground.frame import as_bytes, layout_of
from chainrule.playground.learner import WatchedLearner
from chainrule.playground.protocol import Cell, Probe
from chainrule.playground.scores import rows_of_cell
from chainrule.playground.wire import Message

_MOST_ROWS = 60
_MOST_CELLS = 24


def probe(learner: WatchedLearner, asked: Probe) -> Message:
    """Return every unit's value at a point of the map, or for a row of the data."""
    scene = learner.scene
    target: float | None = None
    cost: float | None = None
    if asked.row is not None:
        part = scene.part(asked.part)
        require_row(asked.row, part.n_samples, asked.part)
        x, t = part.x[asked.row : asked.row + 1], part.t[asked.row : asked.row + 1]
        target = float(t.argmax()) if scene.data.is_classification else float(t[0, 0])
        with np.errstate(all="ignore"):
            a = scene.network.forward(NUMPY, learner.trainer.params, x)
            cost = float(scene.network.loss.forward(NUMPY, a, t)[0])
        rows = scene.data.train if asked.part == "train" else scene.data.test
        at = scene.plane.project(scene.data.x[rows[asked.row : asked.row + 1]])[0].tolist()
    elif asked.x is not None:
        x, at = np.nan_to_num(scene.features(scene.plane.point(*asked.x))), list(asked.x)
    elif asked.columns is not None:
        width = len(scene.data.columns)
        if len(asked.columns) != width:
            raise ConfigError(f"{width} columns", f"{len(asked.columns)}", "Give a number for each column of the data.")
        columns = np.asarray(asked.columns, np.float64)[None]
        x, at = np.nan_to_num(scene.features(columns)), scene.plane.project(columns)[0].tolist()
    else:
        raise ConfigError("x or row in the command probe", "neither", "Add one of them.")
    units = scene.units(learner.trainer.params, x)
    content = {
        "x": at,
        "inputs": x[0].tolist(),
        "units": {name: values[0].tolist() for name, values in units.items()},
        "target": target,
        "cost": cost,
    }
    return Message("probe", content)


def require_row(row: int, n: int, part: str) -> None:
    """Raise unless a part has so many rows."""
    if row >= n:
        raise ConfigError(f"a {part} row below {n}", f"{row}", "Rows count from 0.")


def cell(learner: WatchedLearner, asked: Cell) -> Message:
    """Return the rows of a cell of the confusion matrix: as a table, and as pictures where they are."""
    scene = learner.scene
    data = scene.data
    if not data.is_classification or max(asked.true, asked.predicted) >= len(data.target.classes):
        raise ConfigError(
            "a cell of the confusion matrix", f"{asked.true}, {asked.predicted}", "Choose one of its cells."
        )
    rows = rows_of_cell(scene, learner.trainer.params, asked.part, asked.true, asked.predicted)
    shown = rows[:_MOST_ROWS]
    arrays = []
    if data.picture is not None:
        pixels = as_bytes(data.x[shown], 0.0, 1.0).reshape(len(shown), *data.picture)
        arrays.append(("pictures", pixels))
    names, cells = _cells(learner, shown)
    content = {
        "true": asked.true,
        "predicted": asked.predicted,
        "part": asked.part,
        "total": len(rows),
        "columns": ["row", *names],
        "rows": [[int(row) + 1, *values] for row, values in zip(shown, cells, strict=True)],
        "picture": None if data.picture is None else list(data.picture),
        "layout": layout_of(arrays),
    }
    return Message("rows", content, tuple(np.ascontiguousarray(array).tobytes() for _, array in arrays))


def _cells(learner: WatchedLearner, rows: np.ndarray) -> tuple[list[str], list[list[Any]]]:
    """Return the cells as the table has them; a picture has none."""
    data = learner.scene.data
    if data.picture is not None:
        return [], [[] for _ in rows]
    if data.cells is None:
        return list(data.labels), data.x[rows].round(4).tolist()
    frame = data.cells.frame
    names = [str(name) for name in frame.columns][:_MOST_CELLS]
    part = frame[names].iloc[rows]
    return names, [["" if cell != cell else _plain(cell) for cell in row] for row in part.itertuples(index=False)]  # noqa: PLR0124


def _plain(cell: Any) -> Any:
    value = cell.item() if isinstance(cell, np.generic) else cell
    return value if isinstance(value, (int, float, str, bool)) else str(value)
