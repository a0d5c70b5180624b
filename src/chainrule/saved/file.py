"""The model file: one zip of JSON and plain tensors. Nothing in it is ever executed, unpickled or looked up by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.encode.augment import Augment
from chainrule.encode.preparation import Preparation
from chainrule.errors import ChainruleError, ConfigError, ModelFileError
from chainrule.files import replace_file
from chainrule.network.network import Network
from chainrule.saved.archive import README, REMEDY, Archive, read_archive, to_json, write_archive
from chainrule.saved.model import Model
from chainrule.saved.spec import network_from_spec, network_spec
from chainrule.saved.tensors import (
    check_header,
    header_bytes,
    pack,
    require_finite,
    shapes_of,
    unpack,
    unpack_declared,
)
from chainrule.tree import fill, leaves
from chainrule.types import Params

SCHEMA_VERSION = 3
# Before version 3 every model had a preparation, and nothing was optional.
_VERSIONS = (2, SCHEMA_VERSION)
_MODEL, _WEIGHTS, _PREPROCESS, _TRAINING = (
    "model.json",
    "weights.safetensors",
    "preprocess.json",
    "training.safetensors",
)
_REQUIRED = frozenset({_MODEL, _WEIGHTS, README})
_OPTIONAL = frozenset({_PREPROCESS, _TRAINING})
_OTHERS = {"estimator.json": "Load it with chainrule.load_estimator."}
_DIVERGED = "Train again with a smaller learning rate, or keep the best weights."


def save_model(model: Model, path: Path | str) -> None:
    """Write a model file, replacing an old one only when the new one is complete and `load_model` reads it.

    Raises
    ------
    ConfigError, ModelFileError
        If it could not be loaded again: a class that is not registered, weights that do not fit the layers or are not
        finite, a preparation for another network. Nothing is written then.
    RunFolderError
        If the file cannot be written.
    """
    weights = {name: np.asarray(value) for name, value in leaves(model.params)}
    head: dict[str, Any] = {
        "format": "chainrule-model",
        "schema_version": SCHEMA_VERSION,
        "network": network_spec(model.network),
        "classes": list(model.classes),
        "summary": _jsonable(model.summary, "summary"),
    }
    require_finite(weights, _DIVERGED)
    if model.threshold is not None:
        head["threshold"] = model.threshold
    if model.augment:
        head["augment"] = asdict(model.augment)
    if model.training:
        head["training"] = _jsonable(model.training, "training")
    parts: dict[str, bytes | str] = {}
    if model.preparation is not None:
        parts[_PREPROCESS] = to_json(model.preparation.to_json())
    if model.state is not None:
        head["state"] = shapes_of(model.state)
        parts[_TRAINING] = pack(model.state)
    head["parts"] = sorted(parts)
    content = write_archive({_MODEL: to_json(head), README: _readme(model), **parts, _WEIGHTS: pack(weights)})
    try:
        _model_of(read_archive(content, what="a model file", parts=_REQUIRED, optional=_OPTIONAL, others=_OTHERS))
    except ChainruleError as error:
        remedy = "Make the model of parts that fit together." if error.remedy == REMEDY else error.remedy
        raise ModelFileError(f"a model that can be loaded again, with {error.expected}", error.came, remedy) from error
    replace_file(Path(path), content)


def load_model(path: Path | str) -> Model:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If it is missing, truncated or not ours, names a layer that is not registered, holds a part or a path that
        a model file does not have, declares weights of another size than it carries, has weights that are NaN or
        infinite, or would cost out of all proportion to its size.
    """
    return _model_of(read_archive(Path(path), what="a model file", parts=_REQUIRED, optional=_OPTIONAL, others=_OTHERS))


