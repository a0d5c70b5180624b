"""`chainrule`: the verbs, and how every failure is told."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from typing import Any

import click

from chainrule import __version__
from chainrule.cli.agent import agent
from chainrule.cli.check import check
from chainrule.cli.compare import compare
from chainrule.cli.cv import cv
from chainrule.cli.datasets import datasets
from chainrule.cli.doctor import doctor
from chainrule.cli.evaluate import evaluate
from chainrule.cli.explain import explain
from chainrule.cli.export import export
from chainrule.cli.flags import in_flags
from chainrule.cli.generate import generate
from chainrule.cli.import_ import import_
from chainrule.cli.inspect import inspect
from chainrule.cli.learn import learn
from chainrule.cli.look import look
from chainrule.cli.play import play
from chainrule.cli.predict import predict
from chainrule.cli.serve import serve
from chainrule.cli.terminal import abandon, prepare, tell, unanswered
from chainrule.cli.train import train
from chainrule.cli.tune import tune
from chainrule.cli.words import words
from chainrule.errors import ChainruleError, ConfigError, OutputError, TooLargeError, TrainingError
from chainrule.printable import printable

# Packages that are imported by another name than pip knows them by.
_CALLED = {"sklearn": "scikit-learn", "PIL": "pillow", "tomli_w": "tomli-w", "charset_normalizer": "charset-normalizer"}


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


for command in (
    look,
    train,
    doctor,
    predict,
    generate,
    evaluate,
    cv,
    compare,
    tune,
    explain,
    check,
    learn,
    export,
    import_,
    serve,
    agent,
    inspect,
    datasets,
    words,
    play,
):
    app.add_command(command)


def main() -> None:
    """Run a command; a user's mistake ends in three lines and exit code 2, never in a traceback.

    Work that came to nothing, and an answer that nobody could be given, have the code 1.
    """
    prepare()
    code = _run()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        abandon(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            code = code or 1
    sys.exit(code)


def _run() -> int:
    try:
        # Not `app()`, which would answer an interrupt and a closed pipe in its own way.
        with app.make_context("chainrule", sys.argv[1:]) as context:
            app.invoke(context)
    except ChainruleError as error:
        tell_error(error)
        return 1 if isinstance(error, (TrainingError, OutputError)) else 2
    except ModuleNotFoundError as error:
        package = missing_package(error)
        if package is None:
            raise
        remedy = f"Run `pip install {package}`, or `pip install chainrule` for all of it."
        tell_error(ConfigError(f"the package {package}, which this needs", "an installation without it", remedy))
        return 2
    except MemoryError:
        tell_error(TooLargeError("enough memory", "none left", "Give a part of the rows, or train with --stream."))
        return 2
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as end:
        return end.exit_code
    except BrokenPipeError:
        # The reader (`head`, say) has seen enough; Python must not complain when it flushes at its end.
        abandon(sys.stdout)
    except OSError as error:
        if error.filename is not None:
            raise
        # Of help, which click prints: an error of a file would have the file's name.
        abandon(sys.stdout)
        tell_error(unanswered(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def missing_package(error: ModuleNotFoundError) -> str | None:
    """Return the package that a slim installation lacks, as pip calls it; None if it is none of those that we declare."""
    module = (error.name or "").partition(".")[0]
    package = _CALLED.get(module, module)
    try:
        declared = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in metadata.requires("chainrule") or ()]
    except metadata.PackageNotFoundError:
        return None
    return package if package in declared else None


def tell_error(error: ChainruleError) -> None:
    """Print what was expected, what came, and what to do, to stderr: a line each, whatever names are in them."""
    tell(f"error: expected {printable(error.expected)}")
    tell(f"       got {printable(error.came)}")
    tell(f"       {printable(error.remedy)}")
