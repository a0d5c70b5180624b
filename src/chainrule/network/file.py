"""The model file: one zip of JSON and plain tensors. Nothing in it is ever executed, unpickled or looked up by name."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.encode.augment import Augment
from chainrule.encode.preparation import Preparation
from chainrule.errors import ConfigError, ModelFileError
from chainrule.files import replace_file
from chainrule.network.model import Model
from chainrule.network.network import Network
from chainrule.network.spec import network_from_spec, network_spec
from chainrule.tree import fill, leaves
from chainrule.types import Params

SCHEMA_VERSION = 2
_MODEL, _WEIGHTS, _PREPROCESS, _README = "model.json", "weights.safetensors", "preprocess.json", "README.md"
_PARTS = frozenset({_MODEL, _WEIGHTS, _PREPROCESS, _README})
_MOST_JSON_BYTES = 64 << 20
_MOST_README_BYTES = 1 << 20
# Names and offsets of the tensors, beyond their values.
_HEADER_BYTES = 1 << 20
_REMEDY = "Use a .chainrule file that Chainrule wrote, fetched whole."


def save_model(model: Model, path: Path | str) -> None:
    """Write a model file, replacing an old one only when the new one is complete."""
    from safetensors.numpy import save

    # safetensors writes an array that is not contiguous wrongly, without a word.
    tensors = {name: np.ascontiguousarray(value) for name, value in leaves(model.params)}
    head = {
        "format": "chainrule-model",
        "schema_version": SCHEMA_VERSION,
        "network": network_spec(model.network),
        "classes": list(model.preparation.target.classes),
        "summary": dict(model.summary),
    }
    if model.augment:
        head["augment"] = asdict(model.augment)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, _MODEL, json.dumps(head, indent=1, ensure_ascii=False))
        _write(archive, _PREPROCESS, json.dumps(model.preparation.to_json(), indent=1, ensure_ascii=False))
        _write(archive, _README, _readme(model))
        _write(archive, _WEIGHTS, save(tensors), zipfile.ZIP_STORED)
    replace_file(Path(path), buffer.getvalue())


def load_model(path: Path | str) -> Model:
    """Read a model file.

    Raises
    ------
    ModelFileError
        If it is missing, truncated or not ours, names a layer that is not registered, holds a part or a path that
        a model file does not have, or declares weights of another size than it carries.
    """
    parts = _read_parts(Path(path))
    head = _json(parts[_MODEL], _MODEL)
    if not isinstance(head, dict) or head.get("format") != "chainrule-model":
        raise ModelFileError("a Chainrule model", f"a file whose {_MODEL} says otherwise", _REMEDY)
    version = head.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ModelFileError(
            f"a model file of version {SCHEMA_VERSION}", f"version {version!r:.20}", "Use the Chainrule that wrote it."
        )
    try:
        network = network_from_spec(head.get("network"))
    except RecursionError as error:
        raise ModelFileError("layers of a network", "lists that are nested without end", _REMEDY) from error
    preparation = Preparation.from_json(_json(parts[_PREPROCESS], _PREPROCESS))
    if preparation.input_shape != network.input_shape or preparation.target.outputs != network.output_shape[0]:
        raise ModelFileError(
            f"data prepared for a network of input {network.input_shape} and {network.output_shape[0]} outputs",
            f"input {preparation.input_shape} and {preparation.target.outputs} outputs",
            _REMEDY,
        )
    summary = head.get("summary")
    summary = summary if isinstance(summary, dict) else {}
    return Model(network, _weights(parts[_WEIGHTS], network), preparation, summary, _augment(head.get("augment", {})))


def _augment(fields: Any) -> Augment:
    try:
        return Augment(**fields)
    except (TypeError, ConfigError) as error:
        raise ModelFileError("settings of an augmentation", f"{error}", _REMEDY) from error


def _read_parts(path: Path) -> dict[str, bytes]:
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            if set(infos) != _PARTS or len(archive.infolist()) != len(_PARTS):
                strange = sorted(set(infos) ^ _PARTS) or ["a part twice"]
                raise ModelFileError(
                    f"the parts {', '.join(sorted(_PARTS))} and no others", f"a difference in {strange[:3]}", _REMEDY
                )
            limits = {_MODEL: _MOST_JSON_BYTES, _PREPROCESS: _MOST_JSON_BYTES, _README: _MOST_README_BYTES}
            # Weights are stored as they are, so they cannot be larger than the file itself; by now another may have its name.
            limits[_WEIGHTS] = os.fstat(file.fileno()).st_size
            for name, info in infos.items():
                if info.file_size > limits[name]:
                    raise ModelFileError(
                        f"{name} of at most {limits[name]:,} bytes", f"{info.file_size:,} declared", _REMEDY
                    )
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise ModelFileError(
                        f"{name} stored or deflated", f"compression method {info.compress_type}", _REMEDY
                    )
            return {name: _read_part(archive, info) for name, info in infos.items()}
    except FileNotFoundError as error:
        raise ModelFileError("a model file", f"no file {str(path)!r}", "Check the path.") from error
    except IsADirectoryError as error:
        raise ModelFileError(
            "a model file", f"the folder {str(path)!r}", f"Name the file inside it: {path / 'model.chainrule'}."
        ) from error
    except ModelFileError:
        raise
    except Exception as error:
        # zipfile and zlib have no common base for what a damaged archive raises; whatever it is, it is the file's fault.
        raise ModelFileError(f"{path.name} to be a whole model file", f"{error}", _REMEDY) from error


def _read_part(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    # Asked for a number of bytes, zipfile stops there; `archive.read` would first unpack whatever there is, and only
    # then find that it is more than was declared.
    with archive.open(info) as part:
        content = part.read(info.file_size)
        if len(content) != info.file_size or part.read(1):
            raise ModelFileError(
                f"{info.filename} of {info.file_size:,} bytes, as declared", f"{len(content):,} or more", _REMEDY
            )
    return content


def _json(raw: bytes, name: str) -> Any:
    try:
        return json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        # A ValueError is text that is no UTF-8, no JSON, or a number of thousands of digits.
        raise ModelFileError(f"{name} to be JSON", f"{error}", _REMEDY) from error


def _weights(raw: bytes, network: Network) -> Params:
    """Return the weights, after their declared shapes have been held against the bytes that are there."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if network.n_parameters * 4 > len(raw) or len(raw) > network.n_parameters * 8 + _HEADER_BYTES:
        raise ModelFileError(
            f"the {network.n_parameters:,} parameters that the layers declare", f"{len(raw):,} bytes of them", _REMEDY
        )
    try:
        tensors = load(raw)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"{_WEIGHTS} to hold tensors", f"{error}", _REMEDY) from error
    wanted: Mapping[str, Any] = dict(leaves(network.specs))
    for name in sorted(set(wanted) ^ set(tensors)):
        raise ModelFileError("the parameters that the layers declare", f"a difference in {name!r}", _REMEDY)
    for name, value in tensors.items():
        if value.shape != wanted[name].shape or value.dtype not in (np.float32, np.float64):
            raise ModelFileError(
                f"{name} of shape {wanted[name].shape} in float32 or float64",
                f"shape {value.shape} in {value.dtype}",
                _REMEDY,
            )
    return fill(network.specs, tensors)


def _write(archive: zipfile.ZipFile, name: str, content: bytes | str, method: int = zipfile.ZIP_DEFLATED) -> None:
    # A fixed date: the same model gives the same bytes.
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.external_attr = 0o644 << 16
    archive.writestr(info, content, method)


def _readme(model: Model) -> str:
    target = model.preparation.target
    lines = [
        f"# A Chainrule model: {target.task} of {target.name}",
        "",
        f"{model.network.n_parameters:,} parameters; inputs of shape {model.network.input_shape}.",
        "",
        "`model.json` has the layers, `weights.safetensors` the numbers, `preprocess.json` how data become inputs.",
        "Nothing in this file is code. Predict with `chainrule predict MODEL DATA`.",
        "",
    ]
    return "\n".join(lines)
