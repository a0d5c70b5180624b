"""How weights move: rules, schedules, clipping, L-BFGS."""

from chainrule.optim.average import Averaged
from chainrule.optim.clip import Clip
from chainrule.optim.lazy import Lazy
from chainrule.optim.lbfgs import CONVERGED, LBFGS
from chainrule.optim.muon import Muon
from chainrule.optim.rules import (
    RULES,
    AdaGrad,
    Adam,
    AdamW,
    GradientAscent,
    GradientDescent,
    Momentum,
    Nesterov,
    RMSProp,
    Rule,
    rule_by_name,
    start_moments,
)
from chainrule.optim.schedule import (
    SCHEDULES,
    Constant,
    Cosine,
    CosLog4,
    Exponential,
    FlatCos,
    Horizon,
    InverseScaling,
    OneCycle,
    Schedule,
    StepDecay,
    WarmUp,
    schedule_by_name,
)

__all__ = [
    "CONVERGED",
    "LBFGS",
    "RULES",
    "SCHEDULES",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Averaged",
    "Clip",
    "Constant",
    "CosLog4",
    "Cosine",
    "Exponential",
    "FlatCos",
    "GradientAscent",
    "GradientDescent",
    "Horizon",
    "InverseScaling",
    "Lazy",
    "Momentum",
    "Muon",
    "Nesterov",
    "OneCycle",
    "RMSProp",
    "Rule",
    "Schedule",
    "StepDecay",
    "WarmUp",
    "rule_by_name",
    "schedule_by_name",
    "start_moments",
]
