"""The derivative by a weight that is used at every step: each step's part is proven by number, and so is the product."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from chainrule import nn
from chainrule.engine.numpy import NUMPY
from chainrule.errors import DataError, ShapeError
from chainrule.explain import derive, html_worksheet, latex_worksheet
from chainrule.explain.chain import follow
from chainrule.explain.derivation import Derivation
from chainrule.explain.notation import figure, latex_figure
from chainrule.explain.through_time.numbers import times
from chainrule.network.network import Network
from chainrule.nn.recurrent.recurrent import Recurrent, State
from chainrule.tree import leaf, map_leaves
from chainrule.types import PREDICT, Array, Batch, Cache, Context, Namespace, Params
from tests.explain.test_arithmetic import prove, value_of

KINDS = (nn.SimpleRNN, nn.LSTM, nn.GRU)
every_kind = pytest.mark.parametrize("kind", KINDS)
# Padding at the end, and a hole.
MASK = np.array([[1.0, 1, 0, 1], [1, 1, 1, 1], [1, 1, 0, 0]])


def network_of(*layers: nn.Layer, shape: tuple[int, ...] = (4, 3), seed: int = 1) -> tuple[Network, Params]:
    network = Network(
        nn.Sequential(layers, tuple(f"layer{at}" for at in range(len(layers)))), shape, nn.SoftmaxCrossEntropy()
    )
    params = network.init(np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    return network, map_leaves(lambda value: value + rng.normal(size=value.shape) * 0.3, params)


def sequences(shape: tuple[int, ...] = (4, 3), n: int = 3) -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng(0).normal(size=(n, *shape)), np.arange(n) % 2


# ------------------------------------------------------------------------------------------------- it is the gradient

SETTINGS: dict[str, dict[str, Any]] = {
    "last": {},
    "all": {"return_sequences": True},
    "reversed": {"reverse": True},
    "all reversed": {"return_sequences": True, "reverse": True},
    "dropout": {"recurrent_dropout": 0.4},
}


@pytest.mark.parametrize("masked", [False, True], ids=["", "masked"])
@pytest.mark.parametrize("setting", SETTINGS)
@every_kind
def test_the_steps_add_up_to_the_gradient_and_to_the_slope(kind: type[Recurrent], setting: str, masked: bool) -> None:
    layer = kind(2, **SETTINGS[setting])
    network, params = network_of(layer, *([nn.GlobalAvgPool()] if layer.return_sequences else []), nn.Dense(2))
    x, t = sequences()
    mask = MASK if masked else None
    context = Context(train=True, key=(3,)) if layer.is_random else PREDICT
    batch = Batch(x, np.eye(2)[t], None, mask)
    name = "layer0"
    _, grads = network.loss_and_grads(NUMPY, params, batch, context)
    for parameter, value in params[name].items():
        index = tuple(size - 1 for size in value.shape)
        address = f"{name}.{parameter}[{','.join(map(str, index))}]"
        derivation = derive(network, address, x, t, params=params, mask=mask, context=context)
        gradient = float(leaf(grads, f"{name}.{parameter}")[index])
        assert derivation.total == pytest.approx(gradient, rel=1e-9, abs=1e-15)
        assert math.fsum(term.value for term in derivation.terms) + derivation.rest == pytest.approx(derivation.total)
        assert derivation.unrolled is not None
        assert sum(moment.adds for moment in derivation.unrolled.moments) == pytest.approx(gradient)
        assert derivation.check.agrees, derivation.check
        few = derive(network, address, x, t, params=params, mask=mask, context=context, max_terms=3)
        assert len(few.terms) <= 3
        assert math.fsum(term.value for term in few.terms) + few.rest == pytest.approx(gradient)
        assert prove(derivation) + prove(few) > 2


@every_kind
def test_every_gate_has_slopes_of_its_own(kind: type[Recurrent]) -> None:
    network, params = network_of(kind(2), nn.Dense(2))
    x, t = sequences()
    for block in range(kind.gates):
        for parameter in ("W[0,", "U[0,", "b["):
            derivation = derive(network, f"layer0.{parameter}{2 * block + 1}]", x, t, params=params, max_terms=9, row=1)
            assert derivation.check.agrees
            assert prove(derivation) > 3


@pytest.mark.parametrize("side", ["ahead", "back"])
def test_a_layer_inside_another_is_told_through_time(side: str) -> None:
    network, params = network_of(nn.Bidirectional(nn.LSTM(2)), nn.Dense(2))
    x, t = sequences()
    derivation = derive(network, f"layer0.{side}.U[1,2]", x, t, params=params)
    assert derivation.unrolled is not None
    assert derivation.unrolled.moments[0].at == (0 if side == "ahead" else 3)
    assert derivation.check.agrees


@every_kind
def test_a_normalised_cell_is_told_by_its_steps_where_they_add_up(kind: type[Recurrent]) -> None:
    network, params = network_of(kind(4, layer_norm=True), nn.Dense(2))
    x, t = sequences()
    for address in ("layer0.U[1,2]", "layer0.b[1]", "layer0.W[0,1]", "layer0.k[2]"):
        derivation = derive(network, address, x, t, params=params)
        assert derivation.check.agrees
        assert (derivation.unrolled is not None) == (address[7] in "Ub")
        prove(derivation)


def test_rows_count_by_their_weights() -> None:
    network, params = network_of(nn.GRU(2), nn.Dense(2))
    x, t = sequences()
    derivation = derive(network, "layer0.U[0,5]", x, t, params=params, sample_weight=np.array([1.0, 0, 3]))
    assert derivation.check.agrees
    assert all(term.value == 0 for term in derivation.terms if term.row == 1)


# ------------------------------------------------------------------------------------------------------ each step's part


def cost_with(network: Network, params: Params, x: np.ndarray, t: np.ndarray, at: int, change: float, name: str, index: tuple[int, ...]) -> float:  # fmt: skip
    """Run the cell step by step, with a number of the weights changed at one step alone."""
    layer = network.layer.layers[0]  # type: ignore[attr-defined]
    p = params["layer0"]
    state: State = (np.zeros((len(x), layer.units)),) * layer.parts
    for step in range(x.shape[1]):
        here = {key: np.array(value) for key, value in p.items()}
        if step == at:
            here[name][index] += change
        state, _ = layer.cell(NUMPY, here, x[:, step] @ here["W"] + here["b"], state, None)
    rest = params["layer1"]
    return float(network.loss.forward(NUMPY, state[0] @ rest["W"] + rest["b"], np.eye(2)[t])[0])


@every_kind
def test_what_each_step_adds_is_the_slope_by_the_weight_of_that_step_alone(kind: type[Recurrent]) -> None:
    network, params = network_of(kind(2), nn.Dense(2))
    x, t = sequences()
    name = "layer0"
    for parameter in params[name]:
        index = (*(0 for _ in params[name][parameter].shape[:-1]), 1)
        address = f"{name}.{parameter}[{','.join(map(str, index))}]"
        unrolled = derive(network, address, x, t, params=params).unrolled
        assert unrolled is not None
        for moment in unrolled.moments:
            h = 1e-5
            up, down = (cost_with(network, params, x, t, moment.at, s * h, parameter, index) for s in (1, -1))
            assert moment.adds == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-10)


def test_a_single_unit_by_hand() -> None:
    network = Network(nn.Sequential((nn.SimpleRNN(1), nn.Dense(1)), ("layer0", "layer1")), (3, 1), nn.SquaredError())
    params: Params = {
        "layer0": {"W": np.array([[2.0]]), "U": np.array([[0.5]]), "b": np.array([0.1])},
        "layer1": {"W": np.array([[3.0]]), "b": np.array([0.0])},
    }
    x = np.array([[[0.3], [-0.4], [0.2]]])
    derivation = derive(network, "layer0.U[0,0]", x, [[1.0]], params=params)
    h0 = math.tanh(0.7)
    h1 = math.tanh(-0.7 + 0.5 * h0)
    h2 = math.tanh(0.5 + 0.5 * h1)
    error = (3 * h2 - 1) * 3
    assert [term.step for term in derivation.terms] == [1, 2]
    far, near = (term.value for term in derivation.terms)
    assert near == pytest.approx(error * (1 - h2**2) * h1)
    assert far == pytest.approx(error * (1 - h2**2) * 0.5 * (1 - h1**2) * h0)
    unrolled = derivation.unrolled
    assert unrolled is not None
    whole = (1 - h2**2) * 0.5 * (1 - h1**2) * 0.5
    assert unrolled.moments[0].product == pytest.approx(whole)
    assert unrolled.mean_factor == pytest.approx(math.sqrt(whole))
    assert "vanishes" in derivation.text
    step = next(step for step in derivation.steps if step.name == "time")
    assert value_of(step.lines[1].split(" = ")[1]) == pytest.approx(whole, rel=1e-3)


# ------------------------------------------------------------------------------------------------------- the product


@pytest.mark.parametrize("reverse", [False, True])
@every_kind
def test_the_product_is_the_slope_of_the_last_state_by_an_earlier_one(kind: type[Recurrent], reverse: bool) -> None:
    network, params = network_of(kind(2, reverse=reverse), nn.Dense(2))
    x, t = sequences()
    name = "layer0"
    chain = follow(network, params, Batch(x, np.eye(2)[t]), PREDICT, f"{name}.U")
    along = times(chain, (0, 1))
    assert along is not None
    layer, p = along.layer, params[name]

    def run(state: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
        parts: State = tuple(np.split(state[None], layer.parts, axis=1))
        for step in order:
            parts, _ = layer.cell(NUMPY, p, x[1, step][None] @ p["W"] + p["b"], parts, None)
        return np.concatenate(parts, axis=1)[0]

    start, h = np.zeros(along.size), 1e-6
    after_one = run(start, along.order[:1])
    slopes = np.stack(
        [(run(after_one + h * e, along.order[1:]) - run(after_one - h * e, along.order[1:])) / (2 * h) for e in np.eye(along.size)],
        axis=1,
    )  # fmt: skip
    np.testing.assert_allclose(along.reach(1)[along.order[0]], slopes, rtol=1e-6, atol=1e-9)
    factors = [along.one_back(1, step) for step in along.order[1:]]
    whole = np.linalg.multi_dot(factors[::-1])
    np.testing.assert_allclose(along.reach(1)[along.order[0]], whole, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize(("scale", "verdict"), [(0.2, "vanishes"), (2.5, "explodes"), (1.0, "keeps its size")])
def test_the_text_says_whether_the_error_vanishes_or_explodes(scale: float, verdict: str) -> None:
    network, params = network_of(nn.SimpleRNN(3), nn.Dense(2), shape=(12, 1))
    p = params["layer0"]
    p["U"], p["W"], p["b"] = np.eye(3) * scale, p["W"] * 0, p["b"] * 0
    x, t = sequences((12, 1), 1)
    text = derive(network, "layer0.W[0,0]", x, t, params=params).text
    assert f"the error {verdict}" in " ".join(text.split())


def test_gates_are_told_step_by_step() -> None:
    network, params = network_of(nn.LSTM(2), nn.Dense(2))
    x, t = sequences()
    derivation = derive(network, "layer0.U[0,3]", x, t, params=params, row=1)
    unrolled = derivation.unrolled
    assert unrolled is not None
    assert unrolled.columns == ("i", "f", "o", "g", "c", "h", r"\prod f")
    assert (unrolled.row, unrolled.unit) == (1, 1)
    i, f, o, g, c, h, straight = unrolled.moments[-1].values
    before = unrolled.moments[-2].values
    assert c == pytest.approx(f * before[4] + i * g)
    assert h == pytest.approx(o * math.tanh(c))
    assert straight == 1
    assert before[6] == pytest.approx(f)


# --------------------------------------------------------------------------------------------------------- how it looks


def derivation_of(kind: type[Recurrent], steps: int = 4, **settings: Any) -> Derivation:
    network, params = network_of(kind(2, **settings), nn.Dense(2), shape=(steps, 3))
    x, t = sequences((steps, 3))
    return derive(network, "layer0.U[0,1]", x, t, params=params)


@every_kind
def test_a_page_lights_each_step_and_loads_nothing(kind: type[Recurrent]) -> None:
    derivation = derivation_of(kind)
    page = html_worksheet([derivation])
    assert page.count("<li class='cr-") == 4
    for term in derivation.terms:
        assert f"data-step='{term.step}'" in page
    assert "<svg" in page
    assert "<script" not in page
    data = derivation.to_json()
    assert [moment["step"] for moment in data["unrolled"]["moments"]] == [0, 1, 2, 3]
    assert {term["step"] for term in data["terms"]} == {1, 2, 3}


@every_kind
def test_a_sheet_without_the_solution_gives_the_gates_and_no_result(kind: type[Recurrent]) -> None:
    derivation = derivation_of(kind)
    unrolled = derivation.unrolled
    assert unrolled is not None
    sheet, tex = (write([derivation], solution=False) for write in (html_worksheet, latex_worksheet))
    assert "<svg" not in sheet
    assert "cr-strip'" not in sheet
    moment = unrolled.moments[2]
    assert f">{figure(moment.values[0], 3)}<" in sheet
    for hidden in (moment.adds, moment.product, moment.factor):
        assert f">{figure(hidden, 3)}<" not in sheet
        assert f"${latex_figure(hidden, 3)}$" not in tex


def test_a_long_sequence_is_shown_in_part_and_summed_in_full() -> None:
    network, params = network_of(nn.SimpleRNN(2), nn.Dense(2), shape=(450, 1))
    x, t = sequences((450, 1), 1)
    derivation = derive(network, "layer0.U[0,1]", x, t, params=params)
    unrolled = derivation.unrolled
    assert unrolled is not None
    assert len(unrolled.moments) == 200
    assert (unrolled.moments[0].at, unrolled.moments[-1].at) == (0, 449)
    assert derivation.n_terms == 449
    assert derivation.check.agrees
    assert "⋮" in derivation.text


def test_a_sequence_of_one_step_has_nothing_to_go_back_through() -> None:
    text = " ".join(derivation_of(nn.LSTM, steps=1).text.split())
    assert "∂J/∂U[0,1] = 0" in text
    assert "There is one step alone" in text


# ------------------------------------------------------------------------------------------------------ what is one's own


@dataclass(frozen=True)
class Leaky(Recurrent):
    """A state that leaks: h = 0.5 h + tanh(a + h U)."""

    gates: ClassVar[int] = 1
    equations: ClassVar[nn.Equations] = replace(nn.SimpleRNN.equations)

    def cell(self, xp: Namespace, p: Params, a: Array, state: State, drop: Array | None) -> tuple[State, Cache]:
        """h = 0.5 h + tanh(a + h U)."""
        g = xp.tanh(a + state[0] @ p["U"])
        return (0.5 * state[0] + g,), {"g": g, "before": state[0]}

    def cell_backward(
        self, xp: Namespace, p: Params, cache: Cache, ds: State, drop: Array | None
    ) -> tuple[Array, State, Params]:
        """da = dh (1 - g²)."""
        da = ds[0] * (1 - cache["g"] ** 2)
        return da, (0.5 * ds[0] + da @ p["U"].T,), {"U": cache["before"].T @ da}


@dataclass(frozen=True)
class Doubled(Leaky):
    """One that keeps h twice over, so that its steps do not add up."""

    def cell(self, xp: Namespace, p: Params, a: Array, state: State, drop: Array | None) -> tuple[State, Cache]:
        """Keep 2 h."""
        new, cache = super().cell(xp, p, a, state, drop)
        return new, {**cache, "before": 2 * state[0], "true": state[0]}

    def cell_backward(
        self, xp: Namespace, p: Params, cache: Cache, ds: State, drop: Array | None
    ) -> tuple[Array, State, Params]:
        """Use h itself."""
        da, before, _ = super().cell_backward(xp, p, cache, ds, drop)
        return da, before, {"U": cache["true"].T @ da}


def test_a_cell_of_ones_own_is_told_by_its_steps() -> None:
    network, params = network_of(Leaky(2), nn.Dense(2))
    x, t = sequences()
    derivation = derive(network, "layer0.U[0,1]", x, t, params=params)
    assert derivation.unrolled is not None
    assert derivation.check.agrees
    assert len(derivation.terms) == 9


def test_a_cell_that_does_not_add_up_is_told_by_rows() -> None:
    network, params = network_of(Doubled(2), nn.Dense(2))
    x, t = sequences()
    derivation = derive(network, "layer0.U[0,1]", x, t, params=params)
    assert derivation.unrolled is None
    assert derivation.check.agrees


# ------------------------------------------------------------------------------------------------------ ids and masks


def test_a_row_of_a_table_is_told_by_the_places_that_read_it() -> None:
    network, params = network_of(nn.Embedding(5, 2), nn.LSTM(2), nn.Dense(2), shape=(4,))
    ids = np.array([[1, 2, 1, 0], [3, 1, 4, 4]])
    derivation = derive(network, "layer0.W[1,0]", ids, [0, 1], params=params)
    assert [(term.row, term.path[0]) for term in derivation.terms if term.value] == [
        (0, "layer0[0,0]"), (0, "layer0[2,0]"), (1, "layer0[1,0]"),
    ]  # fmt: skip
    assert derivation.check.agrees
    assert derive(network, "layer0.W[1,0]", ids.astype(float), [0, 1], params=params).total == derivation.total
    with pytest.raises(DataError, match="whole numbers in X"):
        derive(network, "layer0.W[1,0]", ids + 0.5, [0, 1], params=params)


@pytest.mark.parametrize("parameter", ["W[1,4]", "b[3]", "V[0,1]", "c[1]"])
def test_attention_behind_a_mask_is_derived(parameter: str) -> None:
    network, params = network_of(
        nn.Positions(learned=True), nn.SelfAttention(2), nn.GlobalAvgPool(), nn.Dense(2), shape=(4, 2)
    )
    x, t = sequences((4, 2))
    derivation = derive(network, f"layer1.{parameter}", x, t, params=params, mask=MASK)
    assert derivation.check.agrees
    assert derivation.total == pytest.approx(sum(term.value for term in derivation.terms) + derivation.rest)


def test_a_mask_of_other_rows_is_refused() -> None:
    network, params = network_of(nn.LSTM(2), nn.Dense(2))
    x, t = sequences()
    with pytest.raises(ShapeError, match="mask with one entry for each of the 3 rows"):
        derive(network, "layer0.U[0,0]", x, t, params=params, mask=MASK[:2])
