"""`chainrule`: the verbs, and how every failure is told."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from chainrule import __version__
from chainrule.cli.compare import compare
from chainrule.cli.cv import cv
from chainrule.cli.datasets import datasets
from chainrule.cli.evaluate import evaluate
from chainrule.cli.explain import explain
from chainrule.cli.inspect import inspect
from chainrule.cli.play import play
from chainrule.cli.predict import predict
from chainrule.cli.train import train
from chainrule.cli.tune import tune
from chainrule.errors import ChainruleError, TrainingError

app = typer.Typer(
    name="chainrule",
    help="Neural networks you can see through.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(train)
app.command()(predict)
app.command()(evaluate)
app.command()(cv)
app.command()(compare)
app.command()(tune)
app.command()(explain)
app.command()(inspect)
app.command()(datasets)
app.command()(play)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"chainrule {__version__}")
        raise typer.Exit


@app.callback()
def chainrule(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Neural networks you can see through."""


def main() -> None:
    """Run a command; a user's mistake ends in three lines and exit code 2, never in a traceback.

    Training that came to nothing has the code 1.
    """
    try:
        app()
    except ChainruleError as error:
        tell(error)
        sys.exit(1 if isinstance(error, TrainingError) else 2)
    except BrokenPipeError:
        # The reader (`head`, say) has seen enough; keep Python from complaining when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)


def tell(error: ChainruleError) -> None:
    """Print what was expected, what came, and what to do, to stderr."""
    print(f"error: expected {error.expected}", file=sys.stderr)
    print(f"       got {error.came}", file=sys.stderr)
    print(f"       {error.remedy}", file=sys.stderr)
