"""What a convolutional network does with pictures: its filters, its maps, what it confuses, and where it looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.engine.numpy import NumpyEngine
from chainrule.explain.saliency import grad_cam, saliency
from chainrule.network.network import Network
from chainrule.network.outputs import layer_output
from chainrule.nn import Conv2D, MaxPool2D
from chainrule.nn.layer import layers_inside
from chainrule.report.grid import Cell, grid, weight_pictures
from chainrule.saved.model import Model
from chainrule.tree import leaf

_PICTURES = 4
_MAPS = 9
_PAIRS = 4
_OF_A_PAIR = 8
_MISTAKES = 8
_COLUMNS_OF_MISTAKES = 2


def sees(network: Network) -> bool:
    """Tell whether a network has a convolution."""
    return _convolution(network) is not None


def filters(model: Model) -> str:
    """Return the windows of the first convolution, mean over the channels."""
    name = _convolution(model.network)
    if name is None:
        return ""
    W = np.asarray(leaf(model.params, f"{name}.W"))
    return weight_pictures(W.mean(axis=2).transpose(2, 0, 1))


def feature_maps(model: Model, x: np.ndarray, truth: np.ndarray, y: np.ndarray, seed: int = 0) -> str:
    """Return what becomes of a few pictures: the strongest maps after each block."""
    chosen = _well_known(truth, y)
    pools = _pools(model.network)
    if len(chosen) == 0 or not pools:
        return ""
    shown = _pictures(model, x[chosen])
    engine = NumpyEngine()
    classes = model.classes
    rows: list[list[Cell | None]] = []
    labels = []
    outputs = {pool: layer_output(model.network, engine, model.params, x[chosen], pool) for pool in pools}
    for i, row in enumerate(chosen):
        for j, pool in enumerate(pools):
            maps = outputs[pool][i]
            strongest = np.argsort(-maps.mean(axis=(0, 1)), kind="stable")[:_MAPS]
            first = Cell(shown[i], caption=classes[truth[row]]) if j == 0 else None
            rows.append([first, *(Cell(maps[..., c], "map", f"map {c + 1}") for c in sorted(strongest))])
            labels.append(f"{maps.shape[0]}×{maps.shape[1]}")
    return grid(rows, "What becomes of a few pictures after each block", labels=labels, side=0.95)


def confused(model: Model, x: np.ndarray, truth: np.ndarray, y: np.ndarray) -> str:
    """Return the pairs of classes that are confused most, each with pictures, the surest first."""
    said = y.argmax(axis=1)
    k = y.shape[1]
    counts = np.zeros((k, k), int)
    np.add.at(counts, (truth, said), 1)
    np.fill_diagonal(counts, 0)
    classes = model.classes
    rows, labels = [], []
    for place in np.argsort(-counts, axis=None, kind="stable")[:_PAIRS]:
        i, j = divmod(int(place), k)
        if counts[i, j] == 0:
            break
        members = np.flatnonzero((truth == i) & (said == j))
        members = members[np.argsort(-y[members, j], kind="stable")][:_OF_A_PAIR]
        shown = _pictures(model, x[members])
        cells: list[Cell | None] = [Cell(shown[n], caption=f"{y[row, j]:.0%} sure") for n, row in enumerate(members)]
        rows.append(cells + [None] * (_OF_A_PAIR - len(cells)))
        labels.append(f"{classes[i]}\nsaid {classes[j]}\n{counts[i, j]} of {(truth == i).sum()}")
    return grid(rows, "The pairs of classes that are confused most", labels=labels) if rows else ""


def mistakes_seen_through(model: Model, x: np.ndarray, truth: np.ndarray, y: np.ndarray, rows: np.ndarray) -> str:
    """Return the worst mistakes, each beside what its pixels did to the answer and where the evidence lay."""
    rows = rows[:_MISTAKES]
    if len(rows) == 0:
        return ""
    classes = model.classes
    said = y[rows].argmax(axis=1)
    shown = _pictures(model, x[rows])
    pull = saliency(model.network, x[rows], said, params=model.params).mean(axis=3)
    block = _last_before_pool(model.network)
    heat = grad_cam(model.network, x[rows], said, layer=block, params=model.params)
    truly = grad_cam(model.network, x[rows], truth[rows], layer=block, params=model.params)
    cells: list[list[Cell | None]] = []
    for n, row in enumerate(rows):
        wrong, right = classes[said[n]], classes[truth[row]]
        cells.append(
            [
                Cell(shown[n], caption=f"{right}, said {wrong}\n({y[row, said[n]]:.0%} sure)"),
                Cell(pull[n], "signed", f"pixels for\n{wrong}"),
                Cell(heat[n], "heat", f"evidence for\n{wrong}", shown[n]),
                Cell(truly[n], "heat", f"evidence for\n{right}", shown[n]),
            ]
        )
    half = -(-len(cells) // _COLUMNS_OF_MISTAKES)
    lines = [[*left, None, *right] for left, right in _side_by_side(cells, half)]
    return grid(lines, "The worst mistakes, with their saliency and Grad-CAM")


def augmented(pictures: np.ndarray, variants: Sequence[np.ndarray], names: Sequence[str]) -> str:
    """Return pictures as they are and, to the right of each, as training may have seen them."""
    rows: list[list[Cell | None]] = [
        [Cell(picture, caption=name), *(Cell(variant[i]) for variant in variants)]
        for i, (picture, name) in enumerate(zip(pictures, names, strict=True))
    ]
    return grid(rows, "Pictures as they are, and as augmentation changes them", side=0.95)


def _side_by_side(cells: list[list[Cell | None]], half: int) -> list[tuple[list[Any], list[Any]]]:
    blank: list[Cell | None] = [None] * len(cells[0])
    return [(cells[i], cells[i + half] if i + half < len(cells) else blank) for i in range(half)]


def _pictures(model: Model, x: np.ndarray) -> np.ndarray:
    shown = model.prepared_by.encoding.pictures(x)
    return x if shown is None else shown


def _named(network: Network, kind: type) -> list[str]:
    return [name for name, layer in layers_inside(network.layer) if name and isinstance(layer, kind)]


def _convolution(network: Network) -> str | None:
    return next(iter(_named(network, Conv2D)), None)


def _pools(network: Network) -> list[str]:
    return _named(network, MaxPool2D) or _named(network, Conv2D)


def _last_before_pool(network: Network) -> str:
    """Return the layer whose maps say most finely where the last block found something."""
    names = [name for name, layer in layers_inside(network.layer) if name and not layer.children()]
    pools = _named(network, MaxPool2D)
    return names[names.index(pools[-1]) - 1] if pools else _named(network, Conv2D)[-1]


def _well_known(truth: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return a row of each of a few classes, the one that is most surely right."""
    rows = []
    for k in range(y.shape[1]):
        members = np.flatnonzero((truth == k) & (y.argmax(axis=1) == k))
        if len(members):
            rows.append(members[y[members, k].argmax()])
    return np.array(rows[:_PICTURES], int)
