"""Kaggle's key: what its publisher asks for before it hands out FER2013."""

from __future__ import annotations

import json
import os
from pathlib import Path

from chainrule.errors import DataError

_FACES = "challenges-in-representation-learning-facial-expression-recognition-challenge"
HOW = (
    f"Accept the rules at kaggle.com/c/{_FACES}, make a token under Settings, API, and set KAGGLE_USERNAME and KAGGLE_KEY "
    "(or keep kaggle.json in ~/.kaggle)"
)


def address(file: str) -> str:
    """Return where Kaggle has a file of FER2013's competition."""
    return f"https://www.kaggle.com/api/v1/competitions/data/download/{_FACES}/{file}"


def login() -> tuple[str, str]:
    """Return the user's name and key, from the environment or from Kaggle's own file.

    Raises
    ------
    DataError
        If there is neither, or the file does not have them.
    """
    user, key = os.environ.get("KAGGLE_USERNAME"), os.environ.get("KAGGLE_KEY")
    if user and key:
        return user, key
    path = Path(os.environ.get("KAGGLE_CONFIG_DIR") or Path.home() / ".kaggle") / "kaggle.json"
    try:
        known = json.loads(path.read_text("utf-8"))
        return str(known["username"]), str(known["key"])
    except FileNotFoundError:
        came = f"no KAGGLE_USERNAME and KAGGLE_KEY, and no {path}"
    except (OSError, ValueError, KeyError, TypeError):
        came = f"{path} without a username and a key"
    raise DataError(
        "a key of Kaggle's, the publisher of this set", came, f"{HOW}; or put a copy where it is looked for."
    )
