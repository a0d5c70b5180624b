"""A model: a network with its weights and, where there is one, the preparation of its data: all that a prediction needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.encode.augment import Augment
from chainrule.encode.encoder import Findings
from chainrule.encode.preparation import Preparation
from chainrule.encode.sparse import is_sparse
from chainrule.encode.target import CLASSIFICATION
from chainrule.engine import Engine
from chainrule.engine.numpy import NUMPY, NumpyEngine
from chainrule.errors import ConfigError
from chainrule.network.network import Network
from chainrule.network.outputs import logits, rows_at_once
from chainrule.nn import Ensemble, Flatten
from chainrule.saved.views import averaged_outputs
from chainrule.sources.samples import Samples
from chainrule.types import Params

if TYPE_CHECKING:
    import pandas as pd

_SAMPLES = 2048
# A matrix product rounds a row at the edge of its tiles otherwise than one inside.
_TILE = 64


@dataclass(frozen=True, eq=False)
class Model:
    """What a model file holds.

    Attributes
    ----------
    network : Network
    params : tree of NumPy arrays
    preparation : Preparation, optional
        What makes inputs of tables and files. Without one, the inputs are arrays.
    summary : mapping
        How it was trained, for people: JSON-able, read by nobody but them.
    augment : Augment
        How pictures were changed while it learned: so can the views of a picture be that a prediction is the mean of.
    classes : tuple of str
        In the order of the outputs; those of the preparation's target where there is one, and none for values.
    state : mapping of str to array, optional
        The optimizer's arrays, to go on training with.
    training : mapping
        Where training stands, to go on from there: JSON-able.
    threshold : float, optional
        Of two classes: from which probability of the second on it is the answer. By default the likelier one is.

    Raises
    ------
    ConfigError
        If there is not one class for each output.
    """

    network: Network
    params: Params
    preparation: Preparation | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    augment: Augment = field(default_factory=Augment)
    classes: tuple[str, ...] = ()
    state: Mapping[str, np.ndarray] | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    threshold: float | None = None

    def __post_init__(self) -> None:
        """Take the target's classes, and hold them against the outputs."""
        known = () if self.preparation is None else self.preparation.target.classes
        object.__setattr__(self, "classes", tuple(self.classes) or known)
        if known and self.classes != known:
            raise ConfigError(
                f"the classes of the preparation's target, {known!r:.60}", f"{self.classes!r:.60}", "Leave classes out."
            )
        outputs = self.network.output_shape[-1]
        if self.classes and len(self.classes) not in (outputs, 2 * (outputs == 1)):
            raise ConfigError(
                f"one class for each of the {outputs} outputs, or two for a single one",
                f"{len(self.classes)} classes",
                "Give their names in the order of the outputs.",
            )
        # A file may hold anything.
        threshold: object = self.threshold
        is_share = isinstance(threshold, float) and 0 < threshold < 1
        if threshold is not None and not (is_share and outputs == 2 == len(self.classes)):
            raise ConfigError(
                "a threshold between 0 and 1 for a model of two classes with a probability each",
                f"{self.threshold!r} for {outputs} outputs",
                "Leave threshold out.",
            )

    @property
    def prepared_by(self) -> Preparation:
        """The preparation, for those who cannot do without; ConfigError where there is none."""
        if self.preparation is None:
            raise ConfigError(
                "a model with a preparation, which makes inputs of tables and files",
                "a model without one",
                "Load it with chainrule.load_model, and give arrays to its outputs_of.",
            )
        return self.preparation

    @property
    def n_members(self) -> int:
        """How many networks it is an ensemble of; 0 of a single network."""
        layer = self.network.layer
        return len(layer.members) if isinstance(layer, Ensemble) else 0

    def member(self, number: int) -> Model:
        """Return the model of one network of an ensemble, counted from 1; ConfigError where there is none."""
        layer = self.network.layer
        if not isinstance(layer, Ensemble):
            raise ConfigError("an ensemble, to take a member of", "a model of a single network", "Leave `member` out.")
        if not 1 <= number <= len(layer.members):
            raise ConfigError(f"`member` from 1 to {len(layer.members)}", f"{number}", "Members count from 1.")
        network = replace(self.network, layer=layer.members[number - 1])
        return replace(self, network=network, params=self.params[f"member{number}"], summary={})

    def outputs(
        self,
        frame: pd.DataFrame,
        findings: Findings | None = None,
        engine: Engine | None = None,
        *,
        samples: Samples | None = None,
        views: int = 1,
    ) -> np.ndarray:
        """Return y (N, K) for rows (and their `samples`): probabilities, or values in the target's own unit."""
        preparation = self.prepared_by
        if samples is None:
            return self.outputs_of(preparation.inputs(frame, findings), engine, views=views)
        # As numbers they are several times as large as they are: so many at a time.
        blocks = [np.arange(start, min(start + _SAMPLES, len(samples))) for start in range(0, len(samples), _SAMPLES)]
        parts = (preparation.inputs(frame.iloc[rows], findings, samples=samples.take(rows)) for rows in blocks)
        return np.concatenate([self.outputs_of(x, engine, views=views) for x in parts])

    @cached_property
    def rounds_alike(self) -> bool:
        """Whether a sample's outputs are the same to the last bit whichever others are computed beside it.

        So it is where each sample is one row of every matrix: a row of a table, or a picture that is flattened first.
        """
        first = next(iter(self.network.layer.in_a_row().values()), None)
        is_vector = len(self.network.input_shape) == 1 or isinstance(first, Flatten)
        return is_vector and rows_at_once(self.network) % _TILE == 0

    def outputs_of(
        self, x: np.ndarray, engine: Engine | None = None, *, mask: np.ndarray | None = None, views: int = 1
    ) -> np.ndarray:
        """Return y (N, ..., K) for prepared inputs x (N, ...): the mean over so many views of each picture.

        What comes out for a sample is the same to the last bit whichever are beside it where the model `rounds_alike`. Of
        sequences, `mask` (N, T) is 1 for each place that is no padding; by default it is what the preparation says.
        """
        engine = engine or NumpyEngine()
        if mask is None and self.preparation is not None:
            mask = self.preparation.mask(x)
        if mask is not None and mask.shape[0] % _TILE:
            return self.outputs_of(_in_tiles(x), engine, mask=_in_tiles(mask))[: mask.shape[0]]
        if hasattr(x, "shape") and self.rounds_alike and x.shape[0] % _TILE and views == 1 and mask is None:
            return self.outputs_of(_in_tiles(x), engine)[: x.shape[0]]
        params = engine.place(self.params)
        if views > 1:
            y = averaged_outputs(self.network, engine, params, x, self.augment, views=views)
        else:
            # A product of another height may be summed in another order, too: all are of one.
            rows = _TILE if self.rounds_alike else _SAMPLES
            a = logits(self.network, engine, params, x, mask=mask, rows=rows)
            y = np.asarray(self.network.loss.link(NUMPY, a.astype(np.float64)))
        target = None if self.preparation is None else self.preparation.target
        return y if target is None or target.task == CLASSIFICATION else target.decode(y)

    def predict(
        self,
        frame: pd.DataFrame,
        findings: Findings | None = None,
        engine: Engine | None = None,
        *,
        samples: Samples | None = None,
    ) -> np.ndarray:
        """Return the predicted class names, or values (N,)."""
        return self.answers(self.outputs(frame, findings, engine, samples=samples))

    def answers(self, y: np.ndarray) -> np.ndarray:
        """Return the class (N, ...) that outputs y (N, ..., K) are for or, without classes, y itself: (N,) of one value."""
        if not self.classes:
            return y[:, 0] if y.shape[1:] == (1,) else y
        named: np.ndarray = np.array(self.classes, dtype=object)[self.numbers(y)]
        return named

    def numbers(self, y: np.ndarray) -> np.ndarray:
        """Return the number of the class (N, ...) that probabilities y (N, ..., K) are answered with."""
        if self.threshold is not None:
            return np.asarray((y[..., 1] >= self.threshold).astype(np.intp))
        return np.asarray(y.argmax(axis=-1) if y.shape[-1] > 1 else (y[..., 0] > 0.5).astype(np.intp))


def _in_tiles(x: Any) -> Any:
    """Return samples with samples of zeros below them, a multiple of 64 in all."""
    zeros = np.zeros((-x.shape[0] % _TILE, *x.shape[1:]), x.dtype)
    if is_sparse(x):
        from scipy.sparse import csr_matrix, vstack

        return vstack([x, csr_matrix(zeros)], format="csr")
    return np.concatenate([x, zeros])
