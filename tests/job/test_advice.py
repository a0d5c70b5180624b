"""Advice on real runs: what was planted is named, what mends it was tried, and sound runs are left in peace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chainrule.explain.doctor import Verdict
from chainrule.job.advice import Replayer, advise, case_of
from chainrule.job.bare import bare
from chainrule.job.config import config_from
from chainrule.job.facts import facts_of
from chainrule.job.folder import RunFolder
from chainrule.job.train import Job


def learned(data: str = "wine", **settings: Any) -> tuple[Job, list[Any]]:
    job = Job(config_from({"data": data, "engine": "numpy", **settings}), RunFolder(Path("unused")))
    return job, list(job.learn())


def verdict(data: str = "wine", **settings: Any) -> Verdict:
    job, events = learned(data, **settings)
    return advise(job.config, job.prepared, events, job.model.params)


# A small part of benchmarks/doctor.py, which has fifty of them.
@pytest.mark.parametrize(
    ("data", "settings", "name", "cure"),
    [
        ("donut", {"learning_rate": 1000.0, "activation": "tanh"}, "rate too high", {"learning_rate": 0.003}),
        ("donut", {"learning_rate": 1e-7}, "rate too low", {"learning_rate": 0.003}),
        ("donut", {"l2": 1.0}, "penalty too high", {"l2": 0.00167}),
        ("wine", {"dropout": 0.95}, "dropout too high", {"dropout": 0.0}),
        ("wine", {"scaling": "none"}, "inputs not scaled", {"scaling": "standard"}),
        ("wine", {"init": "zeros"}, "units all alike", {"init": "auto"}),
        ("iris", {"hidden": (16,) * 8, "activation": "sigmoid"}, "gradient vanishes", {"activation": "relu"}),
        ("xor", {"hidden": ()}, "too small", {"hidden": (128, 64)}),
        ("wine", {"label_smoothing": 0.95}, "loss does not fit", {"label_smoothing": 0.0}),
    ],
)
def test_a_planted_fault_is_named_and_its_cure_was_replayed(
    data: str, settings: dict[str, Any], name: str, cure: dict[str, Any]
) -> None:
    found = verdict(data, model="mlp", **settings)
    assert found.findings[0].name == name
    assert found.cure is not None
    assert found.cure.change == cure
    assert "replayed." in found.lines[0]


def test_two_epochs_are_too_few() -> None:
    found = verdict(epochs=2, learning_rate=0.0005)
    assert found.findings[0].name in ("too few epochs", "rate too low")
    assert found.cure is not None


def test_a_cost_that_is_no_number_is_mended_too() -> None:
    found = verdict("diabetes", optimizer="gradient_descent", learning_rate=1e6)
    assert found.findings[0].name == "exploded"
    assert found.cure is not None
    assert found.cure.change == {"learning_rate": 0.1}
    assert "validation RMSE NaN → " in found.lines[0]


@pytest.mark.parametrize(
    ("data", "settings"), [("iris", {}), ("wine", {"activation": "tanh"}), ("donut", {}), ("diabetes", {"seed": 2})]
)
def test_a_sound_run_is_called_sound(data: str, settings: dict[str, Any]) -> None:
    found = verdict(data, **settings)
    assert not found.is_alarm
    assert found.lines[0].startswith("It looks sound")


def test_the_same_run_gets_the_same_advice() -> None:
    job, events = learned("donut", l2=1.0)
    first, second = (advise(job.config, job.prepared, events, job.model.params) for _ in range(2))
    assert first.lines == second.lines


def test_replays_keep_within_their_budget() -> None:
    job, events = learned("wine", learning_rate=30.0)
    replayer = Replayer(job.config, job.prepared, case_of(job.config, job.prepared, events))
    came = [replayer({"hidden": (8,)}, 0.5) for _ in range(5)]
    assert came[0] is not None
    assert came[-1] is None


def test_a_replay_has_no_more_epochs_than_the_run() -> None:
    job, events = learned("wine", epochs=2)
    replayer = Replayer(job.config, job.prepared, case_of(job.config, job.prepared, events))
    shorter, longer = replayer({"learning_rate": 0.01}, 0.5), replayer({"epochs": 50}, 0.5)
    assert shorter is not None
    assert longer is not None
    assert shorter.epochs == 2 < longer.epochs


def test_a_change_that_does_not_fit_the_data_is_no_cure() -> None:
    job, events = learned("wine", epochs=2)
    replayer = Replayer(job.config, job.prepared, case_of(job.config, job.prepared, events))
    assert replayer({"loss": "poisson"}, 0.5) is None


# Facts about data


def table(tmp_path: Path, frame: pd.DataFrame) -> str:
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    return str(path)


def noise(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, n)
    columns = {f"x{k}": rng.normal(size=n) + (k == 0) * target for k in range(8)}
    return pd.DataFrame({**columns, "target": target.astype(str)})


def test_rows_in_both_parts_are_found(tmp_path: Path) -> None:
    frame = noise(60)
    job, _ = learned(table(tmp_path, frame.loc[frame.index.repeat(2)]), epochs=1, target="target")
    assert min(facts_of(job.prepared).copies.values()) > 0.5
    assert set(facts_of(learned("iris", epochs=1)[0].prepared).copies.values()) == {0.0}


def test_rows_of_few_categories_that_are_alike_by_chance_are_no_copies(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    cells = {name: rng.choice(["low", "high", "none"], 300) for name in ("a", "b", "target")}
    found = verdict(table(tmp_path, pd.DataFrame(cells)), epochs=3, target="target")
    assert "rows in two parts" not in [finding.name for finding in found.findings]


def test_rows_that_only_their_number_tells_apart_are_copies(tmp_path: Path) -> None:
    frame = noise(60)
    twice = frame.loc[frame.index.repeat(2)].reset_index(drop=True)
    twice.insert(0, "id", [f"row {n}" for n in range(len(twice))])
    job, _ = learned(table(tmp_path, twice), epochs=1, target="target")
    assert min(facts_of(job.prepared).copies.values()) > 0.5


def test_a_column_that_gives_the_answer_away_is_named(tmp_path: Path) -> None:
    frame = noise()
    frame["ward"] = "ward " + frame["target"]
    found = verdict(table(tmp_path, frame), epochs=2, target="target")
    assert "The column 'ward' alone tells the target of 100.0% of unseen rows" in " ".join(found.lines)


def test_shuffled_labels_have_no_signal(tmp_path: Path) -> None:
    frame = noise()
    frame["target"] = np.random.default_rng(1).permutation(frame["target"])
    found = verdict(table(tmp_path, frame), target="target")
    assert "no signal" in [finding.name for finding in found.findings]


def test_indicators_are_not_taken_for_small_columns(tmp_path: Path) -> None:
    frame = noise()
    frame["kind"] = ["rare" if n < 4 else "common" for n in range(len(frame))]
    job, _ = learned(table(tmp_path, frame), epochs=1, target="target")
    assert facts_of(job.prepared).spread < 2


# Everything off


def test_a_line_cannot_cut_the_xor() -> None:
    said = bare(config_from({"data": "xor", "model": "mlp", "hidden": ()}))
    assert "a line cannot cut this. With `hidden=128,64`: 0% of what knowing nothing costs" in said


def test_a_sound_model_is_told_from_what_held_it_back() -> None:
    said = bare(config_from({"data": "wine", "model": "mlp", "dropout": 0.97}))
    assert "The model and the data are sound." in said
    assert said.endswith("it is by `dropout=0.97`.")


def test_no_signal_is_told_from_too_little_capacity(tmp_path: Path) -> None:
    frame = noise()
    frame["target"] = np.random.default_rng(1).permutation(frame["target"])
    said = bare(config_from({"data": table(tmp_path, frame), "target": "target"}))
    assert "learns the training rows by heart and nothing of others" in said
