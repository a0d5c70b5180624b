"""The PyTorch script: a network of its modules, its optimizer, and the loop over the very batches."""

from __future__ import annotations

from chainrule.exporters import script
from chainrule.exporters.lesson import Lesson, Training
from chainrule.exporters.losses import TORCH as LOSSES
from chainrule.exporters.losses import Lines
from chainrule.exporters.preparation import Plain
from chainrule.exporters.rules import MATRICES, OTHER_WAY, update_source
from chainrule.exporters.script import Written, packed
from chainrule.exporters.table import Table
from chainrule.exporters.torch_build import Built
from chainrule.exporters.torch_time import build
from chainrule.optim import (
    AdaGrad,
    Adam,
    AdamW,
    Constant,
    GradientAscent,
    GradientDescent,
    Momentum,
    Muon,
    Nesterov,
    RMSProp,
    Rule,
)

# An entry takes the rule and whether η stays the same, and returns PyTorch's optimizer (of `net.parameters()`, with the
# rate `lr`) if it takes the same steps; else "", and the rule is written out.
OPTIMIZERS = Table("pytorch", "rule")
OPTIMIZERS.refuse(Muon, why=MATRICES, remedy=OTHER_WAY)


def write(lesson: Lesson) -> Written:
    """Return the script and its files."""
    training = script.training_of(lesson, "pytorch")
    plain = Plain()
    network = lesson.model.network
    built = build(network.layer, network.input_shape, lesson.model.params)
    loss = LOSSES.find(network.loss)(network.loss)
    imports = ["from collections import OrderedDict", "import torch", "from torch import nn"]
    prepare = script.preparation(lesson, plain)
    blocks = [
        "\n".join(script.opening(lesson, "PyTorch", imports, plain, _about(lesson))),
        *plain.needs.values(),
        prepare,
        script.rows_source(lesson),
        *built.sources.values(),
        "\n".join(["def network():", f"    return {built.lines[0]}", *(f"    {line}" for line in built.lines[1:])]),
        _LOAD,
        loss.source if training is not None else Lines([], loss.link).source,
    ]
    files = {f"{lesson.slug}_end.npz": packed(built.weights)}
    if training is not None:
        blocks += [script.targets_source(lesson), script.metric_source(lesson), *_learning(lesson, training, built)]
        start = build(network.layer, network.input_shape, training.start).weights
        files[f"{lesson.slug}_start.npz"] = packed(start)
    blocks += [_predict(lesson), script.ending(lesson)]
    main = f"{lesson.slug}_pytorch.py"
    files |= {main: script.joined(blocks), f"{lesson.slug}.npz": packed(script.data_arrays(lesson))}
    if plain.arrays:
        files[f"{lesson.slug}_fitted.npz"] = packed(plain.arrays)
    return Written(files, main, script.notes_of(lesson))


@OPTIMIZERS.entry(GradientDescent, GradientAscent)
def sgd(rule: Rule, is_constant: bool) -> str:
    """SGD; uphill on -J is the same step."""
    return "torch.optim.SGD(net.parameters(), lr=lr)"


@OPTIMIZERS.entry(Momentum)
def momentum(rule: Momentum, is_constant: bool) -> str:
    """PyTorch has η outside the velocity, which is the same as long as η is."""
    return f"torch.optim.SGD(net.parameters(), lr=lr, momentum={rule.momentum!r})" if is_constant else ""


@OPTIMIZERS.entry(Nesterov)
def nesterov(rule: Nesterov, is_constant: bool) -> str:
    """As momentum; PyTorch refuses a momentum of 0."""
    if not is_constant or not rule.momentum:
        return ""
    return f"torch.optim.SGD(net.parameters(), lr=lr, momentum={rule.momentum!r}, nesterov=True)"


@OPTIMIZERS.entry(RMSProp)
def rmsprop(rule: RMSProp, is_constant: bool) -> str:
    """PyTorch's alpha is 0.99 unless it is told."""
    return f"torch.optim.RMSprop(net.parameters(), lr=lr, alpha={rule.decay!r}, eps={rule.epsilon!r})"


@OPTIMIZERS.entry(AdaGrad)
def adagrad(rule: AdaGrad, is_constant: bool) -> str:
    """PyTorch's ε is 1e-10 unless it is told."""
    return f"torch.optim.Adagrad(net.parameters(), lr=lr, eps={rule.epsilon!r})"


@OPTIMIZERS.entry(Adam)
def adam(rule: Adam, is_constant: bool) -> str:
    """The same."""
    return f"torch.optim.Adam(net.parameters(), lr=lr, betas={(rule.beta1, rule.beta2)}, eps={rule.epsilon!r})"


@OPTIMIZERS.entry(AdamW)
def adamw(rule: AdamW, is_constant: bool) -> str:
    """The same."""
    settings = f"betas={(rule.beta1, rule.beta2)}, eps={rule.epsilon!r}, weight_decay={rule.decay!r}"
    return f"torch.optim.AdamW(net.parameters(), lr=lr, {settings})"


def _about(lesson: Lesson) -> str:
    return "the network that Chainrule trained" + (", trained again" if lesson.training else "")


