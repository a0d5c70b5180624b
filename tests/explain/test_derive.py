"""Every derivation is proven: its terms add up to the library's gradient, and to the slope by number."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from chainrule import mlp, nn, optim
from chainrule.engine.numpy import NUMPY
from chainrule.errors import ChainruleError, ConfigError
from chainrule.explain import derive
from chainrule.explain.chain import follow
from chainrule.explain.update import moved
from chainrule.network.network import Network
from chainrule.tree import leaf, leaves
from chainrule.types import PREDICT, Batch
from tests.explain import cases
from tests.explain.cases import Case

DENSE = cases.dense_cases()
LAYERS = cases.layer_cases()
every_case = pytest.mark.parametrize("case", DENSE, ids=str)


def prove(case: Case, address: str, **options: object) -> None:
    """The terms shown and the rest are the gradient; the gradient is the slope."""
    derivation = derive(
        case.network, address, case.batch.x, case.batch.t, params=case.params, sample_weight=case.batch.w,
        context=case.context, **options,
    )  # fmt: skip
    _, grads = case.network.loss_and_grads(NUMPY, case.params, case.batch, case.context)
    name, _, index = address.rstrip("]").partition("[")
    gradient = float(leaf(grads, name)[tuple(map(int, index.split(",")))])
    scale = sum(abs(term.value) for term in derivation.terms) + abs(derivation.rest) + 1e-300
    assert derivation.total == pytest.approx(gradient, rel=1e-9, abs=1e-12 * scale)
    shown = math.fsum(term.value for term in derivation.terms)
    assert shown + derivation.rest == pytest.approx(derivation.total, rel=1e-9, abs=1e-12 * scale)
    assert derivation.check.agrees, derivation.check
    assert derivation.check.analytic == pytest.approx(gradient, rel=1e-12, abs=1e-300)
    if derivation.neurons:
        assert sum(value for _, value in derivation.neurons) == pytest.approx(gradient, rel=1e-9, abs=1e-12 * scale)


@pytest.mark.parametrize("case", [*DENSE, *LAYERS], ids=str)
def test_the_terms_add_up_to_the_gradient_and_to_the_slope_by_number(case: Case) -> None:
    for address in case.addresses(np.random.default_rng(3), 6):
        prove(case, address)


@pytest.mark.parametrize("case", [*DENSE, *LAYERS], ids=str)
def test_a_chain_leads_from_the_inputs_to_the_parameter_and_from_there_to_the_logits(case: Case) -> None:
    for parameter, _ in leaves(case.params):
        chain = follow(case.network, case.params, case.batch, case.context, parameter)
        assert chain.path == parameter
        from_it = chain.stages[chain.at :]
        assert np.array_equal(chain.stages[0].x, case.batch.x)
        assert all(np.array_equal(before.y, after.x) for before, after in pairwise(chain.stages))
        assert all(np.array_equal(before.dy, after.dx) for before, after in pairwise(from_it))
        assert np.array_equal(chain.stages[-1].dy, chain.da)


@every_case
def test_a_sum_cut_short_loses_nothing(case: Case) -> None:
    for address in case.addresses(np.random.default_rng(4), 2):
        prove(case, address, max_terms=3)


def test_one_row_is_the_cost_of_that_row_alone() -> None:
    case = DENSE[1]
    whole = derive(case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params)
    rows = [
        derive(case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params, row=n) for n in range(4)
    ]
    assert whole.gradient == pytest.approx(np.mean([row.gradient for row in rows]))
    assert [row.rows for row in rows] == [(0,), (1,), (2,), (3,)]
    assert {term.row for term in rows[2].terms} == {2}


def test_the_course_formula_is_written_as_the_course_writes_it() -> None:
    case = DENSE[1]
    derivation = derive(case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params)
    formula = next(step for step in derivation.steps if step.name == "formula")
    assert formula.plain == "∂J/∂W[d,m] = 1/N Σₙ Σₖ (y[n,k] − t[n,k]) V[m,k] z[n,m] (1 − z[n,m]) x[n,d]"


def test_the_output_weight_has_no_sum_over_classes() -> None:
    case = DENSE[1]
    derivation = derive(case.network, "output.W[2,1]", case.batch.x, case.batch.t, params=case.params)
    formula = next(step for step in derivation.steps if step.name == "formula")
    assert formula.plain == "∂J/∂V[m,k] = 1/N Σₙ (y[n,k] − t[n,k]) z[n,m]"
    assert [term.neuron for term in derivation.terms] == ["output.1"] * 4


def test_three_layers_are_written_as_the_course_writes_deeper_networks() -> None:
    case = DENSE[4]
    derivation = derive(case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params, row=0)
    formula = next(step for step in derivation.steps if step.name == "formula")
    assert formula.plain.splitlines()[0] == (
        "∂J/∂w⁽¹⁾[q,r] = Σₖ Σₛ (y[n,k] − t[n,k]) w⁽³⁾[s,k] [a⁽³⁾[n,s] > 0] w⁽²⁾[r,s] [a⁽²⁾[n,r] > 0] x[n,q]"
    )


def test_a_term_is_the_product_of_the_numbers_that_it_shows() -> None:
    """By hand: the course's network with one hidden layer, xor, the weight from x₁ to z₀."""
    network = mlp((2,), [2], 2, nn.SoftmaxCrossEntropy(), activation="sigmoid")
    W, b = np.array([[1.0, -1.0], [0.5, 2.0]]), np.array([0.1, -0.2])
    V, c = np.array([[0.3, -0.4], [1.0, 0.2]]), np.array([0.0, 0.5])
    params = {"hidden1": {"W": W, "b": b}, "sigmoid1": {}, "output": {"W": V, "b": c}}
    x, t = np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])
    z = 1 / (1 + np.exp(-(x @ W + b)))
    y = np.exp(z @ V + c) / np.exp(z @ V + c).sum()
    derivation = derive(network, "hidden1.W[1,0]", x, t, params=params)
    for k, term in enumerate(derivation.terms):
        assert term.path == ("hidden1.0", f"output.{k}")
        assert term.value == pytest.approx((y - t)[0, k] * V[0, k] * z[0, 0] * (1 - z[0, 0]) * x[0, 1])
        assert dict(term.given)[rf"y_{{0,{k}}}"] == pytest.approx(y[0, k])
        assert dict(term.given)[rf"V_{{0,{k}}}"] == V[0, k]
        assert dict(term.given)["z_{0,0}"] == pytest.approx(z[0, 0])


