"""Frames: a copy of the weights becomes the map, the thumbnails and the figures that a view draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.engine.store import Store
from chainrule.playground.runs import Curve
from chainrule.playground.scene import Scene
from chainrule.playground.scores import Score, metric_of
from chainrule.playground.wire import Message

MOST_WEIGHTS = 20_000
# Beyond so many inputs (a table's columns, a picture's pixels) their thumbnails say nothing.
MOST_INPUT_THUMBNAILS = 16
_BOUNDED = ("tanh", "sigmoid")


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a frame is made of: nothing in it changes any more, so that it can be built while training goes on."""

    scene: Scene
    weights: Store
    serial: int
    running: bool
    position: Mapping[str, Any]
    seconds: float
    rate: float
    epochs_per_second: float
    train: Score
    test: Score
    curve: Curve
    _passes: dict[int, Pass] = field(default_factory=dict)

    def pass_of(self, size: int) -> Pass:
        """Return the forward pass of a map, made once for all views."""
        if size not in self._passes:
            self._passes[size] = Pass.of(self, size)
        return self._passes[size]


@dataclass(frozen=True, eq=False)
class Pass:
    """One forward pass of all pixels of a map: the values of every unit, and what all views share of a frame."""

    size: int
    units: dict[str, np.ndarray]
    shared: tuple[tuple[str, np.ndarray], ...]
    thumbnail: Mapping[str, int]
    _pictures: dict[str, Picture] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot, size: int) -> Pass:
        """Run the pass."""
        scene = snapshot.scene
        # A weight that exploded is infinite in float32, which the page shows as such.
        with np.errstate(over="ignore"):
            small = snapshot.weights.like(snapshot.weights.flat.astype(np.float32))
        grid = scene.grid(size)
        units = scene.units(small, grid)
        n_inputs = grid.shape[1] if grid.shape[1] <= MOST_INPUT_THUMBNAILS else 0
        if n_inputs:
            units = {"input": grid} | units
        n_units = sum(values.shape[1] for values in units.values())
        side = 20 if n_units <= 100 else 10
        parts: list[tuple[str, np.ndarray]] = []
        if small.flat.size <= MOST_WEIGHTS:
            parts.append(("weights", small.flat))
        for name, score in (("train", snapshot.train), ("test", snapshot.test)):
            if score.confusion is not None:
                parts.append((f"confusion_{name}", score.confusion))
        with np.errstate(all="ignore"):
            thumbnails = [_thumbnails(scene, name, values, size, side) for name, values in units.items()]
        parts.append(("thumbnails", np.concatenate(thumbnails)))
        return cls(size, units, tuple(parts), {"size": side, "inputs": n_inputs, "units": n_units})

    def picture(self, scene: Scene, want: str) -> Picture:
        """Return the buffers of a frame whose large map shows `want`, made once for all views that want it."""
        if want not in self._pictures:
            with np.errstate(all="ignore"):
                about, maps = _map(scene, self, want)
            arrays = [*self.shared[:-1], *maps, self.shared[-1]]
            buffers = tuple(np.ascontiguousarray(array).tobytes() for _, array in arrays)
            self._pictures[want] = Picture(about, layout_of(arrays), buffers)
        return self._pictures[want]


@dataclass(frozen=True, eq=False)
class Picture:
    """The heavy part of a frame, ready to travel: what the map is, where each array lies, and their bytes."""

    about: Mapping[str, Any]
    layout: list[dict[str, Any]]
    buffers: tuple[bytes, ...]


def frame_message(
    snapshot: Snapshot, *, n: int, want: str, size: int, points: list[list[float]], budget: Mapping[str, float] | None
) -> Message:
    """Return the frame that one view gets.

    Parameters
    ----------
    n : int
        Number of the frame, of this view.
    want : str
        What the large map shows: output, output.1, hidden2.0, input.3.
    size : int
        Pixels along its side.
    points : list
        New points of the curve.
    budget : mapping or None
        What frames cost, where the view shows it.
    """
    scene = snapshot.scene
    done = snapshot.pass_of(scene.plane.size_for(size))
    picture = done.picture(scene, want)
    metric = metric_of(scene).name
    content = {
        "n": n,
        "serial": snapshot.serial,
        "running": snapshot.running,
        "position": snapshot.position,
        "seconds": round(snapshot.seconds, 3),
        "cost": {"train": snapshot.train.cost, "test": snapshot.test.cost},
        "metrics": {"train": {metric: snapshot.train.metric}, "test": {metric: snapshot.test.metric}},
        "rate": snapshot.rate,
        "epochs_per_second": round(snapshot.epochs_per_second, 1),
        "map": picture.about,
        "points": points,
        "thumbnail": done.thumbnail,
        "budget": budget,
        "layout": picture.layout,
    }
    return Message("frame", content, picture.buffers)


