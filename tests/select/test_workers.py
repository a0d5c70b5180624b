"""Workers: each item is done once, whatever the order."""

from __future__ import annotations

import time

import pytest

from chainrule.select.workers import Workers


def plus(a: int, b: int) -> int:
    # Long enough for the first ones to be taken out while the last ones are still to be handed out.
    time.sleep(0.01)
    return a + b


@pytest.mark.parametrize("workers", [Workers(1), Workers(2, "threading")], ids=["here", "threads"])
def test_more_items_than_are_handed_out_at_once_are_each_done_once(workers: Workers) -> None:
    assert sorted(workers.map(plus, (10,), range(60))) == [(i, 10 + i) for i in range(60)]
