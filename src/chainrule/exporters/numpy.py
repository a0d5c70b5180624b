"""The NumPy script: every derivative by hand, or, bare, from a row to an answer and nothing else."""

from __future__ import annotations

from chainrule.exporters import script
from chainrule.exporters.lesson import Lesson, Training
from chainrule.exporters.losses import NUMPY as LOSSES
from chainrule.exporters.losses import Lines
from chainrule.exporters.numpy_images import BACKWARD_HELPERS
from chainrule.exporters.numpy_images import SOURCES as IMAGES
from chainrule.exporters.numpy_layers import Made
from chainrule.exporters.numpy_sources import SOURCES
from chainrule.exporters.numpy_time import LAYERS
from chainrule.exporters.preparation import Plain
from chainrule.exporters.rules import update_source
from chainrule.exporters.script import Written, packed
from chainrule.nn.layer import Layer
from chainrule.tree import leaves
from chainrule.types import Shape


def write(lesson: Lesson) -> Written:
    """Return the script that trains and predicts (or predicts alone, where the model is all there is), and its files."""
    training = script.training_of(lesson, "numpy")
    plain = Plain()
    learns = training is not None
    made = make(lesson.model.network.layer, lesson.model.network.input_shape)
    prepare = script.preparation(lesson, plain)
    loss = LOSSES.find(lesson.model.network.loss)(lesson.model.network.loss)
    imports = ["import math"] if "Gelu" in made.kinds else []
    blocks = [
        "\n".join(script.opening(lesson, "NumPy alone", imports, plain, _about(lesson))),
        *plain.needs.values(),
        prepare,
        script.rows_source(lesson),
        *classes(made, learns=learns),
        network_source(made),
        LOAD,
        loss.source if learns else Lines([], loss.link).source,
    ]
    files = {f"{lesson.slug}_end.npz": packed(dict(leaves(lesson.model.params)))}
    if training is not None:
        blocks += [script.targets_source(lesson), script.metric_source(lesson)]
        update = "sqrt = np.sqrt\n\n\n" + update_source(training.rule)
        blocks += [script.rate_parts(training)[0], update, _move(), _clip(training), _train(lesson, training)]
        files[f"{lesson.slug}_start.npz"] = packed(dict(leaves(training.start)))
    blocks += [_predict(lesson), script.ending(lesson)]
    main = f"{lesson.slug}_numpy.py"
    files |= {main: script.joined(blocks), f"{lesson.slug}.npz": packed(script.data_arrays(lesson))}
    if plain.arrays:
        files[f"{lesson.slug}_fitted.npz"] = packed(plain.arrays)
    return Written(files, main, script.notes_of(lesson))


def make(layer: Layer, shape: Shape) -> Made:
    """Return how a script makes a layer that reads x of `shape`."""
    found: Made = LAYERS.find(layer)(layer, shape, make)
    return found


def classes(made: Made, *, learns: bool) -> list[str]:
    """Return the source of the classes that a network is made of, each once."""
    known = {**SOURCES, **IMAGES, **made.sources}
    sources = []
    for kind in dict.fromkeys(made.kinds):
        forward, backward = known[kind]
        sources.append(forward.rstrip("\n") + ("\n" + backward.rstrip("\n") if learns else ""))
    if learns and {"Conv", "MaxPool", "AvgPool", "ZeroPad"} & set(made.kinds):
        sources.insert(0, BACKWARD_HELPERS)
    return sources


def _about(lesson: Lesson) -> str:
    return "the network that Chainrule trained" + (", trained again by hand" if lesson.training else "")


def network_source(made: Made) -> str:
    """Return the lines that make the network."""
    first, *rest = made.lines or [made.call]
    return "\n".join([f"NET = {first}", *rest])


def _move() -> str:
    return '''def move(w, g, memory, rate, t):
    """Move all weights that have a gradient."""
    for name in g:
        s = memory.setdefault(name, {})
        if isinstance(g[name], dict):
            move(w[name], g[name], s, rate, t)
        else:
            w[name] = update(w[name], g[name], s, rate, t)'''


