"""A table of values Q(s, a), learned from steps, in which each method is one update."""

from chainrule.agents.tabular.method import Learned, Step, TabularMethod
from chainrule.agents.tabular.monte_carlo import MonteCarlo
from chainrule.agents.tabular.n_step import NStepSarsa
from chainrule.agents.tabular.q_learning import QLearning
from chainrule.agents.tabular.sarsa import Sarsa
from chainrule.agents.tabular.traces import SarsaLambda

__all__ = ["Learned", "MonteCarlo", "NStepSarsa", "QLearning", "Sarsa", "SarsaLambda", "Step", "TabularMethod"]
