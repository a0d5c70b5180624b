"""The shelf: members of a run that have learned, each in a file of its own, so that a run that was killed goes on by member."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.files import cannot_write, replace_file
from chainrule.network.network import Network
from chainrule.saved.tensors import pack, unpack
from chainrule.tables.learn import Learned
from chainrule.tables.member import Member
from chainrule.tree import fill, leaves

_ABOUT = "about"
_HELD = "held_out"


class FolderShelf:
    """Members in a folder.

    Parameters
    ----------
    path : Path
        Of the folder; it is made when the first member is put there.
    data : str
        Digest of the data: what was learned from other rows is not taken for this run's.
    """

    def __init__(self, path: Path, data: str) -> None:
        self._path, self._data = path, data

    def save(self, number: int, member: Member, learned: Sequence[Learned]) -> None:
        """Keep what a member came to on each fold."""
        about = {"data": self._data, "member": repr(member), "folds": [[one.cost, one.epochs] for one in learned]}
        arrays: dict[str, np.ndarray] = {_ABOUT: np.frombuffer(json.dumps(about).encode(), np.uint8)}
        for fold, one in enumerate(learned):
            arrays[f"{fold}.{_HELD}"] = one.held_out
            arrays |= {f"{fold}.params.{name}": np.asarray(value) for name, value in leaves(one.params)}
        try:
            self._path.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        replace_file(self._file(number), pack(arrays))

    def load(self, number: int, member: Member, network: Network, rows: Sequence[int]) -> list[Learned] | None:
        """Return it, or None where it is not there, damaged, or of another member or other data."""
        try:
            arrays = unpack(self._file(number).read_bytes(), self._file(number).name)
            about = json.loads(arrays[_ABOUT].tobytes())
            if (about["data"], about["member"], len(about["folds"])) != (self._data, repr(member), len(rows)):
                return None
            found = []
            shapes = {name: spec.shape for name, spec in leaves(network.specs)}
            for fold, (n, (cost, epochs)) in enumerate(zip(rows, about["folds"], strict=True)):
                named = {name: arrays[f"{fold}.params.{name}"] for name in shapes}
                held = arrays[f"{fold}.{_HELD}"]
                if {name: value.shape for name, value in named.items()} != shapes or len(held) != n:
                    return None
                found.append(Learned(fill(network.specs, named), held, float(cost), int(epochs)))
        except (OSError, ChainruleError, ValueError, KeyError, TypeError):
            # It costs a training to be without it, and nothing else.
            return None
        return found

    def clear(self) -> None:
        """Remove all of it: the model has what is worth keeping."""
        if not self._path.is_dir():
            return
        for file in self._path.glob("member-*.safetensors"):
            file.unlink(missing_ok=True)
        if not any(self._path.iterdir()):
            self._path.rmdir()

    def _file(self, number: int) -> Path:
        return self._path / f"member-{number + 1:03d}.safetensors"
