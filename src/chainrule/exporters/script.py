"""Scripts: what those for NumPy, PyTorch and TensorFlow share, from the files beside them to the table at the end."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from chainrule.encode.target import REGRESSION
from chainrule.errors import ConfigError
from chainrule.exporters.lesson import Lesson, Rows, Training
from chainrule.exporters.preparation import Plain, prepare_source
from chainrule.exporters.schedules import rate_source
from chainrule.nn.penalty import Penalty
from chainrule.optim import Constant

# Tested rows, of which a script shows the first answers.
_SHOWN = 5
_METRICS = {
    ("accuracy", True): "(y.argmax(axis=1) == t.argmax(axis=1)).mean()",
    ("accuracy", False): "((y > 0.5) == (t > 0.5)).all(axis=1).mean()",
    ("r2", False): "(1 - ((y - t) ** 2).mean(axis=0) / t.var(axis=0)).mean()",
}


@dataclass(frozen=True, eq=False)
class Written:
    """An export before it is written.

    Attributes
    ----------
    files : dict of str to bytes
    main : str
        The file that is run, or opened.
    notes : list of str
        What the person has to know of it.
    """

    files: Mapping[str, bytes]
    main: str
    notes: list[str] = field(default_factory=list)


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return arrays as an .npz; keys may be any texts."""
    buffer = io.BytesIO()
    # Not `savez(**arrays)`, which takes no array that is called `file`.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(value), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def training_of(lesson: Lesson, exporter: str) -> Training | None:
    """Return how the network was trained, or None where the model alone is exported; refuse what a script cannot do."""
    if lesson.why_not:
        raise ConfigError(
            f"a run that a script of {exporter} can train again",
            lesson.why_not,
            "Export what predicts alone: `to=onnx`, `to=keras`, or `to=numpy` with `bare=True`.",
        )
    return lesson.training


def data_arrays(lesson: Lesson) -> dict[str, np.ndarray]:
    """Return the rows of each part, the curve and the predictions, as a script reads them."""
    names = list(lesson.tested.raw)
    parts: dict[str, Rows] = {"test": lesson.tested}
    arrays: dict[str, np.ndarray] = {"names": np.array(names)}
    training = lesson.training
    if training is not None:
        parts |= {training.scored_name: training.scored, "train": training.train}
        arrays["curve"] = curve_of(training, lesson)
    for part, rows in parts.items():
        arrays |= {f"{part} {i}": rows.raw[name] for i, name in enumerate(names)}
        if rows.truth is not None:
            arrays[f"{part} target"] = rows.truth
        if rows.w is not None:
            arrays[f"{part} weight"] = rows.w
    arrays["test y"] = lesson.model.outputs_of(lesson.tested.x)
    return arrays


def metric_name(lesson: Lesson) -> str:
    """Return the metric that a script shows, or "" where it knows how to compute none of the loss's."""
    loss = lesson.model.network.loss
    return next((name for name in loss.metrics if (name, loss.is_exclusive) in _METRICS), "")


def curve_of(training: Training, lesson: Lesson) -> np.ndarray:
    """Return cost, scored cost and metric of each epoch (epochs, 2 or 3), as Chainrule had them."""
    scores = training.history.scores["valid" if training.scored_name == "valid" else "train"]
    metric = metric_name(lesson)
    columns = [training.history.cost, scores["cost"], *([scores[metric]] if metric else [])]
    return np.column_stack(columns)[: training.epochs]


def table_head(training: Training, lesson: Lesson) -> list[str]:
    """Return what the columns of the table are of."""
    metric = metric_name(lesson)
    of = training.scored_name
    return ["cost", f"{of} cost", *([f"{of} {metric}"] if metric else [])]


def opening(lesson: Lesson, package: str, imports: Iterable[str], plain: Plain, about: str) -> list[str]:
    """Return the docstring, imports and constants."""
    title = f"{lesson.slug} with {package}: {about}"
    lines = [f'"""{title}."""', "", *sorted({"from pathlib import Path", *plain.imports} | _standard(imports)), ""]
    lines += ["import numpy as np", *_others(imports), "", "HERE = Path(__file__).parent"]
    lines += [
        "",
        "",
        "def read(file):",
        "    with np.load(HERE / file) as arrays:",
        "        return dict(arrays)",
        "",
        "",
    ]
    lines.append(f'DATA = read("{lesson.slug}.npz")')
    if plain.arrays:
        lines.append(f'FITTED = read("{lesson.slug}_fitted.npz")')
    if lesson.model.classes:
        lines.append(f"CLASSES = {list(lesson.model.classes)!r}")
    return lines


def _standard(imports: Iterable[str]) -> set[str]:
    return {line for line in imports if line in ("import math", "from collections import OrderedDict")}


def _others(imports: Iterable[str]) -> list[str]:
    return [line for line in imports if line not in _standard(imports)]