def _model_of(archive: Archive) -> Model:
    head = archive.json(_MODEL)
    if not isinstance(head, dict) or head.get("format") != "chainrule-model":
        raise ModelFileError("a Chainrule model", f"a file whose {_MODEL} says otherwise", REMEDY)
    version = head.get("schema_version")
    if version not in _VERSIONS or type(version) is not int:
        raise ModelFileError(
            f"a model file of version {SCHEMA_VERSION}", f"version {version!r:.20}", "Use the Chainrule that wrote it."
        )
    declared = [_PREPROCESS] if version == 2 else head.get("parts")
    there = sorted(set(archive.parts) - _REQUIRED)
    if declared != there:
        named = {name for name in declared if isinstance(name, str)} if isinstance(declared, list) else set()
        strange = sorted(named ^ set(there))[:3] or f"the list {declared!r:.60}"
        raise ModelFileError(
            f"the parts that {_MODEL} declares and no others", f"a difference in {strange!s:.200}", REMEDY
        )
    try:
        network = network_from_spec(head.get("network"))
        preparation = _preparation(archive, network)
        summary, training = head.get("summary"), head.get("training")
        return Model(
            network,
            _weights(archive.parts[_WEIGHTS], network),
            preparation,
            summary if isinstance(summary, dict) else {},
            _augment(head.get("augment", {})),
            () if version == 2 else _classes(head.get("classes")),
            unpack_declared(archive.parts[_TRAINING], _TRAINING, head.get("state")) if _TRAINING in there else None,
            training if isinstance(training, dict) else {},
            head.get("threshold"),
        )
    except RecursionError as error:
        raise ModelFileError("layers of a network", "lists that are nested without end", REMEDY) from error
    except ConfigError as error:
        raise ModelFileError(error.expected, error.came, REMEDY) from error


def _preparation(archive: Archive, network: Network) -> Preparation | None:
    if _PREPROCESS not in archive.parts:
        return None
    preparation = Preparation.from_json(archive.json(_PREPROCESS))
    outputs = (*network.input_shape[: int(preparation.target.every_step)], preparation.outputs)
    if preparation.input_shape != network.input_shape or outputs != network.output_shape:
        raise ModelFileError(
            f"data prepared for a network of input {network.input_shape} and output {network.output_shape}",
            f"a preparation of input {preparation.input_shape} and output {outputs}",
            "Leave the preparation out where the network answers another question than its target: the inputs are "
            "arrays then.",
        )
    return preparation


def _classes(names: Any) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ModelFileError("classes as a list of texts", f"{names!r:.60}", REMEDY)
    return tuple(names)


def _augment(fields: Any) -> Augment:
    try:
        return Augment(**fields)
    except (TypeError, ConfigError) as error:
        raise ModelFileError("settings of an augmentation", f"{error!s:.200}", REMEDY) from error


def _weights(raw: bytes, network: Network) -> Params:
    """Return the weights, after their declared shapes have been held against the bytes that are there."""
    wanted: Mapping[str, Any] = dict(leaves(network.specs))
    header = header_bytes({name: len(spec.shape) for name, spec in wanted.items()})
    if network.n_parameters * 4 > len(raw) or len(raw) > network.n_parameters * 8 + header:
        raise ModelFileError(
            f"the {network.n_parameters:,} parameters that the layers declare", f"{len(raw):,} bytes of them", REMEDY
        )
    check_header(raw, _WEIGHTS, header)
    tensors = unpack(raw, _WEIGHTS)
    for name in sorted(set(wanted) ^ set(tensors)):
        raise ModelFileError("the parameters that the layers declare", f"a difference in {name!r:.200}", REMEDY)
    # In the layers' order: safetensors has none.
    named = {name: tensors[name] for name in wanted}
    for name, value in named.items():
        if value.shape != wanted[name].shape or value.dtype not in (np.float32, np.float64):
            raise ModelFileError(
                f"{name} of shape {wanted[name].shape} in float32 or float64",
                f"shape {value.shape} in {value.dtype}",
                REMEDY,
            )
    require_finite(named, REMEDY)
    return fill(network.specs, named)


def _jsonable(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    try:
        json.dumps(dict(data))
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"a {name} of texts, numbers, lists and dicts", f"{error}", f"Convert what {name} holds to such."
        ) from error
    return dict(data)


def _readme(model: Model) -> str:
    preparation = model.preparation
    title = (
        "A Chainrule model"
        if preparation is None
        else (f"A Chainrule model: {preparation.target.task} of {preparation.target.name}")
    )
    prepared = "" if preparation is None else ", `preprocess.json` how data become inputs"
    use = "chainrule.load_model(path)" if preparation is None else "chainrule predict MODEL DATA"
    lines = [
        f"# {title}",
        "",
        f"{model.network.n_parameters:,} parameters; inputs of shape {model.network.input_shape}.",
        "",
        f"`model.json` has the layers, `weights.safetensors` the numbers{prepared}.",
        f"Nothing in this file is code. Use it with `{use}`.",
        "",
    ]
    return "\n".join(lines)
