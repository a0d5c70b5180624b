"""Fetching published files: by their checksum, into the cache, whole or not at all."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.errors import DataError
from chainrule.files import replace_file
from chainrule.sources.cache import cache_folder, cache_path

_SECONDS_TO_ANSWER = 30
_MOST_UNPACKED = 1 << 30


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
        What its bytes must have; or `md5:…`, where nobody has published another sum. What came first is then known by its
        SHA-256 from there on, which is written beside it.
    login : callable, optional
        Returns the user's name and key, where the publisher asks for them.
    """

    name: str
    urls: tuple[str, ...]
    sha256: str
    login: Callable[[], tuple[str, str]] | None = None


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
        if not _is_right(place / file.name, file):
            if offline:
                raise DataError(
                    f"{file.name} of {folder} in the cache {place}, for nothing is fetched with `offline`",
                    "no such file" if not (place / file.name).exists() else "a file with another checksum",
                    "Leave `offline` out once, or point CHAINRULE_DATA at a folder that has the files.",
                )
            cache_folder("downloads")
            _fetch_one(place, file)
    return place


def _is_right(path: Path, file: Remote) -> bool:
    import pooch

    kind, _, checksum = _checksum(file).partition(":")
    if not path.is_file() or pooch.file_hash(path, alg=kind) != checksum:
        return False
    return kind == "sha256" or _pin(path).is_file() is False or _pinned(path) == pooch.file_hash(path, alg="sha256")


def _pin(path: Path) -> Path:
    """Return where the SHA-256 of a file is written that came with a weaker sum alone."""
    return path.with_name(f"{path.name}.sha256")


def _pinned(path: Path) -> str:
    return _pin(path).read_text("ascii", "replace").strip()


def _keep_to_first(path: Path, file: Remote) -> None:
    """Write down the SHA-256 of what came first; raise DataError if something else came since."""
    import pooch

    if not file.sha256.startswith("md5:"):
        return
    found = pooch.file_hash(path, alg="sha256")
    if not _pin(path).is_file():
        replace_file(_pin(path), f"{found}\n")
    elif _pinned(path) != found:
        path.unlink()
        raise DataError(
            f"{file.name} with the SHA-256 {_pinned(path):.16}… that it had when it first came",
            f"{found:.16}… (its publisher's MD5 agrees, which can be forged)",
            f"If it was published anew, remove {_pin(path)}.",
        )


def _checksum(file: Remote) -> str:
    return file.sha256 if ":" in file.sha256 else f"sha256:{file.sha256}"


def _fetch_one(place: Path, file: Remote) -> None:
    """Fetch a file from the first place that gives it."""
    reasons = []
    for url in file.urls:
        reason = _try(place, file, url)
        if reason is None:
            _keep_to_first(place / file.name, file)
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

    user = {"auth": file.login()} if file.login is not None else {}
    from_server = pooch.HTTPDownloader(timeout=_SECONDS_TO_ANSWER, **user)

    def download(url: str, path: Any, pup: Any) -> None:
        from_server(url, path, pup)
        if not file.name.endswith(".zip"):
            _unpack(Path(path))

    try:
        # It comes under another name, is checked, and only then takes its own.
        pooch.retrieve(url, _checksum(file), fname=file.name, path=place, downloader=download)
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else 0
        refused = ", for the name or the key is not known or the rules are not accepted" if code in (401, 403) else ""
        return f"the server answers {code}{refused if file.login else ''}" if code else f"{error}"
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


def _unpack(path: Path) -> None:
    """Put the one file of a zip in its place, where a server sends a file so; what it is, its checksum tells."""
    if not zipfile.is_zipfile(path):
        return
    packed = path.with_name(f"{path.name}.zip")
    path.replace(packed)
    try:
        with zipfile.ZipFile(packed) as archive:
            inside = archive.infolist()
            if len(inside) != 1 or inside[0].file_size > _MOST_UNPACKED:
                raise ValueError("a zip of something else")
            with archive.open(inside[0]) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise ValueError("a damaged zip") from error
    finally:
        packed.unlink()
