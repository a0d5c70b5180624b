"""Members on folds: picked on rows held out, the same for a seed, ended by the clock, gone on with after a kill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.engine.numpy import NUMPY
from chainrule.errors import ConfigError, DataError
from chainrule.job.shelf import FolderShelf
from chainrule.network.network import Network
from chainrule.nn import SoftmaxCrossEntropy, SquaredError
from chainrule.saved.model import Model
from chainrule.tables import search as module
from chainrule.tables.ensemble import assemble
from chainrule.tables.learn import Learned
from chainrule.tables.member import ADDITIVE, EFFORTS, LINEAR, Effort, Member, draw_members
from chainrule.tables.pick import cost_of, pick
from chainrule.tables.plan import folds_for, one_part, plan_search
from chainrule.tables.search import Rows, Search
from chainrule.tables.temperature import fit_temperature, softmax
from chainrule.types import PREDICT, Batch

FEW = Effort("few", 1, 6, 3)
MEMBERS = (LINEAR[0], ADDITIVE, Member("clipped", (8,), dropout=0.2, learning_rate=0.01, average=0.9, seed=5))


def rows(n: int = 120, k: int = 2, seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4)).astype(np.float32)
    codes = (x[:, 0] * 2 + x[:, 1] ** 2 + 0.3 * rng.normal(size=n) > 0.8).astype(int)
    t = np.eye(k)[codes].astype(np.float32)
    return Rows(Batch(x, t), SoftmaxCrossEntropy(), folds_for(t, classify=True, seed=0, folds=3))


def searched(data: Rows, **settings: Any) -> Search:
    search = Search(data, MEMBERS, FEW, **settings)
    list(search)
    return search


def test_every_row_is_held_out_once_and_learned_from_by_the_others() -> None:
    folds = rows().folds
    assert sorted(np.concatenate([test for _, test in folds.pairs])) == list(range(120))
    assert all(not set(train) & set(test) for train, test in folds.pairs)


def test_a_linear_member_is_always_there() -> None:
    for n in range(4):
        assert any(member.is_linear for member in draw_members(n, seed=n))
    assert draw_members(6, seed=1) == draw_members(6, seed=1) != draw_members(6, seed=2)


def test_the_ensemble_says_of_a_row_the_mean_of_what_its_networks_say() -> None:
    data = rows()
    picked = searched(data).picked()
    y = Model(picked.network, picked.params).outputs_of(data.data.x)
    each = [
        Model(Network(layer, (4,), data.loss), picked.params[f"member{i}"]).outputs_of(data.data.x)
        for i, layer in enumerate(picked.network.layer.members, start=1)  # type: ignore[attr-defined]
    ]
    assert picked.temperature != 1
    shares = np.repeat([w / picked.folds for w in picked.weights], picked.folds)
    np.testing.assert_allclose(y, sum(w * one for w, one in zip(shares, each, strict=True)), rtol=1e-5, atol=1e-7)
    assert sum(picked.weights) == pytest.approx(1)


def test_what_is_told_of_a_row_held_out_comes_from_networks_that_did_not_learn_from_it() -> None:
    data = rows()
    search = searched(data)
    picked = search.picked()
    _, test = data.folds.pairs[1]
    number = search.members.index(picked.members[0])
    one = search.learned[number][1]
    network = search.network(number)
    a = network.forward(NUMPY, one.params, data.data.x[test], PREDICT)
    np.testing.assert_allclose(a, one.held_out, rtol=1e-4, atol=1e-5)
    assert not np.isnan(picked.out_of_fold).any()
    assert picked.cost == pytest.approx(cost_of(picked.out_of_fold, data.data.t, classify=True))


def test_a_seed_names_the_whole_search_however_many_train_at_once() -> None:
    one, two = (searched(rows(), seed=3, jobs=jobs).picked() for jobs in (1, 2))
    np.testing.assert_array_equal(one.out_of_fold, two.out_of_fold)
    assert one.weights == two.weights


def test_the_mean_that_is_picked_costs_no_more_than_its_best_member() -> None:
    rng = np.random.default_rng(0)
    t = np.eye(3)[rng.integers(3, size=200)]
    each = [softmax(2 * t + rng.normal(size=(200, 3)) * spread) for spread in (1, 1, 2, 4)]
    weights, cost = pick(each, t, classify=True)
    assert cost < min(cost_of(y, t, classify=True) for y in each)
    assert {0, 1} <= set(weights) <= {0, 1, 2, 3}
    assert weights.get(3, 0) < weights[0]


def test_picking_values_weighs_the_better_member_more() -> None:
    rng = np.random.default_rng(0)
    t = rng.normal(size=(300, 1))
    each = [t + rng.normal(size=(300, 1)) * spread for spread in (0.5, 1.0)]
    weights, cost = pick(each, t, classify=False, rounds=20, seed=1)
    # The mean of least variance weighs by 1 / variance: 0.8 and 0.2.
    assert weights[0] == pytest.approx(0.8, abs=0.06)
    assert cost < 0.25


def test_a_temperature_mends_logits_that_are_twice_too_sure() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(4000, 3))
    t = np.eye(3)[[rng.choice(3, p=p) for p in softmax(a)]]
    assert fit_temperature([2 * a], [1.0], t) == pytest.approx(2, abs=0.15)
    assert fit_temperature([a], [1.0], t) == pytest.approx(1, abs=0.08)


def test_a_temperature_divides_the_logits_of_every_network() -> None:
    data = rows()
    search = searched(data)
    networks, learned = [search.network(i) for i in range(3)], [search.learned[i] for i in range(3)]
    weights = [0.5, 0.3, 0.2]
    network, params = assemble(networks, learned, weights, 2.0)
    y = Model(network, params).outputs_of(data.data.x)
    wanted = sum(
        w / 3 * softmax(one.forward(NUMPY, part.params, data.data.x, PREDICT) / 2)
        for w, one, parts in zip(weights, networks, learned, strict=True)
        for part in parts
    )
    np.testing.assert_allclose(y, wanted, rtol=1e-4, atol=1e-6)


def test_the_time_limit_keeps_what_has_learned_and_waits_for_the_first() -> None:
    search = searched(rows(), seconds=1e-6)
    assert "time limit" in search.reason
    assert set(search.learned) == {0}
    assert str(search.picked()) == "1 of 1 members: 1 linear"


def test_whoever_stops_gets_the_best_so_far() -> None:
    search = Search(rows(), MEMBERS, FEW)
    for event in search:
        if event.done == 2:
            search.stop("interrupted")
    assert search.reason == "interrupted"
    assert search.picked().tried == 2


def test_members_that_have_learned_are_not_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = FolderShelf(tmp_path / "members", "data")
    whole = searched(rows()).picked()
    for event in Search(rows(), MEMBERS, FEW, shelf=shelf):
        if event.done == 2:
            break
    trained: list[Member] = []
    learn = module.learn

    def counting(member: Member, *rest: Any) -> Learned | None:
        trained.append(member)
        return learn(member, *rest)

    monkeypatch.setattr(module, "learn", counting)
    again = searched(rows(), shelf=shelf).picked()
    assert trained == [MEMBERS[2]] * 3
    np.testing.assert_array_equal(again.out_of_fold, whole.out_of_fold)
    # Of other data nothing is taken.
    trained.clear()
    searched(rows(), shelf=FolderShelf(tmp_path / "members", "other"))
    assert len(trained) == 9
    shelf.clear()
    assert not (tmp_path / "members").exists()


def test_a_damaged_member_is_trained_again(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path, "data")
    searched(rows(), shelf=shelf)
    file = tmp_path / "member-001.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    assert shelf.load(0, MEMBERS[0], Search(rows(), MEMBERS, FEW).network(0), [40, 40, 40]) is None


def test_groups_are_never_parted() -> None:
    t = np.eye(2)[np.arange(60) % 2]
    groups = np.repeat(np.arange(12), 5)
    folds = folds_for(t, classify=True, seed=0, groups=groups)
    assert all(not set(groups[train]) & set(groups[test]) for train, test in folds.pairs)
    with pytest.raises(DataError, match="2 groups"):
        folds_for(t, classify=True, seed=0, groups=np.zeros(60))


@pytest.mark.parametrize(
    ("counts", "kind", "folds"),
    [((40, 40), "stratified", 5), ((10, 2), "stratified", 5), ((10, 1), "plain", 5), ((3, 2), "stratified", 3)],
)
def test_few_rows_of_a_class_have_folds_all_the_same(counts: Sequence[int], kind: str, folds: int) -> None:
    codes = np.repeat(np.arange(len(counts)), counts)
    drawn = folds_for(np.eye(len(counts))[codes], classify=True, seed=0)
    assert (drawn.kind, len(drawn)) == (kind, folds)


def test_quick_is_one_network_on_one_part() -> None:
    data = rows()
    search = plan_search(data.data.x, data.data.t, data.loss, "quick")
    assert (len(search.members), len(search.folds)) == (1, 1)
    assert len(one_part(data.folds)) == 1


def test_an_effort_that_there_is_not_is_refused_by_name() -> None:
    data = rows()
    with pytest.raises(ConfigError, match="quick, standard, best"):
        plan_search(data.data.x, data.data.t, data.loss, "bst")
    assert {"quick", "standard", "best"} == set(EFFORTS)


def test_values_are_learned_too() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 3)).astype(np.float32)
    t = (np.abs(x[:, :1]) + 0.1 * rng.normal(size=(150, 1))).astype(np.float32)
    data = Rows(Batch(x, t), SquaredError(), folds_for(t, classify=False, seed=0))
    picked = searched(data).picked()
    # |x| is nothing to a line, and much to bins.
    assert picked.members[0].kind != "linear"
    assert picked.cost < 0.3 * picked.linear_cost
