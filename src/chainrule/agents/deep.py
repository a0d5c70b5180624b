"""What methods with networks share: the networks, and an agent that has learned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from chainrule.agents.categorical import log_softmax
from chainrule.agents.environment import count_of, seen, width_of
from chainrule.agents.episodes import Episode
from chainrule.agents.objectives import ActorCritic
from chainrule.agents.vector import Environments, as_environments
from chainrule.constraints import Many, Range, check_fields, constrained, real
from chainrule.engine import Engine, engine_by_name
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError
from chainrule.network import Network
from chainrule.nn import Dense, Layer, Sequential, SoftmaxCrossEntropy, SquaredError, Tanh
from chainrule.optim import Adam, Clip
from chainrule.seeds import Purpose, generator
from chainrule.train import Learner
from chainrule.tree import map_leaves
from chainrule.types import Params, Shape


@dataclass(frozen=True)
class Progress:
    """How far learning is: steps taken of those asked for, the mean return of the latest episodes, and the cost."""

    steps: int
    of: int
    mean: float
    cost: float


@dataclass(frozen=True, eq=False)
class Policy:
    """A policy that has learned, with the episodes on the way."""

    network: Network
    params: Params
    episodes: tuple[Episode, ...] = field(default=(), repr=False)

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Return π(a | s) of observations as a network sees them (N, D)."""
        pi: np.ndarray = np.exp(log_softmax(NUMPY, self.network.forward(NUMPY, self.params, x)))
        return pi

    def act(self, space: Any, observation: Any) -> int:
        """Return the most probable action of an observation, 0 the first."""
        shifted = observation + int(space.start) if type(space).__name__ == "Discrete" else observation
        return int(self.probabilities(seen(space, np.asarray(shifted)[None]))[0].argmax())


def perceptron(inputs: Shape, hidden: tuple[int, ...], outputs: int, *, init: str) -> Sequential:
    """Return layers of tanh and, at the end, logits or a value."""
    layers: list[tuple[str, Layer]] = []
    for number, units in enumerate(hidden, start=1):
        layers += [(f"hidden{number}", Dense(units, init="lecun")), (f"tanh{number}", Tanh())]
    return Sequential.of([*layers, ("output", Dense(outputs, init=init))])


@dataclass(frozen=True)
class DeepMethod(ABC):
    """A method with a policy network; the settings that all have.

    Parameters
    ----------
    discount : float
        γ.
    hidden : tuple of int
        Units of the hidden layers, of the policy and of the value network.
    learning_rate : float
        Of Adam, at the first step; it falls in a straight line to 0 at the last.
    clip_norm : float
        Greatest length of a gradient.
    """

    name: ClassVar[str]
    about: ClassVar[str]

    discount: float = real(0, 1, default=0.99)
    hidden: tuple[int, ...] = constrained(Many(Range(int, 1, 4096), at_least=1), default=(64, 64))
    learning_rate: float = real(0, low_open=True, default=1e-3)
    clip_norm: float = real(0, low_open=True, default=0.5)

    def __post_init__(self) -> None:
        """Check the settings."""
        check_fields(self)
        object.__setattr__(self, "hidden", tuple(self.hidden))

    @abstractmethod
    def objective(self, policy: Network, value: Network) -> ActorCritic:
        """Return what is minimised."""

    @abstractmethod
    def iterate(
        self, learner: Learner, environments: Environments, steps: int, seed: int, on_episode: Callable[[Episode], None]
    ) -> Any:
        """Yield (steps taken, cost) after each time that was learned."""

    def learn(
        self,
        environment: Any,
        *,
        steps: int,
        seed: int = 0,
        engine: str = "numpy",
        dtype: str = "float32",
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Policy:
        """Learn for `steps` steps in an environment, or in several side by side; return the policy.

        Parameters
        ----------
        environment : Environment or Environments
            With discrete actions, and discrete observations or vectors.
        engine : str
            Where the networks learn; acting is on NumPy.
        on_progress : function
            Called after each time that was learned.
        """
        if steps < 1:
            raise ConfigError("at least one step", f"{steps}", "Give a number such as 100000.")
        environments = as_environments(environment)
        inputs = width_of(environments.single_observation_space)
        n_actions = count_of(environments.single_action_space, "actions")
        # Zeros in the last layer: the first policy takes all actions alike.
        policy = Network(perceptron(inputs, self.hidden, n_actions, init="zeros"), inputs, SoftmaxCrossEntropy())
        value = Network(perceptron(inputs, self.hidden, 1, init="lecun"), inputs, SquaredError())
        objective = self.objective(policy, value)
        where: Engine = engine_by_name(engine, dtype)
        params = objective.init(generator(seed, Purpose.INIT))
        clip = Clip(norm=self.clip_norm)
        learner = Learner(objective, params, rule=Adam(), engine=where, rate=self.learning_rate, clip=clip, seed=seed)
        episodes: list[Episode] = []
        for taken, cost in self.iterate(learner, environments, steps, seed, episodes.append):
            learner.rate = self.learning_rate * max(1 - taken / steps, 0.0)
            if on_progress:
                latest = [episode.total for episode in episodes[-100:]]
                on_progress(Progress(taken, steps, float(np.mean(latest)) if latest else float("nan"), cost))
        return Policy(policy, on_numpy(learner)["policy"], tuple(episodes))


def on_numpy(learner: Learner) -> Params:
    """Return the weights as NumPy arrays, to act with: a step on a JAX device for each observation would cost more."""
    return map_leaves(learner.engine.numpy, learner.params)
