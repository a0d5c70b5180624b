"""The predictor: a model file as it answers, whole; a newer one takes its place as a whole."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.encode.sparse import is_sparse
from chainrule.engine.numpy import NumpyEngine
from chainrule.engine.store import Store
from chainrule.job.predict import open_model
from chainrule.saved.model import Model
from chainrule.serve.asked import Asked
from chainrule.serve.reader import MOST_ROWS, Reader
from chainrule.types import Array, Params

# Samples that are computed at once.
_BLOCK = 2048
_TRIED = 64


class _Still(NumpyEngine):
    """NumPy, for weights that never change: each tree of them is copied once, and not for each request."""

    def __init__(self) -> None:
        super().__init__()
        self._placed: dict[int, tuple[Params, Store]] = {}

    def place(self, tree: Params) -> Store:
        """Return the copy; the tree is kept too, so that no other has its place in memory."""
        if id(tree) not in self._placed:
            self._placed[id(tree)] = tree, super().place(tree)
        return self._placed[id(tree)][1]


class Predictor:
    """What answers for a model, by its one interface: inputs that its preparation makes, and `outputs_of` them.

    Parameters
    ----------
    model : Model
        With a preparation.
    digest : str
        By which people know the file.
    most_rows : int
        Of a request.

    Raises
    ------
    ConfigError
        If the model has no preparation, or one for something else than tables, pictures and sounds.
    """

    def __init__(self, model: Model, digest: str, most_rows: int = MOST_ROWS) -> None:
        self.model = model
        self.digest = digest
        self.preparation = model.prepared_by
        self.reader = Reader(self.preparation, most_rows)
        self._engine = _Still()
        self.seconds_a_sample = self._measured()

    @classmethod
    def load(cls, path: Path, most_rows: int = MOST_ROWS) -> Predictor:
        """Return the predictor of a model file, or of the folder of a run."""
        inside = path / "model.chainrule"
        file = inside if path.is_dir() and inside.exists() else path
        model = open_model(file)
        return cls(model, hashlib.sha256(file.read_bytes()).hexdigest()[:16], most_rows)

    def _measured(self) -> float:
        """Return about how long a sample takes beside others; the first call, which loads what is needed, not counted."""
        x = np.zeros((_TRIED, *self.preparation.input_shape), np.float32)
        self.outputs(x[:1])
        n = _TRIED if self.model.rounds_alike else 1
        start = time.perf_counter()
        self.outputs(x[:n])
        return (time.perf_counter() - start) / n

    def outputs(self, x: Array) -> np.ndarray:
        """Return y (N, K) for inputs x (N, ...): of each sample the same bits whichever are beside it."""
        step = _BLOCK if self.model.rounds_alike else 1
        parts = [self.model.outputs_of(x[i : i + step], self._engine) for i in range(0, x.shape[0], step)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def together(self, asked: Sequence[Asked]) -> list[np.ndarray]:
        """Return y for each of several requests, computed in one call."""
        if len(asked) == 1:
            return [self.outputs(asked[0].x)]
        y = self.outputs(_above_each_other([one.x for one in asked]))
        return np.split(y, np.cumsum([one.n for one in asked[:-1]]))

    def answer(self, asked: Asked, y: np.ndarray, *, notes: bool = False) -> dict[str, Any]:
        """Return what is said to a request, as JSON-able data."""
        target = self.preparation.target
        answers = self.model.answers(y).tolist()
        said: dict[str, Any] = {"target": target.name, "answers": answers}
        if self.model.classes:
            sure = np.hstack([1 - y, y]) if y.shape[1] == 1 else y
            said |= {"classes": list(self.model.classes), "probabilities": sure.tolist()}
        said["model"] = self.digest
        if asked.ignored:
            said["ignored"] = asked.ignored
        if notes:
            said["notes"] = asked.all_notes()
        return said


def _above_each_other(parts: Sequence[Array]) -> Array:
    if any(is_sparse(part) for part in parts):
        from scipy.sparse import vstack

        return vstack(parts, format="csr")
    return np.concatenate(parts)
