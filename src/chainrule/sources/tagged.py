"""Tagged sequences: lines of a token and its label, and an empty line after each sequence."""

from __future__ import annotations

from pathlib import Path

from chainrule.errors import DataError
from chainrule.sources.raw import read_bytes
from chainrule.sources.reading.encoding import decode
from chainrule.sources.source import Reading, Source

TAGGING = "tagging"
# The columns of a row for each sequence: its tokens, and its labels, each parted by tabs.
TOKENS, LABEL = "tokens", "label"
BETWEEN = "\t"


def read_tagged(path: Path, reading: Reading) -> Source:
    """Return one row for each sequence; the first field of a line is the token, the last its label.

    Fields are parted by tabs, or by blanks where no line has a tab. Where no labels are needed, lines may have the token
    alone.

    Raises
    ------
    DataError
        If the file has no sequence, or a line no label where one is needed.
    """
    import pandas as pd

    text = decode(path, read_bytes(path), reading.encoding).raw.decode("utf-8")
    parted = "\t" if "\t" in text else None
    sequences: list[tuple[list[str], list[str]]] = [([], [])]
    labelled: bool | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        fields = [field.strip() for field in line.split(parted)]
        if not any(fields):
            if sequences[-1][0]:
                sequences.append(([], []))
            continue
        has_label = len(fields) > 1 and bool(fields[-1])
        if not fields[0] or (reading.labelled and not has_label) or (labelled not in (None, has_label)):
            raise DataError(
                f"a token and its label, parted by a tab, in line {number} of {path.name}",
                f"{line!r:.60}",
                "Mend the line; an empty line ends a sequence.",
            )
        labelled = has_label
        sequences[-1][0].append(fields[0])
        sequences[-1][1].append(fields[-1])
    if not sequences[-1][0]:
        sequences.pop()
    if not sequences:
        raise DataError(f"lines of a token and its label in {path.name}", "none", "Give a file with such lines.")
    columns = {TOKENS: [BETWEEN.join(tokens) for tokens, _ in sequences]}
    if labelled:
        columns[LABEL] = [BETWEEN.join(labels) for _, labels in sequences]
    frame = pd.DataFrame(columns, dtype=object)
    return Source(path.name, frame, LABEL if labelled else None, TAGGING, kinds={TOKENS: "text"})


def parted(cells: object) -> list[list[str]]:
    """Return the tokens, or the labels, of each row."""
    return [str(cell).split(BETWEEN) for cell in cells]  # type: ignore[attr-defined]
