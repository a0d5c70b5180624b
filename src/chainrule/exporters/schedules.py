"""Schedules as lines of Python: η of a step, in plain arithmetic, for every script."""

from __future__ import annotations

from chainrule.exporters.table import Table
from chainrule.optim import (
    Constant,
    Cosine,
    CosLog4,
    Exponential,
    FlatCos,
    InverseScaling,
    OneCycle,
    Schedule,
    StepDecay,
    WarmUp,
)

# An entry returns the lines of a function of `step` (0 is the first) that may use `steps`, of the whole plan, and
# `steps_an_epoch`.
SCHEDULES = Table("every script", "schedule")

_SHARE = "share = min(1, step / max(1, steps - 1))"


def rate_source(schedule: Schedule, learning_rate: float, steps_per_epoch: int, epochs: int) -> str:
    """Return the source of a function `rate(step)`."""
    body: list[str] = SCHEDULES.find(schedule)(schedule, repr(learning_rate))
    lines = ["def rate(step):", f'    """Return η of a step, as planned for {epochs} epochs."""']
    if any("steps" in line for line in body):
        lines.append(f"    steps_an_epoch, steps = {steps_per_epoch}, {steps_per_epoch * epochs}")
    return "\n".join(lines + [f"    {line}" for line in body])


@SCHEDULES.entry(Constant)
def constant(schedule: Constant, rate: str) -> list[str]:
    """1."""
    return [f"return {rate}"]


@SCHEDULES.entry(StepDecay)
def step_decay(schedule: StepDecay, rate: str) -> list[str]:
    """drop^⌊epoch / every⌋."""
    return [f"return {rate} * {schedule.drop!r} ** (step // ({schedule.every} * steps_an_epoch))"]


@SCHEDULES.entry(InverseScaling)
def inverse_scaling(schedule: InverseScaling, rate: str) -> list[str]:
    """(1 + step)^-power."""
    return [f"return {rate} * (1 + step) ** -{schedule.power!r}"]


@SCHEDULES.entry(Exponential)
def exponential(schedule: Exponential, rate: str) -> list[str]:
    """decay^(step / steps per epoch)."""
    return [f"return {rate} * {schedule.decay!r} ** (step / steps_an_epoch)"]


@SCHEDULES.entry(Cosine)
def cosine(schedule: Cosine, rate: str) -> list[str]:
    """floor + (1 - floor) ½ (1 + cos(π share))."""
    return [_SHARE, f"return {rate} * {_down(schedule.floor, 'share')}"]


@SCHEDULES.entry(WarmUp)
def warm_up(schedule: WarmUp, rate: str) -> list[str]:
    """A straight line, then half a cosine."""
    return [
        f"warm = max(1, round({schedule.share!r} * steps))",
        "rest = min(1, max(0, (step - warm) / max(1, steps - warm)))",
        f"return {rate} * ((step + 1) / warm if step < warm else {_down(schedule.floor, 'rest')})",
    ]


@SCHEDULES.entry(OneCycle)
def one_cycle(schedule: OneCycle, rate: str) -> list[str]:
    """Two half cosines that meet at the peak."""
    peak, start, end = schedule.peak, schedule.start, schedule.end
    return [
        _SHARE,
        f"if share < {peak!r}:",
        f"    return {rate} * ({start!r} + (1 - {start!r}) * 0.5 * (1 - np.cos(np.pi * share / {peak!r})))",
        f"return {rate} * {_down(end, f'(share - {peak!r}) / (1 - {peak!r})')}",
    ]


@SCHEDULES.entry(CosLog4)
def coslog4(schedule: CosLog4, rate: str) -> list[str]:
    """½ (1 - cos(2π log₂(1 + 15 share)))."""
    return [_SHARE, f"return {rate} * 0.5 * (1 - np.cos(2 * np.pi * np.log2(1 + 15 * share)))"]


@SCHEDULES.entry(FlatCos)
def flat_cos(schedule: FlatCos, rate: str) -> list[str]:
    """1, then half a cosine."""
    rest = f"max(0, (share - {schedule.share!r}) / (1 - {schedule.share!r}))"
    return [_SHARE, f"return {rate} * {_down(0.0, rest)}"]


def _down(floor: float, share: str) -> str:
    half = f"0.5 * (1 + np.cos(np.pi * {share}))"
    return f"({floor!r} + (1 - {floor!r}) * {half})" if floor else half
