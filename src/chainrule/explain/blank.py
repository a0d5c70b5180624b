"""Blanks: a worksheet's formulas without what the pupil is to find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def without_solution(lines: Sequence[str], blank: str, *, mark: str = " = ", after: int = 0) -> Iterator[str]:
    """Yield the formulas from number `after` on with a blank for what stands right of `mark`; the others as they are.

    A line that goes on from the one before (and starts with the equals sign) is left out.
    """
    for number, line in enumerate(lines):
        if number < after:
            yield line
            continue
        left, found, _ = line.partition(mark)
        if found and left.strip() and not line.startswith("="):
            yield f"{left}{mark}{blank}"
