"""The gallery: every picture beside what a model says of it, the classes one after the other, doubts first."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.figures import brief
from chainrule.report.template import template

# A page of more pictures is slow to open; the doubtful ones are those worth looking at.
MOST_PICTURES = 2000
_SMALLEST_SIDE = 96


@dataclass(frozen=True, eq=False)
class Predicted:
    """Pictures and what is said of them.

    Attributes
    ----------
    pictures : array (N, height, width, 1 or 3)
        Between 0 and 1.
    names : sequence of str
        Of each, its file for example.
    y : array (N, K)
        Probabilities; or values (N, 1) where there are no classes.
    classes : sequence of str
        Empty for numbers.
    """

    pictures: np.ndarray
    names: Sequence[str]
    y: np.ndarray
    classes: Sequence[str]


def render_gallery(title: str, predicted: Predicted, notes: Sequence[str] = ()) -> str:
    """Return the page: no script, and nothing from outside."""
    page: str = template("gallery.html.j2").render(
        page_title=title,
        groups=_groups(predicted),
        total=len(predicted.names),
        shown=min(len(predicted.names), MOST_PICTURES),
        notes=list(notes),
    )
    return page


def _groups(predicted: Predicted) -> list[dict[str, object]]:
    y, classes = predicted.y, predicted.classes
    if not classes:
        order = np.argsort(y[:, 0], kind="stable")[:MOST_PICTURES]
        return [
            {
                "name": "by value",
                "count": len(y),
                "cards": [_card(predicted, row, f"{brief(y[row, 0])}") for row in order],
            }
        ]
    said, sure = y.argmax(axis=1), y.max(axis=1)
    chosen = np.argsort(sure, kind="stable")[:MOST_PICTURES]
    groups = []
    for k, name in enumerate(classes):
        cards = [
            _card(predicted, row, f"{sure[row]:.0%} sure", _runner_up(predicted, row))
            for row in chosen[said[chosen] == k]
        ]
        groups.append({"name": name, "count": int((said == k).sum()), "cards": cards})
    return groups


def _runner_up(predicted: Predicted, row: int) -> str:
    second = int(np.argsort(-predicted.y[row], kind="stable")[1])
    share = predicted.y[row, second]
    return f"else {predicted.classes[second]}, {share:.0%}" if share >= 0.05 else ""


def _card(predicted: Predicted, row: int, line: str, second: str = "") -> dict[str, object]:
    return {
        "image": data_uri(predicted.pictures[row]),
        "name": predicted.names[row],
        "line": line,
        "second": second,
        "share": float(predicted.y[row].max()) if predicted.classes else 0.0,
    }


def data_uri(picture: np.ndarray) -> str:
    """Return a picture (height, width, 1 or 3) between 0 and 1 as a PNG inside an address."""
    from PIL import Image

    pixels = (np.clip(picture, 0, 1) * 255).round().astype(np.uint8).squeeze()
    image = Image.fromarray(pixels)
    # Small pictures are enlarged in whole steps, so that their pixels stay squares.
    factor = max(1, -(-_SMALLEST_SIDE // min(image.size)))
    if factor > 1:
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
