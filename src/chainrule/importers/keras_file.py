"""The .keras file: a zip of a configuration and of weights, neither of which is code. Keras itself is not asked."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, ModelFileError
from chainrule.importers.found import MOST_BYTES, WHOLE, Node, Step, in_a_row, refused
from chainrule.importers.keras_layers import Given, checked_dtype
from chainrule.importers.keras_time import LAYERS
from chainrule.types import Shape

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_MOST_CONFIG = 1 << 24
# Numbers that were learned do not shrink by more than this in a zip.
_MOST_TIMES, _FLOOR = 20, 1 << 26
# What a call of a layer may be given beside its input without a change of what it predicts.
_SILENT = (None, False)


def read_keras(path: Path, notes: list[str]) -> tuple[list[Step], Shape]:
    """Return the layers of a file with their weights, and the shape of one sample.

    Raises
    ------
    ModelFileError
        If something in it is damaged, foreign, larger than the file can account for, or has no layer here.
    ConfigError
        If h5py is not installed.
    """
    config, stored = _opened(path)
    kind, inside = config.get("class_name"), config.get("config")
    if kind not in ("Sequential", "Functional") or not isinstance(inside, dict):
        raise refused(f"a model of the class {kind!r:.60}", "Write it as a Sequential or Functional model.")
    try:
        return _sequential(inside, stored, notes) if kind == "Sequential" else _functional(inside, stored, notes)
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        # Errors of ours are ValueErrors as well.
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(
            f"{_CONFIG} as Keras 3 writes it", f"{type(error).__name__}: {error!s:.120}", "Save the model with Keras 3."
        ) from error


def _opened(path: Path) -> tuple[dict[str, Any], Stored]:
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(_part(archive, _CONFIG, _MOST_CONFIG))
            weights = _part(archive, _WEIGHTS, MOST_BYTES)
    except (zipfile.BadZipFile, OSError, EOFError, RecursionError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelFileError("a .keras file, whole", f"{error!s:.200}", WHOLE) from error
    if not isinstance(config, dict):
        raise ModelFileError(f"{_CONFIG} of a model", f"{type(config).__name__}", WHOLE)
    return config, Stored(weights)


def _part(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if name not in archive.namelist():
        raise ModelFileError(f"a .keras file with {name}", "one without", "Save the model with Keras 3.")
    info = archive.getinfo(name)
    limit = min(most, max(_FLOOR, _MOST_TIMES * info.compress_size))
    if info.file_size > limit:
        raise ModelFileError(f"{name} of at most {limit:,} bytes", f"{info.file_size:,} declared", WHOLE)
    with archive.open(info) as file:
        return file.read(limit + 1)[:limit]


class Stored:
    """Weights in an HDF5 file in memory: each is looked at before it is read, and the file not before the first."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._taken = 0

    @cached_property
    def _h5py(self) -> Any:
        try:
            import h5py
        except ImportError as error:
            raise ConfigError(
                "the package h5py, to read weights of Keras",
                "a Python without it",
                'Install it: pip install "chainrule[import]".',
            ) from error
        return h5py

    @cached_property
    def _file(self) -> Any:
        try:
            return self._h5py.File(io.BytesIO(self._content), "r")
        except OSError as error:
            raise ModelFileError(f"{_WEIGHTS} to be HDF5", f"{error!s:.120}", WHOLE) from error

    def of(self, name: str, *inside: str) -> list[np.ndarray]:
        """Return the weights of a layer, or of a part inside it, in Keras' order."""
        at = self._places.get(name)
        group = None if at is None else self._group("layers", at, *inside, "vars")
        if group is None:
            return []
        return [self._array(group, str(i), f"{name} {i}") for i in range(len(group))]

    @cached_property
    def _places(self) -> dict[str, str]:
        """Which group has the weights of which layer: Keras calls groups by kind and number, and says the name inside."""
        layers = self._group("layers")
        found = {}
        for at in layers if layers is not None else ():
            group = self._group("layers", at, "vars")
            name = None if group is None else group.attrs.get("name")
            if isinstance(name, (str, bytes)):
                found[name if isinstance(name, str) else name.decode()] = at
        return found

    def _group(self, *names: str) -> Any:
        group = self._file
        for name in names:
            if name not in group:
                return None
            self._require_own(group, name)
            group = group[name]
        return group

    def _require_own(self, group: Any, name: str) -> None:
        if not isinstance(group.get(name, getlink=True), self._h5py.HardLink):
            raise refused(
                f"{name!r}, a link to elsewhere", "Write the weights into the file itself.", "weights in one file"
            )

    def _array(self, group: Any, name: str, what: str) -> np.ndarray:
        if name not in group:
            raise ModelFileError(f"the weights {what}", "a file without them", WHOLE)
        self._require_own(group, name)
        data = group[name]
        if not isinstance(data, self._h5py.Dataset) or data.is_virtual or data.external:
            raise refused(
                f"{what}, which lies elsewhere", "Write the weights into the file itself.", "weights in one file"
            )
        if data.dtype.kind != "f":
            raise ModelFileError(f"{what} as floating-point numbers", f"dtype {data.dtype}", WHOLE)
        self._taken += data.nbytes
        if self._taken > len(self._content) or data.id.get_storage_size() != data.nbytes:
            raise ModelFileError(
                f"weights that are all in the file of {len(self._content):,} bytes",
                f"{what} of shape {data.shape}",
                WHOLE,
            )
        value: np.ndarray = data[()]
        return value


