"""The ONNX file: a graph of operators whose axes are followed, so that each becomes a layer with its channels last."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError, ConfigError, ModelFileError
from chainrule.importers.found import WHOLE, Step, in_a_row, refused
from chainrule.importers.onnx_reading import Reading, Value, WrongLayoutError
from chainrule.importers.onnx_windows import ENTRIES
from chainrule.types import Shape

_MOST_BYTES = 1 << 31
_FLOATS: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 11: np.dtype("<f8")}
_WHOLE: dict[int, np.dtype[Any]] = {6: np.dtype("<i4"), 7: np.dtype("<i8")}
# Operators that may read a first state, and from which input on.
_RECURRENT, _FIRST_STATE = ("RNN", "LSTM", "GRU"), 5
_LOOPS = ("If", "Loop", "Scan")


def read_onnx(path: Path, notes: list[str]) -> tuple[list[Step], Shape]:
    """Return the layers of a file with their weights, and the shape of one sample.

    Raises
    ------
    ModelFileError
        If something in it is damaged, foreign, larger than the file can account for, or has no layer here.
    ConfigError
        If the package onnx is not installed.
    """
    graph = _opened(path)
    constants = {tensor.name: _array(tensor) for tensor in graph.initializer}
    output = _output(graph, notes)
    nodes = _needed(graph, output, constants)
    for node in nodes:
        if node.op_type == "Constant":
            constants[node.output[0]] = _constant(node)
    nodes = [node for node in nodes if node.op_type != "Constant"]
    inputs = [each for each in graph.input if each.name not in constants and any(each.name in n.input for n in nodes)]
    if len(inputs) != 1:
        raise refused(f"{len(inputs)} inputs", "Write a network with one input and one output.")
    sizes = _sizes(inputs[0])
    takes_ids = inputs[0].type.tensor_type.elem_type in _WHOLE
    layouts: list[tuple[int, ...]] = [tuple(range(len(sizes) + 1))]
    if len(sizes) in (2, 3):
        layouts.append((0, len(sizes), *range(1, len(sizes))))
    first: WrongLayoutError | None = None
    for perm in layouts:
        try:
            steps, shape = _read(nodes, constants, inputs[0].name, sizes, perm, output, takes_ids=takes_ids)
        except WrongLayoutError as error:
            first = first or error
            continue
        except (KeyError, IndexError, TypeError) as error:
            raise ModelFileError(
                "operators with all that they need", f"{type(error).__name__}: {error!s:.120}", WHOLE
            ) from error
        if perm[-1] != len(sizes):
            notes.append(f"it takes samples with channels last, {shape}: {tuple(sizes)} in the file")
        return steps, shape
    assert first is not None  # noqa: S101 (an attempt returns or fails)
    raise first


def _opened(path: Path) -> Any:
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise ConfigError(
            "the package onnx, to read its files", "a Python without it", 'Install it: pip install "chainrule[onnx]".'
        ) from error
    if path.stat().st_size > _MOST_BYTES:
        raise ModelFileError("an ONNX file of less than 2 GB", f"{path.stat().st_size:,} bytes", WHOLE)
    model = onnx.ModelProto()
    try:
        model.ParseFromString(path.read_bytes())
    except DecodeError as error:
        raise ModelFileError("an ONNX file, whole", f"{error!s:.120}", WHOLE) from error
    if not model.graph.node:
        raise ModelFileError("an ONNX file with operators", "one without", WHOLE)
    if model.functions:
        raise refused(
            f"a function of its own, {model.functions[0].name!r:.60}", "Write the model with ONNX' operators."
        )
    return model.graph


def _array(tensor: Any) -> np.ndarray:
    """Return a constant, after its shape has been held against the bytes that are there."""
    if tensor.data_location == 1 or tensor.external_data:
        raise refused(
            f"{tensor.name!r}, whose data lie in another file", "Save all in one file.", "weights in one file"
        )
    dtype = _FLOATS.get(tensor.data_type) or _WHOLE.get(tensor.data_type)
    if dtype is None:
        raise refused(f"{tensor.name!r} of type {tensor.data_type}", "Save the model in float32.", "weights in float32")
    lists = {1: tensor.float_data, 11: tensor.double_data, 6: tensor.int32_data, 7: tensor.int64_data}
    stored = (
        np.frombuffer(tensor.raw_data, dtype) if tensor.raw_data else np.array(lists.get(tensor.data_type, ()), dtype)
    )
    if any(size < 0 for size in tensor.dims) or math.prod(tensor.dims) != stored.size:
        raise ModelFileError(
            f"{tensor.name!r} of shape {tuple(tensor.dims)}"[:200], f"{stored.size:,} values in the file", WHOLE
        )
    value: np.ndarray = stored.reshape(tuple(tensor.dims))
    return value


def _constant(node: Any) -> np.ndarray:
    given = {attribute.name: attribute for attribute in node.attribute}
    if "value" in given:
        return _array(given["value"].t)
    for name, read in (("value_float", "f"), ("value_int", "i"), ("value_floats", "floats"), ("value_ints", "ints")):
        if name in given:
            return np.array(getattr(given[name], read))
    raise refused(f"a Constant {node.output[0]!r} of {sorted(given)}", "Save it as a tensor.")


def _output(graph: Any, notes: list[str]) -> str:
    floats = [port.name for port in graph.output if port.type.tensor_type.elem_type in _FLOATS]
    if len(floats) != 1:
        raise refused(f"{len(graph.output)} outputs", "Write a network with one input and one output.")
    if len(graph.output) > 1:
        others = [port.name for port in graph.output if port.name != floats[0]]
        notes.append(f"the outputs {others} are left out: {floats[0]!r} has the predictions")
    return str(floats[0])


def _needed(graph: Any, output: str, constants: dict[str, np.ndarray]) -> list[Any]:
    """Return the operators that the output depends on, in the file's order; refuse what is none of ONNX' own.

    A first state of zeros, which PyTorch writes as operators that look at the batch, is entered as a constant.
    """
    wanted, found = {output}, []
    makers = {name: node for node in graph.node for name in node.output}
    for node in reversed(graph.node):
        if wanted.isdisjoint(node.output):
            continue
        if node.op_type in _LOOPS:
            raise refused(f"{_called(node)}, whose course depends on values", "Write the network without it.")
        if node.domain not in ("", "ai.onnx"):
            raise refused(
                f"{_called(node)} of the domain {node.domain!r:.60}", "Write the model with ONNX' own operators."
            )
        found.append(node)
        for i, name in enumerate(node.input):
            if node.op_type in _RECURRENT and i >= _FIRST_STATE and _is_zeros(makers.get(name)):
                constants[name] = np.zeros(1, np.float32)
            elif name:
                wanted.add(name)
    return found[::-1]


def _is_zeros(maker: Any) -> bool:
    if maker is None or maker.op_type != "ConstantOfShape":
        return False
    return all(attribute.name == "value" and not _array(attribute.t).any() for attribute in maker.attribute)


def _called(node: Any) -> str:
    return f"{node.name or node.output[0]!r}, an operator {node.op_type}"


def _sizes(port: Any) -> list[int]:
    sizes = [dim.dim_value for dim in port.type.tensor_type.shape.dim][1:]
    if not sizes or not all(size > 0 for size in sizes):
        raise ModelFileError(
            "an input of a fixed shape", f"{port.name!r} of sizes {sizes}", "Save it with the whole shape of a sample."
        )
    return sizes


def _read(
    nodes: list[Any],
    constants: dict[str, np.ndarray],
    start: str,
    sizes: list[int],
    perm: tuple[int, ...],
    output: str,
    *,
    takes_ids: bool,
) -> tuple[list[Step], Shape]:
    shape = [0] * len(sizes)
    for size, axis in zip(sizes, perm[1:], strict=True):
        shape[axis - 1] = size
    uses = Counter(name for node in nodes for name in node.input)
    uses[output] += 1
    reading = Reading(constants, uses, {start: Value(start, tuple(perm), tuple(shape), takes_ids=takes_ids)})
    for node in nodes:
        entry = ENTRIES.get(node.op_type)
        if entry is None:
            raise refused(_called(node), "Take it out, or build the network in Python and give it the weights.")
        try:
            entry(reading, node, {attribute.name: _attribute(attribute) for attribute in node.attribute})
        except ModelFileError:
            raise
        except (ChainruleError, ValueError) as error:
            what = f"{error.came}, expected {error.expected}" if isinstance(error, ChainruleError) else str(error)
            raise refused(f"{_called(node)}: {what:.200}", "Look at the file.") from error
    end = reading.values[output]
    return in_a_row(reading.nodes, start, end.maker), tuple(shape)


def _attribute(attribute: Any) -> Any:
    kinds = {1: attribute.f, 2: attribute.i, 3: attribute.s, 6: list(attribute.floats), 7: list(attribute.ints)}
    # STRINGS: the activations of a recurrent layer.
    return list(attribute.strings) if attribute.type == 8 else kinds.get(attribute.type)
