"""Named arrays as safetensors, and back: every size is held against the bytes that are there."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.errors import ModelFileError
from chainrule.saved.archive import REMEDY

# What safetensors has a name for, of what NumPy has.
KINDS = frozenset("?bBhHiIlLqQefd")
# A tensor's line in the header, beside its name and its sizes.
_LINE = 120
_SIZES = 24
# JSON writes a control character as six.
_ESCAPED = 6


def pack(named: Mapping[str, Any]) -> bytes:
    """Return named arrays as safetensors; raise ModelFileError for one that it cannot hold."""
    from safetensors.numpy import save

    tensors = {}
    for name, value in named.items():
        array = np.asarray(value)
        if array.dtype.char not in KINDS:
            raise ModelFileError(
                f"{name} to be an array of whole numbers, or of numbers of 16, 32 or 64 bits",
                f"dtype {array.dtype}",
                "Convert it with astype before saving.",
            )
        # safetensors writes an array that is not contiguous, or of the other byte order, wrongly, without a word.
        tensors[name] = np.asarray(array, array.dtype.newbyteorder("="), order="C")
    return bytes(save(tensors))


def shapes_of(named: Mapping[str, Any]) -> dict[str, list[int]]:
    """Return what a file declares of its arrays: the shape of each."""
    return {name: list(np.shape(value)) for name, value in named.items()}


def unpack_declared(raw: bytes, part: str, declared: Any) -> dict[str, np.ndarray]:
    """Return the arrays that `shapes_of` declared, in their order, or raise ModelFileError if there are others."""
    if not isinstance(declared, dict) or not all(
        isinstance(shape, list) and all(type(size) is int for size in shape) for shape in declared.values()
    ):
        raise ModelFileError(f"the shapes of the arrays in {part}", f"{declared!r:.60}", REMEDY)
    check_header(raw, part, header_bytes({name: len(shape) for name, shape in declared.items()}))
    named = unpack(raw, part)
    if shapes_of(named) != declared:
        raise ModelFileError(f"the arrays in {part} that are declared", "others, or other shapes", REMEDY)
    return {name: named[name] for name in declared}


def unpack(raw: bytes, part: str) -> dict[str, np.ndarray]:
    """Return the arrays of a part that `pack` made, or raise ModelFileError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(raw))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"{part} to hold tensors", f"{error}", REMEDY) from error


def header_bytes(names: Mapping[str, int]) -> int:
    """Return the most bytes that the header of these tensors, names and their numbers of axes, takes."""
    return 8 + _LINE + sum(_LINE + _ESCAPED * len(name.encode()) + _SIZES * axes for name, axes in names.items())


def check_header(raw: bytes, part: str, most: int) -> None:
    """Raise ModelFileError if the header is longer than `most` bytes: it is JSON, and becomes many times its size."""
    size = struct.unpack("<Q", raw[:8])[0] if len(raw) >= 8 else 0
    if not 0 < size <= most:
        raise ModelFileError(f"{part} with a header of at most {most:,} bytes", f"{size:,} bytes", REMEDY)


def require_finite(named: Mapping[str, np.ndarray], remedy: str) -> None:
    """Raise ModelFileError, with its name, for the first array that holds NaN or infinity."""
    for name, value in named.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            at = tuple(int(i) for i in np.unravel_index(np.isfinite(value).argmin(), value.shape))
            raise ModelFileError(f"finite weights {name}", f"{value[at]} at {at}", remedy)
