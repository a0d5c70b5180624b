"""`chainrule play`: the Playground in the browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chainrule.cli.terminal import say, tell

if TYPE_CHECKING:
    from chainrule.playground.session import Session


@click.command()
@click.argument("data", required=False, help="A CSV or Parquet file, or a name from `datasets`.")
@click.option("--port", type=int, help="This port and no other; 0 for any; the first free from 8760 if left out.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen. Beyond 127.0.0.1 others can reach it."
)
@click.option(
    "--allowed-host",
    "allowed",
    multiple=True,
    metavar="NAME",
    help="Another name it is reached by, through a proxy for example. May be given again.",
)
@click.option("--no-browser", is_flag=True, help="Print the link and open nothing.")
@click.option("--model", help="Look into a .chainrule file of dense layers, and go on with it.")
@click.option("--config", help="TOML or JSON file of the Playground's settings.")
def play(
    data: str | None,
    port: int | None,
    host: str,
    allowed: tuple[str, ...],
    no_browser: bool,
    model: str | None,
    config: str | None,
) -> None:
    """Watch a network learn in the browser, and see every derivative."""
    from chainrule.playground.run import serve
    from chainrule.playground.tokens import token_for
    from chainrule.web.guard import is_everywhere, new_token, reachable_address
    from chainrule.web.place import bound_socket

    place = bound_socket(host, port)
    number = place.getsockname()[1]
    with place:
        begin = _begin(data, None if model is None else Path(model), None if config is None else Path(config))
        # On a port that was asked for the token stays: a page that is open connects again after a restart.
        token = token_for(port) if port else new_token()
        here = "127.0.0.1" if is_everywhere(host) else f"[{host}]" if ":" in host else host
        link = f"http://{here}:{number}/#token={token}"
        if host not in ("127.0.0.1", "localhost", "::1"):
            tell(
                f"warning: on {host} others in your network can reach the Playground, unencrypted; "
                "only those who have the link with its token are let in"
            )
        lines = [f"Playground  {link}"]
        others = [reachable_address()] if is_everywhere(host) else []
        for name in (*others, *allowed):
            lines.append(f"for others  http://{name if ':' in name else f'{name}:{number}'}/#token={token}")
        say("\n".join([*lines, "            Ctrl-C ends it"]))
        serve(begin, place, token=token, host=host, browse=None if no_browser else link, allowed=allowed)


def _begin(data: str | None, model: Path | None, config: Path | None) -> Callable[[], Session]:
    """Return what makes the first session; where a person named something, it is made now: that may be refused."""

    def make() -> Session:
        from chainrule.playground.spec import DEFAULT
        from chainrule.playground.start import first_session, read_spec

        return first_session(data, model, spec=DEFAULT if config is None else read_spec(config))

    if data is None and model is None and config is None:
        return make
    session = make()
    return lambda: session
