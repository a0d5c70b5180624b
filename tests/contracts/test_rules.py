"""The contract of an optimizer's rule: one formula for one array, for a flat vector and for a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from chainrule.engine import Engine, engine_by_name
from chainrule.engine.numpy import BLOCK
from chainrule.errors import ConfigError
from chainrule.models.learning import PlainAdam
from chainrule.optim import (
    RULES,
    AdaGrad,
    Adam,
    AdamW,
    Averaged,
    GradientAscent,
    GradientDescent,
    Momentum,
    Muon,
    Nesterov,
    RMSProp,
    Rule,
    start_moments,
)
from chainrule.optim.rules import register
from chainrule.train.steps import moved
from chainrule.tree import leaves, map_leaves
from tests.contracts.checks import agreement, assert_close, assert_trees_close, precision

CASES: list[Rule] = [
    GradientDescent(),
    GradientAscent(),
    Momentum(),
    Momentum(0.5),
    Nesterov(),
    RMSProp(),
    RMSProp(decay=0.5, epsilon=0.1),
    AdaGrad(),
    Adam(),
    Adam(beta1=0.5, beta2=0.7, epsilon=0.1),
    AdamW(),
    AdamW(decay=0.3),
    Muon(),
    Muon(momentum=0.5, decay=0.3, elsewhere=1.0),
    PlainAdam(),
    PlainAdam(Adam(0.5, 0.7, 0.1)),
]
RATE = 0.1
every_rule = pytest.mark.parametrize("rule", CASES, ids=repr)

SMALL = {"hidden1": {"W": (4, 3), "b": (3,)}, "tanh1": {}, "output": {"W": (3, 2), "b": (2,)}}
LARGE = {"hidden1": {"W": (300, 240), "b": (120,)}, "tanh1": {}, "output": {"W": (120, 3), "b": (3,)}}


def tree(shapes: Any, seed: int, dtype: str = "float64") -> dict[str, Any]:
    """Return a tree of random arrays."""
    rng = np.random.default_rng(seed)
    return map_leaves(lambda shape: rng.normal(size=shape).astype(dtype), shapes)


def numbers(rule: Rule, steps: int, rate: float = RATE) -> Iterator[dict[str, float]]:
    """Yield what `update` needs, step by step, as Python floats."""
    c = rule.coefficients(np.arange(1, steps + 1), np.full(steps, rate))
    for i in range(steps):
        yield {name: float(column[i]) for name, column in c.items()}


def descend(rule: Rule, w: np.ndarray, gradient: Callable[[np.ndarray], np.ndarray], steps: int) -> np.ndarray:
    """Return w after some steps of the rule, on NumPy, array by array."""
    xp = engine_by_name("numpy").xp
    state = {name: np.zeros_like(w) for name in rule.moments}
    for c in numbers(rule, steps):
        w, state = rule.update(xp, w, gradient(w), state, c)
    return w


def leaf_by_leaf(rule: Rule, shapes: Any, steps: int) -> dict[str, Any]:
    """Return a tree after some steps whose gradients are random, each leaf updated on its own."""
    xp = engine_by_name("numpy").xp
    params = dict(leaves(tree(shapes, 0)))
    states = {path: {name: np.zeros_like(w) for name in rule.moments} for path, w in params.items()}
    for step, c in enumerate(numbers(rule, steps)):
        for path, g in leaves(tree(shapes, step + 1)):
            update = partial(rule.update_array, xp, path) if rule.by_array else partial(rule.update, xp)
            params[path], states[path] = update(params[path], g, states[path], c)
    return params


def by_engine(engine: Engine, rule: Rule, shapes: Any, steps: int) -> dict[str, Any]:
    """Return the same tree after the same steps, taken by `engine.each`."""
    params = engine.place(tree(shapes, 0))
    moments = {name: engine.zeros(params) for name in rule.moments}
    with precision(engine.name, engine.dtype):
        for step, c in enumerate(numbers(rule, steps)):
            grads = map_leaves(engine.array, tree(shapes, step + 1))
            params, moments = moved(engine, rule, params, grads, moments, c)
    return {path: engine.numpy(w) for path, w in leaves(params)}


@pytest.mark.parametrize("name", RULES)
def test_every_registered_rule_has_a_case(name: str) -> None:
    assert RULES[name] in {type(rule) for rule in CASES}


@pytest.mark.parametrize("name", RULES)
def test_every_registered_rule_has_a_first_step_by_hand(name: str) -> None:
    assert RULES[name] in {type(rule) for rule, _ in BY_HAND}


@every_rule
def test_one_vector_is_updated_as_its_arrays_are(rule: Rule) -> None:
    expected = leaf_by_leaf(rule, SMALL, 3)
    actual = by_engine(engine_by_name("numpy", "float64"), rule, SMALL, 3)
    assert all(np.array_equal(actual[path], w) for path, w in expected.items())


@every_rule
def test_blocks_are_updated_as_whole_arrays_are(rule: Rule) -> None:
    assert 2 * BLOCK < 300 * 240
    expected = leaf_by_leaf(rule, LARGE, 2)
    actual = by_engine(engine_by_name("numpy", "float64"), rule, LARGE, 2)
    assert all(np.array_equal(actual[path], w) for path, w in expected.items())


@every_rule
def test_a_tree_on_jax_is_updated_as_its_arrays_are(rule: Rule) -> None:
    expected = leaf_by_leaf(rule, SMALL, 3)
    actual = by_engine(engine_by_name("jax", "float64"), rule, SMALL, 3)
    assert_trees_close(actual, expected, agreement(np.float64))


@every_rule
def test_a_rule_writes_to_nothing_that_it_is_given(rule: Rule) -> None:
    w, g = np.ones(3), np.ones(3)
    state = {name: np.ones(3) for name in rule.moments}
    for array in (w, g, *state.values()):
        array.setflags(write=False)
    rule.update(engine_by_name("numpy").xp, w, g, state, next(numbers(rule, 1)))


@every_rule
def test_a_rule_remembers_exactly_its_moments(rule: Rule) -> None:
    w = np.ones((2, 3))
    state = {name: np.zeros_like(w) for name in rule.moments}
    _, after = rule.update(engine_by_name("numpy").xp, w, w, state, next(numbers(rule, 1)))
    assert {name: value.shape for name, value in after.items()} == dict.fromkeys(rule.moments, (2, 3))


@every_rule
def test_float32_stays_float32(rule: Rule) -> None:
    w = np.ones(3, np.float32)
    state = {name: np.zeros_like(w) for name in rule.moments}
    new, after = rule.update(engine_by_name("numpy").xp, w, w, state, next(numbers(rule, 1)))
    assert {str(array.dtype) for array in (new, *after.values())} == {"float32"}


@every_rule
def test_a_zero_gradient_from_the_start_moves_nothing_but_decay(rule: Rule) -> None:
    after = descend(rule, np.array([2.0]), np.zeros_like, 3)
    decay = {AdamW: 1.0, Muon: getattr(rule, "elsewhere", 0.0)}.get(type(rule), 0.0) * getattr(rule, "decay", 0.0)
    assert_close(after, [2.0 * (1 - RATE * decay) ** 3], 1e-15)


@every_rule
def test_a_rule_is_a_value(rule: Rule) -> None:
    assert hash(type(rule)(**vars(rule))) == hash(rule)


@every_rule
def test_a_quadratic_is_descended(rule: Rule) -> None:
    # Muon's rule for what is no matrix goes at a tenth of the rate.
    w = descend(rule, np.array([1.0, -1.0]), lambda w: w * [1.0, 3.0], 200)
    assert np.abs(w).max() < 0.2


def test_gradient_descent_on_a_quadratic_is_a_geometric_sequence() -> None:
    k = np.array([0.5, 1.0, 3.0])
    w = descend(GradientDescent(), np.ones(3), lambda w: k * w, 20)
    assert_close(w, (1 - RATE * k) ** 20, agreement(np.float64))


@pytest.mark.parametrize("rule", [Momentum(0.7), Nesterov(0.7)], ids=repr)
def test_momentum_on_a_quadratic_is_a_matrix_power(rule: Momentum | Nesterov) -> None:
    # With g = k w: v' = μ v - η k w; w' = w + v' (momentum) or w + μ v' - η k w (Nesterov).
    k, mu = 2.0, 0.7
    velocity = np.array([-RATE * k, mu])
    weight = np.array([1.0, 0.0]) + (velocity if isinstance(rule, Momentum) else mu * velocity + [-RATE * k, 0.0])
    expected = (np.linalg.matrix_power(np.stack([weight, velocity]), 15) @ [1.0, 0.0])[0]
    assert_close(descend(rule, np.array([1.0]), lambda w: k * w, 15), [expected], agreement(np.float64))


@pytest.mark.parametrize("gradient", [0.001, -1.0, 50.0])
def test_adam_under_a_constant_gradient_steps_by_the_learning_rate(gradient: float) -> None:
    # m̂ = g and v̂ = g² at every step, because both are corrected for having started at zero.
    w = descend(Adam(epsilon=1e-300), np.zeros(1), lambda w: np.full(1, gradient), 7)
    assert_close(w, [-7 * RATE * np.sign(gradient)], agreement(np.float64))


def test_adagrad_under_a_constant_gradient_slows_down_as_the_root_of_time() -> None:
    w = descend(AdaGrad(epsilon=1e-300), np.zeros(1), lambda w: np.full(1, 5.0), 4)
    assert_close(w, [-RATE * sum(t**-0.5 for t in (1, 2, 3, 4))], agreement(np.float64))


def test_adamw_without_decay_is_adam() -> None:
    w = np.array([1.0, -2.0])
    gradient = lambda w: w**3  # noqa: E731
    assert np.array_equal(descend(AdamW(decay=0.0), w, gradient, 9), descend(Adam(), w, gradient, 9))


def test_gradient_ascent_is_gradient_descent_bit_for_bit() -> None:
    w = np.random.default_rng(0).normal(size=50).astype(np.float32)
    gradient = lambda w: np.tanh(w) + 0.5 * w  # noqa: E731
    assert np.array_equal(descend(GradientAscent(), w, gradient, 25), descend(GradientDescent(), w, gradient, 25))


# Two steps from w = 1 with the gradients 2 and -1 at η = 0.1, computed by hand.
BY_HAND: list[tuple[Rule, tuple[float, float]]] = [
    (GradientDescent(), (0.8, 0.9)),
    (GradientAscent(), (0.8, 0.9)),
    # v = -0.2, then 0.9 (-0.2) + 0.1 = -0.08
    (Momentum(0.9), (0.8, 0.72)),
    # v as above; w + 0.9 v - 0.1 g
    (Nesterov(0.9), (1 - 0.18 - 0.2, 1 - 0.18 - 0.2 - 0.072 + 0.1)),
    # s = 0.5 · 4 = 2, then 1 + 0.5 = 1.5; ε = 1 stands outside the root
    (RMSProp(0.5, 1.0), (1 - 0.2 / (2**0.5 + 1), 1 - 0.2 / (2**0.5 + 1) + 0.1 / (1.5**0.5 + 1))),
    # s = 4, then 5
    (AdaGrad(1.0), (1 - 0.2 / 3, 1 - 0.2 / 3 + 0.1 / (5**0.5 + 1))),
    # m = 1, then 0; v = 2, then 1.5; m̂ = 2, then 0; v̂ = 4, then 2
    (Adam(0.5, 0.5, 1.0), (1 - 0.2 / 3, 1 - 0.2 / 3)),
    # The same after w is shrunk by 1 - 0.1 · 0.5 = 0.95
    (Muon(decay=0.5, elsewhere=1.0, beta1=0.5, beta2=0.5, epsilon=1.0), (0.95 - 0.2 / 3, 0.95 * (0.95 - 0.2 / 3))),
    (AdamW(0.5, 0.5, 0.5, 1.0), (0.95 - 0.2 / 3, 0.95 * (0.95 - 0.2 / 3))),
]


@pytest.mark.parametrize(("rule", "expected"), BY_HAND, ids=lambda value: type(value).__name__)
def test_two_steps_are_those_computed_by_hand(rule: Rule, expected: tuple[float, float]) -> None:
    gradients = iter([2.0, -1.0])
    path: list[float] = []

    def gradient(w: np.ndarray) -> np.ndarray:
        path.append(float(w[0]))
        return np.full(1, next(gradients))

    path.append(float(descend(rule, np.ones(1), gradient, 2)[0]))
    assert_close(path[1:], expected, agreement(np.float64))


PEERS: list[tuple[Rule, str, dict[str, Any]]] = [
    (GradientDescent(), "SGD", {}),
    (Momentum(0.9), "SGD", {"momentum": 0.9}),
    (Nesterov(0.9), "SGD", {"momentum": 0.9, "nesterov": True}),
    (RMSProp(0.8, 1e-3), "RMSprop", {"alpha": 0.8, "eps": 1e-3}),
    (AdaGrad(1e-3), "Adagrad", {"eps": 1e-3}),
    (Adam(0.8, 0.95, 1e-3), "Adam", {"betas": (0.8, 0.95), "eps": 1e-3}),
    (AdamW(0.1, 0.8, 0.95, 1e-3), "AdamW", {"betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
]


@pytest.mark.parametrize(("rule", "peer", "options"), PEERS, ids=str)
def test_a_rule_walks_the_path_of_its_peer_in_torch(rule: Rule, peer: str, options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    start = np.array([1.0, -2.0, 0.5])
    weights = torch.tensor(start, requires_grad=True)
    optimizer = getattr(torch.optim, peer)([weights], lr=RATE, **options)
    for _ in range(25):
        optimizer.zero_grad()
        (weights**4 / 4 + weights).sum().backward()
        optimizer.step()
    ours = descend(rule, start, lambda w: w**3 + 1, 25)
    assert_close(ours, weights.detach().numpy(), agreement(np.float64))


def test_a_second_rule_of_the_same_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="a second 'adam'"):
        register("adam")(GradientDescent)
    assert RULES["adam"] is not GradientDescent


# ------------------------------------------------------------------------------------------------------- whole matrices


def muon_steps(rule: Rule, w: np.ndarray, gradients: list[np.ndarray], path: str = "hidden1.W") -> np.ndarray:
    xp = engine_by_name("numpy").xp
    state = rule.start(xp, w)
    for g, c in zip(gradients, numbers(rule, len(gradients)), strict=True):
        w, state = rule.update_array(xp, path, w, g, state, c)
    return w


@pytest.mark.parametrize("shape", [(5, 5), (4, 9), (9, 4), (1, 3)])
def test_muon_keeps_the_directions_of_a_gradient_and_makes_them_alike_in_length(shape: tuple[int, int]) -> None:
    g = np.random.default_rng(0).normal(size=shape) * np.logspace(-1, 1, shape[1])
    step = -muon_steps(Muon(decay=0.0), np.zeros(shape), [g]) / RATE / max(1.0, shape[1] / shape[0]) ** 0.5
    # The same singular vectors: Uᵀ X V is diagonal, its values between 0.6 and 1.3.
    u, _, vt = np.linalg.svd(g, full_matrices=False)
    inside = u.T @ step @ vt.T
    assert_close(inside - np.diag(np.diag(inside)), np.zeros_like(inside), 1e-9)
    assert np.diag(inside).min() > 0.6
    assert np.diag(inside).max() < 1.3


def test_a_row_by_hand_becomes_a_unit_vector_through_the_polynomial() -> None:
    # Of one row the singular value is its length: 1 after the division, then p(1), p(p(1)), … five times.
    length = 1.0
    for _ in range(5):
        length = 3.4445 * length - 4.7750 * length**3 + 2.0315 * length**5
    w = muon_steps(Muon(decay=0.5), np.array([[1.0, 1.0]]), [np.array([[3.0, 4.0]])])
    expected = 0.95 - RATE * 2**0.5 * length * np.array([[0.6, 0.8]])
    assert_close(w, expected, 1e-6)


def test_muon_remembers_a_matrix_s_gradients_with_momentum() -> None:
    g, h = np.eye(3) * [1.0, 2, 3], np.diag([3.0, -1, 0.5])
    w = muon_steps(Muon(momentum=0.9, decay=0.0), np.zeros((3, 3)), [g, h])
    first = muon_steps(Muon(momentum=0.0, decay=0.0), np.zeros((3, 3)), [g])
    # m = 0.1 g, then 0.09 g + 0.1 h; u = 0.1 h + 0.9 m.
    second = muon_steps(Muon(momentum=0.0, decay=0.0), np.zeros((3, 3)), [0.081 * g + 0.19 * h])
    assert_close(w, first + second, 1e-6)


@pytest.mark.parametrize(
    ("path", "shape", "is_hidden"),
    [
        ("hidden1.W", (3, 2), True),
        ("member1.hidden2.W", (3, 2), True),
        ("output.W", (3, 2), False),
        ("hidden1.b", (2,), False),
        ("hidden1.W", (3, 3, 2, 2), False),
        ("columns.category1.W", (3, 2), False),
    ],
)
def test_only_hidden_matrices_are_moved_as_a_whole(path: str, shape: tuple[int, ...], is_hidden: bool) -> None:
    w, g = np.random.default_rng(0).normal(size=(2, *shape))
    rule = Muon(elsewhere=1.0)
    as_adamw = descend(AdamW(), w, lambda w: g, 1)
    assert rule.is_hidden(path, shape) == is_hidden
    assert np.allclose(muon_steps(rule, w, [g], path), as_adamw, rtol=1e-12) == (not is_hidden)


def test_muon_of_a_network_without_hidden_layers_is_refused() -> None:
    params = {"dense1": {"W": np.ones((3, 2)), "b": np.ones(2)}}
    with pytest.raises(ConfigError, match=r"begins with 'hidden', with a matrix that Muon moves; got dense1"):
        start_moments(Muon(), engine_by_name("numpy").xp, params)
    start_moments(Muon(layers="dense"), engine_by_name("numpy").xp, params)


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_an_average_of_muon_follows_its_matrices(engine: str) -> None:
    rule = Averaged(Muon(), 0.5)
    chosen = engine_by_name(engine, "float64")
    params = chosen.place(tree(SMALL, 0))
    moments = {name: chosen.place(moment) for name, moment in start_moments(rule, engine_by_name("numpy").xp, tree(SMALL, 0)).items()}  # fmt: skip
    with precision(engine, "float64"):
        for step, c in enumerate(numbers(rule, 2)):
            params, moments = moved(chosen, rule, params, map_leaves(chosen.array, tree(SMALL, step + 1)), moments, c)
    # m₁ = w₁, and m₂ = (w₁ + 2 w₂) / 3.
    expected = (leaf_by_leaf(Muon(), SMALL, 1)["hidden1.W"] + 2 * leaf_by_leaf(Muon(), SMALL, 2)["hidden1.W"]) / 3
    assert_close(chosen.numpy(moments["average"]["hidden1"]["W"]), expected, agreement(np.float64))


def test_muon_takes_nearly_the_steps_of_torch_s() -> None:
    torch = pytest.importorskip("torch")
    start = np.random.default_rng(0).normal(size=(6, 4))
    weights = torch.tensor(start.T.copy(), requires_grad=True)
    optimizer = torch.optim.Muon([weights], lr=RATE, weight_decay=0.1, momentum=0.9)
    w, rule, xp = start, Muon(momentum=0.9, decay=0.1), engine_by_name("numpy").xp
    state = rule.start(xp, w)
    for c in numbers(rule, 5):
        optimizer.zero_grad()
        (weights**4 / 4 + weights).sum().backward()
        optimizer.step()
        w, state = rule.update_array(xp, "hidden1.W", w, w**3 + 1, state, c)
    # Torch turns the polynomial in bfloat16, which has three digits.
    assert_close(w, weights.detach().numpy().T, 0.05)
