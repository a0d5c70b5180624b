"""What a network of texts listened to: words coloured by what they gave to the answer, and where attention looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.encode.texts import TextEncoding
from chainrule.encode.tokens import CHARACTERS
from chainrule.explain.reading import attention, step_saliency
from chainrule.report.grid import Cell, grid
from chainrule.saved.model import Model

_TEXTS = 6
# Of a longer text, the steps around the one that gave most.
_STEPS = 60
_MAPS = 3
_MOST_PLACES = 40


@dataclass(frozen=True)
class Told:
    """A text as it was read: what it is, what was said, and of each token its share from -1 to 1."""

    head: str
    tokens: tuple[tuple[str, float], ...]
    gap: str


def readings(
    model: Model, x: np.ndarray, truth: np.ndarray, y: np.ndarray, rows: Sequence[int]
) -> tuple[list[Told], str]:
    """Return the texts of some rows with what each token gave to the answer, and maps of where attention looked.

    Parameters
    ----------
    x, truth, y : arrays
        Prepared inputs, class numbers and probabilities.
    rows : sequence of int
        Mistakes, worst first; those that were surely right follow them.
    """
    encoding = model.prepared_by.encoding
    if not isinstance(encoding, TextEncoding) or not model.classes or len(model.network.output_shape) != 1:
        return [], ""
    said = y.argmax(axis=1)
    right = [row for row in np.argsort(-y.max(axis=1), kind="stable") if said[row] == truth[row]]
    chosen = np.array([*rows[:_TEXTS], *_one_of_each(said, right)[:_TEXTS]], int)
    if not len(chosen):
        return [], ""
    ids = x[chosen]
    # As long as these texts are: what is padding for all of them costs time alone.
    mask = encoding.mask(ids)
    share = step_saliency(model.network, ids, said[chosen], mask=mask, params=model.params)
    told = []
    for row, one, gave in zip(chosen, ids, share, strict=True):
        wrong = model.classes[said[row]]
        judged = "rightly" if said[row] == truth[row] else f"but it is {model.classes[truth[row]]}"
        head = f"{wrong} ({y[row, said[row]]:.0%} sure), {judged}"
        told.append(Told(head, _shown(encoding, one, gave), "" if encoding.vocabulary.unit == CHARACTERS else " "))
    return told, _attention(model, encoding, ids[-_MAPS:])


def _one_of_each(said: np.ndarray, rows: Sequence[int]) -> list[int]:
    """Return of each class the first of some rows that were given it."""
    found: dict[int, int] = {}
    for row in rows:
        found.setdefault(int(said[row]), int(row))
    return list(found.values())


def _shown(encoding: TextEncoding, ids: np.ndarray, share: np.ndarray) -> tuple[tuple[str, float], ...]:
    there = np.flatnonzero(ids > 0)
    if not len(there):
        return (("⟨nothing⟩", 0.0),)
    bound = float(np.abs(share).max()) or 1.0
    at = int(np.abs(share[there]).argmax())
    first = max(0, min(at - _STEPS // 2, len(there) - _STEPS))
    seen = there[first : first + _STEPS]
    tokens = [(encoding.vocabulary.name(int(ids[i])), float(share[i]) / bound) for i in seen]
    before, after = first > 0, first + _STEPS < len(there)
    return tuple([("…", 0.0)] * before + tokens + [("…", 0.0)] * after)


def _attention(model: Model, encoding: TextEncoding, ids: np.ndarray) -> str:
    """Return a map for each text and attention: each row is a place, and the lighter, the more it took from there."""
    shares = attention(model.network, ids, mask=encoding.mask(ids), params=model.params)
    if not shares:
        return ""
    rows: list[list[Cell | None]] = []
    labels = []
    for n, one in enumerate(ids):
        places = min(int((one > 0).sum()), _MOST_PLACES)
        if places:
            maps = {name: p[n].mean(axis=0)[:places, :places] for name, p in shares.items()}
            rows.append([Cell(p, "map", name.split(".")[0]) for name, p in maps.items()])
            first = " ".join(encoding.vocabulary.name(int(i)) for i in one[:4])
            labels.append(f"{first} …")
    return grid(rows, "Where attention looked, mean over the heads", labels=labels, side=2.2) if rows else ""
