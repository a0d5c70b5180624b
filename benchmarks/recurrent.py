"""How long a training step of a recurrent network takes, side by side in one run: Chainrule, JAX's own gradient, PyTorch.

    python benchmarks/recurrent.py                 # all cells, small and large, every contender
    python benchmarks/recurrent.py --cells LSTM --sizes 0 --rounds 3

A recurrent layer and a head of ten classes on its last state; Adam, float32. Contenders take turns in every round, in an
order of its own, and the table gives medians over the rounds. Of processor time rather than wall time, because threads of
others on a busy machine stretch the one and not the other; `--wall` gives wall time.
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from chainrule import nn, optim, train
from chainrule.engine import engine_by_name
from chainrule.network import Network
from chainrule.types import Batch

RATE, BETA1, BETA2, EPSILON, CLASSES = 0.001, 0.9, 0.999, 1e-8, 10


@dataclass(frozen=True)
class Workload:
    """A cell and the sizes of what it reads."""

    cell: str
    batch: int
    steps: int
    inputs: int
    units: int
    epoch: int

    @property
    def name(self) -> str:
        """Cell and sizes."""
        return f"{self.cell} {self.batch}/{self.steps}/{self.inputs}/{self.units}"

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Random sequences and labels: a step costs the same whatever it learns."""
        rng = np.random.default_rng(0)
        n = self.batch * self.epoch
        return rng.normal(size=(n, self.steps, self.inputs)).astype(np.float32), rng.integers(0, CLASSES, n)


CELLS = ("LSTM", "GRU", "SimpleRNN")
SIZES = ((32, 50, 32, 64, 16), (64, 100, 64, 128, 4))

# A contender takes a workload and returns a function that trains for an epoch.
Epoch = Callable[[], None]


def chainrule_on(engine: str, work: Workload) -> Epoch:
    """Chainrule's own loop on an engine, events and all."""
    x, labels = work.data()
    layers = [getattr(nn, work.cell)(work.units), nn.Dense(CLASSES)]
    network = Network(layers, x.shape[1:], nn.SoftmaxCrossEntropy())
    settings = train.Settings(epochs=10**6, batch_size=work.batch, learning_rate=RATE)
    run = train.run(
        train.Supervised(network),
        Batch(x, np.eye(CLASSES, dtype=np.float32)[labels]),
        settings,
        optimizer=optim.Adam(),
        engine=engine_by_name(engine),
    )

    def epoch() -> None:
        while not isinstance(next(run), train.EpochEnded):
            pass

    return epoch


def jax_gradient(work: Workload) -> Epoch:
    """The cells written for JAX in a scan over time, one product for the inputs before it, the gradient left to JAX."""
    import jax
    import jax.numpy as jnp

    x, labels = work.data()
    data, target, H = jnp.asarray(x), jnp.asarray(labels), work.units

    def rnn(p: dict, a: jax.Array, s: tuple) -> tuple:
        return (jnp.tanh(a + s[0] @ p["U"]),)

    def lstm(p: dict, a: jax.Array, s: tuple) -> tuple:
        i, f, o, g = jnp.split(a + s[0] @ p["U"], 4, axis=1)
        c = jax.nn.sigmoid(f) * s[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
        return jax.nn.sigmoid(o) * jnp.tanh(c), c

    def gru(p: dict, a: jax.Array, s: tuple) -> tuple:
        u = s[0] @ p["U"]
        r, z = jnp.split(jax.nn.sigmoid(a[:, : 2 * H] + u[:, : 2 * H]), 2, axis=1)
        g = jnp.tanh(a[:, 2 * H :] + r * (u[:, 2 * H :] + p["c"]))
        return ((1 - z) * g + z * s[0],)

    gates, parts, cell = {"SimpleRNN": (1, 1, rnn), "LSTM": (4, 2, lstm), "GRU": (3, 1, gru)}[work.cell]

    def cost(p: dict, x: jax.Array, t: jax.Array) -> jax.Array:
        a = jnp.swapaxes(x, 0, 1) @ p["W"] + p["b"]
        start = (jnp.zeros((work.batch, H)),) * parts
        s, _ = jax.lax.scan(lambda s, a: (cell(p, a, s), None), start, a)
        logits = s[0] @ p["V"] + p["d"]
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), t[:, None], axis=1).mean()

    def step(carry: tuple, rows: jax.Array) -> tuple:
        p, m, v, t = carry
        J, g = jax.value_and_grad(cost)(p, data[rows], target[rows])
        t = t + 1
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
        p = jax.tree.map(
            lambda w, m, v: w - RATE * (m / (1 - BETA1**t)) / (jnp.sqrt(v / (1 - BETA2**t)) + EPSILON), p, m, v
        )
        return (p, m, v, t), J

    rng = np.random.default_rng(1)
    shapes = {"W": (work.inputs, gates * H), "U": (H, gates * H), "b": (gates * H,), "c": (H,), "V": (H, CLASSES)}
    p = {name: jnp.asarray(rng.normal(size=shape) / np.sqrt(shape[0]), "float32") for name, shape in shapes.items()}
    p["d"] = jnp.zeros(CLASSES)
    zeros = jax.tree.map(jnp.zeros_like, p)
    many = jax.jit(lambda carry, rows: jax.lax.scan(step, carry, rows), donate_argnums=0)
    state = {"carry": (p, zeros, jax.tree.map(jnp.copy, zeros), jnp.float32(0))}

    def epoch() -> None:
        rows = rng.permutation(len(x)).reshape(work.epoch, work.batch).astype(np.int32)
        state["carry"], costs = many(state["carry"], rows)
        float(costs.mean())

    return epoch


