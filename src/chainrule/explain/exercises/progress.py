"""What a student has done: a JSON file in the user's state folder."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from chainrule.errors import ConfigError
from chainrule.files import replace_file


@dataclass(frozen=True)
class Record:
    """Of one exercise.

    Attributes
    ----------
    file : str
        Where the student writes; empty before it is started.
    checks : int
        How often it was checked.
    hints : int
        How many hints were asked for.
    done : bool
    """

    file: str = ""
    checks: int = 0
    hints: int = 0
    done: bool = False


class Progress:
    """All records by the names of exercises; each change is written at once.

    Parameters
    ----------
    path : Path, optional
        `learn.json` in CHAINRULE_STATE, XDG_STATE_HOME/chainrule, or ~/.local/state/chainrule if left out.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or _folder() / "learn.json"
        self._records = self._read()

    def of(self, name: str) -> Record:
        """Return the record of an exercise."""
        return self._records.get(name, Record())

    @property
    def latest(self) -> str | None:
        """The exercise that was worked on last."""
        return next(reversed(self._records), None)

    def change(self, name: str, **changes: object) -> Record:
        """Change a record and write all."""
        record = replace(self.of(name), **changes)  # type: ignore[arg-type]
        self._records.pop(name, None)
        self._records[name] = record
        self.path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self.path, json.dumps({key: asdict(one) for key, one in self._records.items()}, indent=1))
        return record

    def _read(self) -> dict[str, Record]:
        try:
            held = json.loads(self.path.read_text(encoding="utf-8"))
            return {name: Record(**one) for name, one in held.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ConfigError(
                "a file of what was learned", f"{self.path}: {error}", "Remove it, to begin anew, or mend it."
            ) from error


def _folder() -> Path:
    own = os.environ.get("CHAINRULE_STATE")
    if own:
        return Path(own)
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "chainrule"
