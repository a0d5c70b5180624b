"""A graph of ONNX as it grows: operators and constants, before the package is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

FLOAT, DOUBLE, INT64, STRING, UINT8 = "float", "double", "int64", "string", "uint8"


@dataclass(frozen=True)
class Node:
    """One operator."""

    kind: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]
    domain: str = ""


@dataclass(frozen=True)
class Port:
    """An input or output: its name, the type of its values, and its axes, None for the batch's."""

    name: str
    type: str
    shape: tuple[int | None, ...]


@dataclass
class Graph:
    """Operators in their order, and the constants that they read."""

    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)

    def input(self, name: str, type_: str, *shape: int | None) -> str:
        """Declare an input of the graph."""
        self.inputs.append(Port(name, type_, shape))
        return name

    def op(self, kind: str, *inputs: str, output: str = "", domain: str = "", **attributes: Any) -> str:
        """Add an operator and return the name of what it gives."""
        output = output or f"{kind.lower()}#{len(self.nodes) + 1}"
        self.nodes.append(Node(kind, inputs, output, attributes, domain))
        return output

    def const(self, value: Any, dtype: Any = np.float32, name: str = "") -> str:
        """Add a constant and return its name."""
        name = name or f"constant#{len(self.constants) + 1}"
        self.constants[name] = np.ascontiguousarray(value, dtype=dtype).reshape(np.shape(value))
        return name

    def cast(self, x: str, type_: str) -> str:
        """Return values as another type."""
        return self.op("Cast", x, to=type_)

    def transposed(self, x: str, order: list[int]) -> str:
        """Return x with its axes in another order; two turns that undo each other are left out."""
        for node in self.nodes:
            if node.output == x and node.kind == "Transpose":
                before = node.attributes["perm"]
                if [before[i] for i in order] == list(range(len(order))):
                    return node.inputs[0]
        return self.op("Transpose", x, perm=order)
