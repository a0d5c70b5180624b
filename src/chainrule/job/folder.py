"""The run folder: where everything about a run lies, made whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chainrule.errors import RunFolderError
from chainrule.files import cannot_write

_MOST_RUNS = 10_000


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run."""

    path: Path

    @property
    def journal(self) -> Path:
        """Events as JSON lines."""
        return self.path / "journal.jsonl"

    @property
    def model(self) -> Path:
        """The model file."""
        return self.path / "model.chainrule"

    @property
    def checkpoint(self) -> Path:
        """What a resumed run goes on from."""
        return self.path / "checkpoint.safetensors"

    @property
    def report(self) -> Path:
        """The page."""
        return self.path / "report.html"

    @property
    def pipeline(self) -> Path:
        """The preparation of a table, as scikit-learn would have it."""
        return self.path / "pipeline.html"

    @property
    def unreadable(self) -> Path:
        """Files or rows of the data that could not be read, each with the reason."""
        return self.path / "unreadable.csv"

    @property
    def config(self) -> Path:
        """Every setting."""
        return self.path / "config.toml"

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return self.journal, self.model, self.checkpoint, self.report, self.pipeline, self.unreadable, self.config


def check_place(out: str | None, name: str, *, force: bool) -> RunFolder:
    """Return the folder that a run is to have, without making it yet.

    Parameters
    ----------
    out : str or None
        Where the person wants it; by default runs/NAME, or the next free runs/NAME-2, …
    force : bool
        Whether the files of a run that is already there may be replaced.
    """
    if out is None:
        base = Path("runs") / name
        free = (base if i == 1 else base.with_name(f"{base.name}-{i}") for i in range(1, _MOST_RUNS))
        return RunFolder(next(path for path in free if not path.exists()))
    path = Path(out)
    try:
        is_folder, is_file = path.is_dir(), path.exists() and not path.is_dir()
        has_files = is_folder and any(path.iterdir())
    except OSError as error:
        raise cannot_write(path, error) from error
    if is_file:
        raise RunFolderError(f"a folder at {path}", "a file", "Choose another place with `out`.")
    if has_files and not force:
        raise RunFolderError(
            f"{path} to be a new or empty folder",
            "one with files in it",
            "Add `force=True` to replace, or change `out`.",
        )
    return RunFolder(path)


def make(folder: RunFolder) -> None:
    """Make the folder, and clear it of the files of an older run; nothing else in it is touched."""
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        for file in folder.files:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(folder.path, error) from error


def existing(path: Path) -> RunFolder:
    """Return the folder of a run that can be resumed."""
    folder = RunFolder(path)
    missing = [file.name for file in (folder.config, folder.checkpoint, folder.journal) if not file.is_file()]
    if missing:
        raise RunFolderError(
            f"a run to resume in {path}",
            f"no {', no '.join(missing)}",
            "Name the folder of a run, such as runs/digits; one that ended before its first checkpoint starts anew.",
        )
    return folder
