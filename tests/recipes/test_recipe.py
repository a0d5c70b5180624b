"""Recipes: the table of models, what each refuses, and what is chosen by the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from chainrule.constraints import whole
from chainrule.errors import ConfigError, ShapeError
from chainrule.network import Network
from chainrule.nn import Loss, SoftmaxCrossEntropy
from chainrule.recipes import MODELS, Auto, Cnn, Mlp, Pace, Recipe, mlp, recipe_from, register
from chainrule.types import Shape

LOSS = SoftmaxCrossEntropy()


@dataclass(frozen=True)
class Narrow(Recipe):
    """One hidden unit a layer."""

    name: ClassVar[str] = "narrow"
    about: ClassVar[str] = "one hidden unit a layer"

    depth: int = whole(1, default=2, about="hidden layers")

    def network(self, input_shape: Shape, outputs: int, loss: Loss) -> Network:
        """Return a perceptron of width 1."""
        return mlp(input_shape, (1,) * self.depth, outputs, loss)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, type[Recipe]]]:
    """Return the table of models, restored after the test."""
    before = dict(MODELS)
    yield MODELS
    MODELS.clear()
    MODELS.update(before)


def test_what_is_registered_is_made_by_its_name(table: dict[str, type[Recipe]]) -> None:
    register(Narrow)
    assert recipe_from("narrow", {"depth": 3}) == Narrow(3)


def test_a_second_recipe_of_the_same_name_is_refused(table: dict[str, type[Recipe]]) -> None:
    @dataclass(frozen=True)
    class Other(Narrow):
        name: ClassVar[str] = "mlp"

    with pytest.raises(ConfigError, match="a second 'mlp'"):
        register(Other)
    assert table["mlp"] is Mlp


def test_a_class_that_is_defined_again_takes_its_own_place(table: dict[str, type[Recipe]]) -> None:
    def define() -> type[Recipe]:
        @register
        @dataclass(frozen=True)
        class Again(Narrow):
            name: ClassVar[str] = "again"

        return Again

    define()
    second = define()
    assert table["again"] is second


def _plain() -> type[Recipe]:
    class Plain(Narrow):
        name: ClassVar[str] = "plain"

    return Plain


def _without_default() -> type[Recipe]:
    @dataclass(frozen=True)
    class Open(Recipe):
        name: ClassVar[str] = "open"
        about: ClassVar[str] = "x"
        depth: int

        network = Narrow.network  # type: ignore[assignment]

    return Open


def _without_a_name() -> type[Recipe]:
    @dataclass(frozen=True)
    class Nameless(Recipe):
        about: ClassVar[str] = "x"

        network = Narrow.network  # type: ignore[assignment]

    return Nameless


@pytest.mark.parametrize(
    ("make", "says"),
    [(_plain, "@dataclass"), (_without_default, "a default for depth"), (_without_a_name, "to have a name")],
)
def test_a_class_that_cannot_be_made_from_settings_is_refused(make: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        register(make())


def test_an_unknown_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'cnn'"):
        recipe_from("cnnn", {})


def test_a_model_that_nobody_knows_is_refused_with_the_list_and_a_hint() -> None:
    with pytest.raises(
        ConfigError,
        match=r"Choose one of: auto, mlp, cnn, linear, rnn, lstm, gru, transformer\. A recipe of your own must be imported",
    ):
        recipe_from("ensemble", {})


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("mlp", {"filters": (3,)}, "a setting of the model mlp; got filters, which belongs to cnn. Choose `model=cnn`"),
        ("cnn", {"hiden": (3,)}, "'hiden'. Did you mean 'hidden'?"),
        ("auto", {"hiden": (3,)}, "'hiden'. Did you mean 'hidden'?"),
        ("cnn", {"kernel": 0}, "kernel to be a whole number of at least 1; got 0"),
        ("auto", {"kernel": 0}, "kernel to be a whole number of at least 1; got 0"),
        ("mlp", {"dropout": "much"}, "dropout to be a number"),
    ],
)
def test_what_a_model_does_not_accept_is_refused(name: str, settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        recipe_from(name, settings)
    assert says in str(caught.value)


def test_lists_become_tuples() -> None:
    assert recipe_from("mlp", {"hidden": [4, 3]}) == Mlp(hidden=(4, 3))


@pytest.mark.parametrize(
    ("shape", "kind"), [((16, 20, 1), Cnn), ((8, 8, 1), Mlp), ((784,), Mlp), ((16, 15, 3), Mlp), ((100, 20), Mlp)]
)
def test_large_pictures_get_a_cnn_and_small_ones_and_tables_a_perceptron(shape: Shape, kind: type[Recipe]) -> None:
    assert type(Auto().resolved(90, shape)) is kind


def test_the_latest_that_claims_a_shape_is_taken(table: dict[str, type[Recipe]]) -> None:
    @register
    @dataclass(frozen=True)
    class Rows(Narrow):
        name: ClassVar[str] = "rows"

        @classmethod
        def claims(cls, input_shape: Shape) -> bool:
            return len(input_shape) == 1

    assert Auto({"depth": 5}).resolved(9, (4,)) == Rows(5)
    assert Auto().resolved(9, (8, 8, 1)) == Mlp()


def test_what_was_given_for_another_kind_than_the_data_asks_for_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"the model mlp, which is taken for inputs of shape \(4,\); got filters"):
        Auto({"filters": (3,)}).resolved(90, (4,))


def test_what_was_given_is_kept_when_the_kind_is_chosen() -> None:
    assert Auto({"hidden": [7]}).resolved(90, (4,)) == Mlp(hidden=(7,))


def test_a_choice_that_waits_for_the_data_makes_no_network() -> None:
    with pytest.raises(ConfigError, match="a model that is settled"):
        Auto().network((4,), 3, LOSS)


@pytest.mark.parametrize(("n", "filters"), [(1999, (16, 32)), (2000, (32, 64))])
def test_a_cnn_has_fewer_filters_for_fewer_pictures(n: int, filters: tuple[int, ...]) -> None:
    assert Cnn().resolved(n, (28, 28, 1)) == Cnn(filters=filters)


def test_a_cnn_is_none_for_tables() -> None:
    with pytest.raises(
        ShapeError, match=r"pictures of shape .* for the model cnn; got inputs of \(4,\)\. .*`model=mlp`"
    ):
        Cnn().resolved(90, (4,))


def test_a_cnn_without_filters_asks_for_them() -> None:
    with pytest.raises(ConfigError, match="Set `filters`"):
        Cnn().network((28, 28, 1), 3, LOSS)


def test_the_networks_are_those_of_the_functions_of_their_name() -> None:
    from chainrule.recipes.cnn import cnn

    made = Mlp(hidden=(5,), activation="tanh", dropout=0.2, init="glorot").network((4,), 3, LOSS)
    assert made == mlp((4,), (5,), 3, LOSS, activation="tanh", dropout=0.2, init="glorot")
    settings: dict[str, Any] = {"filters": (2,), "kernel": 5, "convolutions": 2, "norm": False, "hidden": (3,)}
    settings |= {"activation": "elu", "dropout": 0.1, "init": "he"}
    assert Cnn(**settings).network((8, 8, 1), 3, LOSS) == cnn((8, 8, 1), 3, LOSS, **settings)


def test_few_rows_are_learned_from_faster_by_a_perceptron_and_slower_by_a_cnn() -> None:
    rates = [recipe.pace(n).learning_rate for recipe in (Mlp(), Cnn()) for n in (9_999, 10_000)]
    assert rates == [0.003, 0.001, 0.001, 0.003]


def test_a_recipe_says_by_itself_what_it_has_and_leaves_the_rest_as_usual() -> None:
    assert (Narrow().describe(), Narrow().pace(9), Narrow().wider(), Narrow().calmer()) == (
        "narrow, depth 2",
        Pace(),
        {},
        {},
    )
