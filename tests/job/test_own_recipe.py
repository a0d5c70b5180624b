"""A recipe of a user's own: trained, written down, gone on with, and chosen from, as those of the library are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from chainrule.constraints import Many, Range, constrained, whole
from chainrule.errors import ConfigError
from chainrule.job.choosing import default_space, dimension, question
from chainrule.job.config import Config, config_from
from chainrule.job.explain import explain_table
from chainrule.job.folder import RunFolder
from chainrule.job.resume import resumed
from chainrule.job.settings import parse_setting, read_run
from chainrule.job.train import Job
from chainrule.network import Network
from chainrule.nn import Loss
from chainrule.recipes import MODELS, Pace, Recipe, mlp, register
from chainrule.select import Span
from chainrule.types import Shape


@dataclass(frozen=True)
class Narrow(Recipe):
    """Layers of few units."""

    name: ClassVar[str] = "narrow"
    about: ClassVar[str] = "layers of few units"

    depth: int = whole(1, 9, default=2, about="hidden layers", search_between=(1, 3))
    widths: tuple[int, ...] | None = constrained(Many(Range(int, 1)), default=None, optional=True)
    slope: float = 0.5

    def pace(self, n_train: int) -> Pace:
        """Return a pace of its own."""
        return Pace(2, 2, 0.02, "cosine")

    def network(self, input_shape: Shape, outputs: int, loss: Loss) -> Network:
        """Return a narrow perceptron."""
        return mlp(input_shape, self.widths or (3,) * self.depth, outputs, loss)


@pytest.fixture(autouse=True)
def narrow() -> Iterator[None]:
    """Have the recipe in the table."""
    before = dict(MODELS)
    register(Narrow)
    yield
    MODELS.clear()
    MODELS.update(before)


def trained(folder: Path, config: Config) -> Job:
    job = Job(config, RunFolder(folder))
    list(job)
    job.finish()
    return job


def test_it_is_trained_at_its_own_pace(tmp_path: Path) -> None:
    job = trained(tmp_path / "run", Config("iris", model=Narrow(depth=3), engine="numpy"))
    assert (job.config.epochs, job.config.learning_rate, job.config.schedule) == (2, 0.02, "cosine")
    assert [row.name for row in job.network.rows()][::2] == ["hidden1", "hidden2", "hidden3", "output"]


def test_its_settings_are_written_down_and_gone_on_with(tmp_path: Path) -> None:
    trained(tmp_path / "run", Config("iris", model=Narrow(widths=(4, 2)), engine="numpy"))
    text = (tmp_path / "run" / "config.toml").read_text(encoding="utf-8")
    assert 'model = "narrow"  # layers of few units' in text
    assert "depth = 2  # hidden layers\nwidths = [4, 2]\nslope = 0.5\n" in text
    assert config_from(read_run(tmp_path / "run" / "config.toml")).model == Narrow(widths=(4, 2))
    assert resumed(tmp_path / "run", 5).config.model == Narrow(widths=(4, 2))


def test_its_settings_are_read_from_texts_as_they_are_declared() -> None:
    assert parse_setting("widths=4,2") == ("widths", (4, 2))
    with pytest.raises(ConfigError, match="whole numbers such as 64,32 for widths"):
        parse_setting("widths=wide")


def test_a_search_takes_its_settings_and_no_other_model_s() -> None:
    assert dimension("depth=1..3", "narrow") == ("depth", Span(1, 3, whole=True))
    with pytest.raises(ConfigError, match="depth to be"):
        dimension("depth=1..30", "narrow")
    with pytest.raises(ConfigError, match=r"hidden, which belongs to mlp and cnn"):
        dimension("hidden=4|8", "narrow")


def test_what_is_searched_where_nothing_is_named_is_what_it_says() -> None:
    assert default_space("narrow") == {
        "learning_rate": Span(1e-4, 1e-1),
        "l2": Span(1e-6, 1e-1),
        "depth": Span(1, 3, whole=True),
    }


def test_it_is_compared_with_another_model_on_the_same_settings() -> None:
    asked = question({"data": "iris", "model": "narrow", "depth": 1, "epochs": 1})
    assert asked.estimator({"depth": 2}).settings["depth"] == 2
    other = asked.estimator({"model": "mlp", "hidden": (3,)}).settings
    assert (other["model"], other["hidden"], "depth" in other) == ("mlp", (3,), False)


def test_a_setting_of_every_run_cannot_be_one_of_a_model() -> None:
    @dataclass(frozen=True)
    class Hasty(Narrow):
        name: ClassVar[str] = "hasty"
        epochs: int = 3

    with pytest.raises(ConfigError, match=r"a setting of the model hasty that no run has; got 'epochs'"):
        Config("iris", model=Hasty())


def test_a_run_of_a_recipe_that_is_not_imported_says_so(tmp_path: Path) -> None:
    trained(tmp_path / "run", Config("iris", model=Narrow(), engine="numpy"))
    del MODELS["narrow"]
    with pytest.raises(ConfigError, match=r"'narrow'.*must be imported first"):
        resumed(tmp_path / "run", 5)


def test_a_model_of_a_recipe_that_is_not_imported_is_explained(tmp_path: Path) -> None:
    trained(tmp_path / "run", Config("iris", model=Narrow(), engine="numpy", l2=0.25))
    del MODELS["narrow"]
    found = explain_table(tmp_path / "run", "iris", ["hidden1.W[0,0]"])
    assert "0.25" in found.derivations[0].text
