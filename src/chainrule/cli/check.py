"""`chainrule check`: whether a derivative in a file of one's own is right, and if not, in which line, and why."""

from __future__ import annotations

import click

from chainrule.cli.terminal import answer
from chainrule.errors import ConfigError
from chainrule.printable import printable


@click.command()
@click.argument("what", metavar="FILE.py:FUNCTION")
@click.option("--like", required=True, help="The network: 'softmax(sigmoid(x W + b) V + c)'.")
@click.option("--of", help="Which derivative: dW is that by W. The function's name, if left out.")
@click.option("--cost", type=click.Choice(["cross-entropy", "squared"]), help="The one that fits the output.")
@click.option("--mean", is_flag=True, help="J is divided by N; else it is the sum, as in the course.")
@click.option("--likelihood", is_flag=True, help="The log-likelihood is derived, as for gradient ascent.")
@click.option("--penalty", type=click.Choice(["l1", "l2"]), help="On all weights; the argument lam is λ.")
@click.option("--argument", "arguments", multiple=True, metavar="NAME=VALUE", help="What an argument is: inputs=x.")
@click.option("--seconds", default=5.0, show_default=True, help="That one call may take.")
@click.option("--json", "json_", is_flag=True, help="Print score, reason, line and cause as JSON.")
@click.pass_context
def check(
    ctx: click.Context,
    what: str,
    like: str,
    of: str | None,
    cost: str | None,
    mean: bool,
    likelihood: bool,
    penalty: str | None,
    arguments: tuple[str, ...],
    seconds: float,
    json_: bool,
) -> None:
    """Judge a derivative that you wrote. The exit code is 0 if it is right, 1 if not."""
    from pathlib import Path

    from chainrule.explain.why.apart import judge_file
    from chainrule.explain.why.like import question_like

    file, colon, function = what.rpartition(":")
    if not colon or not function.isidentifier():
        raise ConfigError("FILE.py:FUNCTION", what, "Name the function behind a colon: chainrule check my.py:dW.")
    bad = [one for one in arguments if not one.partition("=")[2]]
    if bad:
        raise ConfigError("--argument NAME=VALUE", bad[0], "Say what the argument is: --argument inputs=x.")
    if not seconds > 0:
        raise ConfigError("--seconds above 0", f"{seconds:g}", "Leave it out for 5.")
    question = question_like(of or function, like, cost=cost, mean=mean, likelihood=likelihood, penalty=penalty or "")
    named = dict(one.split("=", 1) for one in arguments)
    verdict = judge_file(Path(file), function, question, arguments=named, seconds=seconds)
    answer(verdict.to_json() if json_ else printable(str(verdict), keep="\n"))
    ctx.exit(0 if verdict.is_right else 1)
