"""Arrays that stay on the disk: large uncompressed files as memory maps."""

from __future__ import annotations

import math
import struct
import zipfile
from pathlib import Path

import numpy as np

from chainrule.errors import DataError

# Smaller arrays are read: a copy in memory is faster, and does not change when the file does.
MAP_FROM = 256 << 20
_LOCAL_HEADER = 30
_BLOCK_BYTES = 8 << 20


def map_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray | None:
    """Return a large array of an .npz file as a memory map; None for one that is small, packed or in Fortran's order.

    Raises
    ------
    DataError
        If the array declares another size than its bytes have.
    """
    if info.file_size < MAP_FROM or info.compress_type != zipfile.ZIP_STORED or archive.filename is None:
        return None
    path = Path(archive.filename)
    with path.open("rb") as file:
        file.seek(info.header_offset)
        name, extra = struct.unpack("<26x2H", file.read(_LOCAL_HEADER))
        start = info.header_offset + _LOCAL_HEADER + name + extra
        file.seek(start)
        try:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(file)
        except ValueError as error:
            raise DataError(f"{info.filename} to be a NumPy array", f"{error}", "Save the file again.") from error
        offset = file.tell()
    if fortran or dtype.hasobject:
        return None
    declared, there = math.prod(shape) * dtype.itemsize, start + info.file_size - offset
    if declared != there:
        raise DataError(
            f"{info.filename} to be a whole NumPy array",
            f"shape {shape} of {dtype} declared in {there:,} bytes",
            "Save the file again.",
        )
    return np.memmap(path, dtype, "r", offset, shape)


def are_finite(x: np.ndarray) -> bool:
    """Tell whether all numbers of an array are finite, some megabytes at a time."""
    rows = max(1, _BLOCK_BYTES // max(1, x[:1].nbytes))
    return x.dtype.kind != "f" or all(np.isfinite(x[i : i + rows]).all() for i in range(0, len(x), rows))
