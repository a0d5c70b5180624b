"""From what a person names (data, a model, a configuration) to the session that they meet first."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ChainruleError, ConfigError, ModelFileError
from chainrule.playground.session import Session
from chainrule.playground.sources import load_data
from chainrule.playground.spec import DEFAULT, LayerSpec, Spec, spec_from_json
from chainrule.sources.synthetic import PROBLEMS
from chainrule.tree import leaves

if TYPE_CHECKING:
    from chainrule.saved.model import Model
    from chainrule.sources.source import Source

_BUILTIN = ("faces", "drawn", *PROBLEMS)


def first_session(
    data: str | None = None, model: Path | None = None, *, spec: Spec = DEFAULT, source: Source | None = None
) -> Session:
    """Return the session that a person meets first.

    Parameters
    ----------
    data : str, optional
        The name of a data set of the Playground, or a table to read.
    model : Path, optional
        A model file of dense layers, to look into and go on with; DATA must be a table like the one it learned from.
    spec : Spec
        The settings to start with.
    source : Source, optional
        A table in memory, instead of `data`.
    """
    sources: dict[str, Source] = {}
    if source is not None:
        spec, sources = _with_source(spec, source)
    elif data is not None:
        spec, sources = _with_data(spec, data)
    if model is None:
        return Session(spec, sources)
    return _with_model(spec, sources, model)


def read_spec(path: Path) -> Spec:
    """Return the spec in a TOML or JSON file."""
    try:
        text = path.read_text(encoding="utf-8")
        values: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        remedy = "Give a file with settings such as learning_rate = 0.1."
        raise ConfigError(f"a TOML or JSON file at {path}", f"{error}", remedy) from error
    return spec_from_json(values)


def _with_data(spec: Spec, data: str) -> tuple[Spec, dict[str, Source]]:
    if data in _BUILTIN and not Path(data).is_file():
        return replace(spec, data=replace(spec.data, name=data)), {}
    from chainrule.sources import datasets
    from chainrule.sources.read import read_source

    if datasets.is_builtin(data) and not Path(data).is_file():
        return replace(spec, data=replace(spec.data, name=data)), {}
    return _with_source(spec, read_source(data))


def _with_source(spec: Spec, source: Source) -> tuple[Spec, dict[str, Source]]:
    return replace(spec, data=replace(spec.data, name="upload:1")), {"upload:1": source}


def _with_model(spec: Spec, sources: dict[str, Source], path: Path) -> Session:
    from chainrule.job.predict import open_model

    model = open_model(path)
    target = model.prepared_by.target
    layers = _layers(model)
    loss = "cross_entropy" if target.classes else "squared_error"
    data = replace(spec.data, target=target.name, task=target.task)
    if spec.data.name not in (*PROBLEMS, "faces", "drawn") and model.prepared_by.kind == "table":
        data = replace(data, kinds={column.name: column.kind for column in model.prepared_by.columns})
    elif not sources:
        data = replace(data, target=None, task=None)
    spec = replace(spec, data=data, layers=layers, loss=loss)
    session = Session(spec, sources)
    scene = session.scene
    if load_data(spec.data, sources, []).target.classes != target.classes:
        raise ConfigError(
            f"data with the classes that the model has: {', '.join(target.classes[:8])}",
            ", ".join(scene.data.target.classes[:8]) or "numbers",
            "Name the data that it was trained on.",
        )
    mine, theirs = dict(leaves(scene.network.specs)), dict(leaves(model.params))
    if [value.shape for value in mine.values()] != [np.shape(value) for value in theirs.values()]:
        raise ConfigError(
            f"data that become the {model.network.input_shape} inputs of the model",
            f"{scene.network.input_shape} inputs of {scene.spec.data.name}",
            "Name the data that it was trained on beside it.",
        )
    session.learner.start_from(dict(zip(mine, theirs.values(), strict=True)))
    return session


def _layers(model: Model) -> tuple[LayerSpec, ...]:
    """Return the hidden layers of a model, or raise if it has others than the Playground can show."""
    from chainrule.nn import ACTIVATIONS, Activation, Dense, Dropout, Flatten

    names = {layer: name for name, layer in ACTIVATIONS.items()}
    inside = [layer for layer in model.network.layer.in_a_row().values() if not isinstance(layer, Flatten)]
    found: list[LayerSpec] = []
    wrong: list[str] = []
    try:
        for item in inside[:-1]:
            if isinstance(item, Dense):
                found.append(LayerSpec(item.units, "identity"))
            elif isinstance(item, Activation) and item in names and found:
                found[-1] = replace(found[-1], activation=names[item])
            elif isinstance(item, Dropout) and found:
                found[-1] = replace(found[-1], dropout=item.rate)
            else:
                wrong.append(type(item).__name__)
    except ChainruleError as error:
        raise ModelFileError("a model that the Playground can show", f"{error.came}", error.remedy) from error
    if wrong or not inside or not isinstance(inside[-1], Dense):
        came = ", ".join(wrong or ["no dense layer at the end"])
        raise ModelFileError(
            "a model of dense layers, activations and dropout", came, "Use `chainrule inspect` for it."
        )
    return tuple(found)
