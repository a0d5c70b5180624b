"""Fetching published files: by their checksum, into the cache, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chainrule.data.cache import cache_folder, cache_path
from chainrule.errors import DataError

_SECONDS_TO_ANSWER = 30


@dataclass(frozen=True)
class Remote:
    """A published file.

    Attributes
    ----------
    name : str
        What it is called in the cache.
    urls : tuple of str
        Where it is, the likeliest first.
    sha256 : str
        What its bytes must have.
    """

    name: str
    urls: tuple[str, ...]
    sha256: str


def is_fetched(folder: str, files: tuple[Remote, ...]) -> bool:
    """Tell whether all files lie in the cache already, right or wrong."""
    place = cache_path("downloads") / folder
    return bool(files) and all((place / file.name).is_file() for file in files)


def fetch(folder: str, files: tuple[Remote, ...], *, offline: bool = False) -> Path:
    """Return the folder of the cache that holds the files, fetched where they are not there or not right.

    Raises
    ------
    DataError
        If one is missing and must not or cannot be fetched, or if what came has another checksum; nothing of that
        stays behind.
    """
    place = cache_path("downloads") / folder
    for file in files:
        if not _is_right(place / file.name, file.sha256):
            if offline:
                raise DataError(
                    f"{file.name} of {folder} in the cache {place}, for nothing is fetched with --offline",
                    "no such file" if not (place / file.name).exists() else "a file with another checksum",
                    "Leave --offline out once, or point CHAINRULE_DATA at a folder that has the files.",
                )
            cache_folder("downloads")
            _fetch_one(place, file)
    return place


def _is_right(path: Path, sha256: str) -> bool:
    import pooch

    return path.is_file() and bool(pooch.file_hash(path) == sha256)


def _fetch_one(place: Path, file: Remote) -> None:
    """Fetch a file from the first place that gives it."""
    reasons = []
    for url in file.urls:
        reason = _try(place, file, url)
        if reason is None:
            return
        reasons.append(f"{url}: {reason}")
    raise DataError(
        f"{file.name} to be fetched",
        "; ".join(reasons),
        "Check the network and try again, or point CHAINRULE_DATA at a folder that has the file.",
    )


def _try(place: Path, file: Remote, url: str) -> str | None:
    """Fetch a file from one place; return None, or the reason why it cannot be had there."""
    import pooch
    import requests

    downloader = pooch.HTTPDownloader(timeout=_SECONDS_TO_ANSWER)
    try:
        # It comes under another name, is checked, and only then takes its own.
        pooch.retrieve(url, f"sha256:{file.sha256}", fname=file.name, path=place, downloader=downloader)
    except requests.HTTPError as error:
        return f"the server answers {error.response.status_code}" if error.response is not None else f"{error}"
    except requests.Timeout:
        return "no answer in time"
    except requests.ConnectionError:
        return "no connection"
    except requests.RequestException as error:
        return f"{type(error).__name__}: {error}"[:200]
    except ValueError:
        return "what came has another checksum"
    except OSError as error:
        return f"{place} cannot be written: {error.strerror or error}"
    return None
