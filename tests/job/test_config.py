"""Settings: defaults, what wins over what, and TOML there and back."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ConfigError
from chainrule.job.config import Config, config_from
from chainrule.job.settings import layered, merge, overrides, parse_setting, read_config, read_run, to_toml, typed
from chainrule.job.texts import parse_part, parse_units
from chainrule.recipes import Auto, Cnn, Mlp


def test_only_the_data_must_be_named() -> None:
    with pytest.raises(ConfigError, match="chainrule train DATA"):
        config_from({"l2": 0.1})


def test_an_unknown_setting_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'batch_size'"):
        config_from({"data": "iris", "batchsize": 3})


BAD: list[tuple[str, Any]] = [
    ("dropout", 1.0),
    ("dropout", -0.1),
    ("dropout", "much"),
    ("dropout", True),
    ("valid", 1.0),
    ("valid", float("nan")),
    ("hidden", [0]),
    ("hidden", [2.5]),
    ("hidden", 64),
    ("learning_rate", 0.0),
    ("learning_rate", float("inf")),
    ("epochs", 0),
    ("epochs", 2.5),
    ("batch_size", -1),
    ("seed", 2**32),
    ("task", "Classification"),
    ("dtype", "float16"),
    ("columns", ["numeric"]),
    ("target", 3),
    ("normalised_penalty", 1),
    ("data", 3),
    ("time_limit", 0),
    ("label_smoothing", 1),
    ("huber_delta", 0),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_value_out_of_range_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        config_from({"data": "iris"} | {name: value})


def test_shares_that_leave_no_rows_are_refused() -> None:
    with pytest.raises(ConfigError, match="less than 1"):
        Config("iris", valid=0.5, test=0.5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("l2=0.1", ("l2", 0.1)),
        (" task = regression ", ("task", "regression")),
        ('target="1"', ("target", "1")),
        ("hidden=64,32", ("hidden", (64, 32))),
        ("hidden=[64, 32]", ("hidden", (64, 32))),
        ("normalised_penalty=true", ("normalised_penalty", True)),
        ("columns.zip=category", ("columns.zip", "category")),
        ("target=a=b", ("target", "a=b")),
        ("data=C:\\x", ("data", "C:\\x")),
    ],
)
def test_a_setting_is_toml_or_a_text_without_quotes(text: str, value: tuple[str, Any]) -> None:
    assert parse_setting(text) == value


@pytest.mark.parametrize("text", ["l2", "=3", "", " =1"])
def test_a_setting_without_name_or_value_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="NAME=VALUE"):
        parse_setting(text)


@pytest.mark.parametrize(
    ("text", "units"), [("64,32", (64, 32)), ("64-32", (64, 32)), ("8", (8,)), ("0", ()), ("", ()), (" 6 , 4 ", (6, 4))]
)
def test_hidden_units_are_read(text: str, units: tuple[int, ...]) -> None:
    assert parse_units(text) == units


@pytest.mark.parametrize("text", ["-5", "5,-4", "5,0", "a", "1e3", "2.5", "5--4"])
def test_hidden_units_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="64,32"):
        parse_units(text)


def test_a_part_is_a_share_or_a_file() -> None:
    assert (parse_part("0.25"), parse_part("valid.csv")) == (0.25, "valid.csv")


def test_what_was_not_given_is_left_open() -> None:
    assert overrides(["l2=0.3"], {"epochs": None, "seed": 0}) == {"l2": 0.3, "seed": 0}


@pytest.mark.parametrize(("sets", "flags"), [(["l2=0.3"], {"l2": 0.1}), (["l2=0.3", "l2=0.1"], {})])
def test_a_setting_that_is_given_twice_is_refused(sets: list[str], flags: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"`l2` to be given once.*0\.1.*l2=0\.3|l2=0\.3.*l2=0\.1"):
        overrides(sets, flags)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("hidden", "64,32", (64, 32)), ("image_size", "48x64", (48, 64)), ("valid", "0.2", 0.2), ("target", "1", "1")],
)
def test_the_text_of_a_flag_is_read_as_its_setting_is_declared(name: str, text: str, value: Any) -> None:
    assert typed(name, text) == value


def test_a_dot_reaches_into_a_table() -> None:
    settings: dict[str, Any] = {"columns": {"a": "text"}}
    merge(settings, "columns.b.c", "date")
    assert settings == {"columns": {"a": "text", "b.c": "date"}}


def test_a_choice_for_all_columns_and_one_for_some_stand_side_by_side() -> None:
    both = {"scaling": {"*": "minmax", "fare": "robust"}}
    assert overrides(["scaling=minmax", "scaling.fare=robust"], {}) == both
    assert overrides(["scaling.fare=robust", "scaling=minmax"], {}) == both


def test_a_choice_that_is_none_is_refused_by_its_column() -> None:
    with pytest.raises(ConfigError, match=r"scaling\.fare"):
        Config("x", scaling={"fare": "minmx"})


CONFIGS = [
    Config("x", scaling={"*": "minmax", "a b": "robust"}, order={"size": ["S", "M"]}, rare=0.01, impute="mean"),
    Config("x", order=["low", "high"], impute={"age": 3}),
    Config("iris"),
    Config("a b/ü 'q\" \\ #.csv", target="x = 1 # y", task="regression", header="none", missing_target="drop"),
    Config(
        "x.csv", valid="v.csv", test=0.0, model=Mlp(hidden=()), columns={"a.b": "text", 'q"': "date", "": "numeric"}
    ),
    Config("x", model=Mlp(hidden=(5,)), optimizer="momentum", optimizer_settings={"momentum": 0.5}, learning_rate=1e-7),
    Config("x", schedule="step", schedule_settings={"every": 3}, clip_norm=1.5, time_limit=0.5, data_sha256="ab"),
    Config("x").resolve(90),
    Config("x", model=Cnn()),
    Config("x", model=Cnn(filters=(4, 8), kernel=5, norm=False)),
    Config("x", model=Auto({"hidden": (4,)})),
]


@pytest.mark.parametrize("config", CONFIGS)
def test_settings_survive_toml_exactly(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(to_toml(config), encoding="utf-8")
    assert config_from(read_config(path)) == config


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_name_survives_toml(data: str, column: str) -> None:
    config = Config(data, target=column, columns={column: "text"})
    assert config_from(tomllib.loads(to_toml(config))) == config


def test_every_setting_is_written_with_what_it_means() -> None:
    text = to_toml(Config("iris", model=Cnn()))
    for setting in (*fields(Config), *fields(Cnn)):
        if setting.name not in ("model", "columns", "optimizer_settings", "augment_settings", "schedule_settings"):
            assert setting.name in text
            assert setting.metadata["about"] in text


@pytest.mark.parametrize("content", [b"data = ", b"\xff\xfe", b"data = 'x'\ndata = 'y'"])
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.toml").write_bytes(content)
    with pytest.raises(ConfigError, match="to be TOML"):
        read_config(tmp_path / "c.toml")


@pytest.mark.parametrize(
    ("n", "batch_size", "epochs", "rate"),
    [(20, 20, 500, 0.003), (90, 32, 500, 0.003), (9_999, 32, 30, 0.003), (50_000, 128, 30, 0.001)],
)
def test_open_settings_are_chosen_by_the_number_of_rows(n: int, batch_size: int, epochs: int, rate: float) -> None:
    config = Config("x").resolve(n)
    assert (config.batch_size, config.epochs, config.learning_rate) == (batch_size, epochs, rate)


def test_what_was_set_is_not_chosen_again() -> None:
    config = Config("x", batch_size=7, epochs=2, learning_rate=0.5).resolve(90)
    assert (config.batch_size, config.epochs, config.learning_rate) == (7, 2, 0.5)


def test_choosing_twice_changes_nothing() -> None:
    config = Config("x").resolve(90)
    assert config.resolve(90) == config


def test_a_plain_descent_starts_with_a_higher_rate() -> None:
    assert Config("x", optimizer="gradient_descent").resolve(90).learning_rate == 0.1


def test_a_search_takes_all_rows_at_once() -> None:
    assert Config("x", optimizer="lbfgs").resolve(90).batch_size == 90


@pytest.mark.parametrize(
    "settings", [{"learning_rate": 0.1}, {"batch_size": 16}, {"schedule": "cosine"}, {"clip_norm": 1.0}, {"plateau": 3}]
)
def test_a_search_has_no_rate_no_batches_and_no_schedule(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(ConfigError, match=f"no {name} for the optimizer lbfgs"):
        Config("x", optimizer="lbfgs", **settings).resolve(90)
    chosen = Config("x", optimizer="lbfgs").resolve(90)
    assert chosen.resolve(90) == chosen


def test_a_batch_of_more_than_the_rows_is_refused() -> None:
    with pytest.raises(ConfigError, match="`batch_size=90` or less"):
        Config("x", batch_size=91).resolve(90)


def test_what_was_asked_of_a_cnn_is_kept() -> None:
    config = config_from(
        {"data": "x", "filters": (8,), "hidden": (), "dropout": 0.0, "schedule": "cosine", "patience": 3}
    )
    settled = config.resolve(90, (28, 28, 1))
    assert settled.model == Cnn(filters=(8,), hidden=(), dropout=0.0)
    assert (settled.schedule, settled.patience) == ("cosine", 3)


def test_a_cnn_gets_a_rate_that_falls_to_its_end() -> None:
    config = Config("x").resolve(9000, (28, 28, 1))
    assert (config.schedule, config.patience, config.epochs, config.learning_rate) == ("one_cycle", 0, 12, 0.001)
    assert config.resolve(9000, (28, 28, 1)) == config


def test_a_search_has_no_falling_rate() -> None:
    assert Config("x", model=Cnn(), optimizer="lbfgs").resolve(90, (28, 28, 1)).schedule == "constant"


def test_a_model_is_a_recipe_or_is_named_in_a_mapping() -> None:
    with pytest.raises(ConfigError, match=r"a recipe for model.*'cnn'.*config_from"):
        Config("x", model="cnn")  # type: ignore[arg-type]
    assert config_from({"data": "x", "model": "cnn"}).model == Cnn()


@pytest.mark.parametrize("model", [3, ["mlp"], {"name": "mlp"}, True])
def test_a_model_that_is_no_name_is_refused(model: Any) -> None:
    with pytest.raises(ConfigError, match="the name of a model"):
        config_from({"data": "x", "model": model})


def test_a_file_with_a_setting_of_another_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('data = "x"\nmodel = "mlp"\nfilters = [3]\n')
    with pytest.raises(ConfigError, match=r"filters, which belongs to cnn\. Choose `model=cnn`"):
        config_from(read_config(tmp_path / "c.toml"))


OLD = 'data = "x"\nmodel = "mlp"\nkernel = 3\nconvolutions = 1\nnorm = true\nhidden = [5]\ndropout = 0.0\n'


def test_a_file_of_before_recipes_which_has_the_defaults_of_all_models_is_read(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(OLD)
    assert config_from(read_config(tmp_path / "c.toml")) == Config("x", model=Mlp(hidden=(5,)))


def test_a_run_of_before_recipes_keeps_what_had_an_effect(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(OLD + "filters = [32]\n")
    assert config_from(read_run(tmp_path / "c.toml")) == Config("x", model=Mlp(hidden=(5,)))


def test_another_model_leaves_behind_what_it_does_not_have() -> None:
    file = {"data": "x", "model": "cnn", "filters": [8], "hidden": [4]}
    assert layered(file, {"model": "mlp"}) == {"data": "x", "model": "mlp", "hidden": [4]}


def test_what_is_given_beside_another_model_is_kept_for_it_to_refuse() -> None:
    given = {"model": "mlp", "filters": (8,)}
    assert layered({"data": "x", "model": "cnn"}, given) == {"data": "x", "model": "mlp", "filters": (8,)}


def test_a_table_of_settings_is_filled_up_by_what_is_laid_over_it() -> None:
    found = layered({"columns": {"a": "text"}}, {"columns": {"b": "date"}})
    assert found == {"columns": {"a": "text", "b": "date"}}
