"""The proof: an export is run in a process of its own, and its numbers are held against Chainrule's."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from chainrule.encode.target import REGRESSION
from chainrule.engine import engine_by_name
from chainrule.errors import ChainruleError
from chainrule.exporters.lesson import Lesson, Rows, Training
from chainrule.exporters.script import packed
from chainrule.seeds import Purpose, generator
from chainrule.train import EpochEnded, Run, Supervised
from chainrule.types import Batch

PREDICTIONS = 1e-6
# Epochs that are trained again in float64, and noises over whose mean is compared where masks are drawn.
EPOCHS, NOISES = 3, 5
# In standard errors of the difference of two means.
_FAR = 5.0
_SECONDS = 900


@dataclass(frozen=True)
class Difference:
    """One comparison: the largest difference, and what was promised."""

    what: str
    largest: float
    promise: float

    @property
    def is_kept(self) -> bool:
        """Whether the promise is kept; NaN keeps none."""
        return self.largest <= self.promise


class ExportError(ChainruleError, RuntimeError):
    """What was written does not run."""


def compare_predictions(lesson: Lesson, y: np.ndarray) -> Difference:
    """Hold predictions of the tested rows against Chainrule's own."""
    wanted = lesson.model.outputs_of(lesson.tested.x)
    if y.shape != wanted.shape:
        raise ExportError(f"predictions of shape {wanted.shape}", f"shape {y.shape}", "This is a fault: report it.")
    preparation = lesson.model.preparation
    is_value = preparation is not None and preparation.target.task == REGRESSION
    unit = preparation.target.scale if preparation is not None and is_value else 1.0
    size = np.maximum(1.0, np.abs(wanted / unit))
    largest = float(np.max(np.abs(y - wanted) / unit / size))
    return Difference(f"predictions of {len(wanted):,} rows", largest, PREDICTIONS)


def compare_curves(training: Training, curves: np.ndarray, mine: np.ndarray, promise: float) -> Difference:
    """Hold curves of costs (noises, epochs, 2) against Chainrule's own."""
    epochs = mine.shape[1]
    if len(mine) == 1:
        largest = float(np.max(np.abs(curves - mine) / np.maximum(1.0, np.abs(mine))))
        return Difference(f"costs over {_epochs(epochs)} in float64", largest, promise)
    error = np.sqrt((curves.var(axis=0, ddof=1) + mine.var(axis=0, ddof=1)) / len(mine))
    far = np.abs(curves.mean(axis=0) - mine.mean(axis=0)) / np.maximum(error, 1e-12)
    what = f"mean costs over {len(mine)} draws of the noise, {_epochs(epochs)}, in standard errors"
    return Difference(what, float(far.max()), _FAR)


def _epochs(n: int) -> str:
    return f"{n} epoch{'s' * (n > 1)}"


def trained_again(lesson: Lesson, training: Training, epochs: int, noises: Sequence[int]) -> np.ndarray:
    """Return the costs (noises, epochs, 2) of training, and of the scored part, by Chainrule in float64."""
    seed = training.settings.seed
    n = len(training.train.x)
    curves = []
    for noise in noises:
        settings = replace(training.settings, seed=seed if noise == 0 else seed + 7919 * noise)
        learning = Run(
            Supervised(lesson.model.network, training.penalty),
            _batch(training.train),
            settings,
            optimizer=training.rule,
            engine=engine_by_name("numpy", "float64"),
            evaluate={"scored": _batch(training.scored, weighted=False)},
            params=training.start,
            order=lambda epoch: (
                generator(seed, Purpose.ORDER, epoch).permutation(n) if training.settings.shuffle else np.arange(n)
            ),
        )
        ends = []
        for event in learning:
            if isinstance(event, EpochEnded):
                ends.append([event.cost, event.scores["scored"]["cost"]])
                if len(ends) == epochs:
                    break
        learning.close()
        curves.append(ends)
    return np.array(curves)