def pytorch(work: Workload) -> Epoch:
    """Eager PyTorch, the data in one tensor."""
    import torch

    x, labels = work.data()
    data, target = torch.from_numpy(x), torch.from_numpy(labels)
    kind = {"SimpleRNN": "RNN"}.get(work.cell, work.cell)
    layer = getattr(torch.nn, kind)(work.inputs, work.units, batch_first=True)
    head = torch.nn.Linear(work.units, CLASSES)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=RATE)
    cost = torch.nn.CrossEntropyLoss()

    def epoch() -> None:
        for rows in torch.randperm(len(x)).split(work.batch):
            optimizer.zero_grad()
            J = cost(head(layer(data[rows])[0][:, -1]), target[rows])
            J.backward()
            optimizer.step()
            J.item()

    return epoch


CONTENDERS: dict[str, Callable[[Workload], Epoch]] = {
    "Chainrule, JAX": functools.partial(chainrule_on, "jax"),
    "JAX's own gradient": jax_gradient,
    "Chainrule, NumPy": functools.partial(chainrule_on, "numpy"),
    "PyTorch eager": pytorch,
}


def measure(work: Workload, names: list[str], rounds: int, clock: Callable[[], float]) -> dict[str, list[float]]:
    """Return each contender's milliseconds a step in every round."""
    epochs = {name: CONTENDERS[name](work) for name in names}
    for epoch in epochs.values():
        epoch()
    found: dict[str, list[float]] = {name: [] for name in names}
    order, shuffle = list(names), random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            # Threads of the contender before may still be spinning: the first epoch of each turn is not counted.
            epochs[name]()
            start = clock()
            epochs[name]()
            found[name].append((clock() - start) / work.epoch * 1e3)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cells", nargs="*", default=list(CELLS), choices=CELLS)
    parser.add_argument("--sizes", nargs="*", type=int, default=[0, 1])
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS), metavar="NAME")
    parser.add_argument("--wall", action="store_true", help="wall time rather than processor time")
    arguments = parser.parse_args()
    clock = time.perf_counter if arguments.wall else time.process_time
    if hasattr(os, "getloadavg"):
        print(f"load of the machine: {os.getloadavg()[0]:.1f}; {'wall' if arguments.wall else 'processor'} time")
    print("| milliseconds a step (of Chainrule on JAX) | " + " | ".join(arguments.only) + " |")
    print("|---" * (len(arguments.only) + 1) + "|")
    for size in arguments.sizes:
        for cell in arguments.cells:
            work = Workload(cell, *SIZES[size])
            found = measure(work, arguments.only, arguments.rounds, clock)
            base = found[arguments.only[0]]
            cells = []
            for times in found.values():
                ratio = statistics.median(one / other for one, other in zip(times, base, strict=True))
                cells.append(f"{statistics.median(times):.1f} ({ratio:.2f})")
            print(f"| {work.name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
