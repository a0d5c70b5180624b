"""The address of one number: `hidden1.W[0,2]`, `output.b[1]`, or `output[1]` for a logit."""

from __future__ import annotations

import re

import numpy as np

from chainrule.errors import ConfigError, did_you_mean
from chainrule.tree import leaves
from chainrule.types import Params

_FORM = re.compile(r"\s*([^\[\]\s]+)\s*(?:\[([\s\d,+-]*)\])?\s*")


def find(params: Params, address: str) -> tuple[str, tuple[int, ...]]:
    """Return the dotted name and the index that an address names, or say which names there are."""
    match = _FORM.fullmatch(str(address))
    if match is None:
        raise ConfigError(
            "the name of a weight, such as hidden1.W[0,2]", f"{address!r}", "Write layer.parameter[index, …]."
        )
    arrays = {name: np.asarray(value) for name, value in leaves(params)}
    name = match[1]
    if name not in arrays:
        raise ConfigError("the name of a parameter", f"{name!r}", did_you_mean(name, arrays))
    shape = arrays[name].shape
    wanted = _whole_numbers(match[2])
    if len(wanted) != len(shape):
        example = ",".join("0" for _ in shape)
        raise ConfigError(
            f"{len(shape)} {'index' if len(shape) == 1 else 'indices'} for {name}, whose shape is {shape}",
            f"{len(wanted)} in {address!r}",
            f"Write {name}[{example}], say.",
        )
    for axis, (index, size) in enumerate(zip(wanted, shape, strict=True)):
        if not 0 <= index < size:
            raise ConfigError(
                f"index {axis + 1} of {name} from 0 to {size - 1}", f"{index}", f"The shape of {name} is {shape}."
            )
    return name, wanted


def find_output(outputs: int, address: str | int) -> int:
    """Return k of `output[k]`, or of a number alone."""
    match = re.fullmatch(r"\s*(?:output\s*\[\s*(-?\d+)\s*\]|(-?\d+))\s*", str(address))
    k = int(match[1] or match[2]) if match else -1
    if match is None or not 0 <= k < outputs:
        raise ConfigError(f"an output from output[0] to output[{outputs - 1}]", f"{address!r}", "Indices count from 0.")
    return k


def write(name: str, index: tuple[int, ...]) -> str:
    """Return the address of a number."""
    return f"{name}[{','.join(map(str, index))}]" if index else name


def _whole_numbers(text: str | None) -> tuple[int, ...]:
    if not text or not text.strip():
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[+-]?\d+", part) for part in parts):
        raise ConfigError("whole numbers between the brackets", f"[{text}]", "Write hidden1.W[0,2], say.")
    return tuple(int(part) for part in parts)