def _train(lesson: Lesson, training: Training) -> str:
    penalised = lesson.model.network.penalised
    terms, slopes = script.penalty_terms(training, penalised)
    metric = script.metric_name(lesson)
    of = training.scored_name
    weighted = training.train.w is not None
    # Of ids there are no other numbers than whole ones.
    cast = "" if lesson.model.network.layer.takes_ids else ".astype(dtype)"
    lines = [
        f'def train(epochs={training.epochs}, dtype="float32", noise=0):',
        '    """Train from the first weights, over the very batches that Chainrule saw; return weights and curve."""',
        f'    x, t = prepare(rows_of("train")){cast}, targets("train").astype(dtype)',
        f'    xv, tv = prepare(rows_of("{of}")){cast}, targets("{of}").astype(dtype)',
        *(['    v = DATA["train weight"].astype(dtype)'] if weighted else []),
        f'    w, memory, curve, step = load("{lesson.slug}_start.npz", dtype), {{}}, [], 0',
        "    rng = np.random.default_rng(noise)",
        "    for epoch in range(epochs):",
        "        total = 0.0",
        f"        {script.order_line(training)}",
        f"        for start in range(0, len(x), {training.batch_size}):",
        f"            rows = order[start : start + {training.batch_size}]",
        "            a = NET.forward(x[rows], w, rng)",
    ]
    if weighted:
        lines += [
            "            share = v[rows] / v[rows].sum()",
            "            cost = (share * costs(a, t[rows])).sum()",
            "            _, g = NET.backward(slope(a, t[rows]) * share[:, None], w)",
        ]
    else:
        lines += [
            "            cost = costs(a, t[rows]).mean()",
            "            _, g = NET.backward(slope(a, t[rows]) / len(rows), w)",
        ]
    if terms:
        lines.append(f"            for names in {[path.split('.') for path in penalised]!r}:")
        lines += [
            "                W, dW = w, g",
            "                for name in names:",
            "                    W, dW = W[name], dW[name]",
            f"                cost += {' + '.join(terms)}",
            f"                dW += {' + '.join(slopes)}",
        ]
    lines += ["            clip(g)"] if training.settings.clip else []
    lines += [
        f"            move(w, g, memory, {script.rate_parts(training)[2]}, step + 1)",
        "            step += 1",
        f"            total += cost * {'v[rows].sum()' if weighted else 'len(rows)'}",
        "        a = NET.forward(xv, w)",
        f"        curve.append((total / {'v.sum()' if weighted else 'len(x)'}, costs(a, tv).mean(){f', {metric}(link(a), tv)' if metric else ''}))",
        "    return w, curve",
    ]
    return "\n".join(lines)


def _clip(training: Training) -> str:
    """Return the source of `clip(g)`, which cuts a tree of gradients in place, or "" where nothing is cut."""
    clip = training.settings.clip
    if not clip:
        return ""
    lines = [
        "def arrays(tree):",
        "    for value in tree.values():",
        "        yield from arrays(value) if isinstance(value, dict) else [value]",
        "",
        "",
        "def clip(g):",
        '    """Cut the gradient: each value, then its length as a whole."""',
    ]
    if clip.value is not None:
        lines += ["    for dW in arrays(g):", f"        np.clip(dW, -{clip.value!r}, {clip.value!r}, out=dW)"]
    if clip.norm is not None:
        lines += [
            "    length = np.sqrt(sum((dW * dW).sum() for dW in arrays(g)))",
            "    for dW in arrays(g):",
            f"        dW *= {clip.norm!r} / max(length, {clip.norm!r})",
        ]
    return "\n".join(lines)


def _predict(lesson: Lesson) -> str:
    y = f'link(NET.forward(prepare(rows), load("{lesson.slug}_end.npz")))'
    return "\n".join(
        [
            "def predict(rows):",
            '    """Return the predictions of new rows: a dict of columns, as `rows_of` gives it."""',
            f"    return {script.in_own_unit(lesson, y)}",
        ]
    )


LOAD = '''def load(file, dtype="float32"):
    """Return weights by the names of their layers."""
    weights = {}
    for path, value in read(file).items():
        part = weights
        *names, last = path.split(".")
        for name in names:
            part = part.setdefault(name, {})
        part[last] = value.astype(dtype)
    return weights'''
