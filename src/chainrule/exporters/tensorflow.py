"""The TensorFlow script: Keras' layers, one a line, and the loop over the very batches."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from chainrule.errors import ConfigError
from chainrule.exporters import script
from chainrule.exporters.keras_layers import Call, keras_name
from chainrule.exporters.keras_time import LAYERS, both_ways, recurrent
from chainrule.exporters.lesson import Lesson, Training
from chainrule.exporters.losses import TENSORFLOW as LOSSES
from chainrule.exporters.losses import Lines
from chainrule.exporters.preparation import Plain
from chainrule.exporters.rules import MATRICES, OTHER_WAY, update_source
from chainrule.exporters.script import Written, packed
from chainrule.exporters.table import Table
from chainrule.nn import Bidirectional, Layer, Residual, Sequential
from chainrule.nn.layer import part
from chainrule.optim import (
    AdaGrad,
    Adam,
    AdamW,
    GradientAscent,
    GradientDescent,
    Momentum,
    Muon,
    Nesterov,
    RMSProp,
    Rule,
)
from chainrule.types import Params, Shape

# An entry takes the rule and whether every number is to be the same, and returns Keras' optimizer (with the rate `lr`)
# if it takes these steps, or steps so near that nobody asks for more; else "", and the rule is written out.
OPTIMIZERS = Table("tensorflow", "rule")
OPTIMIZERS.refuse(Muon, why=MATRICES, remedy=OTHER_WAY)
COMPOSITIONS = Table("keras and tensorflow", "composition")


@dataclass
class Built:
    """A network as code: its lines, its weights in Keras' order by Chainrule's names, the classes that it needs."""

    lines: list[str]
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    cannot_learn: str = ""


def build(layer: Layer, shape: Shape, p: Params, name: str) -> Built:
    """Return a layer as lines."""
    if type(layer) in COMPOSITIONS:
        found: Built = COMPOSITIONS.find(layer)(layer, shape, p, name)
        return found
    call: Call = LAYERS.find(layer)(layer, shape, p)
    sources = {call.kind: call.source} if call.source else {}
    return Built([call.line(name)], dict(call.weights), sources, call.cannot_learn)


@COMPOSITIONS.entry(Sequential)
def stack(layer: Sequential, shape: Shape, p: Params, name: str) -> Built:
    """One layer a line."""
    whole = Built(["keras.Sequential(["])
    shapes = layer.shapes_inside(shape)
    for inner, child in layer.children().items():
        built = build(child, shapes[inner], p[inner], inner)
        whole.lines += [f"    {line}" for line in built.lines]
        whole.lines[-1] += ","
        _take(whole, built, inner)
    whole.lines.append("])")
    return whole


@COMPOSITIONS.entry(Residual)
def residual(layer: Residual, shape: Shape, p: Params, name: str) -> Built:
    """The inner layer and the bypass."""
    whole = Built(["Residual("], sources={"Residual": _RESIDUAL})
    own = {key: tree for key, tree in p.items() if key != "shortcut"}
    parts = {"": (layer.inner, own), "shortcut": (layer.shortcut, part(p, "shortcut"))}
    for inner, (child, tree) in parts.items():
        built = build(child, shape, tree, inner or "inner")
        whole.lines += [f"    {line}" for line in built.lines]
        whole.lines[-1] += ","
        _take(whole, built, inner)
    whole.lines.append(")")
    return whole


@COMPOSITIONS.entry(Bidirectional)
def bidirectional(layer: Bidirectional, shape: Shape, p: Params, name: str) -> Built:
    """Keras' own, which turns around what the layer back says."""
    whole = Built(["layers.Bidirectional("])
    for (inner, child), before in zip(both_ways(layer).items(), ("", "backward_layer="), strict=True):
        call = recurrent(child, p[inner])
        whole.lines.append(f"    {before}{call.line(inner)},")
        why = call.cannot_learn and f"Bidirectional of a {call.cannot_learn}"
        _take(whole, Built([], dict(call.weights), {}, why), inner)
    whole.lines.append(f"    name={keras_name(name)!r},")
    whole.lines.append(")")
    return whole


def _take(whole: Built, built: Built, name: str) -> None:
    whole.weights |= {f"{name}.{key}" if name else key: value for key, value in built.weights.items()}
    whole.sources |= built.sources
    whole.cannot_learn = whole.cannot_learn or built.cannot_learn


