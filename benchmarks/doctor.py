"""How often the doctor is right: faults planted into runs, and sound runs, each told what is wrong and what mends it.

A fault counts as named if the first finding is one of its names; as cured if a whole run with the first cure comes at least
two thirds of the way from the faulty run to a sound one, in the cost of the validation rows. Faults of the data have no
cure. Advice is opposite if it goes further in the direction of the fault. The figures of time are sums over all runs:
what measuring takes of training, and what replays take of the time that training takes, or would take with the usual
settings.

    python benchmarks/doctor.py [--only KIND]
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.explain.doctor import Replayed, Verdict
from chainrule.job.advice import advise, outcome_of
from chainrule.job.config import Config, config_from
from chainrule.job.folder import RunFolder
from chainrule.job.train import Job
from chainrule.sources.read import read_source
from chainrule.train import Event, measure

DEEP = {"hidden": (16,) * 8, "activation": "sigmoid"}


@dataclass(frozen=True)
class Fault:
    """A fault: its kind, on which data, by which settings, under which names it may be found."""

    kind: str
    data: str
    settings: Mapping[str, Any]
    names: tuple[str, ...]
    # Of a sound run on the same rows, what is set.
    sound: Mapping[str, Any] = field(default_factory=dict)
    has_cure: bool = True


def faults(folder: Path) -> Iterator[Fault]:
    """Yield what is planted; tables with faults of their own are written into a folder."""
    rate = ("rate too high", "exploded", "dead units", "saturated units")
    for data, activation, value in (
        ("donut", "tanh", 1000.0),
        ("digits", "tanh", 30.0),
        ("wine", "tanh", 10.0),
        ("six_gaussians", "relu", 1.0),
    ):
        yield Fault("rate too high", data, {"learning_rate": value, "activation": activation}, rate)
    for data, value in (("donut", 1000.0), ("digits", 1000.0), ("diabetes", 10.0)):
        slow = {"optimizer": "gradient_descent"}
        yield Fault("rate too high, NaN", data, {"learning_rate": value, **slow}, ("exploded",), sound=slow)
    for data, value in (("donut", 1e-7), ("iris", 1e-5), ("digits", 1e-6), ("diabetes", 1e-6)):
        yield Fault("rate too low", data, {"learning_rate": value}, ("rate too low",))
    for data in ("donut", "digits", "wine"):
        yield Fault("penalty too high", data, {"l2": 1.0}, ("penalty too high",))
    yield Fault("penalty too high", "breast_cancer", {"l1": 0.3}, ("penalty too high",))
    for data in ("wine", "digits", "breast_cancer"):
        yield Fault("dropout too high", data, {"dropout": 0.97}, ("dropout too high",))
    for data in ("wine", "breast_cancer", str(_scaled(folder))):
        yield Fault("no scaling", data, {"scaling": "none", "activation": "tanh"}, ("inputs not scaled", "bad start"))
    for data in ("iris", "digits", "donut"):
        yield Fault("sigmoid, 8 deep", data, DEEP, ("gradient vanishes", "saturated units"))
    for data in ("wine", "digits", "donut"):
        yield Fault("zeros", data, {"init": "zeros"}, ("units all alike",))
    for data, value in (("digits", 3.0), ("iris", 3.0), ("breast_cancer", 10.0)):
        yield Fault("dead ReLU", data, {"learning_rate": value, "activation": "relu"}, rate)
    yield Fault("wrong loss", "diabetes", {"loss": "poisson"}, ("loss does not fit",))
    yield Fault("wrong loss", "digits", {"label_smoothing": 0.95}, ("loss does not fit",))
    yield Fault("wrong loss", "wine", {"label_smoothing": 0.95}, ("loss does not fit",))
    for data in ("wine", "breast_cancer", "iris"):
        path = _shuffled(folder, data)
        yield Fault("labels shuffled", str(path), {}, ("no signal", "learns nothing"), has_cure=False)
    for data in ("wine", "iris", "breast_cancer"):
        yield Fault("duplicated rows", str(_doubled(folder, data)), {}, ("rows in two parts",), has_cure=False)
    for data in ("wine", "breast_cancer", "iris"):
        yield Fault("leak", str(_leaking(folder, data)), {}, ("a column tells the target",), has_cure=False)
    for seed in range(3):
        yield Fault(
            "imbalance", str(_imbalanced(folder, seed)), {}, ("rare class missed",), sound={"class_weight": "balanced"}
        )
    for data in ("donut", "digits", "breast_cancer"):
        yield Fault(
            "batch too large",
            data,
            {"batch_size": 300, "epochs": 12},
            ("batch too large", "too few epochs", "rate too low"),
        )
    for data, epochs in (("wine", 2), ("digits", 1), ("donut", 2)):
        yield Fault(
            "too few epochs", data, {"epochs": epochs, "learning_rate": 0.0005}, ("too few epochs", "rate too low")
        )
    for data, hidden in (("xor", ()), ("donut", ()), ("spiral", (2,))):
        yield Fault("too small", data, {"hidden": hidden}, ("too small",))


SOUND: tuple[Mapping[str, Any], ...] = (
    {},
    {"seed": 1, "activation": "tanh"},
    {"seed": 2, "hidden": (64,)},
    {"seed": 3, "optimizer": "momentum"},
)
SOUND_DATA = (
    "iris",
    "wine",
    "breast_cancer",
    "digits",
    "diabetes",
    "xor",
    "donut",
    "clouds",
    "spiral",
    "six_gaussians",
    "gaussians",
)


def _table(data: str) -> Any:
    source = read_source(data)
    return source.frame.copy(), source.target


def _written(folder: Path, name: str, frame: Any, target: str) -> Path:
    path = folder / f"{name}.csv"
    frame.rename(columns={target: "target"}).to_csv(path, index=False)
    return path


def _scaled(folder: Path) -> Path:
    frame, target = _table("iris")
    for column, factor in zip([c for c in frame.columns if c != target], (1e3, 1.0, 1e-2, 50.0), strict=True):
        frame[column] = frame[column] * factor
    return _written(folder, "iris_in_other_units", frame, target)


def _shuffled(folder: Path, data: str) -> Path:
    frame, target = _table(data)
    frame[target] = np.random.default_rng(0).permutation(frame[target].to_numpy())
    return _written(folder, f"{data}_shuffled", frame, target)


def _doubled(folder: Path, data: str) -> Path:
    frame, target = _table(data)
    return _written(folder, f"{data}_doubled", frame.loc[frame.index.repeat(2)], target)


def _leaking(folder: Path, data: str) -> Path:
    frame, target = _table(data)
    codes = frame[target].astype("category").cat.codes
    frame["discharged_to"] = codes.map(lambda code: f"ward {code}")
    return _written(folder, f"{data}_leaking", frame, target)


def _imbalanced(folder: Path, seed: int) -> Path:
    import pandas as pd

    rng = np.random.default_rng(seed)
    rare = 60 + 10 * seed
    x = np.vstack([rng.normal(0, 1, (2000, 3)), rng.normal(1.1, 1, (rare, 3))])
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    frame["target"] = ["well"] * 2000 + ["ill"] * rare
    return _written(folder, f"imbalanced_{seed}", frame, "target")


@dataclass
class Trained:
    """A run, what it came to, and how long it and its measurements took."""

    config: Config
    job: Job
    events: list[Event]
    came: Replayed
    seconds: float
    measuring: float


def train(data: str, settings: Mapping[str, Any]) -> Trained:
    """Train once, without a folder."""
    spent = 0.0
    figures = measure.Meter.figures

    def timed(*args: Any) -> Any:
        nonlocal spent
        started = time.perf_counter()
        try:
            return figures(*args)
        finally:
            spent += time.perf_counter() - started

    target = {"target": "target"} if data.endswith(".csv") else {}
    job = Job(
        config_from({"data": data, "model": "mlp", "engine": "numpy", **target, **settings}), RunFolder(Path("unused"))
    )
    measure.Meter.figures = timed  # type: ignore[method-assign]
    try:
        started = time.perf_counter()
        events = list(job.learn())
        seconds = time.perf_counter() - started
    finally:
        measure.Meter.figures = figures  # type: ignore[method-assign]
    came = outcome_of(job.config, job.prepared, job.model.params, len(events))
    return Trained(job.config, job, events, came, seconds, spent)


def verdict_on(run: Trained) -> tuple[Verdict, float]:
    """Return what the doctor says, and how long that took."""
    started = time.perf_counter()
    verdict = advise(run.config, run.job.prepared, run.events, run.job.model.params)
    return verdict, time.perf_counter() - started


def is_opposite(fault: Fault, verdict: Verdict, usual: Trained) -> bool:
    """Tell whether a cure goes further in the direction of what was planted."""
    if verdict.cure is None:
        return False
    change = dict(verdict.cure.change)
    for name, planted in fault.settings.items():
        before = getattr(usual.config, name, usual.config.model.settings.get(name))
        now = change.get(name)
        if (
            all(isinstance(value, (int, float)) for value in (planted, before, now))
            and (now - planted) * (planted - before) > 0
        ):
            return True
    held = fault.kind in ("penalty too high", "dropout too high")
    return held and any(change.get(name) or 0 for name in ("dropout", "l1", "l2") if name not in fault.settings)


def share_cured(fault: Fault, run: Trained, sound: Trained, verdict: Verdict) -> float:
    """Return how much of the way from the faulty run to a sound one a whole run with the cure goes."""
    if verdict.cure is None:
        return 0.0
    cured = train(fault.data, {**fault.settings, **verdict.cure.change}).came
    if verdict.cure.judged_by:
        name = verdict.cure.judged_by
        gap = sound.came.metrics[name] - run.came.metrics.get(name, 0.0)
        return (cured.metrics[name] - run.came.metrics.get(name, 0.0)) / gap if gap > 0 else 1.0
    worst = min(run.came.cost, 3 * max(sound.came.cost, 1e-3) + 10.0)
    return (worst - cured.cost) / (worst - sound.came.cost) if worst > sound.came.cost else 1.0


def main() -> None:
    """Print the table, and the bars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="a kind of fault, or sound")
    only = parser.parse_args().only
    counts = dict.fromkeys(("faults", "named", "curable", "cured", "opposite", "sound", "alarms"), 0)
    seconds = dict.fromkeys(("train", "measure", "replay", "allowed"), 0.0)
    references: dict[Any, Trained] = {}

    def reference(data: str, settings: Mapping[str, Any]) -> Trained:
        key = (data, tuple(settings.items()))
        if key not in references:
            references[key] = train(data, settings)
        return references[key]

    with tempfile.TemporaryDirectory() as folder:
        for fault in faults(Path(folder)):
            if only not in (None, fault.kind):
                continue
            run, sound = train(fault.data, fault.settings), reference(fault.data, fault.sound)
            verdict, took = verdict_on(run)
            first = verdict.findings[0].name if verdict.findings else "-"
            named = first in fault.names or any(each.name in fault.names and each.of_data for each in verdict.findings)
            opposite = is_opposite(fault, verdict, sound)
            counts["faults"] += 1
            counts["named"] += named
            counts["opposite"] += opposite
            way = ""
            if fault.has_cure:
                share = share_cured(fault, run, sound, verdict)
                counts["curable"] += 1
                counts["cured"] += share >= 2 / 3
                way = f"{share:6.0%}"
            _add(seconds, run, took, sound)
            cure = verdict.cure.said if verdict.cure else ""
            flags = (
                ("" if named else "  NOT NAMED")
                + ("  OPPOSITE" if opposite else "")
                + ("  NOT CURED" if way and share < 2 / 3 else "")
            )
            print(
                f"{fault.kind:20} {Path(fault.data).stem:22} {first:26} {cure:40} {way:>6} {took / run.seconds:6.0%}{flags}",
                flush=True,
            )
        for data, settings in itertools.product(SOUND_DATA, SOUND) if only in (None, "sound") else ():
            run = train(data, settings)
            verdict, took = verdict_on(run)
            counts["sound"] += 1
            counts["alarms"] += verdict.is_alarm
            _add(seconds, run, took, run)
            words = ", ".join(f"{name}={value}" for name, value in settings.items())
            said = (
                f"{verdict.findings[0].name}: {verdict.cure.said if verdict.cure else ''}  ALARM"
                if verdict.is_alarm
                else "-"
            )
            print(f"{'sound':20} {data:14} {words:30} {said:50} {took / run.seconds:6.0%}", flush=True)
    _tell(counts, seconds)


def _add(seconds: dict[str, float], run: Trained, took: float, sound: Trained) -> None:
    seconds["train"] += run.seconds
    seconds["measure"] += run.measuring
    seconds["replay"] += took
    seconds["allowed"] += max(run.seconds, sound.seconds)


def _tell(counts: Mapping[str, int], seconds: Mapping[str, float]) -> None:
    def share(part: str, whole: str, numbers: Mapping[str, float]) -> str:
        return (
            f"{numbers[part] / numbers[whole]:.1%} ({numbers[part]:.3g} of {numbers[whole]:.3g})"
            if numbers[whole]
            else "-"
        )

    print()
    print(f"named                {share('named', 'faults', counts)}")
    print(f"cured by the first   {share('cured', 'curable', counts)}")
    print(f"opposite advice      {counts['opposite']}")
    print(f"alarms, sound runs   {share('alarms', 'sound', counts)}")
    print(f"measuring / training {share('measure', 'train', seconds)} s")
    print(f"replays / training   {share('replay', 'train', seconds)} s")
    print(f"replays / usual run  {share('replay', 'allowed', seconds)} s")


if __name__ == "__main__":
    main()