def test_paths_are_grouped_where_they_are_too_many_to_read() -> None:
    case = next(case for case in DENSE if case.name == "seven times eight")
    derivation = derive(case.network, "hidden1.W[3,5]", case.batch.x, case.batch.t, params=case.params, row=2)
    assert derivation.n_terms == 8
    assert {term.path[1] for term in derivation.terms} == {f"hidden2.{unit}" for unit in range(8)}
    deeper = derive(
        case.network, "hidden1.W[3,5]", case.batch.x, case.batch.t, params=case.params, row=2, max_terms=600
    )
    assert deeper.n_terms == 512
    assert deeper.total == pytest.approx(derivation.total, rel=1e-12)


def test_a_penalty_adds_its_own_derivative() -> None:
    case, penalty = DENSE[1], nn.Penalty(l1=0.1, l2=0.3, normalised=True)
    derivation = derive(case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params, penalty=penalty)
    w = leaf(case.params, "hidden1.W")[0, 2]
    assert derivation.penalty == pytest.approx((0.1 * np.sign(w) + 0.3 * w) / 12)
    assert derivation.gradient == pytest.approx(derivation.total + derivation.penalty)
    assert derivation.check.agrees
    bias = derive(case.network, "hidden1.b[1]", case.batch.x, case.batch.t, params=case.params, penalty=penalty)
    assert bias.penalty is None
    assert bias.check.agrees


@pytest.mark.parametrize("rule", [name for name, rule in optim.RULES.items() if not rule().by_array])
def test_the_update_is_what_the_optimizer_does(rule: str) -> None:
    case, made = DENSE[1], optim.RULES[rule]()
    derivation = derive(
        case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params, rule=made, learning_rate=0.2
    )
    w, g = np.array([derivation.update.before]), np.array([derivation.gradient])  # type: ignore[union-attr]
    c = {name: value[0] for name, value in made.coefficients(np.array([1.0]), np.array([0.2])).items()}
    after, _ = made.update(NUMPY, w, g, {name: np.zeros(1) for name in made.moments}, c)
    assert derivation.update is not None
    assert derivation.update.after == pytest.approx(after[0], rel=1e-12)


def test_a_rule_of_whole_matrices_has_no_update_of_a_single_weight() -> None:
    case = DENSE[1]
    batch = case.batch
    derivation = derive(case.network, "hidden1.W[0,2]", batch.x, batch.t, params=case.params, rule=optim.Muon())
    assert derivation.update is None
    with pytest.raises(ConfigError, match="Muon, which moves matrices"):
        moved(optim.Muon(), "w", 1.0, 0.5, 0.1)


