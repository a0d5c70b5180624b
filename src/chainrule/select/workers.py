"""Workers: where folds are trained: here, in processes of this machine, or on a cluster that is already running."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from chainrule.constraints import Kind, check_fields, constrained, option, real, whole
from chainrule.errors import ConfigError, TrainingError

# `multiprocessing` is left out on purpose: it forks, and a process forked after JAX has started may hang for good.
BACKENDS = ("loky", "threading", "dask")
_ATTEMPTS = 3


@dataclass(frozen=True)
class Workers:
    """How many work at once, and where.

    Parameters
    ----------
    jobs : int
        Trainings at once; 1 is this very process. On a cluster its workers decide.
    backend : str
        A backend of joblib: `loky` (processes of this machine that are started afresh), `threading`, or `dask`.
    address : str, optional
        Of the scheduler of a Dask cluster, such as tcp://host:8786.
    wait : float
        Seconds to wait for the scheduler's answer.
    """

    jobs: int = whole(1, default=1)
    backend: str = option(*BACKENDS, default="loky")
    address: str | None = constrained(Kind(str), default=None, optional=True)
    wait: float = real(0.0, low_open=True, default=10.0)

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints."""
        check_fields(self)
        if (self.backend == "dask") != (self.address is not None):
            raise ConfigError(
                "the address of a scheduler beside the backend dask, and beside no other",
                f"backend {self.backend}, address {self.address}",
                "Say `backend=dask` and `address=tcp://HOST:8786`.",
            )

    @property
    def is_local(self) -> bool:
        """Whether everything happens in this process, one thing after another."""
        return self.jobs == 1 and self.backend != "dask"

    def map(
        self, function: Callable[..., Any], shared: Sequence[Any], items: Sequence[Any]
    ) -> Iterator[tuple[int, Any]]:
        """Yield (i, function(*shared, items[i])) as they are done, in any order.

        Raises
        ------
        TrainingError
            If workers keep dying; what was done until then is not computed again.
        """
        if self.is_local:
            for i, item in enumerate(items):
                yield i, function(*shared, item)
            return
        from joblib.externals.loky.process_executor import TerminatedWorkerError
        from sklearn.utils.parallel import Parallel, delayed

        left = dict(enumerate(items))
        for attempt in range(_ATTEMPTS):
            with self._backend(shared) as options:
                # The frames of a generator of joblib live on until it is closed, whatever ends this one.
                parallel = Parallel(return_as="generator_unordered", **options)
                # A list: joblib asks for the calls one by one, while those that are done are taken out.
                calls = [delayed(_numbered)(function, shared, i, item) for i, item in left.items()]
                results = parallel(calls)
                try:
                    for i, result in results:
                        del left[i]
                        yield i, result
                    return
                except TerminatedWorkerError as error:
                    if attempt == _ATTEMPTS - 1:
                        raise TrainingError(
                            "workers that live until their work is done",
                            f"{_ATTEMPTS} times one that died; {len(left)} of {len(items)} trainings are not done",
                            "It may be short of memory: use fewer `jobs`, or smaller batches.",
                        ) from error
                finally:
                    results.close()

    @contextmanager
    def _backend(self, shared: Sequence[Any]) -> Iterator[dict[str, Any]]:
        with connected(self.address, self.wait) as client:
            if client is None:
                yield {"n_jobs": self.jobs, "backend": self.backend}
                return
            from joblib import parallel_config

            # The data travels once to each worker instead of with each fold.
            large = [part for part in shared if hasattr(part, "take")]
            with parallel_config("dask", scatter=large or None, wait_for_workers_timeout=10):
                yield {"n_jobs": -1}


def _numbered(function: Callable[..., Any], shared: Sequence[Any], i: int, item: Any) -> tuple[int, Any]:
    return i, function(*shared, item)


def connected(address: str | None, wait: float) -> AbstractContextManager[Any]:
    """Return a client of the Dask scheduler at `address`, or nothing."""
    if address is None:
        return nullcontext()
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError(
            "dask to be installed for a cluster", "no package distributed", "Run `pip install chainrule[cluster]`."
        ) from error
    try:
        client: AbstractContextManager[Any] = Client(address, timeout=wait, set_as_default=True)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise ConfigError(
            f"a Dask scheduler at {address}", str(error)[:120] or type(error).__name__, "Start one: `dask scheduler`."
        ) from error
    return client
