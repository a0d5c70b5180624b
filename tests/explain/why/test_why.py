"""What is told of a derivation: its cause, its line, the right line; and nothing of one that is right."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from chainrule import explain
from chainrule.errors import ConfigError
from chainrule.explain.why import question_like
from chainrule.explain.why.mutants import mutants
from chainrule.explain.why.program import Line, evaluate
from tests.explain.why import corpus
from tests.explain.why.corpus import Case
from tests.explain.why.judging import judged, judged_source

NETWORK = corpus.NETWORK


@pytest.mark.parametrize("case", [*corpus.PLANTED, *corpus.HARDER], ids=lambda case: case.name)
def test_a_mistake_is_named_in_its_line(case: Case) -> None:
    verdict = judged(case)
    assert verdict.outcome == "wrong"
    assert any(case.cause in said for said in verdict.causes), verdict
    assert case.line in verdict.code, verdict


@pytest.mark.parametrize("case", corpus.RIGHT, ids=lambda case: case.name)
def test_a_right_derivation_of_another_style_is_right(case: Case) -> None:
    verdict = judged(case)
    assert (verdict.outcome, verdict.causes, verdict.score) == ("right", (), 1.0), verdict


def _dW(x: Any, t: Any, y: Any, z: Any, V: Any) -> Any:
    back = (y - t) @ V.T
    inner = back * (1 - z)
    return x.T @ inner


def test_the_right_line_is_told_in_the_students_own_names() -> None:
    verdict = explain.why(_dW, NETWORK, of="dW")
    assert verdict.code == "inner = back * (1 - z)"
    assert verdict.right_line == "inner = back * z * (1 - z)"
    assert verdict.cause == "the factor `z` is left out"
    assert verdict.score == 0.75
    assert "the steps after it are right: they follow from your value" in verdict.notes
    assert "`back` is ∂J/∂z" in verdict.reason


def test_what_no_slip_gives_has_a_line_but_no_cause() -> None:
    source = corpus.AHEAD + corpus.ONE_LINE.replace("(y - t)", "(y - t + 0.1 * y ** 3)")
    verdict = judged_source(source, question_like("dW", NETWORK))
    assert verdict.causes == ()
    assert verdict.code.startswith("return")
    assert any("entry is right" in note or "entries are right" in note for note in verdict.notes)


def test_a_result_of_zeros_has_no_cause() -> None:
    source = corpus.AHEAD + "\ndef f(x, V):\n    return np.zeros((x.shape[1], len(V)))\n"
    verdict = judged_source(source, question_like("dW", NETWORK))
    assert (verdict.outcome, verdict.causes) == ("wrong", ())
    assert "all its entries are zero" in verdict.notes


def test_slips_that_cannot_be_told_apart_are_told_as_one_of() -> None:
    source = corpus.AHEAD + corpus.LOOPS.replace("back * z[n, m] * (1 - z[n, m])", "back")
    text = str(judged_source(source, question_like("dW", NETWORK)))
    assert "one of these, which give the same numbers:" in text


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return None", "got None: is `return` missing?"),
        ("return [1.0, 2.0]", "got a list of 2"),
        ("return np.full((3, 5), np.nan)", "15 of 15 entries are NaN or infinite"),
        ("y -= t; return y", "it changes its argument y"),
        ("return np.random.normal(size=(x.shape[1], z.shape[1]))", "two calls with the same arguments give different"),
        ("raise KeyError('k')", "it raises at N=7, D=3, M=5, K=4: KeyError: 'k'"),
        ("return x.T @ 'a'", "it raises at"),
        ("while True: pass", "it did not end within 0.2 seconds"),
    ],
)
def test_what_cannot_be_judged_is_told(body: str, told: str) -> None:
    names: dict[str, Any] = {}
    exec(corpus.AHEAD + f"def f(x, t, y, z, V):\n    {body}\n", names)
    verdict = explain.why(names["f"], NETWORK, of="dW", seconds=0.2 if "while" in body else 5)
    assert verdict.outcome == "not valid"
    assert told in verdict.reason


def test_a_function_that_fails_at_one_size_says_which() -> None:
    source = corpus.AHEAD + corpus.ONE_LINE.replace("return", "if len(x) == 5: raise ValueError('five')\n    return")
    verdict = judged_source(source, question_like("dW", NETWORK))
    assert "it raises at N=5, D=6, M=4, K=3: ValueError: five" in verdict.reason
    assert "a size is written into it" in verdict.notes[0]


def test_a_transposed_factor_that_runs_only_at_equal_sizes_is_named() -> None:
    verdict = judged_source(corpus.AHEAD + corpus.ONE_LINE.replace("V.T", "V"), question_like("dW", NETWORK))
    assert verdict.cause is not None
    assert "transposed" in verdict.cause


def test_the_wrong_shape_is_told_with_the_right_one() -> None:
    verdict = judged(next(case for case in corpus.PLANTED if case.name == "transposed"))
    assert any("the shape is (5, 3) where (3, 5) is expected, as W has" in note for note in verdict.notes)


def test_arguments_may_have_other_names() -> None:
    def gradient(inputs_: Any, e: Any, y: Any, z: Any, V: Any) -> Any:
        return inputs_.T @ ((y - e) @ V.T * z * (1 - z))

    assert explain.why(gradient, NETWORK, of="dW", arguments={"inputs_": "x", "e": "t"}).is_right
    with pytest.raises(ConfigError, match="`inputs_`"):
        explain.why(gradient, NETWORK, of="dW")


@pytest.mark.parametrize(
    ("of", "like", "settings", "told"),
    [
        ("dU", NETWORK, {}, "one of"),
        ("dW", "softmax(x W", {}, "a network such as"),
        ("dW", "softmax(softmax(x W + b) V + c)", {}, "softmax at the output alone"),
        ("dW", "softmax(x W + b)", {"cost": "squared"}, "cross-entropy for softmax"),
        ("dW", "tanh(x W + b)", {"cost": "cross-entropy"}, "softmax or sigmoid"),
        ("dW", NETWORK, {"penalty": "l3"}, "l1 or l2"),
    ],
)
def test_what_is_no_question_is_refused(of: str, like: str, settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        question_like(of, like, **settings)


LIKES = (NETWORK, corpus.DEEP_LIKE, corpus.RELU_LIKE, "sigmoid(x W + b)", "x W + b", "tanh(tanh(x W) V)")
SETTINGS = ({}, {"mean": True}, {"likelihood": True}, {"mean": True, "penalty": "l2"}, {"penalty": "l1"})


@pytest.mark.parametrize(("like", "settings"), list(itertools.product(LIKES, SETTINGS)))
def test_each_derivation_is_the_slope_of_its_cost(like: str, settings: dict[str, Any]) -> None:
    cost = {"cost": "squared"} if like.startswith("tanh") else {}
    weights = {"W", "V", "b", "c", "W1", "W2", "b1"} & set(like.replace("(", " ").replace(")", " ").split())
    for weight in weights:
        question = question_like(f"d{weight}", like, **settings, **cost)
        assert question.cost
        # Raises if the lines are not the slope.
        question.problems()


@pytest.mark.parametrize("like", LIKES)
def test_each_slip_of_each_line_can_be_read_and_changes_the_line(like: str) -> None:
    cost = {"cost": "squared"} if like.startswith("tanh") else {}
    question = question_like("dW" if " W " in like or like.startswith("x W") or "x W)" in like else "dW1", like, **cost)
    problem = question.problems()[0]
    for line in question.path:
        made = list(mutants(line, question, {name: ("t",) for name in line.reads if np.ndim(problem.values[name])}))
        assert made
        for one in made:
            assert one.source != line.source
            # A second slip, which two at once are made of.
            for second in itertools.islice(mutants(Line(line.name, one.source), question, {}), 3):
                compile(second.source, "", "eval")


def test_a_derivation_that_is_no_slope_is_refused() -> None:
    from dataclasses import replace

    question = question_like("dV", NETWORK)
    lines = tuple(Line("dV", "2 * (z.T @ da2)") if line.name == "dV" else line for line in question.lines)
    with pytest.raises(AssertionError, match="not the slope"):
        replace(question, lines=lines).problems()
    assert evaluate("sigmoid(0.0)", {}) == 0.5


def test_a_loop_that_takes_weights_in_another_order_is_not_taken_for_right() -> None:
    source = corpus.AHEAD + corpus.LOOPS.replace("V[m, k]", "V[-m, k]")
    verdict = judged_source(source, question_like("dW", NETWORK))
    assert verdict.code.startswith("back +="), verdict
    assert "is ∂J/∂z" not in verdict.reason
