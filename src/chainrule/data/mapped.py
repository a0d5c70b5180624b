"""Arrays that stay on the disk: large uncompressed files as memory maps, and pictures in them as a stream."""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.encoder import Findings
from chainrule.data.preparation import Preparation
from chainrule.data.samples import Pictures
from chainrule.data.streamed import Streamed
from chainrule.errors import DataError
from chainrule.types import Batch

if TYPE_CHECKING:
    import pandas as pd

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


class StreamedPictures(Streamed):
    """Training pictures in a memory map, scaled block by block."""

    def __init__(self, pictures: Pictures, frame: pd.DataFrame, preparation: Preparation) -> None:
        self._pictures = pictures
        self._frame = frame
        self._preparation = preparation
        self.n_samples = len(pictures)
        self.values = math.prod(pictures.shape[1:])
        self.findings = Findings()

    def pieces(self, order: np.random.Generator | None) -> Iterator[Batch]:
        """Read and scale blocks of pictures that lie beside each other."""
        rows = max(1, _BLOCK_BYTES // (4 * max(1, self.values)))
        starts = np.arange(0, self.n_samples, rows)
        for start in starts if order is None else order.permutation(starts):
            block = np.arange(start, min(start + rows, self.n_samples))
            frame = self._frame.iloc[block]
            x = self._preparation.inputs(frame, self.findings, samples=self._pictures.take(block))
            yield Batch(x, self._preparation.targets(frame))