def _batch(rows: Rows, *, weighted: bool = True) -> Batch:
    return Batch(rows.x, rows.t, rows.w if weighted else None)


def check_script(lesson: Lesson, folder: Path, main: str, promise: float) -> list[Difference]:
    """Run a script, which predicts the tested rows and trains a few epochs in float64, and compare."""
    training = lesson.training
    epochs = 0 if training is None else min(EPOCHS, training.epochs)
    random = lesson.model.network.layer.is_random
    noises = list(range(NOISES if random and epochs else 1))
    found = run_apart(_SCRIPT, folder, [main, str(epochs), str(len(noises))])
    differences = [compare_predictions(lesson, found["y"])]
    if training is not None:
        mine = trained_again(lesson, training, epochs, noises)
        differences.append(compare_curves(training, found["curves"], mine, promise))
    return differences


def check_predictions(lesson: Lesson, folder: Path, program: str, arguments: Sequence[str]) -> list[Difference]:
    """Run a program that predicts the tested rows, which it finds in an .npz before the one that it writes."""
    with tempfile.TemporaryDirectory() as scratch:
        rows = Path(scratch) / "rows.npz"
        arrays = {f"raw {i}": cells for i, cells in enumerate(lesson.tested.raw.values())}
        rows.write_bytes(packed(arrays | {"names": np.array(list(lesson.tested.raw)), "x": lesson.tested.x}))
        found = run_apart(program, folder, [*arguments, str(rows)])
    return [compare_predictions(lesson, found["y"])]


def run_apart(program: str, folder: Path, arguments: Sequence[str]) -> dict[str, np.ndarray]:
    """Run a program of Python in a process of its own, in `folder`; return the arrays that it leaves.

    The program finds the name of the .npz to write as its last argument.

    Raises
    ------
    ExportError
        If it fails, or takes longer than a quarter of an hour.
    """
    with tempfile.TemporaryDirectory() as scratch:
        result = Path(scratch) / "result.npz"
        command = [sys.executable, "-P", "-c", program, *arguments, str(result)]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603
        except subprocess.TimeoutExpired as error:
            raise ExportError(
                f"the export to run within {_SECONDS // 60} minutes", "one that runs on", "Add `checked=False`."
            ) from error
        if done.returncode or not result.is_file():
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ExportError("an export that runs", f"{last:.300}", f"Look at {folder}: run it there to see all.")
        with np.load(result, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}


def has_package(name: str) -> bool:
    """Tell whether a package can be imported, without importing it."""
    program = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is None)"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


# The script is imported, not started: so its functions can be called with fewer epochs and in float64.
_SCRIPT = """
import importlib.util, sys
import numpy as np

main, epochs, noises, result = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
spec = importlib.util.spec_from_file_location("exported", main)
exported = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exported)
arrays = {"y": np.asarray(exported.predict(exported.rows_of("test")))}
if epochs:
    curves = [exported.train(epochs, "float64", noise)[1] for noise in range(noises)]
    arrays["curves"] = np.array([[row[:2] for row in curve] for curve in curves], float)
np.savez(result, **arrays)
"""

# From a row, as a person would write it: None where a cell is missing.
BARE = """
import importlib.util, sys
import numpy as np

main, rows, result = sys.argv[1:]
spec = importlib.util.spec_from_file_location("exported", main)
exported = importlib.util.module_from_spec(spec)
spec.loader.exec_module(exported)
data = np.load(rows)
columns = {str(name): data[f"raw {i}"] for i, name in enumerate(data["names"])}

def cell(value):
    if value.ndim:
        return value
    missing = value == "" if value.dtype.kind == "U" else value != value
    return None if missing else str(value) if value.dtype.kind == "M" else value.item()

n = len(data["x"])
answers = [exported.predict({name: cell(cells[i]) for name, cells in columns.items()}) for i in range(n)]
np.savez(result, y=np.array([exported.outputs(answer) for answer in answers], float))
"""
