"""Fitted: a network with the weights that it has learned, which predicts, is scored, drawn, saved and trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.constraints import Range
from chainrule.engine import Engine
from chainrule.engine.numpy import NumpyEngine
from chainrule.errors import ConfigError
from chainrule.figures import brief
from chainrule.fitted.arrays import batch_of, in_order, require_rows
from chainrule.fitted.curves import Curves
from chainrule.fitted.learning import Learning, learn
from chainrule.fitted.state import state_of
from chainrule.network.network import Network
from chainrule.nn import Penalty
from chainrule.saved.file import save_model
from chainrule.saved.model import Model
from chainrule.train import Event, History, Policy, Supervised
from chainrule.types import Params

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, eq=False)
class Fitted:
    """What `network.fit` returns and `chainrule.load` reads.

    Attributes
    ----------
    model : Model
        The network, its weights (the best on the validation rows, where there were any) and, of a model file that was
        trained on a table or on files, the preparation of their data.
    learning : Learning
        How it was trained and where training stands; None of a file that does not tell.
    """

    model: Model
    learning: Learning | None = None
    _placed: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def network(self) -> Network:
        """The network, without numbers."""
        return self.model.network

    @property
    def params(self) -> Params:
        """The weights by name: `fitted.params["dense1"]["W"]`."""
        return self.model.params

    @property
    def penalty(self) -> Penalty:
        """The penalty on the weights that it was trained with."""
        return Penalty() if self.learning is None else self.learning.objective.penalty

    @property
    def history(self) -> History:
        """Cost, rate and scores of every epoch."""
        return History() if self.learning is None else self.learning.history

    def predict(self, x: Any, *, mask: Any = None) -> np.ndarray:
        """Return the predictions y (N, …, K): probabilities, or values.

        Parameters
        ----------
        x : array-like (N, …), or a DataFrame where the model was trained on a table
        mask : array-like (N, T), optional
            Of padded sequences: 1 for each place that there is, 0 for padding, as in `fit`.
        """
        if self._reads_tables and hasattr(x, "columns"):
            return self.model.outputs(x)
        self._refuse_unprepared("predict", "Give a DataFrame with the columns of training.")
        batch = batch_of(self.network, in_order(x, self._columns), mask=mask)
        require_rows(batch, self.network)
        return self.model.outputs_of(batch.x, self._engine, mask=batch.mask)

    def evaluate(self, x: Any, t: Any, *, sample_weight: Any = None, mask: Any = None) -> dict[str, float]:
        """Return the cost, and the metrics that suit the loss, of the predictions for x against the targets t."""
        self._refuse_unprepared("evaluate", "Use `chainrule evaluate`, or score what predict returns.")
        batch = batch_of(self.network, in_order(x, self._columns), t, sample_weight, mask)
        require_rows(batch, self.network)
        objective = Supervised(self.network) if self.learning is None else self.learning.objective
        objective.check(batch)
        engine = self._engine
        return objective.evaluate(engine, engine.place(self.params), batch.map(engine.array))

    def fit(
        self,
        x: Any,
        t: Any = None,
        *,
        epochs: int = 10,
        learning_rate: float | None = None,
        valid: Any = None,
        sample_weight: Any = None,
        mask: Any = None,
        callbacks: Sequence[Policy | Callable[[Event], object]] = (),
        progress: bool = False,
    ) -> Fitted:
        """Return the network trained for so many more epochs, as if it had never stopped.

        Weights, the optimizer's memory, the order of the rows and all noise go on from the latest step; `params` are
        again the best ones where there are validation rows. Optimizer, batch size, penalties, metrics and engine stay
        as they were; `valid`, `sample_weight`, `mask` and `callbacks` have to be given again. A schedule that knows its
        end, such as cosine, is stretched to the new one.
        """
        self._refuse_unprepared("fit", "Use `chainrule train`.")
        if not Range(int, 1).accepts(epochs):
            raise ConfigError("epochs to be a whole number of at least 1", f"{epochs!r}", "Say how many more.")
        if self.learning is None:
            learning = Learning.at(Supervised(self.network), self.params)
        else:
            learning = self.learning
        settings = replace(learning.settings, epochs=learning.checkpoint.epoch + epochs)
        if learning_rate is not None:
            settings = replace(settings, learning_rate=learning_rate)
        batch = batch_of(self.network, in_order(x, self._columns), t, sample_weight, mask)

        def result(model: Model, after: Learning) -> Fitted:
            return Fitted(replace(self.model, params=model.params), after)

        learning = replace(learning, settings=settings)
        return learn(learning, batch, valid=valid, callbacks=callbacks, progress=progress, result=result)

    def plot(self) -> Curves:
        """Return cost, metrics and rate against the epochs, as a picture that a notebook shows and that can be saved."""
        return Curves.of(self.history)

    def save(self, path: Path | str) -> None:
        """Write a model file (`.chainrule`): no code, no pickle; `chainrule.load` reads it, and training can go on."""
        training, state = ({}, None) if self.learning is None else state_of(self.learning)
        save_model(replace(self.model, training=training, state=state), path)

    @property
    def _columns(self) -> tuple[str, ...]:
        """The names of the columns of the table that it was fitted on."""
        names = self.model.summary.get("columns", ())
        return tuple(map(str, names)) if isinstance(names, list | tuple) else ()

    @property
    def _reads_tables(self) -> bool:
        """Whether its inputs are made of the columns of a table."""
        preparation = self.model.preparation
        return preparation is not None and bool(preparation.encoding.columns)

    def _refuse_unprepared(self, what: str, remedy: str) -> None:
        """Raise ConfigError for arrays, where the network knows numbers only as its preparation makes them."""
        if self._reads_tables:
            raise ConfigError(
                f"a network of arrays to {what} with",
                "one that `chainrule train` trained on a table, whose cells its preparation turns into inputs",
                remedy,
            )

    @property
    def _engine(self) -> Engine:
        return NumpyEngine() if self.learning is None else self.learning.engine

    def __repr__(self) -> str:
        """Say what it is and how far it has come."""
        count = f"{self.network.n_parameters:,} parameters"
        if not self.history.epochs:
            return f"Fitted({count})"
        scores = {
            f"{part} {name}": values[-1] for part, of in self.history.scores.items() for name, values in of.items()
        }
        told = ", ".join(f"{name} {brief(value)}" for name, value in scores.items())
        return f"Fitted({count}, {self.history.epochs[-1]} epochs, cost {brief(self.history.cost[-1])}{', ' + told if told else ''})"
