"""The catalogue: what the controls offer, from the library's own registries."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule import __version__
from chainrule.constraints import Range
from chainrule.nn import ACTIVATIONS, INITS
from chainrule.optim import RULES, SCHEDULES
from chainrule.playground import spec as limits
from chainrule.playground.protocol import VERSION
from chainrule.playground.runs import MOST_RUNS
from chainrule.playground.sources import load_data
from chainrule.playground.spec import DEFAULT, OPTIMIZERS, DataSpec, spec_to_json
from chainrule.playground.wire import MOST_POINTS, Message
from chainrule.sources import datasets
from chainrule.sources.kinds import KINDS
from chainrule.web.guard import MOST_UPLOAD_BYTES

# What TensorFlow Playground has comes first, in its order, then the course's problems and the real ones.
_PLANE = ("circle", "xor", "gaussians", "spiral", "plane", "six_gaussians", "donut", "clouds")
_FEATURES = ("x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)")
_PREVIEW = 120


def welcome() -> Message:
    """Return the first message that a view gets."""
    content = {
        "version": VERSION,
        "chainrule": __version__,
        "defaults": spec_to_json(DEFAULT),
        "catalogue": _catalogue(),
        "limits": {
            "upload_bytes": MOST_UPLOAD_BYTES,
            "layers": limits.MOST_LAYERS,
            "units": limits.MOST_UNITS,
            "samples": limits.MOST_SAMPLES,
            "inputs": limits.MOST_INPUTS,
            "points": MOST_POINTS,
            "runs": MOST_RUNS,
        },
    }
    return Message("welcome", content)


@lru_cache(maxsize=1)
def _catalogue() -> dict[str, Any]:
    return {
        "datasets": _datasets(),
        "features": list(_FEATURES),
        "kinds": list(KINDS),
        "activations": list(ACTIVATIONS),
        "optimizers": [
            {"name": name, "equation": RULES[name].equation, "settings": _settings(RULES[name])} for name in OPTIMIZERS
        ],
        "schedules": [
            {"name": name, "about": (rule.__doc__ or "").splitlines()[0], "settings": _settings(rule)}
            for name, rule in SCHEDULES.items()
        ],
        "losses": ["cross_entropy", "squared_error"],
        "inits": ["auto", *INITS],
        "learning_rates": [1e-5, 1e-4, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
        "penalties": [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    }


def _settings(kind: type[Any]) -> list[dict[str, Any]]:
    found = []
    for item in dataclasses.fields(kind):
        span = next(c for c in item.metadata["constraints"] if isinstance(c, Range))
        bounds = {"low": span.low, "high": span.high, "whole": span.kind is int}
        found.append({"name": item.name, "default": item.default, **bounds})
    return found


def _datasets() -> list[dict[str, Any]]:
    known = {entry.name: entry for entry in datasets.entries()}
    listed = []
    for name in _PLANE:
        data = load_data(DataSpec(name=name, samples=_PREVIEW), {}, [])
        listed.append(
            {
                "name": name,
                "group": "plane",
                "task": known[name].task,
                "about": known[name].about,
                "inputs": ["x1", "x2"],
                "preview": np.column_stack([data.x, data.codes]).round(2).tolist(),
                "reach": data.columns[0].high,
            }
        )
    listed.append(_entry("drawn", "plane", "classification", "points that you draw on the map", ["x1", "x2"]))
    for name, entry in known.items():
        if name not in _PLANE:
            group = "pictures" if "pixels" in entry.inputs else "table"
            listed.append(_entry(name, group, entry.task, entry.about, ["all"]))
    listed.append(_entry("faces", "pictures", "classification", "drawn faces of four moods, 24×24 pixels", ["all"]))
    return listed


def _entry(name: str, group: str, task: str, about: str, inputs: list[str]) -> dict[str, Any]:
    return {"name": name, "group": group, "task": task, "about": about, "inputs": inputs, "preview": [], "reach": 6.0}
