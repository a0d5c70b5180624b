"""Targets: what can be exported to, how an export is written to its folder, and how it is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chainrule.errors import ConfigError, RunFolderError, did_you_mean
from chainrule.exporters import check, keras, numpy, numpy_bare, onnx, tensorflow, torch
from chainrule.exporters.check import Difference, has_package
from chainrule.exporters.lesson import Lesson
from chainrule.exporters.script import Written
from chainrule.files import cannot_write, replace_file
from chainrule.nn import SelfAttention
from chainrule.nn.layer import layers_inside
from chainrule.nn.recurrent.recurrent import Recurrent

Check = Callable[[Lesson, Path, Written, float], list[Difference]]


@dataclass(frozen=True)
class Target:
    """What can be exported to.

    Attributes
    ----------
    write : function
        From a lesson (and whether every number is to be the same) to files.
    check : function
        From these to the differences.
    package, extra : str
        What must be installed to run it, and which extra of Chainrule brings it; empty for NumPy.
    needs_to_write : bool
        Whether the package is needed to write it, too.
    curve : float
        By how much its costs over training may differ from Chainrule's, by its own rules and, second, exactly.
    """

    write: Callable[[Lesson, bool], Written]
    check: Check
    package: str = ""
    extra: str = ""
    needs_to_write: bool = False
    curve: tuple[float, float] = (1e-6, 1e-6)


@dataclass(frozen=True)
class Checked:
    """What an export came to."""

    folder: Path
    to: str
    main: str
    files: list[str]
    differences: list[Difference]
    notes: list[str] = field(default_factory=list)

    @property
    def is_kept(self) -> bool:
        """Whether every promise is kept."""
        return all(difference.is_kept for difference in self.differences)


def _check_script(lesson: Lesson, folder: Path, written: Written, promise: float) -> list[Difference]:
    return check.check_script(lesson, folder, written.main, promise)


def _check_bare(lesson: Lesson, folder: Path, written: Written, promise: float) -> list[Difference]:
    return check.check_predictions(lesson, folder, check.BARE, [written.main])


def _check_onnx(lesson: Lesson, folder: Path, written: Written, promise: float) -> list[Difference]:
    return onnx.check(lesson, folder, written.main)


def _check_keras(lesson: Lesson, folder: Path, written: Written, promise: float) -> list[Difference]:
    return keras.check(lesson, folder, written.main)


TARGETS: dict[str, Target] = {
    "tensorflow": Target(
        lambda lesson, exact: tensorflow.write(lesson, exact=exact),
        _check_script,
        "tensorflow",
        "export-tensorflow",
        curve=(1e-4, 1e-6),
    ),
    "pytorch": Target(lambda lesson, exact: torch.write(lesson), _check_script, "torch", "export-torch"),
    "keras": Target(
        lambda lesson, exact: keras.write(lesson), _check_keras, "tensorflow", "export-tensorflow", needs_to_write=True
    ),
    "onnx": Target(lambda lesson, exact: onnx.write(lesson), _check_onnx, "onnxruntime", "onnx", needs_to_write=True),
    "numpy": Target(lambda lesson, exact: numpy.write(lesson), _check_script),
}

BARE = Target(lambda lesson, exact: numpy_bare.write(lesson), _check_bare)


def write_export(
    lesson: Lesson,
    to: str,
    folder: Path,
    *,
    bare: bool = False,
    exact: bool = False,
    checked: bool = True,
    force: bool = False,
) -> Checked:
    """Write an export to a folder, run it, and compare.

    Parameters
    ----------
    bare : bool
        Of numpy: prediction alone, from a row (a dict) to an answer.
    exact : bool
        Whether rules are written out that a package has in a form of its own, so that training gives the same numbers.
    checked : bool
        Whether to run what was written.
    force : bool
        Whether files of the same names may be replaced.
    """
    if to not in TARGETS:
        raise ConfigError("a package to export to", f"{to!r}", did_you_mean(to, TARGETS))
    if bare and to != "numpy":
        raise ConfigError("`bare=True` with `to=numpy`", f"`to={to}`", "Leave `bare` out, or export to numpy.")
    target = BARE if bare else TARGETS[to]
    _check_place(folder, force=force)
    is_there = not target.package or has_package(target.package)
    remedy = f'pip install "chainrule[{target.extra}]"'
    if target.needs_to_write and not is_there:
        raise ConfigError(f"the package {target.package}", "a Python without it", f"Install it: {remedy}.")
    written = target.write(lesson, exact)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    for name, content in written.files.items():
        replace_file(folder / name, content)
    notes = [*written.notes, *_about_masks(lesson)]
    differences: list[Difference] = []
    if checked and is_there:
        differences = target.check(lesson, folder, written, target.curve[exact])
    elif checked:
        notes.append(f"it was not run: there is no {target.package} here ({remedy})")
    return Checked(folder, to, written.main, sorted(written.files), differences, notes)


def _about_masks(lesson: Lesson) -> list[str]:
    """Say that padding is read like everything else, where a layer would leave it out by a mask."""
    inside = layers_inside(lesson.model.network.layer)
    if not any(isinstance(layer, (Recurrent, SelfAttention)) for _, layer in inside):
        return []
    return [
        "it takes no mask: every place of a sequence counts as one that is there, so give sequences without padding"
    ]


def _check_place(folder: Path, *, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise RunFolderError(f"a folder at {folder}", "a file", "Choose another place with `out`.")
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise RunFolderError(
            f"{folder} to be a new or empty folder",
            "one with files in it",
            "Add `force=True` to replace, or change `out`.",
        )
