"""The Python script that goes on from here: everything that it needs is in it, and it takes the very same steps."""

from __future__ import annotations

import base64
import zlib
from dataclasses import fields
from typing import Any

import numpy as np

from chainrule.errors import ConfigError
from chainrule.playground.build import HORIZON_EPOCHS, rule_of, schedule_of
from chainrule.playground.learner import WatchedLearner
from chainrule.tree import leaves
from chainrule.types import Batch

_MOST_NUMBERS = 1_000_000
_SHORT = 60


def script_of(learner: WatchedLearner) -> str:
    """Return the script."""
    scene, trainer = learner.scene, learner.trainer
    spec, network = scene.spec, scene.network
    parts = {"train": scene.train, "test": scene.test}
    size = sum(part.x.size + part.t.size for part in parts.values())
    if size > _MOST_NUMBERS:
        raise ConfigError(
            f"data of at most {_MOST_NUMBERS:,} numbers to write into a script",
            f"{size:,}",
            "Export a model file, or train with `chainrule train`.",
        )
    now = trainer.state()
    children = network.layer.children()
    layers = ",\n        ".join(f"nn.{layer!r}" for layer in children.values())
    like = trainer.params.like
    return _TEMPLATE.format(
        # Names are the data's, and whoever made the data may have written anything: they are literals, never text of the code.
        about={
            "data": str(spec.data.name),
            "inputs": [str(label) for label in scene.features.labels[:20]],
            "outputs": [str(name) for name in scene.data.target.classes] or [str(scene.data.target.name)],
        },
        layers=layers,
        names=tuple(children),
        input_shape=network.input_shape,
        loss=_call("nn", network.loss),
        rule=_call("optim", rule_of(spec)),
        schedule=_call("optim", schedule_of(spec)),
        penalty=f"nn.Penalty(l1={spec.l1!r}, l2={spec.l2!r})",
        rate=spec.learning_rate,
        batch_size=spec.batch_size,
        epochs=spec.stop.epochs or HORIZON_EPOCHS,
        seed=spec.init_seed,
        dtype=spec.dtype,
        train=_batch(parts["train"]),
        test=_batch(parts["test"]),
        weights=_named(like(now.weights)),
        memory=_named({name: like(flat) for name, flat in now.moments.items()}),
        position=(now.position.epoch, now.position.sample, now.position.step, now.rule_step),
    )


def _call(package: str, value: Any) -> str:
    arguments = ", ".join(f"{item.name}={getattr(value, item.name)!r}" for item in fields(value))
    return f"{package}.{type(value).__name__}({arguments})"


def _batch(batch: Batch) -> str:
    return f"Batch({_array(batch.x)}, {_array(batch.t)})"


def _named(tree: Any) -> str:
    return "{\n" + "".join(f"    {path!r}: {_array(np.asarray(value))},\n" for path, value in leaves(tree)) + "}"


def _array(values: np.ndarray) -> str:
    """A short array as numbers to read; a long one packed. Both keep every bit."""
    values = np.asarray(values, np.float64)
    if values.size <= _SHORT:
        return f"np.array({values.tolist()!r})"
    packed = base64.b85encode(zlib.compress(np.ascontiguousarray(values, "<f8").tobytes(), 9)).decode()
    return f'unpack("{packed}", {values.shape})'


_TEMPLATE = '''"""Goes on with a network from Chainrule's Playground.

Run it with `python`, or import it and call `train(epochs)`; it takes the steps that the Playground would take.
"""

import base64
import sys
import zlib

import numpy as np

from chainrule import nn, optim
from chainrule.engine import engine_by_name, placed
from chainrule.network import Network
from chainrule.train import Learner, Supervised
from chainrule.train.batches import cut, epoch_rows
from chainrule.tree import fill, leaves
from chainrule.types import Batch


def unpack(text, shape):
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), "<f8").reshape(shape)


about = {about!r}

# The network, and how it learns
layers = nn.Sequential(
    (
        {layers},
    ),
    {names},
)
network = Network(layers, {input_shape}, {loss})
objective = Supervised(network, {penalty})
rule = {rule}
schedule = {schedule}
learning_rate, batch_size, seed = {rate!r}, {batch_size}, {seed}

# The data, as the network gets them
train_part = {train}
test_part = {test}

# Where it stands: weights, the rule's memory, and (epoch, samples of it seen, steps, steps of the rule)
weights = {weights}
memory = {memory}
position = {position}

engine = engine_by_name("numpy", {dtype!r})


def train(epochs):
    """Train for so many more epochs; return the weights by name."""
    data = placed(engine, train_part)
    n = data.n_samples
    learner = Learner(
        objective,
        fill(network.specs, weights),
        rule=rule,
        engine=engine,
        rate=learning_rate,
        schedule=schedule,
        horizon=optim.Horizon(-(-n // batch_size), {epochs}),
        seed=seed,
    )
    learner.remember(memory)
    first, sample, learner.count, learner.rule_count = position
    for epoch in range(first, first + epochs):
        rows = cut(epoch_rows(n, n, seed=seed, epoch=epoch)[0][sample:], batch_size)
        costs = learner.steps(data, rows)
        sample = 0
        print(f"epoch {{epoch + 1}}: mean cost of its batches {{costs.mean():.6f}}")
    for name, part in (("train", train_part), ("test", test_part)):
        print(name, objective.evaluate(engine, learner.shown, part))
    return dict(leaves(learner.params))


if __name__ == "__main__":
    train(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
'''
