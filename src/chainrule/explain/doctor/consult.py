"""Consulting: findings are put to the test by replays, and what helped is said with its number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from chainrule.explain.doctor.case import Case
from chainrule.explain.doctor.finding import Cure, Finding, diagnose

# A cure must make the cost smaller by these shares, of itself and of the baseline's, and by so many standard errors.
_BY, _OF_BASELINE, _ERRORS, _ERRORS_OF_SIGN = 0.15, 0.03, 2.0, 3.0
# What undoes something unusual was the more likely cure before it was tried.
_ERRORS_IF_UNDONE = 1.0
# A score must rise by so much; and what was worse than knowing nothing must come below this share of it.
_OF_SCORE, _USEFUL = 0.05, 0.95
# A cure that gains this share of the best one's gain is as good.
_NEAR_BEST = 0.7
# Of the time for replays, what those share that undo something unusual, and what all others do; the rest is for the one
# that came nearest.
_UNDOING, _OTHERS = 0.6, 0.25
# Changes that are tried at most.
_MOST_TRIED = 4


@dataclass(frozen=True, eq=False)
class Replayed:
    """What a run, or the replay of one with something changed, came to on the rows that judge.

    Attributes
    ----------
    costs : array (N,)
        Cost of each row; empty where the weights are NaN.
    metrics : mapping of str to float
    epochs : int
    part : str
        Which rows: `valid`, or `train` where there are no others.
    label : str
        What the cost is called.
    is_root : bool
        Whether people see the root of the mean cost.
    """

    costs: np.ndarray
    metrics: Mapping[str, float]
    epochs: int
    part: str = "valid"
    label: str = "log-loss"
    is_root: bool = False

    @property
    def cost(self) -> float:
        """The mean cost; infinite where there are no weights to tell it."""
        return float(self.costs.mean()) if len(self.costs) and np.isfinite(self.costs).all() else math.inf

    @property
    def shown(self) -> str:
        """The cost as people see it."""
        return "NaN" if math.isinf(self.cost) else f"{math.sqrt(self.cost) if self.is_root else self.cost:.3g}"


# (change of settings, share of the time for replays that it may take) -> what it comes to in a few epochs; None where it
# cannot be tried, or there is no time left.
Replay: TypeAlias = Callable[[Mapping[str, Any], float], "Replayed | None"]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the doctor says.

    Attributes
    ----------
    findings : tuple of Finding
        What is wrong, the one that a replay confirmed first.
    lines : tuple of str
        The same for people; settings are marked.
    cure : Cure or None
        What helped.
    tried : tuple of str
        Changes that were replayed.
    """

    findings: tuple[Finding, ...]
    lines: tuple[str, ...]
    cure: Cure | None = None
    tried: tuple[str, ...] = ()

    @property
    def is_alarm(self) -> bool:
        """Whether something is said to be wrong."""
        return bool(self.findings)


@dataclass(frozen=True, eq=False)
class _Trial:
    finding: Finding
    cure: Cure
    result: Replayed
    gain: float


def consult(case: Case, run: Replayed | None = None, replay: Replay | None = None) -> Verdict:
    """Return what is wrong with a run and what mends it.

    Parameters
    ----------
    run : Replayed
        What the run came to.
    replay : function, optional
        Tries a change; without it, no cure is named.
    """
    findings = diagnose(case)
    if replay is None or run is None:
        return _unproven(case, findings)
    queue = _queue(case, findings)
    trials: list[_Trial] = []
    results: list[tuple[bool, float, Finding, Cure]] = []
    undoing = sum(case.undoes(cure.change) for _, cure in queue)
    shares = {
        True: _UNDOING / max(1, undoing),
        False: (_OTHERS if undoing else _UNDOING) / max(1, len(queue) - undoing),
    }
    for finding, cure in queue:
        undoes = case.undoes(cure.change)
        result = replay(cure.change, shares[undoes])
        if result is None:
            continue
        results.append((not undoes, _distance(cure, run, result), finding, cure))
        trials += _won(case, finding, cure, run, result)
        if trials and finding.certain and undoes and _is_mended(case, trials):
            break
    for finding, cure in _last_trial(case, queue, results, trials):
        result = replay(cure.change, 1.0)
        if result is not None:
            results.append((False, result.cost, finding, cure))
            trials += _won(case, finding, cure, run, result)
    tried = list(dict.fromkeys(cure.said for *_, cure in results))
    if not trials:
        return _unhelped(case, findings, tried)
    best = _choose(case, trials)
    found = best.finding
    also = [each for each in findings if each.certain and each.of_data and each is not found]
    lines = [f"{found.seen} {_proof(best.cure, run, best.result)}", *(each.seen for each in also)]
    return Verdict((found, *also), tuple(lines), best.cure, tuple(tried))


