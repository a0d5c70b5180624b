"""`chainrule agent`: learn in an environment, act in it, and say what that comes to."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.terminal import answer, say, tell

if TYPE_CHECKING:
    from pathlib import Path

    from chainrule.agents.environment import Guarded
    from chainrule.agents.episodes import Episode
    from chainrule.agents.kept import Agent


class Verbs(click.Group):
    """Commands whose errors name their own flags."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what an error says of settings is told with its flags."""
        from chainrule.cli.flags import in_flags
        from chainrule.errors import ChainruleError

        try:
            return super().invoke(ctx)
        except ChainruleError as error:
            command = self.commands[str(ctx.invoked_subcommand)]
            error.expected = in_flags(error.expected, command, self)
            error.came = in_flags(error.came, command, self)
            error.remedy = in_flags(error.remedy, command, self)
            raise


@click.group(cls=Verbs)
def agent() -> None:
    """Reinforcement learning: train an agent in an environment, let it play, measure it."""


@agent.command("list")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object on stdout.")
def list_(json_: bool) -> None:
    """List the methods, and the environments that are installed."""
    from chainrule.agents.kept import METHODS
    from chainrule.agents.making import names

    methods = {name: method.about for name, method in METHODS.items()}
    environments = dict(names())
    if json_:
        answer(json.dumps({"methods": methods, "environments": environments}, ensure_ascii=False))
        return
    lines = ["methods", *(f"  {name:14} {about}" for name, about in methods.items()), "", "environments"]
    lines += [f"  {name:20} {about}" for name, about in environments.items()]
    if "CartPole-v1" not in environments:
        lines += ["", "More come with Gymnasium: pip install chainrule[rl]"]
    answer("\n".join(lines))


@agent.command()
@click.argument("env")
@click.option("--method", help="One of `agent list`; by default q for states that can be counted, else ppo.")
@click.option("--steps", type=int, default=100_000, show_default=True, help="Steps to take, of all environments.")
@click.option("--envs", type=int, help="Environments side by side; by default 16 for ppo, else 1.")
@click.option("--seed", type=int, default=0, show_default=True, help="Names every random number that is drawn.")
@click.option("--engine", type=click.Choice(["numpy", "jax"]), default="numpy", show_default=True)
@click.option(
    "--set", "set_", multiple=True, metavar="KEY=VALUE", help="A setting of the method, such as discount=0.9."
)
@click.option("--out", help="Folder for the agent; by default runs/ENV.")
@click.option("--force", is_flag=True, help="Replace the agent in the folder.")
@click.option("--quiet", is_flag=True, help="Nothing on stderr.")
def train(
    env: str,
    method: str | None,
    steps: int,
    envs: int | None,
    seed: int,
    engine: str,
    set_: tuple[str, ...],
    out: str | None,
    force: bool,
    quiet: bool,
) -> None:
    """Learn in ENV, such as GridWorld or CartPole-v1, and keep the agent in a folder."""
    from pathlib import Path

    from chainrule.agents.deep import DeepMethod
    from chainrule.agents.kept import Agent, method_named, save_agent
    from chainrule.agents.making import make, make_many
    from chainrule.agents.tabular import TabularMethod
    from chainrule.errors import ConfigError

    folder = Path(out or f"runs/{env.replace('/', '-')}")
    _require_free(folder, force=force)
    single = make(env)
    counts = type(single.observation_space).__name__ == "Discrete"
    chosen = method_named(method or ("q" if counts else "ppo"), _settings(set_))
    envs = (16 if chosen.name == "ppo" else 1) if envs is None else envs
    shown = _Progress(quiet=quiet, steps=steps)
    if isinstance(chosen, DeepMethod):
        learned: Any = chosen.learn(
            make_many(env, envs),
            steps=steps,
            seed=seed,
            engine=engine,
            on_progress=lambda progress: shown.see(progress.steps, progress.mean),
        )
    else:
        assert isinstance(chosen, TabularMethod)  # noqa: S101 - there are these two kinds
        if envs != 1 or engine != "numpy":
            raise ConfigError(
                f"one environment on NumPy for {chosen.name}, which keeps a table",
                f"`envs={envs}`, `engine={engine}`",
                "Leave both out.",
            )
        learned = chosen.learn(single, steps=steps, seed=seed, on_episode=shown.see_episode)
    shown.close()
    kept = Agent(env, chosen, learned, seed)
    save_agent(kept, folder)
    say(_learned_lines(kept, folder))


