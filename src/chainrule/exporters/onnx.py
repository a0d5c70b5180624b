"""The ONNX file: from raw inputs to labels and probabilities, everything in one file."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.encode.target import REGRESSION
from chainrule.errors import ConfigError
from chainrule.exporters.check import Difference, ExportError, compare_predictions, run_apart
from chainrule.exporters.lesson import INPUTS, Lesson
from chainrule.exporters.onnx_columns import ENCODINGS, feeds_of
from chainrule.exporters.onnx_graph import DOUBLE, FLOAT, INT64, STRING, UINT8, Graph, Port
from chainrule.exporters.onnx_time import LINKS, apply
from chainrule.exporters.script import Written, has_classes, packed

# What most runtimes of today read.
OPSET, ML_OPSET, IR = 17, 3, 8
# A file of Protocol Buffers is no larger, and there is no data beside it.
_MOST_BYTES = 1 << 31
LABEL, PROBABILITIES, VALUES = "label", "probabilities", "values"


def write(lesson: Lesson) -> Written:
    """Return the file."""
    model = lesson.model
    if 4 * model.network.n_parameters >= _MOST_BYTES:
        raise ConfigError(
            "a network of less than 2 GB for a single ONNX file",
            f"{model.network.n_parameters:,} parameters",
            "Use `to=pytorch`.",
        )
    notes = list(lesson.notes)
    graph = graph_of(lesson, notes)
    name = f"{lesson.slug}.onnx"
    return Written({name: serialised(graph, lesson.slug)}, name, notes)


def graph_of(lesson: Lesson, notes: list[str]) -> Graph:
    """Return the graph, from the inputs to what it answers; add to `notes` what the person has to know."""
    model, graph = lesson.model, Graph()
    network, preparation = model.network, model.preparation
    if preparation is None:
        x = graph.input(INPUTS, INT64 if network.layer.takes_ids else FLOAT, None, *network.input_shape)
    else:
        encoding = preparation.encoding
        x = ENCODINGS.find(encoding)(encoding, graph, notes, lesson.tested)
    a = apply(network.layer, graph, x, network.input_shape, model.params)
    y = LINKS.find(network.loss)(network.loss, graph, a)
    if preparation is not None and preparation.target.task == REGRESSION:
        y = graph.op("Mul", y, graph.const(preparation.target.scale))
        y = graph.op("Add", y, graph.const(preparation.target.mean))
    taken = {port.name for port in graph.inputs}
    name = _free(PROBABILITIES if model.classes else VALUES, taken)
    graph.op("Identity", y, output=name)
    graph.outputs.append(Port(name, FLOAT, (None, *network.output_shape)))
    if has_classes(lesson) and len(network.output_shape) == 1:
        at = graph.op("ArgMax", y, axis=-1, keepdims=0)
        classes = graph.const(model.classes, np.str_)
        label = graph.op("Gather", classes, at, output=_free(LABEL, taken))
        graph.outputs.insert(0, Port(label, STRING, (None,)))
    return graph


def _free(name: str, taken: set[str]) -> str:
    """Return a name that no column has."""
    return name if name not in taken else _free(f"predicted_{name}", taken)


def serialised(graph: Graph, name: str) -> bytes:
    """Return a graph as the bytes of an ONNX file, which ONNX's own checker has looked at."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    types = {
        FLOAT: TensorProto.FLOAT,
        DOUBLE: TensorProto.DOUBLE,
        INT64: TensorProto.INT64,
        STRING: TensorProto.STRING,
        UINT8: TensorProto.UINT8,
    }

    def port(each: Port) -> Any:
        return helper.make_tensor_value_info(each.name, types[each.type], [n or "N" for n in each.shape])

    def constant(key: str, value: np.ndarray) -> Any:
        if value.dtype.kind == "U":
            return helper.make_tensor(key, TensorProto.STRING, value.shape, [text.encode() for text in value.tolist()])
        return numpy_helper.from_array(value, key)

    nodes = [
        helper.make_node(
            node.kind,
            list(node.inputs),
            [node.output],
            domain=node.domain,
            **{key: types.get(value, value) if key == "to" else value for key, value in node.attributes.items()},
        )
        for node in graph.nodes
    ]
    constants = [constant(key, value) for key, value in graph.constants.items()]
    whole = helper.make_graph(nodes, name, [port(p) for p in graph.inputs], [port(p) for p in graph.outputs], constants)
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]
    model = helper.make_model(whole, opset_imports=opsets, ir_version=IR, producer_name="chainrule")
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def check(lesson: Lesson, folder: Path, main: str) -> list[Difference]:
    """Run the file by onnxruntime on the tested rows, and compare labels and numbers."""
    encoders = () if lesson.model.preparation is None else lesson.model.preparation.encoders
    feeds = feeds_of(encoders, lesson.tested)
    with tempfile.TemporaryDirectory() as place:
        rows = Path(place) / "rows.npz"
        arrays = {f"feed {i}": value for i, value in enumerate(feeds.values())}
        rows.write_bytes(packed(arrays | {"names": np.array(list(feeds))}))
        found = run_apart(_RUN, folder, [main, str(rows)])
    if "label" in found:
        wanted = lesson.model.answers(lesson.model.outputs_of(lesson.tested.x))
        wrong = int((found["label"] != wanted.astype(str)).sum())
        if wrong:
            raise ExportError("the labels of Chainrule", f"{wrong} others", "This is a fault: report it.")
    return [compare_predictions(lesson, found["y"])]


_RUN = """
import sys
import numpy as np
import onnxruntime

main, rows, result = sys.argv[1:]
data = np.load(rows)
session = onnxruntime.InferenceSession(main, providers=["CPUExecutionProvider"])
feeds = {}
for i, name in enumerate(data["names"]):
    value = data[f"feed {i}"]
    feeds[str(name)] = value.astype(object) if value.dtype.kind == "U" else value
*label, y = session.run([port.name for port in session.get_outputs()], feeds)
arrays = {"y": y} | ({"label": label[0].astype(str)} if label else {})
np.savez(result, **arrays)
"""