def preparation(lesson: Lesson, plain: Plain) -> str:
    """Return the source of `prepare(rows)`."""
    return prepare_source(lesson.model.preparation, plain)


def rows_source(lesson: Lesson) -> str:
    """Return the source of `rows_of(part)`."""
    return "\n".join(
        [
            "def rows_of(part):",
            '    """Return the rows of a part as they were read, by the names of their columns."""',
            '    return {name: DATA[f"{part} {i}"] for i, name in enumerate(DATA["names"])}',
        ]
    )


def targets_source(lesson: Lesson) -> str:
    """Return the source of `targets(part)`."""
    target = lesson.model.prepared_by.target
    if target.task == REGRESSION:
        value = f'(DATA[f"{{part}} target"][:, None] - {target.mean!r}) / {target.scale!r}'
        about = "Return t (N, 1): the values, scaled as they were for training."
    else:
        value = 'DATA[f"{part} target"][:, None] == np.array(CLASSES)'
        about = f"Return t (N, {len(target.classes)}): 1 in the column of the right class."
    return "\n".join(["def targets(part):", f'    """{about}"""', f"    return ({value}).astype(np.float32)"])


def metric_source(lesson: Lesson) -> str:
    """Return the source of the metric, or "" where there is none."""
    metric = metric_name(lesson)
    if not metric:
        return ""
    value = _METRICS[metric, lesson.model.network.loss.is_exclusive]
    return f"def {metric}(y, t):\n    return {value}"


def in_own_unit(lesson: Lesson, y: str) -> str:
    """Return the expression of predictions in the target's own unit."""
    preparation = lesson.model.preparation
    if preparation is None or preparation.target.task != REGRESSION:
        return y
    return f"{y} * {preparation.target.scale!r} + {preparation.target.mean!r}"


def rate_parts(training: Training) -> tuple[str, str, str]:
    """Return the source of `rate(step)`, and the expressions of the first η and of that of `step`.

    Where η stays the same it is a number, and there is no function.
    """
    settings = training.settings
    if type(settings.schedule) is Constant:
        return "", repr(settings.learning_rate), repr(settings.learning_rate)
    horizon = training.steps_per_epoch, settings.epochs
    return rate_source(settings.schedule, settings.learning_rate, *horizon), "float(rate(0))", "float(rate(step))"


def penalty_terms(training: Training, penalised: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the terms of R for one W, and those of its derivative; none where there is no penalty."""
    penalty: Penalty = training.penalty
    scale = penalty.scale(training.start, penalised)
    terms, slopes = [], []
    if penalty.l2:
        terms.append(f"0.5 * {penalty.l2 * scale!r} * (W**2).sum()")
        slopes.append(f"{penalty.l2 * scale!r} * W")
    if penalty.l1:
        terms.append(f"{penalty.l1 * scale!r} * abs(W).sum()")
        slopes.append(f"{penalty.l1 * scale!r} * np.sign(W)")
    return terms, slopes


def notes_of(lesson: Lesson) -> list[str]:
    """Return what the person has to know of a script."""
    notes = list(lesson.notes)
    if lesson.training is not None and lesson.model.network.layer.is_random:
        notes.append("masks are drawn at random elsewhere: its curve is the same in the mean, not in every number")
    return notes


def order_line(training: Training) -> str:
    """Return the line that draws the order of an epoch's rows: the very batches."""
    if not training.settings.shuffle:
        return "order = np.arange(len(x))"
    return f"order = np.random.default_rng(({training.settings.seed}, 1, epoch)).permutation(len(x))"


def ending(lesson: Lesson, predict: str = "predict") -> str:
    """Return the source of what is done when the script is run."""
    lines = ['if __name__ == "__main__":']
    training = lesson.training
    if training is not None:
        head = table_head(training, lesson)
        lines += [
            "    _, curve = train()",
            f'    print("epoch", *(f"{{name:^23}}" for name in {head!r}), "(this script | Chainrule)")',
            '    for epoch, (here, there) in enumerate(zip(curve, DATA["curve"]), start=1):',
            '        print(f"{epoch:5}", *(f"  {a:9.6f} | {b:9.6f}" for a, b in zip(here, there)))',
        ]
    answer = "np.array(CLASSES)[y.argmax(axis=1)]" if has_classes(lesson) else "y"
    lines += [
        '    y = predict(rows_of("test"))',
        '    print("predictions differ by at most", abs(y - DATA["test y"]).max())',
        f'    print("the first answers:", *{answer}[:{_SHOWN}])',
    ]
    return "\n".join(lines)


def has_classes(lesson: Lesson) -> bool:
    """Tell whether each output is a class of its own."""
    return len(lesson.model.classes) == lesson.model.network.output_shape[-1] > 1


def joined(blocks: Iterable[str]) -> bytes:
    """Return the blocks of a script, two empty lines between them."""
    return ("\n\n\n".join(block.strip("\n") for block in blocks if block) + "\n").encode()
