"""Storages: where the trials of a search lie, so that it can be resumed, shared, and survive a dead worker."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from chainrule.errors import ConfigError, StorageError

# A trial is given up to be tried again when nothing has been heard of it for so many heartbeats.
SILENCE = 3
_MOST_RETRIES = 3
_ATTEMPTS = 4
T = TypeVar("T")


@dataclass(frozen=True)
class Storage:
    """A database, and the name of the search in it.

    Parameters
    ----------
    url : str
        As SQLAlchemy has it: sqlite:///search.db, postgresql://user@host/database; or the path of a SQLite file.
    name : str
        Of the search; several share a database.
    heartbeat : int
        Seconds between two signs of life of a trial that runs.
    patience : float
        Seconds to wait for a database that somebody else has locked, at each of several attempts.
    """

    url: str
    name: str = "search"
    heartbeat: int = 5
    patience: float = 5.0

    @property
    def address(self) -> str:
        """The URL, also where a path was given."""
        return self.url if "://" in self.url else f"sqlite:///{Path(self.url).absolute()}"

    @property
    def shown(self) -> str:
        """The URL without a password."""
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            return make_url(self.address).render_as_string(hide_password=True)
        except ArgumentError:
            return self.url.partition("@")[2] or self.url

    def open(self, *, seed: int) -> Any:
        """Return the search as a study of Optuna, made if there is none yet.

        Raises
        ------
        StorageError
            If the database stays locked, cannot be reached, or is none.
        """
        return attempt(self, lambda: self._open(seed))

    def _open(self, seed: int) -> Any:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        is_file = self.address.startswith("sqlite:///")
        if is_file:
            _make_folder(Path(self.address.removeprefix("sqlite:///")).parent)
        with warnings.catch_warnings():
            # Heartbeats, and a sampler that knows of the trials still running, are called experimental.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            storage = optuna.storages.RDBStorage(
                self.address,
                engine_kwargs={"connect_args": {"timeout": self.patience}} if is_file else {"pool_pre_ping": True},
                heartbeat_interval=self.heartbeat,
                grace_period=SILENCE * self.heartbeat,
                heartbeat_stale_trial_callback=_again,
            )
            study = optuna.create_study(
                storage=storage, study_name=self.name, direction="maximize", load_if_exists=True
            )
            # Trials that are there already were drawn from this seed: go on from another one.
            count = len(study.get_trials(deepcopy=False))
            study.sampler = optuna.samplers.TPESampler(seed=seed + count, constant_liar=True)
            study.pruner = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=7)
        return study


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"a folder for the storage at {path}", error.strerror or str(error), "Choose another file with `storage`."
        ) from error


def _again(study: Any, trial: Any) -> None:
    """Put a trial whose worker has died back into the queue, with the same settings."""
    import optuna

    history = [*trial.system_attrs.get("retry_history", []), trial.number]
    if len(history) > _MOST_RETRIES:
        return
    again = optuna.create_trial(
        state=optuna.trial.TrialState.WAITING,
        params=trial.params,
        distributions=trial.distributions,
        # Neither who worked on it nor that it was one too many holds for the new one.
        # What Optuna hands to a trial that waits: settings to be taken as they are.
        system_attrs={"fixed_params": trial.params, "retry_history": history, "failed_trial": history[0]},
    )
    study.add_trial(again)


def attempt(storage: Storage, work: Callable[[], T]) -> T:
    """Return work(), tried again while the database is locked."""
    for left in reversed(range(_ATTEMPTS)):
        try:
            with told(storage):
                return work()
        except StorageError as error:
            if not left or "locked" not in error.came:
                raise
            time.sleep(0.2 * (_ATTEMPTS - left))
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def told(storage: Storage) -> Iterator[None]:
    """Tell what went wrong with a database as an error of ours."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy import exc

    try:
        yield
    except (exc.ArgumentError, exc.NoSuchModuleError) as error:
        raise ConfigError(
            "the URL of a database", f"{storage.shown!r}", "Write sqlite:///search.db or postgresql://user@host/name."
        ) from error
    except ImportError as error:
        raise ConfigError(
            f"the driver of {storage.shown} to be installed",
            f"{error}",
            "For PostgreSQL run `pip install psycopg2-binary`, or write postgresql+psycopg:// for psycopg 3.",
        ) from error
    except (StorageInternalError, exc.SQLAlchemyError) as error:
        reason = _reason(error)
        if "locked" in reason:
            raise StorageError(
                f"the storage {storage.shown} to be free to write",
                "database is locked: another program holds it",
                "Close that program, wait for it, or choose another file with `storage`; nothing was lost.",
            ) from error
        raise StorageError(
            f"a database that can be written at {storage.shown}",
            reason,
            "Check the file or the server, or choose another with `storage`.",
        ) from error


def _reason(error: BaseException) -> str:
    """Return the words of the database itself, which lie at the bottom of several layers."""
    while (below := error.__cause__ or getattr(error, "orig", None) or error.__context__) is not None:
        error = below
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
