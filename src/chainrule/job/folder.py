"""The run folder: where everything about a run lies, made whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from chainrule.errors import RunFolderError
from chainrule.files import cannot_write, remove_left_behind
from chainrule.lock import Lock

_MOST_RUNS = 10_000


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run.

    Attributes
    ----------
    path : Path
        The folder.
    base : Path, optional
        What `path` is a number of, where any free number will do.
    force : bool
        Whether what is in it may be replaced.
    """

    path: Path
    base: Path | None = None
    force: bool = False

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
    def members(self) -> Path:
        """Members of an ensemble that have learned, until the model is written."""
        return self.path / "members"

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
    def lock(self) -> Path:
        """Who is at work on it."""
        return self.path / ".running"

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
        return RunFolder(next(path for path in _numbered(base) if not path.exists()), base)
    folder = RunFolder(Path(out))
    _require_room(folder, force=force)
    return replace(folder, force=force)


def _require_room(folder: RunFolder, *, force: bool) -> None:
    path = folder.path
    try:
        is_folder, is_file = path.is_dir(), path.exists() and not path.is_dir()
        has_files = is_folder and any(file != folder.lock for file in path.iterdir())
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


def _numbered(base: Path) -> Iterator[Path]:
    return (base if i == 1 else base.with_name(f"{base.name}-{i}") for i in range(1, _MOST_RUNS))


def make(folder: RunFolder) -> tuple[RunFolder, Lock]:
    """Make the folder, hold it, and clear it of the files of an older run; nothing else in it is touched.

    Returns
    -------
    folder : RunFolder
        The one that was made: the next free number, where another run took a folder without a name of its own first.
    lock : Lock
        Which keeps others out until it is released, or this process ends.
    """
    try:
        made = folder if folder.base is None else RunFolder(_made(folder.base))
        made.path.mkdir(parents=True, exist_ok=True)
        lock = hold(made)
        # Between looking and holding another run may have come and gone.
        _require_room(made, force=folder.force)
        for file in (*made.files, *made.members.glob("member-*.safetensors")):
            file.unlink(missing_ok=True)
    except RunFolderError:
        raise
    except OSError as error:
        raise cannot_write(folder.path, error) from error
    return made, lock


def _made(base: Path) -> Path:
    """Make the first of the numbered folders that nobody else makes at the same time."""
    base.parent.mkdir(parents=True, exist_ok=True)
    for path in _numbered(base):
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise RunFolderError(f"fewer than {_MOST_RUNS:,} runs called {base}", "that many", "Choose a place with `out`.")


def hold(folder: RunFolder) -> Lock:
    """Keep others from writing into the folder, and remove what writers that were killed have left half-written."""
    lock = Lock(folder.lock)
    try:
        held = lock.acquire()
    except OSError as error:
        raise cannot_write(folder.path, error) from error
    if not held:
        raise RunFolderError(
            f"a run in {folder.path} that nobody else is at work on",
            f"one held by {lock.holder()}",
            "Wait until it ends, or choose another folder.",
        )
    for file in folder.files:
        remove_left_behind(file)
    return lock


def has_members(folder: RunFolder) -> bool:
    """Tell whether the run is one of members on folds, which has no checkpoint: its journal begins with them."""
    try:
        with folder.journal.open(encoding="utf-8") as journal:
            return '"MembersStarted"' in journal.readline(400)
    except (OSError, UnicodeDecodeError):
        return False


def existing(path: Path) -> RunFolder:
    """Return the folder of a run that can be resumed."""
    folder = RunFolder(path)
    needed = [folder.config, folder.journal, *([] if has_members(folder) else [folder.checkpoint])]
    missing = [file.name for file in needed if not file.is_file()]
    if missing:
        raise RunFolderError(
            f"a run to resume in {path}",
            f"no {', no '.join(missing)}",
            "Name the folder of a run, such as runs/digits; one that ended before its first checkpoint starts anew.",
        )
    return folder
