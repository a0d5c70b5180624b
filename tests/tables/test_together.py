"""Members as one program on JAX: the weights, batches and ends that they have on NumPy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chainrule.tables.member import LINEAR, Effort, Member
from chainrule.tables.search import Rows, Search
from chainrule.tables.together import Standing, alike
from tests.tables.test_search import rows

pytest.importorskip("jax")

NET = Member("piecewise", (6,), 4, learning_rate=0.02, average=0.9, seed=4)
MEMBERS = (LINEAR[0], NET, replace(NET, learning_rate=0.005, decay=8.0, seed=9), replace(NET, hidden=(5,)))


def searched(engine: str, data: Rows) -> Search:
    search = Search(data, MEMBERS, Effort("few", 3, 7, 3), engine=engine)
    list(search)
    return search


def test_one_program_comes_to_what_turns_come_to() -> None:
    # 122 rows in 3 folds: some learn from a row more than others.
    data = rows(122)
    numpy, jax = searched("numpy", data), searched("jax", data)
    for number in range(len(MEMBERS)):
        for one, other in zip(numpy.learned[number], jax.learned[number], strict=True):
            assert one.epochs == other.epochs
            np.testing.assert_allclose(one.held_out, other.held_out, rtol=2e-3, atol=2e-3)
            assert one.cost == pytest.approx(other.cost, rel=1e-3)
    assert numpy.picked().cost == pytest.approx(jax.picked().cost, rel=1e-2)


def test_members_of_one_architecture_are_one_program() -> None:
    search = Search(rows(), MEMBERS, Effort("few", 3, 7, 3))
    networks = [search.network(number) for number in range(len(MEMBERS))]
    assert alike(MEMBERS, networks) == [[1, 2], [3]]


def test_each_is_kept_where_it_was_best_and_ends_by_itself() -> None:
    standing = Standing(np.full(3, np.inf), [np.empty(0)] * 3, np.zeros(3, int), np.zeros(3, int))
    costs = [[3.0, 3.0, np.nan], [2.0, 4.0, 1.0], [2.5, 4.0, 1.0], [1.0, 1.0, 1.0]]
    for epoch, now in enumerate(costs, start=1):
        standing.see(epoch, np.array(now), [np.full(1, epoch)] * 3, patience=2)
    assert standing.cost.tolist() == [1.0, 3.0, np.inf]
    assert standing.epoch.tolist() == [4, 1, 0]
    assert standing.done.tolist() == [False, True, True]
    assert [int(one[0]) for one in standing.held_out[:2]] == [4, 1]
