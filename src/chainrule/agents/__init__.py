"""Agents: reinforcement learning, from bandits to policy gradients; an environment is Gymnasium's interface.

- `environment`, `vector`: what an agent acts in, one or several side by side. `grid_world`: one of our own.
- `bandits`; `dynamics`, `planning`: probabilities that are known; `tabular`: a value for each state and action.
- `returns`, `categorical`, `objectives`: the formulas of policy gradients. `rollout`, `deep`: what their methods share.
- `reinforce`, `ppo`: the methods. `making`, `kept`: environments by name, and an agent in a folder.
"""

from chainrule.agents.bandits import UCB1, Bandit, EpsilonGreedy, Optimistic, Thompson, play
from chainrule.agents.deep import Policy, Progress
from chainrule.agents.dynamics import Dynamics, dynamics_of
from chainrule.agents.episodes import Episode, Evaluation, evaluate
from chainrule.agents.grid_world import GridWorld
from chainrule.agents.planning import evaluate_policy, iterate_policy, iterate_value
from chainrule.agents.ppo import PPO
from chainrule.agents.reinforce import Reinforce
from chainrule.agents.tabular import Learned, MonteCarlo, NStepSarsa, QLearning, Sarsa, SarsaLambda
from chainrule.agents.vector import Together

__all__ = [
    "PPO",
    "UCB1",
    "Bandit",
    "Dynamics",
    "Episode",
    "EpsilonGreedy",
    "Evaluation",
    "GridWorld",
    "Learned",
    "MonteCarlo",
    "NStepSarsa",
    "Optimistic",
    "Policy",
    "Progress",
    "QLearning",
    "Reinforce",
    "Sarsa",
    "SarsaLambda",
    "Thompson",
    "Together",
    "dynamics_of",
    "evaluate",
    "evaluate_policy",
    "iterate_policy",
    "iterate_value",
    "play",
]
