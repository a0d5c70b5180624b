"""An agent in a folder: what it is in JSON, its numbers as safetensors, its episodes as JSON lines; no code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.agents.deep import DeepMethod, Policy
from chainrule.agents.environment import Guarded
from chainrule.agents.episodes import Episode
from chainrule.agents.ppo import PPO
from chainrule.agents.reinforce import Reinforce
from chainrule.agents.tabular import Learned, MonteCarlo, NStepSarsa, QLearning, Sarsa, SarsaLambda, TabularMethod
from chainrule.errors import ConfigError, ModelFileError, RunFolderError, did_you_mean
from chainrule.files import replace_file
from chainrule.saved.spec import network_from_spec, network_spec
from chainrule.saved.tensors import pack, unpack
from chainrule.tree import fill, leaves

METHODS: dict[str, type[DeepMethod] | type[TabularMethod]] = {
    method.name: method for method in (PPO, Reinforce, QLearning, Sarsa, SarsaLambda, NStepSarsa, MonteCarlo)
}
_ABOUT, _NUMBERS, _EPISODES = "agent.json", "agent.safetensors", "episodes.jsonl"


def method_named(name: str, settings: dict[str, Any] | None = None) -> DeepMethod | TabularMethod:
    """Return a method by its name, with settings other than its defaults."""
    if name not in METHODS:
        raise ConfigError("the name of a method", f"{name!r}", did_you_mean(name, METHODS))
    known = METHODS[name].__dataclass_fields__
    for setting in settings or {}:
        if setting not in known:
            raise ConfigError(f"a setting of {name}", f"{setting!r}", did_you_mean(setting, known))
    return METHODS[name](**(settings or {}))


@dataclass(frozen=True, eq=False)
class Agent:
    """What learned, where, by what, and what came of it: a `Policy` with a network, or `Learned` values in a table."""

    environment: str
    method: DeepMethod | TabularMethod
    learned: Policy | Learned
    seed: int = 0

    @property
    def episodes(self) -> Sequence[Episode]:
        """Episodes of the training."""
        return self.learned.episodes

    def act(self, environment: Guarded, observation: Any) -> int:
        """Return the best action of an observation, 0 the first; refuse one of another environment's shape."""
        if isinstance(self.learned, Policy):
            return self.learned.act(environment.observation_space, observation)
        return int(self.learned.q[observation].argmax())

    def check(self, environment: Guarded) -> None:
        """Raise ConfigError unless an environment has the observations and actions that this agent knows."""
        from chainrule.agents.environment import width_of

        if isinstance(self.learned, Policy):
            network = self.learned.network
            known = (*network.input_shape, *network.output_shape)
        else:
            known = self.learned.q.shape
        came = (*width_of(environment.observation_space), environment.n_actions)
        if came != known:
            raise ConfigError(
                f"an environment of {known[0]} inputs and {known[1]} actions, as {self.environment} had",
                f"{came[0]} and {came[1]} of {environment.name}",
                "Train another agent for it.",
            )


def save_agent(agent: Agent, folder: Path) -> None:
    """Write an agent into a folder of its own, the numbers first."""
    about: dict[str, Any] = {
        "format": 1,
        "environment": agent.environment,
        "method": agent.method.name,
        "settings": asdict(agent.method),
        "seed": agent.seed,
    }
    if isinstance(agent.learned, Policy):
        about["network"] = network_spec(agent.learned.network)
        named = dict(leaves(agent.learned.params))
    else:
        named = {"q": agent.learned.q}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError("a folder to write the agent into", f"{error}", "Choose another by `out`.") from error
    replace_file(folder / _NUMBERS, pack(named))
    replace_file(folder / _EPISODES, "".join(json.dumps(episode._asdict()) + "\n" for episode in agent.episodes))
    replace_file(folder / _ABOUT, json.dumps(about, indent=1) + "\n")


def load_agent(folder: Path) -> Agent:
    """Return the agent of a folder, or raise RunFolderError or ModelFileError."""
    try:
        about = json.loads((folder / _ABOUT).read_text("utf-8"))
        numbers = unpack((folder / _NUMBERS).read_bytes(), _NUMBERS)
        lines = (folder / _EPISODES).read_text("utf-8").splitlines()
        episodes = tuple(Episode(**json.loads(line)) for line in lines)
    except OSError as error:
        raise RunFolderError(
            "the folder of an agent", f"{folder} without {error.filename}", "Make one by `chainrule agent train`."
        ) from error
    except (ValueError, TypeError) as error:
        raise _damaged(folder, error) from error
    if not isinstance(about, dict) or about.get("format") != 1:
        raise ModelFileError("an agent of format 1", f"{str(about)[:60]}", "Train it again, or upgrade chainrule.")
    try:
        settings = {name: tuple(v) if isinstance(v, list) else v for name, v in about["settings"].items()}
        method = method_named(about["method"], settings)
        learned = _learned(method, about, numbers, episodes)
        return Agent(str(about["environment"]), method, learned, int(about["seed"]))
    except (KeyError, AttributeError, TypeError) as error:
        raise _damaged(folder, error) from error


def _learned(
    method: DeepMethod | TabularMethod, about: Any, numbers: dict[str, np.ndarray], episodes: tuple[Episode, ...]
) -> Policy | Learned:
    if isinstance(method, TabularMethod):
        q = numbers["q"]
        if q.ndim != 2 or not np.isfinite(q).all():
            raise ModelFileError("finite values q (S, A)", f"an array of shape {q.shape}", "Train the agent again.")
        return Learned(q, episodes)
    network = network_from_spec(about["network"])
    wanted = {path: spec.shape for path, spec in leaves(network.specs)}
    if {name: value.shape for name, value in numbers.items()} != wanted:
        raise ModelFileError("the weights of the agent's network", "others", "Train the agent again.")
    return Policy(network, fill(network.specs, numbers), episodes)


def _damaged(folder: Path, error: Exception) -> ModelFileError:
    return ModelFileError(
        "the files of an agent", f"damaged ones in {folder} ({type(error).__name__}: {error})", "Train it again."
    )
