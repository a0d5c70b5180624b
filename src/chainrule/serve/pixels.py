"""Pictures as JSON has them: lists of pixels, on the scale of the training pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np

from chainrule.encode.images import ImageEncoding
from chainrule.serve.columns import shown
from chainrule.serve.refusal import CellError, RequestError
from chainrule.sources.samples import Pictures

_PIXELS = "pixels"


def pictures_of_numbers(content: Any, encoding: ImageEncoding) -> Pictures:
    """Return pictures, each a list of H·W·C numbers, row by row, or such lists in lists, as (H, W) or (H, W, C).

    Raises
    ------
    RequestError
        If the body is no list of lists.
    CellError
        If a picture has another number of pixels, or a pixel is no number from 0 to white.
    """
    height, width, channels = encoding.size
    wanted = f"{height * width * channels} pixels for {encoding.describe()}, each from 0 to {encoding.white:g}"
    if not isinstance(content, list) or not content or not all(isinstance(row, list) for row in content):
        raise RequestError(422, "a list of pictures, each a list of numbers", shown(content), f"Send {wanted}.")
    flat = [_flat(row) for row in content]
    for row, pixels in enumerate(flat):
        if len(pixels) != height * width * channels:
            raise _wrong(wanted, f"{len(pixels):,}", row)
    if not set(map(type, chain.from_iterable(flat))) <= {int, float}:
        row, strange = next((r, p) for r, pixels in enumerate(flat) for p in pixels if type(p) not in (int, float))
        raise _wrong(wanted, shown(strange), row)
    try:
        values = np.array(flat, float)
    except OverflowError:
        # A whole number beyond all floats.
        values = np.array([[min(pixel, 1e300) for pixel in row] for row in flat], float)
    bad = ~((values >= 0) & (values <= encoding.white))
    if bad.any():
        row, at = (int(i) for i in np.argwhere(bad)[0])
        raise _wrong(wanted, f"{values[row, at]:g}", row)
    # As bytes, where a file would have them so, the same bits come out as of the file.
    whole = encoding.white <= 255 and not (values % 1).any()
    shaped = (values.astype(np.uint8) if whole else values).reshape(-1, *encoding.size)
    return Pictures(shaped, encoding.white, bits=encoding.bits)


def _flat(row: Iterable[Any]) -> list[Any]:
    """Return the numbers of nested lists; of lists beside numbers, the lists stay and are refused as pixels."""
    found = list(row)
    for _ in range(2):
        if found and all(type(item) is list for item in found):
            if not math.prod({len(item) for item in found}) or len({len(item) for item in found}) > 1:
                return found
            found = list(chain.from_iterable(found))
    return found


def _wrong(wanted: str, came: str, row: int) -> CellError:
    return CellError(wanted, f"{came} in row {row + 1}", "See /schema for an example.", _PIXELS, row + 1)
