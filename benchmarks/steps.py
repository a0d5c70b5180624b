"""How long a training step takes, side by side in one run: Chainrule, hand-written loops, and peers.

Run it with `make bench`. All contenders take turns for several rounds, and the table gives medians, so that a
machine that is shared and noisy is noisy for all alike. Adam, float32, softmax cross-entropy, tanh for the two
small networks and relu for the two large ones.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np

from chainrule import optim, train
from chainrule.engine import engine_by_name
from chainrule.nn import SoftmaxCrossEntropy
from chainrule.recipes.mlp import mlp
from chainrule.types import Batch

RATE, BETA1, BETA2, EPSILON = 0.001, 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Workload:
    """A network and a data set."""

    sizes: tuple[int, ...]
    batch: int
    samples: int
    epochs: int
    activation: str

    @property
    def name(self) -> str:
        """Sizes and batch."""
        return f"{'-'.join(map(str, self.sizes))}, batch {self.batch}"

    @property
    def steps(self) -> int:
        """Steps an epoch."""
        return self.samples // self.batch

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Random inputs and labels: a step costs the same whatever it learns."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(self.samples, self.sizes[0])).astype(np.float32)
        return x, rng.integers(0, self.sizes[-1], self.samples)


WORKLOADS = (
    Workload((2, 4, 2, 2), 10, 500, 60, "tanh"),
    Workload((64, 32, 10), 32, 1440, 60, "tanh"),
    Workload((784, 300, 10), 128, 12800, 3, "relu"),
    Workload((784, 1024, 1024, 10), 128, 3200, 2, "relu"),
)

# A contender takes a workload and returns a function that trains for some epochs and returns its seconds.
Timer = Callable[[int], float]


def chainrule_timer(engine: str) -> Callable[[Workload], Timer]:
    """Return Chainrule's own loop on an engine, events and all."""

    def make(work: Workload) -> Timer:
        x, labels = work.data()
        data = Batch(x, np.eye(work.sizes[-1], dtype=np.float32)[labels])
        network = mlp(x.shape[1:], work.sizes[1:-1], work.sizes[-1], SoftmaxCrossEntropy(), activation=work.activation)
        settings = train.Settings(epochs=10**6, batch_size=work.batch, learning_rate=RATE)
        run = train.run(
            train.Supervised(network), data, settings, optimizer=optim.Adam(), engine=engine_by_name(engine)
        )

        def time_epochs(epochs: int) -> float:
            start = time.perf_counter()
            while epochs:
                epochs -= isinstance(next(run), train.EpochEnded)
            return time.perf_counter() - start

        return time_epochs

    return make


def _initial(sizes: tuple[int, ...]) -> list[list[np.ndarray]]:
    rng = np.random.default_rng(1)
    return [
        [(rng.normal(size=pair) / np.sqrt(pair[0])).astype(np.float32), np.zeros(pair[1], np.float32)]
        for pair in itertools.pairwise(sizes)
    ]


def bare_numpy(work: Workload) -> Timer:
    """The loop that a careful person writes by hand: views of one vector for Adam, no abstraction at all."""
    x, labels = work.data()
    t = np.eye(work.sizes[-1], dtype=np.float32)[labels]
    initial = _initial(work.sizes)
    flat = np.concatenate([array.ravel() for layer in initial for array in layer])
    grad, m, v = np.zeros_like(flat), np.zeros_like(flat), np.zeros_like(flat)
    W, b, dW, db = [], [], [], []
    at = 0
    for weights, biases in initial:
        for array, views, gradients in ((weights, W, dW), (biases, b, db)):
            views.append(flat[at : at + array.size].reshape(array.shape))
            gradients.append(grad[at : at + array.size].reshape(array.shape))
            at += array.size
    last = len(W) - 1
    tanh = work.activation == "tanh"
    state = {"t": 0}
    rng = np.random.default_rng(2)

    def time_epochs(epochs: int) -> float:
        start = time.perf_counter()
        for _ in range(epochs):
            order = rng.permutation(work.samples)
            total = 0.0
            for begin in range(0, work.samples, work.batch):
                rows = order[begin : begin + work.batch]
                z, target = [x[rows]], t[rows]
                for i in range(last):
                    a = z[-1] @ W[i]
                    a += b[i]
                    z.append(np.tanh(a, out=a) if tanh else np.maximum(a, 0, out=a))
                a = z[-1] @ W[last]
                a += b[last]
                a -= a.max(axis=1, keepdims=True)
                y = np.exp(a)
                y /= y.sum(axis=1, keepdims=True)
                total += -np.log(np.maximum(y[target > 0], 1e-30)).mean()
                dy = y - target
                dy /= len(rows)
                for i in range(last, -1, -1):
                    np.matmul(z[i].T, dy, out=dW[i])
                    np.add.reduce(dy, axis=0, out=db[i])
                    if i:
                        dz = dy @ W[i].T
                        dy = dz * (1 - z[i] * z[i]) if tanh else dz * (z[i] > 0)
                state["t"] += 1
                m[:] = BETA1 * m + (1 - BETA1) * grad
                v[:] = BETA2 * v + (1 - BETA2) * grad * grad
                scale = RATE / (1 - BETA1 ** state["t"])
                root = 1 / np.float32(np.sqrt(1 - BETA2 ** state["t"]))
                flat[:] -= np.float32(scale) * m / (np.sqrt(v) * root + np.float32(EPSILON))
        return time.perf_counter() - start

    return time_epochs