@agent.command()
@click.argument("run")
@click.option("--episodes", type=int, default=1, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the environment.")
@click.option(
    "--render",
    type=click.Choice(["text", "human", "none"]),
    default="text",
    show_default=True,
    help="text: each step as lines, where the environment can; human: its own window.",
)
def play(run: str, episodes: int, seed: int, render: str) -> None:
    """Let the agent of the folder RUN play, with the best action at every step."""
    from pathlib import Path

    kept = _load(Path(run))
    single = _environment(kept, {"text": "ansi", "human": "human", "none": None}[render])
    on_step = None if render != "text" or not _draws_text(single) else lambda inner: answer(f"{inner.render()}\n")
    _answer_episodes(kept, single, episodes, seed, on_step)


@agent.command()
@click.argument("run")
@click.option("--episodes", type=int, default=100, show_default=True)
@click.option(
    "--seed", type=int, default=1_000, show_default=True, help="Of the environment; not that of the training."
)
@click.option("--json", "json_", is_flag=True, help="Print one JSON object on stdout.")
def evaluate(run: str, episodes: int, seed: int, json_: bool) -> None:
    """Measure the agent of the folder RUN in episodes from which nothing is learned."""
    from pathlib import Path

    from chainrule.agents.episodes import evaluate as measured

    kept = _load(Path(run))
    single = _environment(kept, None)
    came = measured(lambda seen: kept.act(single, seen), single, episodes=episodes, seed=seed)
    if json_:
        spread = None if episodes < 2 else came.error
        about = {"mean": came.mean, "error": spread, "returns": came.totals.tolist(), "lengths": came.lengths.tolist()}
        answer(json.dumps({"environment": kept.environment, "method": kept.method.name, **about}, allow_nan=False))
        return
    error = "" if episodes < 2 else f" ± {came.error:.2g}"
    answer(
        f"{kept.environment}, {kept.method.name}: mean return {came.mean:.4g}{error} over {episodes} episodes\n"
        f"lowest {came.totals.min():.4g}, median {sorted(came.totals)[episodes // 2]:.4g}, "
        f"highest {came.totals.max():.4g}; mean length {came.lengths.mean():.4g}"
    )


class _Progress:
    """Lines on stderr, one now and then: how many steps, and the mean return of the latest episodes."""

    def __init__(self, *, quiet: bool, steps: int) -> None:
        import time

        self._quiet, self._steps, self._clock = quiet, steps, time.monotonic
        self._last = self._clock()
        self._latest: list[float] = []

    def see(self, steps: int, mean: float) -> None:
        """Say how far it is, if the last time is long enough ago."""
        if self._quiet or self._clock() - self._last < (0.2 if sys.stderr.isatty() else 5):
            return
        self._last = self._clock()
        line = f"{min(steps, self._steps):,} of {self._steps:,} steps, mean return of the latest episodes {mean:.4g}"
        tell(f"\r{line:78}" if sys.stderr.isatty() else line, end="" if sys.stderr.isatty() else "\n")

    def see_episode(self, episode: Episode) -> None:
        """Take notice of an episode."""
        self._latest = [*self._latest[-99:], episode.total]
        self.see(episode.at, sum(self._latest) / len(self._latest))

    def close(self) -> None:
        """End the line."""
        if not self._quiet and sys.stderr.isatty():
            tell()


def _settings(pairs: tuple[str, ...]) -> dict[str, Any]:
    from chainrule.errors import ConfigError

    settings: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise ConfigError("KEY=VALUE after --set", f"{pair!r}", "Write --set discount=0.9.")
        try:
            value = json.loads(text.lower() if text in ("True", "False") else text)
        except ValueError:
            value = text
        settings[name.replace("-", "_")] = tuple(value) if isinstance(value, list) else value
    return settings


def _require_free(folder: Path, *, force: bool) -> None:
    from chainrule.errors import RunFolderError

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())) and not force:
        raise RunFolderError(f"an empty folder {folder}", "one that has something in it", "Give --out, or --force.")


def _load(folder: Path) -> Agent:
    from chainrule.agents.kept import load_agent

    return load_agent(folder)


def _environment(kept: Agent, render: str | None) -> Guarded:
    from chainrule.agents.making import make

    bare = make(kept.environment)
    offered = getattr(bare.inner, "metadata", {}).get("render_modes", [])
    single = make(kept.environment, render=render) if render in offered else bare
    kept.check(single)
    return single


def _draws_text(single: Guarded) -> bool:
    return hasattr(single.inner, "arrows") or getattr(single.inner, "render_mode", None) == "ansi"


def _answer_episodes(kept: Agent, single: Guarded, episodes: int, seed: int, on_step: Any) -> None:
    from chainrule.agents.episodes import evaluate as played

    came = played(lambda seen: kept.act(single, seen), single, episodes=episodes, seed=seed, on_step=on_step)
    for number, (total, length) in enumerate(zip(came.totals, came.lengths, strict=True), start=1):
        answer(f"episode {number}: return {total:.4g} in {length} steps")
    close = getattr(single.inner, "close", None)
    if close:
        close()


def _learned_lines(kept: Agent, folder: Path) -> str:
    latest = [episode.total for episode in kept.episodes[-100:]]
    if not latest:
        return f"no episode ended in these steps; the agent is in {folder}"
    mean = sum(latest) / len(latest)
    return (
        f"{len(kept.episodes):,} episodes; mean return of the latest {len(latest)}: {mean:.4g} (while exploring)\n"
        f"the agent is in {folder}; chainrule agent evaluate {folder} measures its best actions"
    )
