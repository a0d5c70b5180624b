"""`chainrule serve`: a model that answers over HTTP."""

from __future__ import annotations

import click

from chainrule.cli.terminal import say, tell


@click.command()
@click.argument("model", help="A .chainrule file, or the folder of a run.")
@click.option("--port", type=int, help="This port and no other; 0 for any; the first free from 8780 if left out.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen. Beyond 127.0.0.1 a token is needed."
)
@click.option("--token", envvar="CHAINRULE_TOKEN", help="What each request must show; or in CHAINRULE_TOKEN.")
@click.option(
    "--allowed-host",
    "allowed",
    multiple=True,
    metavar="NAME",
    help="Another name it is reached by, through a proxy for example. May be given again.",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option("--most-rows", default=100_000, show_default=True, type=click.IntRange(1), help="Rows of a request.")
@click.option("--most-mb", default=16.0, show_default=True, type=click.FloatRange(0.001, 1024), help="MiB of a body.")
@click.option("--seconds", default=30.0, show_default=True, type=click.FloatRange(0.1), help="For a request, at most.")
@click.option("--quiet", is_flag=True, help="No line for each request.")
def serve(
    model: str,
    port: int | None,
    host: str,
    token: str | None,
    allowed: tuple[str, ...],
    workers: int,
    most_rows: int,
    most_mb: float,
    seconds: float,
    quiet: bool,
) -> None:
    """Answer for a model over HTTP, with a page to try it on."""
    from pathlib import Path

    from chainrule.serve.run import DEFAULT_PORT, Settings, require_token, run
    from chainrule.serve.service import Limits, Place
    from chainrule.web.guard import is_everywhere
    from chainrule.web.place import bound_socket

    require_token(host, token or "")
    listening = bound_socket(host, port, DEFAULT_PORT)
    number = listening.getsockname()[1]
    with listening:
        limits = Limits(int(most_mb * (1 << 20)), most_rows, seconds)
        place = Place(host, number, allowed, token or "")
        here = "127.0.0.1" if is_everywhere(host) else f"[{host}]" if ":" in host else host
        if host not in ("127.0.0.1", "localhost", "::1"):
            tell(f"warning: on {host} what is sent, the token too, can be read along the way; put TLS in front of it")
        # The token itself is not printed: a log keeps what is printed.
        page = f"http://{here}:{number}/" + ("#token=TOKEN" if token else "")
        say(f"Serving  {page}\n         Ctrl-C ends it; kill -HUP reads the model anew")
        run(Settings(Path(model), place, limits, not quiet), listening, workers)