def optimizer_of(training: Training) -> str:
    """Return PyTorch's optimizer, or "" where the rule has to be written out."""
    is_constant = type(training.settings.schedule) is Constant
    found: str = OPTIMIZERS.find(training.rule)(training.rule, is_constant)
    return found


def _learning(lesson: Lesson, training: Training, built: Built) -> list[str]:
    rate = script.rate_parts(training)[0]
    own = "" if optimizer_of(training) else "sqrt = torch.sqrt\n\n\n" + update_source(training.rule)
    return [rate, own, _clip(training), _train(lesson, training, built)]


def _clip(training: Training) -> str:
    clip = training.settings.clip
    if not clip:
        return ""
    lines = ["def clip(grads):", '    """Cut the gradient: each value, then its length as a whole."""']
    if clip.value is not None:
        lines += ["    for g in grads:", f"        g.clamp_(-{clip.value!r}, {clip.value!r})"]
    if clip.norm is not None:
        lines += [
            "    length = torch.sqrt(sum((g * g).sum() for g in grads))",
            "    for g in grads:",
            f"        g *= {clip.norm!r} / length.clamp(min={clip.norm!r})",
        ]
    return "\n".join(lines)


def _train(lesson: Lesson, training: Training, built: Built) -> str:
    network = lesson.model.network
    terms, _ = script.penalty_terms(training, network.penalised)
    penalised = [built.penalised[path] for path in network.penalised]
    metric, of = script.metric_name(lesson), training.scored_name
    optimizer = optimizer_of(training)
    weighted = training.train.w is not None
    rows = f"order[start : start + {training.batch_size}]"
    source, first, each = script.rate_parts(training)
    counts = bool(source) or not optimizer
    lines = [
        f'def train(epochs={training.epochs}, dtype="float32", noise=0):',
        '    """Train from the first weights, over the very batches that Chainrule saw; return the network and the curve."""',
        "    torch.set_default_dtype(getattr(torch, dtype))",
        "    torch.manual_seed(noise)",
        f'    parts = prepare(rows_of("train")), targets("train"), prepare(rows_of("{of}")), targets("{of}")',
        *(
            [
                "    x, t, xv, tv = (torch.tensor(part if part.dtype.kind == 'i' else part.astype(dtype)) for part in parts)"
            ]
            if network.layer.takes_ids
            else ["    x, t, xv, tv = (torch.tensor(part.astype(dtype)) for part in parts)"]
        ),
        *(['    v = torch.tensor(DATA["train weight"].astype(dtype))'] if weighted else []),
        f'    net, curve = load("{lesson.slug}_start.npz"), []',
        *(["    step = 0"] * counts),
        *([f"    lr = {first}\n    optimizer = {optimizer}"] if optimizer else ["    memory = {}"]),
        *(
            [f"    weights = dict(net.named_parameters())\n    penalised = [weights[name] for name in {penalised}]"]
            * bool(terms)
        ),
        "    for epoch in range(epochs):",
        "        net.train()",
        "        total = 0.0",
        f"        {script.order_line(training)}",
        f"        for start in range(0, len(x), {training.batch_size}):",
        f"            rows = {rows}",
        *(
            ["            cost = (v[rows] * costs(net(x[rows]), t[rows])).sum() / v[rows].sum()"]
            if weighted
            else ["            cost = costs(net(x[rows]), t[rows]).mean()"]
        ),
        *([f"            cost = cost + sum({' + '.join(terms)} for W in penalised)"] * bool(terms)),
        "            net.zero_grad()",
        "            cost.backward()",
        *(["            clip([W.grad for W in net.parameters()])"] * bool(training.settings.clip)),
    ]
    if optimizer:
        lines += [f'            optimizer.param_groups[0]["lr"] = {each}'] * bool(source)
        lines.append("            optimizer.step()")
    else:
        lines += [
            "            with torch.no_grad():",
            "                for name, W in net.named_parameters():",
            "                    s = memory.setdefault(name, {})",
            f"                    W.copy_(update(W, W.grad, s, {each}, step + 1))",
        ]
    lines += ["            step += 1"] * counts
    lines += [
        f"            total += cost.item() * {'v[rows].sum().item()' if weighted else 'len(rows)'}",
        "        net.eval()",
        "        with torch.no_grad():",
        "            a = net(xv)",
        f"        scores = [costs(a, tv).mean().item(){f', {metric}(link(a).numpy(), tv.numpy())' if metric else ''}]",
        f"        curve.append([total / {'v.sum().item()' if weighted else 'len(x)'}, *scores])",
        "    return net, curve",
    ]
    return "\n".join(line for text in lines for line in text.split("\n"))


def _predict(lesson: Lesson) -> str:
    y = "link(net(torch.tensor(prepare(rows)))).double().numpy()"
    return "\n".join(
        [
            "def predict(rows):",
            '    """Return the predictions of new rows: a dict of columns, as `rows_of` gives it."""',
            "    torch.set_default_dtype(torch.float32)",
            f'    net = load("{lesson.slug}_end.npz").eval()',
            "    with torch.no_grad():",
            f"        return {script.in_own_unit(lesson, y)}",
        ]
    )


_LOAD = '''def load(file):
    """Return the network with the weights of a file."""
    net = network()
    net.load_state_dict({name: torch.tensor(value) for name, value in read(file).items()})
    return net'''