def bare_jax(work: Workload) -> Timer:
    """A hand-written scan over an epoch, gradients by JAX's own differentiation."""
    import jax
    import jax.numpy as jnp

    x, labels = work.data()
    data, onehot = jnp.asarray(x), jnp.asarray(np.eye(work.sizes[-1], dtype=np.float32)[labels])
    params = [[jnp.asarray(array) for array in layer] for layer in _initial(work.sizes)]
    bend = jnp.tanh if work.activation == "tanh" else jax.nn.relu

    def cost(params: list, x: jax.Array, t: jax.Array) -> jax.Array:
        for W, b in params[:-1]:
            x = bend(x @ W + b)
        W, b = params[-1]
        return -(t * jax.nn.log_softmax(x @ W + b)).sum(1).mean()

    def step(carry: tuple, rows: jax.Array) -> tuple:
        params, m, v, t = carry
        J, g = jax.value_and_grad(cost)(params, data[rows], onehot[rows])
        t = t + 1
        m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
        v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
        params = jax.tree.map(
            lambda w, m, v: w - RATE * (m / (1 - BETA1**t)) / (jnp.sqrt(v / (1 - BETA2**t)) + EPSILON), params, m, v
        )
        return (params, m, v, t), J

    epoch = jax.jit(lambda carry, rows: jax.lax.scan(step, carry, rows), donate_argnums=0)
    zeros = jax.tree.map(jnp.zeros_like, params)
    state = {"carry": (params, zeros, jax.tree.map(jnp.copy, zeros), jnp.float32(0))}
    rng = np.random.default_rng(2)

    def time_epochs(epochs: int) -> float:
        start = time.perf_counter()
        for _ in range(epochs):
            rows = rng.permutation(work.samples).reshape(work.steps, work.batch).astype(np.int32)
            state["carry"], costs = epoch(state["carry"], rows)
            float(costs.mean())
        return time.perf_counter() - start

    return time_epochs


