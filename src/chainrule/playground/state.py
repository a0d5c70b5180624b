"""The state message: everything that a view must know to draw itself, but for what moves while training goes on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.playground.frame import layout_of
from chainrule.playground.learner import WatchedLearner
from chainrule.playground.runs import KeptRun
from chainrule.playground.scene import Scene
from chainrule.playground.scores import metric_of
from chainrule.playground.spec import spec_to_json
from chainrule.playground.wire import MOST_POINTS, Message


def state_message(
    learner: WatchedLearner,
    *,
    running: bool,
    kept: Sequence[Mapping[str, Any]],
    reset: str,
    notes: Sequence[str],
    sha256: str,
    drawn: Sequence[Sequence[float]],
    version: int,
) -> Message:
    """Return the state of a session."""
    scene = learner.scene
    data = scene.data
    arrays: list[tuple[str, np.ndarray]] = []
    for name, rows in (("train", data.train[:MOST_POINTS]), ("test", data.test[:MOST_POINTS])):
        arrays.append((f"{name}_xy", scene.plane.project(data.x[rows])))
        arrays.append((f"{name}_t", data.codes[rows].astype(np.float32)))
    spec = spec_to_json(scene.spec)
    current = KeptRun(0, "this run", learner.curve, spec).to_json(current=True)
    content = {
        "spec": spec,
        "network": _network(scene),
        "data": _data(scene) | {"hash": sha256, "drawn": [list(point) for point in drawn]},
        "metric": _metric(scene),
        "position": learner.trainer.position.to_json(scene.spec.batch_size),
        "running": running,
        "checkpoints": learner.past.epochs,
        "history": {"runs": [current, *kept]},
        "reset": reset,
        "notes": list(notes),
        "layout": layout_of(arrays),
    }
    return Message("state", content, tuple(np.ascontiguousarray(array).tobytes() for _, array in arrays), version)


def _network(scene: Scene) -> dict[str, Any]:
    specs = scene.network.specs
    layers = []
    hidden = [(f"hidden{i}", layer) for i, layer in enumerate(scene.spec.layers, start=1)]
    for name, layer in hidden:
        about = {"units": layer.units, "activation": layer.activation, "dropout": layer.dropout}
        layers.append({"name": name, **about, "parameters": _count(specs[name])})
    link = "softmax" if scene.is_probability else "identity"
    outputs = scene.network.output_shape[0]
    output = {"name": "output", "units": outputs, "activation": link, "dropout": 0.0}
    layers.append({**output, "parameters": _count(specs["output"])})
    return {
        "inputs": [
            {"name": name, "label": label}
            for name, label in zip(scene.features.names, scene.features.labels, strict=True)
        ],
        "layers": layers,
        "outputs": list(scene.data.target.classes) or [scene.data.target.name],
        "parameters": [
            {"name": f"{layer}.{name}", "shape": list(param.shape)}
            for layer, params in specs.items()
            for name, param in params.items()
        ],
        "n_parameters": scene.network.n_parameters,
    }


def _metric(scene: Scene) -> dict[str, Any]:
    metric = metric_of(scene)
    return {"name": metric.name, "label": metric.label, "is_share": metric.is_share}


def _count(params: Mapping[str, Any]) -> int:
    return sum(param.size for param in params.values())


def _units(scene: Scene) -> list[list[float]]:
    """Return offset and scale of both axes, from the network's numbers to the data's own."""
    axes, columns = scene.spec.view.axes, scene.data.columns
    places = [] if isinstance(axes, str) else [place for place in axes if place < len(columns)]
    units = [[columns[place].offset, columns[place].scale] for place in places]
    return units + [[0.0, 1.0]] * (2 - len(units))


def _data(scene: Scene) -> dict[str, Any]:
    data, plane = scene.data, scene.plane
    columns = data.preparation.columns if data.preparation is not None else ()
    low, high = scene.target_range
    return {
        "name": scene.spec.data.name,
        "title": data.name,
        "task": data.target.task,
        "classes": list(data.target.classes),
        "base": [
            {
                **{"name": f"x{i}", "label": c.label, "low": c.low, "high": c.high, "middle": c.middle},
                **{"offset": c.offset, "scale": c.scale, "is_number": c.is_number},
            }
            for i, c in enumerate(data.columns, start=1)
        ],
        "columns": [{"name": column.name, "kind": column.kind, "reason": column.reason} for column in columns],
        "target": {
            "name": data.target.name,
            "low": low,
            "high": high,
            "offset": data.target.mean,
            "scale": data.target.scale,
        },
        "n_train": len(data.train),
        "n_test": len(data.test),
        "picture": None if data.picture is None else list(data.picture),
        "domain": {"x": list(plane.horizontal), "y": list(plane.vertical)},
        "axes": {"x": plane.labels[0], "y": plane.labels[1], "units": _units(scene)},
    }