def _queue(case: Case, findings: Sequence[Finding]) -> list[tuple[Finding, Cure]]:
    """Return what to try, no change twice: what undoes something unusual first, and of the rest what is certain."""
    queue: dict[str, tuple[Finding, Cure]] = {}
    ranked = sorted(
        (
            (not case.undoes(cure.change), not finding.certain, depth, n, cure, finding)
            for n, finding in enumerate(findings)
            for depth, cure in enumerate(finding.cures)
        ),
        key=lambda each: each[:4],
    )
    for *_, cure, finding in ranked:
        queue.setdefault(cure.said, (finding, cure))
    return list(queue.values())[:_MOST_TRIED]


def _last_trial(
    case: Case,
    queue: Sequence[tuple[Finding, Cure]],
    results: Sequence[tuple[bool, float, Finding, Cure]],
    trials: Sequence[_Trial],
) -> list[tuple[Finding, Cure]]:
    """Return what the rest of the time is for.

    Where several things are unusual and none alone has mended it, it is all of them at once; where nothing has helped at
    all, the change that came nearest.
    """
    if _is_mended(case, trials):
        return []
    undoing = [(finding, cure) for finding, cure in queue if case.undoes(cure.change)]
    change = {name: value for _, cure in reversed(undoing) for name, value in cure.change.items()}
    if len(change) > 1 and len(undoing) > 1:
        return [(undoing[0][0], Cure(change))]
    if results and not trials:
        *_, finding, cure = min(results, key=lambda each: each[:2])
        return [(finding, cure)]
    return []


def _is_mended(case: Case, trials: Sequence[_Trial]) -> bool:
    """Tell whether a trial has brought the cost to less than half of that of knowing nothing."""
    nothing = case.scores.get("baseline", {}).get("cost", case.baseline)
    return any(trial.result.cost < nothing / 2 for trial in trials)


def _choose(case: Case, trials: Sequence[_Trial]) -> _Trial:
    """Return the best trial; of those that come near it, the one that undoes something unusual, changes least, was first."""
    undoing = [trial for trial in trials if case.undoes(trial.cure.change)] or trials
    best = max(trial.gain for trial in undoing)
    return min(
        (trial for trial in undoing if trial.gain >= _NEAR_BEST * best), key=lambda trial: len(trial.cure.change)
    )


def _won(case: Case, finding: Finding, cure: Cure, run: Replayed, result: Replayed | None) -> list[_Trial]:
    """Return the trial of a cure that helped; none if it did not."""
    gain = 0.0 if result is None else _gain(case, cure, run, result)
    return [] if result is None or gain <= 0 else [_Trial(finding, cure, result, gain)]


def _gain(case: Case, cure: Cure, run: Replayed, result: Replayed) -> float:
    """Return by how much a replay is better than the run, beyond chance; 0 where it is not."""
    if cure.judged_by:
        gain = result.metrics.get(cure.judged_by, 0.0) - run.metrics.get(cure.judged_by, 0.0)
        return gain if gain > _OF_SCORE else 0.0
    nothing = case.scores.get("baseline", {}).get("cost", case.baseline)
    if math.isinf(result.cost):
        return 0.0
    if run.cost > 2 * nothing:
        # It is worse than knowing nothing: by how much is no matter.
        return 2 * nothing - result.cost if result.cost < _USEFUL * nothing else 0.0
    gain = run.cost - result.cost
    return (
        gain
        if gain > max(_BY * run.cost, _OF_BASELINE * nothing)
        and _is_no_chance(run, result, _ERRORS_IF_UNDONE if case.undoes(cure.change) else _ERRORS)
        else 0.0
    )