def test_gradient_descent_is_written_with_its_numbers() -> None:
    network = Network(nn.Dense(1), (1,), nn.SquaredError())
    params = {"W": np.array([[2.0]]), "b": np.array([0.0])}
    derivation = derive(network, "W[0,0]", np.array([[3.0]]), np.array([[5.0]]), params=params)
    assert derivation.update is not None
    assert derivation.gradient == pytest.approx(3.0)
    assert derivation.update.to_json()["text"].splitlines()[1] == "W[0,0] ← 2 − 0.1 · 3 = 1.7"


def test_the_source_line_is_the_line_that_runs() -> None:
    case = DENSE[1]
    source = derive(case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params).source
    assert (source.file, source.text) == ("chainrule/nn/dense.py", "dW = x.T.dot(dy)")
    lines = Path(nn.__file__).with_name("dense.py").read_text().splitlines()
    assert lines[source.line - 1].strip() == source.text


def test_the_json_is_what_the_panel_shows() -> None:
    case = DENSE[1]
    derivation = derive(case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params)
    data = json.loads(json.dumps(derivation.to_json(), allow_nan=False))
    assert {"title", "letters", "steps", "terms", "sum", "vectorised", "update", "check", "source"} <= set(data)
    assert {"name", "text", "latex", "mathml", "numbers"} <= set(data["steps"][0])
    assert {"latex", "mathml", "value", "neuron", "row"} <= set(data["terms"][0])
    assert {"numeric", "analytic", "relative_error"} <= set(data["check"])
    assert {"file", "line", "text"} <= set(data["source"])
    assert all(step["mathml"].startswith("<math") for step in data["steps"])
    assert [matrix["shape"] for matrix in data["vectorised"]["matrices"]] == [[2, 4], [4, 3], [2, 3]]


def test_the_matrices_are_the_real_ones() -> None:
    case = DENSE[1]
    derivation = derive(case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params)
    x, d, product = (np.array(matrix.values) for matrix in derivation.vectorised.matrices)
    np.testing.assert_allclose(x @ d, product, rtol=1e-12)
    assert product[0, 2] == pytest.approx(derivation.total)


def test_a_large_matrix_is_cut_around_the_weight() -> None:
    case = next(case for case in DENSE if case.name == "digits")
    derivation = derive(case.network, "hidden1.W[40,11]", case.batch.x, case.batch.t, params=case.params)
    matrix = derivation.vectorised.matrices[2]
    assert matrix.shape == (64, 12)
    assert matrix.rows[-1] == 40
    assert matrix.columns[-1] == 11
    assert matrix.values[-1][-1] == pytest.approx(derivation.total)


def test_class_numbers_and_lists_are_taken() -> None:
    case = DENSE[1]
    a = derive(case.network, "hidden1.W[0,2]", case.batch.x.tolist(), [0, 1, 1, 0], params=case.params)
    b = derive(case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params)
    assert a == b