def scikit_learn(work: Workload) -> Timer:
    """MLPClassifier.fit."""
    from sklearn.neural_network import MLPClassifier

    x, labels = work.data()

    def time_epochs(epochs: int) -> float:
        model = MLPClassifier(
            work.sizes[1:-1],
            activation=work.activation,
            batch_size=work.batch,
            alpha=0,
            max_iter=epochs,
            tol=0,
            n_iter_no_change=10**6,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            start = time.perf_counter()
            model.fit(x, labels)
            return time.perf_counter() - start

    return time_epochs


def pytorch(work: Workload) -> Timer:
    """Eager PyTorch, the data in one tensor."""
    import torch

    x, labels = work.data()
    data, target = torch.from_numpy(x), torch.from_numpy(labels)
    bend = torch.nn.Tanh if work.activation == "tanh" else torch.nn.ReLU
    layers: list = []
    for before, after in itertools.pairwise(work.sizes):
        layers += [torch.nn.Linear(before, after), bend()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    cost = torch.nn.CrossEntropyLoss()

    def time_epochs(epochs: int) -> float:
        start = time.perf_counter()
        for _ in range(epochs):
            total = 0.0
            for rows in torch.randperm(work.samples).split(work.batch):
                optimizer.zero_grad()
                J = cost(model(data[rows]), target[rows])
                J.backward()
                optimizer.step()
                total += J.item()
        return time.perf_counter() - start

    return time_epochs


def keras_fit(work: Workload) -> Timer:
    """Keras's `fit` on TensorFlow."""
    import keras

    x, labels = work.data()
    hidden = [keras.layers.Dense(units, activation=work.activation) for units in work.sizes[1:-1]]
    model = keras.Sequential([keras.layers.Input(x.shape[1:]), *hidden, keras.layers.Dense(work.sizes[-1])])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def time_epochs(epochs: int) -> float:
        start = time.perf_counter()
        model.fit(x, labels, batch_size=work.batch, epochs=epochs, verbose=0)
        return time.perf_counter() - start

    return time_epochs


CONTENDERS: dict[str, Callable[[Workload], Timer]] = {
    "Chainrule, NumPy": chainrule_timer("numpy"),
    "bare NumPy loop": bare_numpy,
    "Chainrule, JAX": chainrule_timer("jax"),
    "bare JAX scan": bare_jax,
    "scikit-learn": scikit_learn,
    "PyTorch eager": pytorch,
    "Keras fit": keras_fit,
}


def measure(work: Workload, names: list[str], rounds: int) -> dict[str, float]:
    """Return the median microseconds a step of each contender, taking turns."""
    timers: dict[str, Timer] = {}
    for name in names:
        try:
            timers[name] = CONTENDERS[name](work)
        except ImportError as error:
            print(f"  {name} is left out: {error}")
    for timer in timers.values():
        timer(1)
    seconds: dict[str, list[float]] = {name: [] for name in timers}
    order = list(timers)
    shuffle = random.Random(0).shuffle
    for _ in range(rounds):
        # Threads of the contender before may still be spinning, and its data fill the caches: the order changes,
        # and the first epoch of each turn is not counted.
        shuffle(order)
        for name in order:
            timers[name](1)
            seconds[name].append(timers[name](work.epochs))
    steps = work.epochs * work.steps
    return {name: statistics.median(values) / steps * 1e6 for name, values in seconds.items()}


BARS = (
    # of, over, workloads, at most
    ("Chainrule, NumPy", "bare NumPy loop", (0, 1), 1.6),
    ("Chainrule, NumPy", "bare NumPy loop", (2, 3), 1.15),
    ("Chainrule, JAX", "bare JAX scan", (0, 1, 2, 3), 1.15),
    ("Chainrule, JAX", "PyTorch eager", (2, 3), 1 / 2),
    ("Chainrule, JAX", "scikit-learn", (2, 3), 1 / 3),
    ("Chainrule, NumPy", "scikit-learn", (0, 1, 2, 3), 1.0),
)


def tables(results: list[dict[str, float]], works: list[Workload]) -> str:
    """Return the medians and the bars as Markdown."""
    names = [name for name in CONTENDERS if any(name in result for result in results)]
    lines = ["| microseconds a step | " + " | ".join(work.name for work in works) + " |"]
    lines.append("|---" * (len(works) + 1) + "|")
    for name in names:
        cells = [f"{result[name]:.0f}" if name in result else "" for result in results]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "| ratio | bar | " + " | ".join(work.name for work in works) + " |"]
    lines.append("|---" * (len(works) + 2) + "|")
    for of, over, which, bar in BARS:
        cells = []
        for i, work in enumerate(WORKLOADS):
            if work not in works:
                continue
            result = results[works.index(work)]
            if i in which and of in result and over in result:
                ratio = result[of] / result[over]
                cells.append(f"{ratio:.2f}{'' if ratio <= bar else ' (missed)'}")
            else:
                cells.append("")
        lines.append(f"| {of} / {over} | ≤ {bar:.2f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS), metavar="NAME")
    parser.add_argument("--workloads", nargs="*", type=int, default=[0, 1, 2, 3])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    works = [WORKLOADS[i] for i in arguments.workloads]
    results = []
    for work in works:
        print(f"{work.name}: {arguments.rounds} rounds of {work.epochs} epochs of {work.steps} steps", flush=True)
        results.append(measure(work, arguments.only, arguments.rounds))
    print("\n" + tables(results, works))
    if arguments.json:
        arguments.json.write_text(json.dumps(dict(zip([w.name for w in works], results, strict=True)), indent=1))


if __name__ == "__main__":
    main()