def _sequential(config: dict[str, Any], stored: Stored, notes: list[str]) -> tuple[list[Step], Shape]:
    layers = [_checked(layer) for layer in config["layers"]]
    shape = None
    if layers and layers[0]["class_name"] == "InputLayer":
        shape = layers.pop(0)["config"]["batch_shape"]
    elif layers:
        shape = config.get("build_input_shape") or layers[0].get("build_config", {}).get("input_shape")
    steps = [step for layer in layers for step in _steps(layer, stored, notes, {})]
    return steps, _sample(shape)


def _functional(config: dict[str, Any], stored: Stored, notes: list[str]) -> tuple[list[Step], Shape]:
    nodes: dict[str, Node] = {}
    ends = [_one(config[which], which) for which in ("input_layers", "output_layers")]
    shape = None
    for layer in map(_checked, config["layers"]):
        name, kind = layer["config"]["name"], layer["class_name"]
        if kind == "InputLayer":
            if name != ends[0]:
                raise refused(f"a second input {name!r}", "Write a model with one input.")
            shape = layer["config"]["batch_shape"]
            continue
        calls = layer["inbound_nodes"]
        if len(calls) != 1:
            raise refused(f"{name!r}, a layer that is used {len(calls)} times", "Write a layer for each use.")
        reads = tuple(_tensors(calls[0]["args"]))
        given = {key: value for key, value in calls[0].get("kwargs", {}).items() if value not in _SILENT}
        if kind == "Add":
            nodes[name] = Node(name, reads, is_sum=True)
            continue
        steps = tuple(_steps(layer, stored, notes, given, len(set(reads)) == 1))
        nodes[name] = Node(name, reads[:1], steps)
    return in_a_row(nodes, *ends), _sample(shape)


def _steps(
    layer: dict[str, Any], stored: Stored, notes: list[str], given: dict[str, Any], alone: bool = True
) -> list[Step]:
    config = layer["config"]
    kind, name = layer["class_name"], config["name"]
    entry = LAYERS.get(kind)
    if entry is None:
        raise refused(
            f"{name!r}, a layer {kind}", "Take it out, or build the network in Python and give it the weights."
        )
    if not alone:
        raise refused(f"{name!r}, a {kind} of several inputs", "Write a network in which it reads one.")
    strange = set(given) - ({"use_causal_mask"} if kind == "MultiHeadAttention" else set())
    if strange:
        raise refused(f"{name!r}, called with {sorted(strange)[0]}={given[sorted(strange)[0]]!r:.40}", "Leave it out.")
    checked_dtype(config)
    return list(entry(Given(kind, name, config, layer.get("build_config") or {}, stored, notes, given)))


def _checked(layer: Any) -> dict[str, Any]:
    """Return a layer's description, if it is one of Keras' own."""
    kind = layer.get("class_name")
    if layer.get("module") != "keras.layers" or layer.get("registered_name") is not None:
        raise refused(
            f"an object of its own, {layer.get('registered_name') or kind!r:.60} of {layer.get('module')!r:.60}",
            "Write the model with layers of Keras alone.",
        )
    if kind == "Lambda":
        raise refused(
            f"{layer['config'].get('name')!r}, a Lambda: code in the file, which is never run",
            "Put a layer in its place.",
        )
    found: dict[str, Any] = layer
    return found


def _one(ends: Any, which: str) -> str:
    ends = [ends] if ends and isinstance(ends[0], str) else ends
    if len(ends) != 1:
        raise refused(f"{len(ends)} {which.replace('_layers', 's')}", "Write a model with one input and one output.")
    return str(ends[0][0])


def _tensors(value: Any) -> Iterator[str]:
    """Yield the names of the layers whose outputs are in the arguments of a call."""
    if isinstance(value, Mapping):
        if value.get("class_name") != "__keras_tensor__":
            raise refused(f"a constant in the place of a tensor, {value!r:.60}", "Write the model without it.")
        name, call, output = value["config"]["keras_history"]
        if call or output:
            raise refused(f"the output {output} of call {call} of {name!r}", "Write a layer for each use.")
        yield str(name)
    elif isinstance(value, list):
        for inner in value:
            yield from _tensors(inner)
    elif value is not None:
        raise refused(f"a constant in the place of a tensor, {value!r:.60}", "Write the model without it.")


def _sample(shape: Any) -> Shape:
    if not isinstance(shape, list) or not all(type(size) is int and size > 0 for size in shape[1:]) or not shape[1:]:
        raise ModelFileError(
            "an input of a fixed shape", f"{shape!r:.60}", "Build the model with the whole shape of a sample."
        )
    return tuple(shape[1:])