def _distance(cure: Cure, run: Replayed, result: Replayed) -> float:
    """Return what a replay is ranked by where none has won yet: its cost, or −∞ where the score that judges it rose."""
    name = cure.judged_by
    return -math.inf if name and result.metrics.get(name, 0.0) > run.metrics.get(name, 0.0) else result.cost


def _is_no_chance(run: Replayed, result: Replayed, errors: float) -> bool:
    """Tell whether rows became better by more than chance: in the mean, or so many of them that few rows weigh nothing."""
    better = run.costs - result.costs
    n = len(better)
    return bool(
        better.mean() > errors * better.std() / math.sqrt(n)
        or (better > 0).sum() - n / 2 > _ERRORS_OF_SIGN * math.sqrt(n) / 2
    )


def _proof(cure: Cure, run: Replayed, result: Replayed) -> str:
    rows = {"valid": "validation", "train": "training"}[result.part]
    what, before, after = f"{rows} {result.label}", run.shown, result.shown
    if cure.judged_by:
        what = f"{rows} {cure.judged_by}"
        before, after = (f"{each.metrics[cure.judged_by]:.3g}" for each in (run, result))
    plural = "epoch" if result.epochs == 1 else "epochs"
    return f"{cure.said}: {what} {before} → {after} in {result.epochs} {plural}, replayed."


def _unhelped(case: Case, findings: Sequence[Finding], tried: Sequence[str]) -> Verdict:
    """Return the verdict where no change helped: what is certain is told, what was suspected is not."""
    certain = _told(findings)
    if not certain:
        also = f" Replayed for a few epochs, nothing did better: {', '.join(tried)}." if tried else ""
        return Verdict((), (_sound(case) + also,), tried=tuple(tried))
    lines = [finding.seen for finding in certain]
    if tried and certain[0].cures:
        lines[0] += f" Replayed for a few epochs, none of these helped: {', '.join(tried)}."
    return Verdict(tuple(certain), tuple(lines), tried=tuple(tried))


def _told(findings: Sequence[Finding]) -> list[Finding]:
    """Return what is certain and to be told: the first, and what is about the data."""
    certain = [finding for finding in findings if finding.certain]
    return [finding for i, finding in enumerate(certain) if i == 0 or finding.of_data]


def _unproven(case: Case, findings: Sequence[Finding]) -> Verdict:
    """Return the verdict without a replay: what is seen, and no cure."""
    certain = _told(findings)
    if certain:
        return Verdict(tuple(certain), tuple(finding.seen for finding in certain))
    suspected = [finding.seen for finding in findings]
    lines = [f"{seen} That may be as it must; nothing was replayed." for seen in suspected[:1]]
    return Verdict((), tuple(lines) or (_sound(case),))


def _sound(case: Case) -> str:
    """Return the sentence of a run in which nothing is wrong, if that was measured."""
    if not case.measured or not case.points or not case.baseline > 0:
        return "Nothing was measured that a word could rest on."
    valid = case.valid
    at = min(range(len(valid)), key=valid.__getitem__) if valid else len(case.points) - 1
    costs = f"training cost {case.train[at]:.3g}" + (f", validation cost {valid[at]:.3g}" if valid else "")
    if case.left > 0.5:
        return f"Nothing that was looked for is wrong ({costs}; knowing nothing costs {case.baseline:.3g})."
    return (
        f"It looks sound: at epoch {case.points[at].epoch} {costs}, where knowing nothing costs {case.baseline:.3g}. "
        "See how much another `seed` changes it before you believe the last digit."
    )
