"""Requests that come together are computed together, and no answer depends on its neighbours: to the last bit."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from chainrule.saved.model import Model
from chainrule.serve import batcher as module
from chainrule.serve.asked import Asked
from chainrule.serve.batcher import Batcher
from chainrule.serve.predictor import Predictor


def some(model: Model, sizes: list[int]) -> list[Asked]:
    rng = np.random.default_rng(7)
    shape = model.prepared_by.input_shape
    return [Asked(n, rng.normal(size=(n, *shape)).astype(np.float32)) for n in sizes]


def together(predictor: Predictor, asked: list[Asked]) -> tuple[list[np.ndarray], int]:
    async def run() -> tuple[list[np.ndarray], int]:
        batcher = Batcher()
        return await asyncio.gather(*(batcher.outputs(predictor, one) for one in asked)), batcher.calls

    return asyncio.run(run())


@pytest.mark.parametrize("name", ["table", "flat_pictures", "conv_pictures", "sounds"])
def test_an_answer_has_the_same_bits_alone_and_in_company(name: str, request: pytest.FixtureRequest) -> None:
    model: Model = request.getfixturevalue(name)
    predictor = Predictor(model, "x")
    asked = some(model, [1, 7, 64, 1, 130, 3])
    answers, calls = together(predictor, asked)
    assert calls == 1
    for one, y in zip(asked, answers, strict=True):
        alone = Predictor(model, "x").outputs(one.x)
        np.testing.assert_array_equal(y, alone)
        rows = np.concatenate([predictor.outputs(one.x[i : i + 1]) for i in range(one.n)])
        np.testing.assert_array_equal(y, rows)
        if model.rounds_alike or one.n == 1:
            # As `chainrule predict` says it.
            np.testing.assert_array_equal(y, model.outputs_of(one.x))


@pytest.mark.parametrize("seconds", [0.0, 10.0])
def test_large_calls_are_beside_and_small_ones_between(
    table: Model, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    predictor = Predictor(table, "x")
    monkeypatch.setattr(predictor, "seconds_a_sample", seconds)
    answers, calls = together(predictor, some(table, [2, 3]))
    assert [len(y) for y in answers] == [2, 3]
    assert calls == 1


def test_a_call_has_a_most(table: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_AT_ONCE", 5)
    answers, calls = together(Predictor(table, "x"), some(table, [2, 3, 4, 9, 1]))
    assert [len(y) for y in answers] == [2, 3, 4, 9, 1]
    assert calls == 4


def test_two_models_are_never_in_one_call(table: Model) -> None:
    old, new = Predictor(table, "old"), Predictor(table, "new")
    asked = some(table, [1, 1, 1])

    async def run() -> tuple[Any, int]:
        batcher = Batcher()
        return await asyncio.gather(
            *(batcher.outputs(predictor, one) for predictor, one in zip((old, new, old), asked, strict=True))
        ), batcher.calls

    answers, calls = asyncio.run(run())
    assert calls == 3
    for one, y in zip(asked, answers, strict=True):
        np.testing.assert_array_equal(y, old.outputs(one.x))


def test_a_failed_call_fails_those_in_it_and_the_next_ones_go_on(table: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = Predictor(table, "x")
    asked = some(table, [1, 1])

    async def run() -> None:
        batcher = Batcher()
        with monkeypatch.context() as broken:
            broken.setattr(predictor, "together", lambda asked: 1 / 0)
            results = await asyncio.gather(*(batcher.outputs(predictor, one) for one in asked), return_exceptions=True)
            assert all(isinstance(result, ZeroDivisionError) for result in results)
        assert len(await batcher.outputs(predictor, asked[0])) == 1

    asyncio.run(run())


def test_who_does_not_wait_any_more_is_left_out(table: Model) -> None:
    predictor = Predictor(table, "x")
    asked = some(table, [1, 1])

    async def run() -> int:
        batcher = Batcher()
        first = asyncio.ensure_future(batcher.outputs(predictor, asked[0]))
        second = asyncio.ensure_future(batcher.outputs(predictor, asked[1]))
        await asyncio.sleep(0)
        first.cancel()
        await second
        return batcher.calls

    assert asyncio.run(run()) == 1