def layout_of(arrays: list[tuple[str, np.ndarray]]) -> list[dict[str, Any]]:
    """Return what a view must know to read the buffers."""
    return [{"name": name, "dtype": _name(array.dtype), "shape": list(array.shape)} for name, array in arrays]


@lru_cache(maxsize=16)
def _name(dtype: np.dtype) -> str:
    return str(dtype)


def as_bytes(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return values as uint8: low is 0, high is 255; what is no number is the middle."""
    scaled = (values - low) * (255.0 / ((high - low) or 1.0))
    np.maximum(scaled, 0, out=scaled)
    np.minimum(scaled, 255, out=scaled)
    scaled += 0.5
    if not np.isfinite(scaled.sum()):
        scaled[~np.isfinite(scaled)] = 128
    return scaled.astype(np.uint8)


def _limit(scene: Scene, name: str, values: np.ndarray) -> float:
    """Return the value that has the strongest colour: 1 where the activation is bounded by it."""
    if name.startswith("hidden") and scene.spec.layers[int(name[6:]) - 1].activation in _BOUNDED:
        return 1.0
    most = float(np.abs(values).max(initial=0.0))
    return most if np.isfinite(most) and most > 0 else 1.0


def _thumbnails(scene: Scene, name: str, values: np.ndarray, size: int, side: int) -> np.ndarray:
    """Return small pictures (units, side, side) of the units of a layer, picked from the large map's pixels."""
    small = values.take(_picked(size, side), axis=0).T.reshape(-1, side, side)
    if name == "output":
        low, high = (0.0, 1.0) if scene.data.is_classification else scene.target_range
        return as_bytes(small, low, high)
    if name.startswith("hidden") and scene.spec.layers[int(name[6:]) - 1].activation in _BOUNDED:
        return as_bytes(small, -1.0, 1.0)
    limits = np.abs(small).max(axis=(1, 2), keepdims=True)
    return as_bytes(small / np.where(limits > 0, limits, 1), -1.0, 1.0)


@lru_cache(maxsize=8)
def _picked(size: int, side: int) -> np.ndarray:
    """Return the pixels of a large map, row by row, that make a small one."""
    pick = (np.arange(side) * size + size // 2) // side
    return (pick[:, None] * size + pick).reshape(-1)


def _map(scene: Scene, done: Pass, want: str) -> tuple[dict[str, Any], list[tuple[str, np.ndarray]]]:
    """Return the large map and what its bytes mean."""
    size = done.size
    layer, _, number = want.partition(".")
    about: dict[str, Any] = {"of": want, "kind": "unit", "size": size, "low": 0.0, "high": 1.0}
    values = done.units.get(layer)
    unit = int(number) if number.isdecimal() else -1
    if values is None or (number and not 0 <= unit < values.shape[1]) or (not number and layer != "output"):
        # The unit is gone since it was asked for: the output is always there.
        about["of"], layer, number = "output", "output", ""
        values = done.units["output"]
    if number and layer != "output":
        column = values[:, unit]
        limit = _limit(scene, layer, column)
        return about | {"low": -limit, "high": limit}, [("map", as_bytes(column, -limit, limit).reshape(size, size))]
    if not scene.data.is_classification:
        low, high = scene.target_range
        column = as_bytes(values[:, unit if number else 0], low, high)
        return about | {"kind": "value", "low": low, "high": high}, [("map", column.reshape(size, size))]
    if number:
        column = as_bytes(values[:, unit], 0, 1)
        return about | {"kind": "probability"}, [("map", column.reshape(size, size))]
    if values.shape[1] == 2:
        # The outputs of squared error are no probabilities; half of their difference decides in the same way.
        share = values[:, 1] if scene.is_probability else 0.5 + 0.5 * (values[:, 1] - values[:, 0])
        return about | {"kind": "probability"}, [("map", as_bytes(share, 0, 1).reshape(size, size))]
    best = values.argmax(axis=1).astype(np.uint8).reshape(size, size)
    strength = as_bytes(values.max(axis=1), 0, 1).reshape(size, size)
    return about | {"kind": "class"}, [("map", strength), ("map_class", best)]
