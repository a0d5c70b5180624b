"""The curves with a threshold slider: drawn here as they stand at first, and moved by a script of the page's own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from chainrule.inspection import Curve
from chainrule.report.template import source, template

_SCRIPT = "threshold.js"
# The plane of a curve within its picture; threshold.js has the same numbers.
_LEFT, _FOOT, _WIDTH, _HEIGHT = 44, 266, 260, 250


def threshold_curves(found: Sequence[Curve], classes: Sequence[str]) -> str:
    """Return the curves as HTML with their script; an empty text where there are none."""
    if not found:
        return ""
    curves = [_as_json(curve, classes) for curve in found]
    html: str = template("thresholds.html.j2").render(
        curves=curves, start=_start(found[0], curves[0]["start"]), frame=_frame, script=source(_SCRIPT)
    )
    return html


def script_hash() -> str:
    """Return the digest by which the page's own policy knows the one script that may run."""
    digest = hashlib.sha256(source(_SCRIPT).encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _as_json(curve: Curve, classes: Sequence[str]) -> dict[str, Any]:
    return {
        "name": classes[curve.k],
        "thresholds": curve.thresholds.tolist(),
        "hits": curve.hits.tolist(),
        "alarms": curve.alarms.tolist(),
        "yes": curve.yes,
        "no": curve.no,
        "area": curve.area,
        "average": curve.precision,
        "best": curve.best,
        "start": 0.5,
    }


def _start(curve: Curve, threshold: float) -> dict[str, Any]:
    """Return what is to be read before, or without, the script."""
    i = int(abs(curve.thresholds - threshold).argmin())
    hits, alarms, yes, no = int(curve.hits[i]), int(curve.alarms[i]), curve.yes, curve.no
    named = hits + alarms
    roc = [_point(a / no, h / yes) for h, a in zip(curve.hits, curve.alarms, strict=True)]
    pr = [_point(h / yes, h / (h + a)) for h, a in zip(curve.hits, curve.alarms, strict=True) if h + a]
    base = yes / (yes + no)
    return {
        "threshold": float(curve.thresholds[i]),
        "recall": f"{100 * hits / yes:.1f} %",
        "precision": f"{100 * hits / named:.1f} %" if named else "–",
        "f1": f"{2 * hits / (named + yes):.3f}",
        "accuracy": f"{100 * (hits + no - alarms) / (yes + no):.1f} %",
        "flagged": f"{100 * named / (yes + no):.1f} %",
        "hits": f"{hits:,}",
        "missed": f"{yes - hits:,}",
        "alarms": f"{alarms:,}",
        "passed": f"{no - alarms:,}",
        "roc": " ".join(roc),
        "pr": " ".join(pr),
        "chance": f"{_point(0, base)} {_point(1, base)}",
        "roc_mark": _point(alarms / no, hits / yes).split(","),
        "pr_mark": _point(hits / yes, hits / named if named else 1.0).split(","),
    }


def _point(x: float, y: float) -> str:
    return f"{_LEFT + _WIDTH * x:.1f},{_FOOT - _HEIGHT * y:.1f}"


def _frame(across: str, up: str) -> Any:
    """Return the axes of a curve: ticks at the quarters, and what is on them."""
    from markupsafe import Markup, escape

    parts = []
    for quarter in range(5):
        share = quarter / 4
        x, y = _LEFT + _WIDTH * share, _FOOT - _HEIGHT * share
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{_FOOT}" y2="{_FOOT - _HEIGHT}"/>')
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{x}" y="{_FOOT + 16}" text-anchor="middle">{share:g}</text>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{share:g}</text>')
    middle = _FOOT - _HEIGHT / 2
    parts.append(f'<text x="{_LEFT + _WIDTH / 2}" y="{_FOOT + 36}" text-anchor="middle">{escape(across)}</text>')
    parts.append(
        f'<text x="12" y="{middle}" text-anchor="middle" transform="rotate(-90 12 {middle})">{escape(up)}</text>'
    )
    return Markup("".join(parts))  # noqa: S704