def write(lesson: Lesson, *, exact: bool = False) -> Written:
    """Return the script and its files."""
    training = script.training_of(lesson, "tensorflow")
    plain = Plain()
    network = lesson.model.network
    built = build(network.layer, network.input_shape, lesson.model.params, "net")
    if training is not None and built.cannot_learn:
        raise ConfigError(
            "layers that tensorflow can train", built.cannot_learn, "Use `to=pytorch`, or `to=keras` to predict alone."
        )
    loss = LOSSES.find(network.loss)(network.loss)
    prepare = script.preparation(lesson, plain)
    imports = ["import keras", "import tensorflow as tf", "from keras import layers"]
    blocks = [
        "\n".join(script.opening(lesson, "TensorFlow", imports, plain, _about(lesson))),
        *plain.needs.values(),
        prepare,
        script.rows_source(lesson),
        *built.sources.values(),
        _network(lesson, built),
        loss.source if training is not None else Lines([], loss.link).source,
    ]
    files = {f"{lesson.slug}_end.npz": packed(built.weights)}
    if training is not None:
        blocks += [script.targets_source(lesson), script.metric_source(lesson)]
        blocks += _learning(lesson, training, list(built.weights), exact=exact)
        start = build(network.layer, network.input_shape, training.start, "net").weights
        files[f"{lesson.slug}_start.npz"] = packed(start)
    blocks += [_predict(lesson), script.ending(lesson)]
    main = f"{lesson.slug}_tensorflow.py"
    files |= {main: script.joined(blocks), f"{lesson.slug}.npz": packed(script.data_arrays(lesson))}
    if plain.arrays:
        files[f"{lesson.slug}_fitted.npz"] = packed(plain.arrays)
    return Written(files, main, script.notes_of(lesson))


@OPTIMIZERS.entry(GradientDescent, GradientAscent)
def sgd(rule: Rule, exact: bool) -> str:
    """SGD; Keras holds η in float32."""
    return "" if exact else "keras.optimizers.SGD(lr)"


@OPTIMIZERS.entry(Momentum)
def momentum(rule: Momentum, exact: bool) -> str:
    """The same; Keras holds η in float32."""
    return "" if exact else f"keras.optimizers.SGD(lr, momentum={rule.momentum!r})"


@OPTIMIZERS.entry(Nesterov)
def nesterov(rule: Nesterov, exact: bool) -> str:
    """The same; Keras holds η in float32."""
    return "" if exact else f"keras.optimizers.SGD(lr, momentum={rule.momentum!r}, nesterov=True)"


@OPTIMIZERS.entry(RMSProp, AdaGrad)
def written_out(rule: Rule, exact: bool) -> str:
    """Keras has ε inside the root."""
    return ""


@OPTIMIZERS.entry(Adam)
def adam(rule: Adam, exact: bool) -> str:
    """Keras' own, with an ε that is set in each step."""
    return "" if exact else f"keras.optimizers.Adam(lr, {_betas(rule)})"


@OPTIMIZERS.entry(AdamW)
def adamw(rule: AdamW, exact: bool) -> str:
    """As Adam."""
    return "" if exact else f"keras.optimizers.AdamW(lr, weight_decay={rule.decay!r}, {_betas(rule)})"


def _betas(rule: Adam | AdamW) -> str:
    return f"beta_1={rule.beta1!r}, beta_2={rule.beta2!r}, epsilon={rule.epsilon!r}"


# What is set before each step: an entry takes the rule and returns a line, or "".
BEFORE_STEPS = Table("tensorflow", "rule")


@BEFORE_STEPS.entry(Adam, AdamW)
def epsilon(rule: Adam | AdamW) -> str:
    """Keras' ε is not corrected for having started at zero, which tells where gradients are tiny."""
    return f"optimizer.epsilon = {rule.epsilon!r} * (1 - {rule.beta2!r} ** (step + 1)) ** 0.5"


@BEFORE_STEPS.entry(GradientDescent, GradientAscent, Momentum, Nesterov, RMSProp, AdaGrad)
def nothing(rule: Rule) -> str:
    """Nothing."""
    return ""


def _about(lesson: Lesson) -> str:
    return "the network that Chainrule trained" + (", trained again" if lesson.training else "")


def _network(lesson: Lesson, built: Built) -> str:
    lines = built.lines if built.lines[0].startswith("keras.Sequential(") else _in_a_stack(built.lines)
    network = lesson.model.network
    dtype = ', dtype="int32"' if network.layer.takes_ids else ""
    first, *rest = lines
    return "\n".join(
        [
            'def network(file, dtype="float32"):',
            '    """Return the network with the weights of a file."""',
            "    keras.config.set_floatx(dtype)",
            "    keras.config.set_dtype_policy(dtype)",
            f"    net = {first}",
            f"        keras.Input({network.input_shape}{dtype}),",
            *(f"    {line}" for line in rest),
            "    net.set_weights(list(read(file).values()))",
            "    return net",
        ]
    )


def _in_a_stack(lines: list[str]) -> list[str]:
    inner = [f"    {line}" for line in lines]
    inner[-1] += ","
    return ["keras.Sequential([", *inner, "])"]


def _learning(lesson: Lesson, training: Training, names: list[str], *, exact: bool) -> list[str]:
    rate = script.rate_parts(training)[0]
    optimizer: str = OPTIMIZERS.find(training.rule)(training.rule, exact)
    own = "" if optimizer else "sqrt = tf.sqrt\n\n\n" + update_source(training.rule)
    return [rate, own, _clip(training), _train(lesson, training, names, optimizer)]


