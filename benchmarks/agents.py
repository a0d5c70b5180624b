"""How long PPO takes to balance CartPole-v1, in steps and in processor time, beside stable-baselines3 in one run.

    python benchmarks/agents.py                    # five seeds of ours
    python benchmarks/agents.py --seeds 3 --peer   # and three of stable-baselines3's, in turn with ours

Solved is a mean of 475 over the latest 100 episodes of training, while actions are drawn. One thread each; processor time
without imports. Not like for like in all: we have 32 environments in arrays, stable-baselines3 has 8 stepped one after the
other, as its own tuned settings for CartPole (rl-baselines3-zoo) have it, recalled here.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from dataclasses import dataclass

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from chainrule.agents import PPO, Progress
from chainrule.agents.making import make_many

GOAL, MOST_STEPS = 475.0, 150_000


class Solved(Exception):  # noqa: N818 - it is no error
    """Raised to stop at the step that solves it."""


@dataclass(frozen=True)
class Outcome:
    """Steps and seconds to the goal, or to the end without it."""

    solved: bool
    steps: int
    seconds: float


def ours(seed: int, method: PPO) -> Outcome:
    """Learn with Chainrule on NumPy until it is solved."""
    latest = 0

    def look(progress: Progress) -> None:
        nonlocal latest
        latest = progress.steps
        if progress.mean >= GOAL:
            raise Solved

    environments = make_many("CartPole-v1", 32)
    start = time.process_time()
    try:
        method.learn(environments, steps=MOST_STEPS, seed=seed, on_progress=look)
    except Solved:
        return Outcome(True, latest, time.process_time() - start)
    return Outcome(False, latest, time.process_time() - start)


def theirs(seed: int) -> Outcome:
    """Learn with stable-baselines3 until it is solved."""
    import torch
    from stable_baselines3 import PPO as Peer  # noqa: N811 - beside our own
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env

    torch.set_num_threads(1)

    class Stop(BaseCallback):
        def _on_step(self) -> bool:
            latest = [episode["r"] for episode in self.model.ep_info_buffer]
            self.solved = len(latest) == 100 and statistics.fmean(latest) >= GOAL
            return not self.solved

    model = Peer(
        "MlpPolicy",
        make_vec_env("CartPole-v1", 8, seed=seed),
        n_steps=32,
        batch_size=256,
        gae_lambda=0.8,
        gamma=0.98,
        n_epochs=20,
        ent_coef=0.0,
        learning_rate=lambda left: 1e-3 * left,
        clip_range=lambda left: 0.2 * left,
        seed=seed,
        device="cpu",
    )
    stop = Stop()
    start = time.process_time()
    model.learn(MOST_STEPS, callback=stop)
    return Outcome(stop.solved, model.num_timesteps, time.process_time() - start)


def main() -> None:
    """Print a line for each seed, and medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--peer", action="store_true", help="stable-baselines3 too")
    asked = parser.parse_args()
    contenders = {"Chainrule": lambda seed: ours(seed, PPO())} | ({"stable-baselines3": theirs} if asked.peer else {})
    came: dict[str, list[Outcome]] = {name: [] for name in contenders}
    for seed in range(asked.seeds):
        for name, contender in contenders.items():
            came[name].append(contender(seed))
            outcome = came[name][-1]
            word = "solved" if outcome.solved else "not solved"
            print(f"{name:18} seed {seed}: {word} at {outcome.steps:7,} steps, {outcome.seconds:6.1f} s", flush=True)
    for name, outcomes in came.items():
        steps, seconds = (statistics.median(getattr(o, part) for o in outcomes) for part in ("steps", "seconds"))
        solved = sum(o.solved for o in outcomes)
        print(f"{name:18} {solved} of {len(outcomes)}; medians {steps:,.0f} steps, {seconds:.1f} s")


if __name__ == "__main__":
    main()
