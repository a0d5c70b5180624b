"""`chainrule`: the verbs, and how every failure is told."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from chainrule import __version__
from chainrule.cli.compare import compare
from chainrule.cli.cv import cv
from chainrule.cli.datasets import datasets
from chainrule.cli.evaluate import evaluate
from chainrule.cli.explain import explain
from chainrule.cli.export import export
from chainrule.cli.flags import in_flags
from chainrule.cli.inspect import inspect
from chainrule.cli.play import play
from chainrule.cli.predict import predict
from chainrule.cli.train import train
from chainrule.cli.tune import tune
from chainrule.errors import ChainruleError, TrainingError


class InOrder(click.Group):
    """Commands in the order in which a newcomer needs them, not in the alphabet's."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return them as they were added."""
        return [*self.commands]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what an error says of settings is told with the command's flags."""
        try:
            return super().invoke(ctx)
        except ChainruleError as error:
            command = self.commands[str(ctx.invoked_subcommand)]
            error.expected = in_flags(error.expected, command, self)
            error.remedy = in_flags(error.remedy, command, self)
            raise


@click.group(cls=InOrder, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="chainrule %(version)s", help="Print the version and exit.")
def app() -> None:
    """Neural networks you can see through."""


for command in (train, predict, evaluate, cv, compare, tune, explain, export, inspect, datasets, play):
    app.add_command(command)


def main() -> None:
    """Run a command; a user's mistake ends in three lines and exit code 2, never in a traceback.

    Training that came to nothing has the code 1.
    """
    try:
        # Not `app()`, which would answer an interrupt and a closed pipe in its own way.
        with app.make_context("chainrule", sys.argv[1:]) as context:
            app.invoke(context)
    except ChainruleError as error:
        tell(error)
        sys.exit(1 if isinstance(error, TrainingError) else 2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
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