@pytest.mark.parametrize(
    ("address", "options", "said"),
    [
        ("hiden1.W[0,2]", {}, "hidden1.W"),
        ("hidden1.W[0]", {}, "2 indices"),
        ("hidden1.W[0,3]", {}, "from 0 to 2"),
        ("hidden1.W[-1,0]", {}, "from 0 to 1"),
        ("hidden1.W[a,b]", {}, "hidden1.W\\[0,2\\]"),
        ("hidden1.W[0,0", {}, "name of a weight"),
        ("hidden1", {}, "hidden1"),
        ("hidden1.W[0,2]", {"row": 4}, "from 0 to 3"),
        ("hidden1.W[0,2]", {"row": 1.5}, "from 0 to 3"),
        ("hidden1.W[0,2]", {"max_terms": 0}, "at least 1"),
        ("hidden1.W[0,2]", {"params": None}, "weights of the network"),
        ("hidden1.W[0,2]", {"params": {"hidden1": {"W": np.zeros((2, 2))}}}, "shape \\(2, 3\\)"),
        ("hidden1.W[0,2]", {"sample_weight": [1, 2]}, "sample_weight"),
        ("hidden1.W[0,2]", {"sample_weight": [0, 0, 0, 0]}, "above 0"),
        ("hidden1.W[0,2]", {"X": np.zeros((4, 5))}, "shape"),
        ("hidden1.W[0,2]", {"X": np.zeros(4)}, "row for each sample"),
        ("hidden1.W[0,2]", {"X": np.full((4, 2), np.nan)}, "finite"),
        ("hidden1.W[0,2]", {"X": np.zeros((0, 2)), "t": np.zeros((0, 2))}, "at least one row"),
        ("hidden1.W[0,2]", {"t": [0, 1, 2, 0]}, "class numbers from 0 to 1"),
        ("hidden1.W[0,2]", {"t": ["a", "b", "b", "a"]}, "numbers as targets"),
        ("hidden1.W[0,2]", {"t": np.ones((4, 2))}, "sums to 1"),
        ("hidden1.W[0,2]", {"moments": {"velocity": 1.0}}, "velocity"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_answered_with_what_to_do(address: str, options: dict[str, object], said: str) -> None:
    case = DENSE[1]
    asked = {"X": case.batch.x, "t": case.batch.t, "params": case.params} | options
    X, t = asked.pop("X"), asked.pop("t")
    with pytest.raises(ChainruleError, match=said):
        derive(case.network, address, X, t, **asked)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ChainruleError, match="a Network, a Model or a fitted estimator"):
        derive("network", "W[0]", [[1.0]], [1])


def test_nothing_that_is_given_is_written_to() -> None:
    case = DENSE[1]
    before = {name: value.copy() for name, value in leaves(case.params)}
    derive(case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params)
    for name, value in before.items():
        np.testing.assert_array_equal(leaf(case.params, name), value)


def test_float32_weights_are_explained_in_float64() -> None:
    case = DENSE[1]
    single = {"hidden1": {k: v.astype(np.float32) for k, v in case.params["hidden1"].items()},
              "sigmoid1": {}, "output": {k: v.astype(np.float32) for k, v in case.params["output"].items()}}  # fmt: skip
    derivation = derive(case.network, "hidden1.W[0,2]", case.batch.x.astype(np.float32), case.batch.t, params=single)
    assert derivation.check.agrees
    assert derivation.check.relative_error < 1e-9
    cost, _ = case.network.loss_and_grads(NUMPY, single, Batch(*case.batch), PREDICT)
    assert derivation.cost == pytest.approx(float(cost), rel=1e-6)


def test_a_kernel_weight_meets_the_pixel_that_its_term_names() -> None:
    case = next(case for case in LAYERS if case.name.startswith("convolution, padded"))
    derivation = derive(
        case.network, "conv2d1.W[1,1,1,3]", case.batch.x, case.batch.t, params=case.params, max_terms=200
    )
    assert derivation.n_terms == len(derivation.terms) > 10
    for term in derivation.terms:
        symbol, value = term.given[-1]
        n, h, w, c = (int(part) for part in symbol.removeprefix("x_{").removesuffix("}").split(","))
        assert c == 3
        assert value == pytest.approx(case.batch.x[n, h, w, c], rel=1e-12)
        assert term.row == n


def test_state_is_explained_but_no_rule_moves_it() -> None:
    case = next(case for case in LAYERS if case.name == "batch norm while learning")
    derivation = derive(
        case.network, "batchnorm1.m[2]", case.batch.x, case.batch.t, params=case.params, context=case.context
    )
    assert derivation.update is None
    assert derivation.total == 0
    assert "By number" in derivation.text


def test_what_no_path_can_be_written_through_is_said() -> None:
    case = next(case for case in LAYERS if case.name == "batch norm while learning")
    derivation = derive(
        case.network, "dense1.W[0,1]", case.batch.x, case.batch.t, params=case.params, context=case.context
    )
    total = next(step for step in derivation.steps if step.name == "total")
    assert "Through batchnorm1 (BatchNorm) no path is a single weight" in total.text
    assert derivation.n_terms == case.batch.n_samples
    assert "batchnorm1, in letters of its own: ∂J/∂x" in derivation.vectorised.to_json()["text"]


@pytest.mark.parametrize("case", LAYERS, ids=str)
def test_every_view_of_a_derivation_can_be_made(case: Case) -> None:
    for address in case.addresses(np.random.default_rng(5), 1)[:3]:
        derivation = derive(case.network, address, case.batch.x, case.batch.t, params=case.params, context=case.context)
        json.dumps(derivation.to_json(), allow_nan=False)
        for view in (derivation.text, derivation.latex, derivation._repr_html_()):
            assert "\0" not in view
            assert "nan" not in view.lower()


def test_an_estimator_is_explained_with_its_own_labels() -> None:
    from chainrule.models import MLPClassifier

    x, t, _ = cases.table("iris", 40)
    labels = np.array(["a", "b", "c"])[t]
    model = MLPClassifier((4,), activation="tanh", max_iter=3, random_state=0, early_stopping=False)
    with pytest.warns(match="."):
        model.fit(x, labels)
    name = next(iter(model.params_))
    derivation = derive(model, f"{name}.W[1,2]", x, labels, row=7)
    assert derivation.check.agrees
    by_number = derive(model.network_, f"{name}.W[1,2]", x, t, params=model.params_, row=7)
    assert derivation.gradient == by_number.gradient
    with pytest.raises(ChainruleError, match="classes that the estimator knows"):
        derive(model, f"{name}.W[1,2]", x, np.full(40, "z"))


def test_names_of_columns_and_classes_are_told() -> None:
    case = DENSE[1]
    derivation = derive(
        case.network, "hidden1.W[1,2]", case.batch.x, case.batch.t, params=case.params, row=2, first_row=100,
        inputs=("left", "right"), outputs=("same", "different"),
    )  # fmt: skip
    meanings = [letter.meaning for letter in derivation.letters]
    assert "an input: row n of X; d = 1 is right" in meanings
    assert "output: 0 same, 1 different" in meanings
    assert derivation.rows == (102,)
    assert "x_{102,1}" in derivation.terms[0].symbols


def test_sparse_rows_are_explained_as_dense_ones() -> None:
    from scipy.sparse import csr_matrix

    case = DENSE[1]
    sparse = derive(case.network, "hidden1.W[0,2]", csr_matrix(case.batch.x), case.batch.t, params=case.params, row=3)
    assert sparse == derive(case.network, "hidden1.W[0,2]", case.batch.x, case.batch.t, params=case.params, row=3)


def test_ascent_is_written_uphill() -> None:
    network = Network(nn.Dense(1), (1,), nn.SquaredError())
    params = {"W": np.array([[2.0]]), "b": np.array([0.0])}
    derivation = derive(
        network, "W[0,0]", np.array([[3.0]]), np.array([[5.0]]), params=params, rule=optim.GradientAscent()
    )
    assert derivation.update is not None
    assert derivation.update.to_json()["text"].splitlines()[1] == "W[0,0] ← 2 + 0.1 · (−3) = 1.7"


@pytest.mark.parametrize(
    ("case", "weight", "lines"),
    [
        ("a bypass on the way", "residual1.dense1.W[0,1]", ["yʳᵉˢⁱᵈᵘᵃˡ¹[n,s] = z⁽³⁾[n,s] + z⁽²⁾[n,s]"]),
        ("a bypass around one layer", "residual1.b[0]", ["yʳᵉˢⁱᵈᵘᵃˡ¹[n,m] = a⁽ᶻ⁾[n,m] + x[n,m]"]),
        ("a bypass that is the last", "residual1.dense2.W[0,1]", ["a[n,k] = a⁽ᵒ⁾[n,k] + z⁽²⁾[n,k]"]),
        ("a bypass with a shortcut layer", "residual1.dense1.W[0,1]", ["yʳᵉˢⁱᵈᵘᵃˡ¹[n,m] = z[n,m] + the rest of residual1[n,m]"]),
        ("a bypass with a shortcut layer", "residual1.shortcut.W[0,1]", ["yʳᵉˢⁱᵈᵘᵃˡ¹[n,m] = a⁽ᶻ⁾[n,m] + the rest of residual1[n,m]"]),
    ],
)  # fmt: skip
def test_what_a_bypass_adds_is_written(case: str, weight: str, lines: list[str]) -> None:
    given = next(one for one in LAYERS if one.name == case)
    derivation = derive(given.network, weight, given.batch.x, given.batch.t, params=given.params)
    written = derivation.steps[0].plain.splitlines()
    assert [line for line in written if " + " in line and "Σ" not in line and "e^" not in line] == lines
    what = {letter.to_json()["text"] for letter in derivation.letters}
    assert lines[0].split(" = ")[0] in what


def test_each_of_two_bypasses_around_each_other_adds() -> None:
    """y = f(x) + x + x: the layers inside one another have no name of their own, but are two."""
    given = next(one for one in LAYERS if one.name == "bypasses inside bypasses")
    chain = follow(given.network, given.params, given.batch, given.context, "residual1.dense1.W")
    inner, outer = chain.stages[2:4]
    np.testing.assert_allclose(inner.y - inner.x, given.batch.x)
    np.testing.assert_allclose(outer.y - outer.x, given.batch.x)
    derivation = derive(given.network, "residual1.dense1.W[0,1]", given.batch.x, given.batch.t, params=given.params)
    written = derivation.steps[0].plain.splitlines()
    left = [line.split(" = ")[0] for line in written if line.endswith("+ x[n,m]")]
    assert len(left) == len(set(left)) == 2
