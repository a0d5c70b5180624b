"""`chainrule export`: what a run learned, for TensorFlow, PyTorch, NumPy, Keras or ONNX, run again and compared."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from chainrule.cli.flags import said
from chainrule.cli.terminal import answer, tell
from chainrule.printable import printable

if TYPE_CHECKING:
    from chainrule.exporters.targets import Checked


@click.command()
@click.argument("run", help="A .chainrule file, or the folder of a run, which can be trained again.")
@click.option("--to", required=True, help="tensorflow, pytorch, numpy, keras or onnx.")
@click.option("--out", help="Folder to write; exports/RUN-TO if left out.")
@click.option("--bare", is_flag=True, help="numpy: prediction alone, from a row to an answer.")
@click.option("--exact", is_flag=True, help="tensorflow: rules written out, for the same numbers to the last digits.")
@click.option("--check/--no-check", "checked", default=True, help="Run what was written, and compare.")
@click.option("--force", is_flag=True, help="Replace an export that is in the folder.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object on stdout.")
def export(
    run: str, to: str, out: str | None, bare: bool, exact: bool, checked: bool, force: bool, json_: bool
) -> None:
    """Write a network for elsewhere, run what was written, and print by how much it differs."""
    from pathlib import Path

    from chainrule.job.export import export as write

    folder = Path(out) if out else Path("exports") / f"{Path(run).resolve().stem}-{to}"
    done = write(run, to, folder, bare=bare, exact=exact, checked=checked, force=force)
    if json_:
        answer(json.dumps(_as_json(done), allow_nan=False))
    else:
        for note in done.notes:
            tell(f"note: {printable(said(note))}")
        for line in _lines(done):
            answer(line)
    if not done.is_kept:
        tell("error: the export differs from Chainrule by more than was promised")
        sys.exit(1)


def _lines(done: Checked) -> list[str]:
    lines = [f"written to {done.folder}: {', '.join(done.files)}"]
    if not done.differences:
        return lines
    width = max(len(difference.what) for difference in done.differences)
    lines.append(f"{'compared with Chainrule':{width}}  {'largest difference':>18}  promised")
    for difference in done.differences:
        verdict = "" if difference.is_kept else "  NOT KEPT"
        lines.append(f"{difference.what:{width}}  {difference.largest:18.2g}  {difference.promise:g}{verdict}")
    return lines


def _as_json(done: Checked) -> dict[str, object]:
    return {
        "to": done.to,
        "folder": str(done.folder),
        "main": done.main,
        "files": done.files,
        "notes": done.notes,
        "differences": [
            {
                "what": each.what,
                "largest": each.largest if each.largest == each.largest else None,
                "promise": each.promise,
            }
            for each in done.differences
        ],
        "kept": done.is_kept,
    }