def _clip(training: Training) -> str:
    clip = training.settings.clip
    if not clip:
        return ""
    lines = ["def clip(grads):", '    """Cut the gradient: each value, then its length as a whole."""']
    if clip.value is not None:
        lines.append(f"    grads = [tf.clip_by_value(g, -{clip.value!r}, {clip.value!r}) for g in grads]")
    if clip.norm is not None:
        lines.append("    length = tf.sqrt(sum(tf.reduce_sum(g * g) for g in grads))")
        lines.append(f"    grads = [g * ({clip.norm!r} / tf.maximum(length, {clip.norm!r})) for g in grads]")
    return "\n".join([*lines, "    return grads"])


def _terms(training: Training, penalised: tuple[str, ...]) -> list[str]:
    scale = training.penalty.scale(training.start, penalised)
    l1, l2 = training.penalty.l1 * scale, training.penalty.l2 * scale
    terms = [f"0.5 * {l2!r} * tf.reduce_sum(W**2)"] if l2 else []
    return [*terms, *([f"{l1!r} * tf.reduce_sum(abs(W))"] if l1 else [])]


def _train(lesson: Lesson, training: Training, names: list[str], optimizer: str) -> str:
    network = lesson.model.network
    terms = _terms(training, network.penalised)
    at = [names.index(path) for path in network.penalised]
    metric, of = script.metric_name(lesson), training.scored_name
    weighted = training.train.w is not None
    source, first, each = script.rate_parts(training)
    before: str = BEFORE_STEPS.find(training.rule)(training.rule) if optimizer else ""
    counts = bool(source or before) or not optimizer
    clip = "clip(tape.gradient(cost, net.trainable_weights))" if training.settings.clip else ""
    data = "x[rows], t[rows], v[rows]" if weighted else "x[rows], t[rows]"
    lines = [
        f'def train(epochs={training.epochs}, dtype="float32", noise=0):',
        '    """Train from the first weights, over the very batches that Chainrule saw; return the network and the curve."""',
        "    keras.utils.set_random_seed(noise)",
        f'    parts = prepare(rows_of("train")), targets("train"), prepare(rows_of("{of}")), targets("{of}")',
        "    x, t, xv, tv = (part.astype(dtype) for part in parts)"
        if not lesson.model.network.layer.takes_ids
        else "    x, t, xv, tv = (part if part.dtype.kind == 'i' else part.astype(dtype) for part in parts)",
        *(['    v = DATA["train weight"].astype(dtype)'] if weighted else []),
        f'    net, curve = network("{lesson.slug}_start.npz", dtype), []',
        *(["    step = 0"] * counts),
    ]
    if optimizer:
        lines += [
            f"    lr = {first}",
            f"    optimizer = {optimizer}",
            "    optimizer.build(net.trainable_weights)",
        ]
    else:
        lines.append("    memory = [{} for _ in net.trainable_weights]")
    lines += [f"    penalised = [net.weights[i] for i in {at}]"] * bool(terms)
    lines += [
        "",
        "    @tf.function",
        f"    def slopes({'x, t, v' if weighted else 'x, t'}):",
        "        with tf.GradientTape() as tape:",
        "            cost = "
        + (
            "tf.reduce_sum(v * costs(net(x, training=True), t)) / tf.reduce_sum(v)"
            if weighted
            else "tf.reduce_mean(costs(net(x, training=True), t))"
        ),
        *([f"            cost += sum({' + '.join(terms)} for W in penalised)"] * bool(terms)),
        f"        return cost, {clip or 'tape.gradient(cost, net.trainable_weights)'}",
        "",
        "    for epoch in range(epochs):",
        "        total = 0.0",
        f"        {script.order_line(training)}",
        f"        for start in range(0, len(x), {training.batch_size}):",
        f"            rows = order[start : start + {training.batch_size}]",
        f"            cost, grads = slopes({data})",
    ]
    if optimizer:
        lines += [f"            optimizer.learning_rate = {each}"] * bool(source)
        lines += [f"            {before}"] * bool(before)
        lines.append("            optimizer.apply(grads, net.trainable_weights)")
    else:
        lines += [
            "            for W, g, s in zip(net.trainable_weights, grads, memory):",
            f"                W.assign(update(W.value, g, s, {each}, step + 1))",
        ]
    lines += ["            step += 1"] * counts
    lines += [
        f"            total += float(cost) * {'float(v[rows].sum())' if weighted else 'len(rows)'}",
        "        a = net(xv)",
        f"        curve.append([total / {'float(v.sum())' if weighted else 'len(x)'}, costs(a, tv).numpy().mean()"
        f"{f', {metric}(link(a).numpy(), tv)' if metric else ''}])",
        "    return net, curve",
    ]
    return "\n".join(lines)


def _predict(lesson: Lesson) -> str:
    y = f'link(network("{lesson.slug}_end.npz")(prepare(rows))).numpy().astype(float)'
    return "\n".join(
        [
            "def predict(rows):",
            '    """Return the predictions of new rows: a dict of columns, as `rows_of` gives it."""',
            f"    return {script.in_own_unit(lesson, y)}",
        ]
    )


_RESIDUAL = '''
class Residual(layers.Layer):
    """A layer and a bypass around it."""

    def __init__(self, inner, shortcut):
        super().__init__()
        self.inner, self.shortcut = inner, shortcut

    def call(self, x):
        return self.shortcut(x) + self.inner(x)
'''
