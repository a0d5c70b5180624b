"""The search: members learn on folds, each row is held out once, and those that say most of such rows are picked."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from chainrule.encode.sparse import is_sparse
from chainrule.engine import Engine
from chainrule.engine.numpy import NumpyEngine
from chainrule.engine.population import many_engine
from chainrule.errors import ConfigError, TrainingError
from chainrule.network.network import Network
from chainrule.nn import Loss
from chainrule.select.folds import Folds
from chainrule.tables.ensemble import Picked, assemble
from chainrule.tables.learn import Learned, learn
from chainrule.tables.member import Effort, Member
from chainrule.tables.network import Fronts, network_of
from chainrule.tables.pick import cost_of, pick
from chainrule.tables.temperature import fit_temperature, softmax
from chainrule.tables.together import alike, learn_together
from chainrule.train import MemberEnded
from chainrule.types import Batch


@dataclass(frozen=True, eq=False)
class Rows:
    """What is learned from.

    Attributes
    ----------
    data : Batch
        x (N, D), an array or CSR, and t (N, K).
    loss : Loss
    folds : Folds
        Each row that a fold holds out is held out once.
    numbers : tuple of int, optional
        Which inputs are numbers; by default those that take more than two values.
    """

    data: Batch
    loss: Loss
    folds: Folds
    numbers: tuple[int, ...] | None = None

    @property
    def classify(self) -> bool:
        """Whether t are indicators of classes."""
        return self.loss.task == "classification"


class Shelf(Protocol):
    """Where members that have learned are kept, so that a run that was killed need not train them again."""

    def save(self, number: int, member: Member, learned: Sequence[Learned]) -> None:
        """Keep what member `number` came to on each fold."""

    def load(self, number: int, member: Member, network: Network, rows: Sequence[int]) -> list[Learned] | None:
        """Return it, or None where it is not there."""


class Search:
    """Trains the members when it is iterated, and tells of each that has learned from all folds.

    On NumPy they take turns, several at a time in threads where `jobs` says so; what comes out is the same. Each has one
    thread of the linear algebra, whatever the machine has: another number of them would sum in another order.

    Parameters
    ----------
    rows : Rows
    members : sequence of Member
        The first is trained whatever the time limit says.
    effort : Effort
    seed : int
        Of what picking draws.
    jobs : int
        Trainings at once, on NumPy.
    engine : str
        `numpy`: in turns; `jax`: members of one architecture on all folds as one program.
    seconds : float, optional
        After which no other training begins, and those that go on end.
    shelf : Shelf, optional
    """

    def __init__(
        self,
        rows: Rows,
        members: Sequence[Member],
        effort: Effort,
        *,
        seed: int = 0,
        jobs: int = 1,
        engine: str = "numpy",
        seconds: float | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self._rows, self.members, self._effort, self._seed = rows, tuple(members), effort, seed
        self._jobs, self._shelf = jobs, shelf
        self._seconds = math.inf if seconds is None else seconds
        self._until = math.inf
        x = rows.data.x
        fronts = Fronts(None if is_sparse(x) else x, rows.numbers)
        outputs = rows.data.t.shape[1]
        self._networks = [network_of(member, fronts, x.shape[1], outputs, rows.loss) for member in self.members]
        self._engine: Engine = NumpyEngine()
        # JAX is asked for before anything is trained: it may not be there.
        self._many = many_engine() if engine == "jax" else None
        if self._many is not None and is_sparse(x):
            raise ConfigError("inputs that are dense, for the engine jax", "a sparse matrix", "Use `engine=numpy`.")
        self.learned: dict[int, list[Learned]] = {}
        self._reason = ""

    @property
    def reason(self) -> str:
        """Why it ended before all members had learned; else empty."""
        return self._reason

    def network(self, number: int) -> Network:
        """Return the network of member `number`, counted from 0."""
        return self._networks[number]

    def stop(self, reason: str) -> None:
        """Ask the search to end: what has learned from all folds is kept."""
        self._reason = self._reason or reason

    @property
    def folds(self) -> Folds:
        """The folds."""
        return self._rows.folds

    def __iter__(self) -> Iterator[MemberEnded]:
        """Train."""
        return self.events()

    def events(self) -> Generator[MemberEnded, None, None]:
        """Train: yield an event for each member that has learned from all folds."""
        began = time.monotonic()
        self._until = began + self._seconds
        done = 0
        with _one_thread():
            for number, learned in self._ended():
                done += 1
                cost = math.nan
                if learned is not None:
                    self.learned[number] = learned
                    cost = self._cost(number)
                best = self._pick(rounds=1)[1] if self.learned else math.nan
                what = self.members[number].describe()
                yield MemberEnded(done, time.monotonic() - began, number + 1, len(self.members), done, what, cost, best)
        if done < len(self.members) and not self._reason:
            self._reason = f"the time limit of {self._seconds:g} s has passed"

    def _ended(self) -> Iterator[tuple[int, list[Learned] | None]]:
        """Yield members as they have learned from all folds; None where one of the networks diverged."""
        todo = []
        for number in range(len(self.members)):
            kept = None
            if self._shelf is not None:
                held = [len(test) for _, test in self._rows.folds.pairs]
                kept = self._shelf.load(number, self.members[number], self._networks[number], held)
            if kept is None:
                todo.append(number)
            else:
                yield number, kept
        must = todo[0] if not self.learned and todo else None
        tasks = [(number, fold) for number in todo for fold in range(len(self._rows.folds))]
        parts: dict[int, dict[int, Learned | None]] = {number: {} for number in todo}
        for (number, fold), one in self._results(tasks, must):
            parts[number][fold] = one
            if len(parts[number]) == len(self._rows.folds):
                of_folds = parts.pop(number)
                learned = [of_folds[fold] for fold in sorted(of_folds)]
                whole = [one for one in learned if one is not None]
                if len(whole) == len(learned) and self._shelf is not None:
                    self._shelf.save(number, self.members[number], whole)
                yield number, whole if len(whole) == len(learned) else None

    def _results(
        self, tasks: Sequence[tuple[int, int]], must: int | None
    ) -> Iterator[tuple[tuple[int, int], Learned | None]]:
        """Yield each task with what it came to. Those that the end overtakes do not count, but for the first member's."""
        if self._many is not None:
            together = [task for task in tasks if self.members[task[0]].hidden]
            yield from self._in_turns([task for task in tasks if task not in together], must)
            yield from self._together(sorted({number for number, _ in together}), must)
            return
        yield from self._in_turns(tasks, must)

    def _together(self, numbers: Sequence[int], must: int | None) -> Iterator[tuple[tuple[int, int], Learned | None]]:
        """Yield what those members come to that one program can train, group by group."""
        assert self._many is not None  # noqa: S101 (it is looked for by the caller)
        members, networks = [self.members[i] for i in numbers], [self._networks[i] for i in numbers]
        for group in alike(members, networks):
            found = learn_together(
                [members[i] for i in group],
                networks[group[0]],
                self._rows.data,
                self._rows.folds.pairs,
                self._effort,
                self._many,
                partial(self._is_over, (numbers[group[0]], 0), must),
            )
            if found is None:
                return
            for i, of_folds in zip(group, found, strict=True):
                yield from (((numbers[i], fold), one) for fold, one in enumerate(of_folds))

    def _in_turns(
        self, tasks: Sequence[tuple[int, int]], must: int | None
    ) -> Iterator[tuple[tuple[int, int], Learned | None]]:
        """Yield what trainings come to, several at a time in threads."""
        if self._jobs == 1:
            for task in tasks:
                if self._is_over(task, must):
                    return
                one = self._learn(*task, must)
                if self._is_over(task, must):
                    return
                yield task, one
            return
        with ThreadPoolExecutor(self._jobs) as pool:
            waiting = iter(tasks)
            running: dict[Future[Learned | None], tuple[int, int]] = {}
            while True:
                for task in waiting:
                    if self._is_over(task, must):
                        break
                    running[pool.submit(self._learn, *task, must)] = task
                    if len(running) >= self._jobs:
                        break
                if not running:
                    return
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in sorted(ended, key=lambda future: running[future]):
                    task = running.pop(future)
                    one = future.result()
                    if not self._is_over(task, must):
                        yield task, one

    def _is_over(self, task: tuple[int, int], must: int | None) -> bool:
        """Tell whether the search has ended for a task: the first member is always waited for, so that there is one."""
        return task[0] != must and (bool(self._reason) or time.monotonic() >= self._until)

    def _learn(self, number: int, fold: int, must: int | None) -> Learned | None:
        member, network = self.members[number], self._networks[number]

        def stopped() -> bool:
            return self._is_over((number, fold), must)

        pair = self._rows.folds.pairs[fold]
        return learn(member, network, self._rows.data, pair, self._effort, self._engine, self._until, stopped)

    # ── what they came to ──

    def _held(self) -> np.ndarray:
        """Return the rows that some fold holds out, in the order of the folds."""
        return np.concatenate([test for _, test in self._rows.folds.pairs])

    def _logits(self, number: int) -> np.ndarray:
        """Return a member's logits for these rows."""
        return np.concatenate([one.held_out for one in self.learned[number]])

    def _said(self, a: np.ndarray) -> np.ndarray:
        return softmax(a) if self._rows.classify else a

    def _cost(self, number: int) -> float:
        return cost_of(self._said(self._logits(number)), self._rows.data.t[self._held()], classify=self._rows.classify)

    def _pick(self, rounds: int) -> tuple[dict[int, float], float]:
        numbers = sorted(self.learned)
        each = [self._said(self._logits(number)) for number in numbers]
        t = self._rows.data.t[self._held()]
        weights, cost = pick(each, t, classify=self._rows.classify, rounds=rounds, seed=self._seed)
        return {numbers[i]: weight for i, weight in weights.items()}, cost

    def picked(self) -> Picked:
        """Return the ensemble of those that have learned.

        Raises
        ------
        TrainingError
            If none has.
        """
        if not self.learned:
            raise TrainingError(
                "a member that has learned from every fold",
                self._reason or "networks whose weights are NaN or infinite",
                "Give it more time, or look at the data: chainrule look.",
            )
        weights, _ = self._pick(rounds=max(1, min(_ROUNDS, _ROWS_DRAWN // len(self._held()))))
        order = sorted(weights, key=lambda number: (-weights[number], number))
        shares = [weights[number] for number in order]
        held, classify = self._held(), self._rows.classify
        t = self._rows.data.t[held]
        each = [self._logits(number) for number in order]
        temperature = fit_temperature(each, shares, t) if classify else 1.0
        y = np.asarray(sum(w * self._said(a / temperature) for w, a in zip(shares, each, strict=True)))
        out_of_fold = np.full(self._rows.data.t.shape, np.nan)
        out_of_fold[held] = y
        network, params = assemble(
            [self._networks[number] for number in order],
            [self.learned[number] for number in order],
            shares,
            temperature,
        )
        linear = [self._cost(number) for number in self.learned if self.members[number].is_linear]
        return Picked(
            network,
            params,
            tuple(self.members[number] for number in order),
            tuple(shares),
            len(self.learned),
            len(self._rows.folds),
            temperature,
            out_of_fold,
            cost_of(y, t, classify=classify),
            min(linear, default=math.nan),
        )


# How often picking is done on rows drawn anew, at most; of many rows chance has less to say.
_ROUNDS = 20
_ROWS_DRAWN = 60_000


def _one_thread() -> AbstractContextManager[Any]:
    """Return a context in which the linear algebra has one thread."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(limits=1)
    return limits
