"""The n-gram baseline against probabilities written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.job.ngram import NGram, longest_order


def test_two_tokens_by_hand() -> None:
    # Of a b a: p(a) = (2 + 2/2) / (3 + 2), p(b) = (1 + 2/2) / (3 + 2).
    grams = NGram.fit(np.array([0, 1, 0]), 2, 2)
    pa, pb = 3 / 5, 2 / 5
    # After a came b once: p(b | a) = (1 + 1 p(b)) / (1 + 1).
    pb_a, pa_a = (1 + pb) / 2, pa / 2
    bits = grams.bits(np.array([0, 1]))
    assert bits[0] == pytest.approx(-np.log2(pb))
    assert bits[1] == pytest.approx(-np.log2(pb_a))
    assert grams.bits(np.array([0, 0]))[1] == pytest.approx(-np.log2(pa_a))


def test_after_what_never_came_the_shorter_history_counts() -> None:
    grams = NGram.fit(np.array([0, 1, 0]), 4, 2)
    bits = grams.bits(np.array([3, 0]))
    assert bits[1] == bits[0]


@pytest.mark.parametrize("history", [(0,), (1, 2), (2, 2, 1)])
def test_probabilities_add_up_to_one(history: tuple[int, ...]) -> None:
    grams = NGram.fit(np.random.default_rng(0).integers(0, 4, 300), 4, len(history) + 1)
    total = sum(2 ** -grams.bits(np.array([*history, k]))[-1] for k in range(4))
    assert total == pytest.approx(1)


def test_a_longer_history_tells_a_text_that_repeats_itself() -> None:
    bits = NGram.fit(np.tile([0, 1, 0, 2], 200), 3, 4).bits(np.tile([0, 1, 0, 2], 20))
    assert (np.diff(bits) < 0).all()
    assert bits[-1] < 0.1


def test_the_order_is_what_fits_into_a_number() -> None:
    assert longest_order(100) == 9
    assert NGram.fit(np.arange(50) % 7, 1 << 20, 5).order == 3
