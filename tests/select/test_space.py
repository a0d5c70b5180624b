"""Spaces: log scales unless there is a reason against it, edges, and what is no space."""

from __future__ import annotations

import optuna
import pytest

from chainrule.errors import ConfigError
from chainrule.select.space import Choice, Span, shown


def test_a_span_above_zero_is_on_a_log_scale_and_one_from_zero_is_not() -> None:
    assert (Span(1e-4, 1e-1).log, Span(0.0, 0.5).log, Span(1, 5, log=False).log) == (True, False, False)


def test_a_log_span_is_drawn_evenly_over_its_powers_of_ten() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    span = Span(1e-4, 1.0)
    drawn = [span.suggest(study.ask(), "rate") for _ in range(400)]
    assert 0.2 < sum(value < 1e-3 for value in drawn) / 400 < 0.3


def test_whole_numbers_are_whole() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    assert all(isinstance(Span(1, 64, whole=True).suggest(study.ask(), "n"), int) for _ in range(20))


def test_choices_of_any_kind_survive_a_storage_of_texts() -> None:
    choice = Choice([(64,), (128, 64), ()])
    trial = optuna.create_study().ask()
    assert choice.suggest(trial, "hidden") == choice.value(trial.params["hidden"])
    assert choice.value("128,64") == (128, 64)
    assert str(choice) == "64 | 128,64 | 0"


@pytest.mark.parametrize(
    ("span", "best", "words"),
    [
        (Span(1e-4, 1e-1), 0.099, "search up to 1."),
        (Span(1e-4, 1e-1), 1.1e-4, "search down to 1e-05."),
        (Span(1e-4, 1e-1), 3e-3, ""),
        (Span(0.0, 0.5), 0.0, ""),
        (Span(0.0, 0.5), 0.49, "search up to 1."),
    ],
)
def test_the_best_at_an_edge_is_told_but_zero_has_nothing_below_it(span: Span, best: float, words: str) -> None:
    assert span.advice("rate", best).endswith(words)
    assert bool(span.advice("rate", best)) == bool(words)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Span(1.0, 1.0), "from a lower to a higher number"),
        (lambda: Span(0.0, float("inf")), "from a lower to a higher number"),
        (lambda: Span(0.0, 1.0, log=True), "above 0 on a log scale"),
        (lambda: Choice(["a", "a"]), "two or more different values"),
    ],
)
def test_what_is_no_space_is_answered(make: object, error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        make()  # type: ignore[operator]


def test_settings_are_shown_short() -> None:
    assert (shown(0.123456), shown((64, 32)), shown("relu")) == ("0.1235", "64,32", "relu")
