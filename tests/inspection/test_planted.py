"""A trained network: the column that matters stands first, which the derivatives by the inputs do not find."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chainrule.explain.derivatives import derivatives
from chainrule.job.config import config_from
from chainrule.job.folder import RunFolder
from chainrule.job.train import Job, Outcome


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, Outcome]:
    """Return a run on a number that decides, and forty towns that hardly do; one class is rare."""
    rng = np.random.default_rng(0)
    n = 700
    income = rng.normal(size=n)
    town = rng.integers(0, 40, n)
    bought = rng.random(n) < 1 / (1 + np.exp(2.2 - 2 * income - 0.02 * (town - 20)))
    folder = tmp_path_factory.mktemp("planted")
    table = pd.DataFrame(
        {"town": [f"town {t}" for t in town], "income": income.round(3), "bought": np.where(bought, "yes", "no")}
    )
    table.to_csv(folder / "people.csv", index=False)
    settings = {
        "data": str(folder / "people.csv"),
        "target": "bought",
        "epochs": 25,
        "hidden": (16,),
        "engine": "numpy",
    }
    job = Job(config_from(settings), RunFolder(folder / "run"))
    for _ in job:
        pass
    return job, job.finish(replays=False)


def test_shuffling_finds_the_column_that_matters_where_summed_derivatives_find_the_one_of_many_inputs(
    trained: tuple[Job, Outcome],
) -> None:
    job, outcome = trained
    assert outcome.inspected is not None
    assert outcome.inspected.importance is not None
    assert outcome.inspected.importance.names == ("income", "town")
    assert outcome.inspected.importance.low[0] > 0
    batch = job.prepared.parts["train"].batch
    engine = job.choice.engine
    _, dx = derivatives(outcome.model.network, engine, engine.place(outcome.model.params), batch)
    pull = np.abs(dx).mean(axis=0) * batch.x.std(axis=0)
    at = {encoder.name: len(encoder.features) for encoder in job.prepared.preparation.encoders}
    assert list(at) == ["town", "income"]
    assert pull[: at["town"]].sum() > pull[at["town"] :].sum()


def test_the_outcome_has_intervals_rivals_and_what_to_decide(trained: tuple[Job, Outcome]) -> None:
    _, outcome = trained
    assert list(outcome.rivals) == ["linear", "trees"]
    assert set(outcome.rivals["linear"]) == set(outcome.metrics["test"])
    bounds = outcome.intervals["accuracy"]
    assert bounds["low"] < outcome.metrics["test"]["accuracy"] < bounds["high"]
    assert outcome.told[0][0] == "worth"


def test_how_many_threads_multiplied_is_written_down(trained: tuple[Job, Outcome]) -> None:
    _, outcome = trained
    assert "# Trained with" in outcome.folder.config.read_text(encoding="utf-8")
    assert "threads: " in outcome.folder.report.read_text(encoding="utf-8")


def test_mistakes_show_the_columns_that_matter_first(trained: tuple[Job, Outcome]) -> None:
    page = trained[1].folder.report.read_text(encoding="utf-8")
    assert "<th>true</th><th>predicted</th><th>income</th><th>town</th>" in page
