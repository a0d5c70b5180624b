"""`chainrule words`: vectors of words, learned from a text, looked up, and asked for analogies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli.flags import in_flags
from chainrule.cli.terminal import answer, say, tell
from chainrule.errors import ChainruleError

if TYPE_CHECKING:
    from chainrule.models.vectors import WordVectors

_RUN = "The folder of a run, or a file of vectors: our own, or word2vec's, text or binary."
_most = click.option("-n", "--most", default=10, show_default=True, help="How many words.")
_method = click.option(
    "--method", type=click.Choice(["add", "multiply"]), default="add", show_default=True, help="3CosAdd or 3CosMul."
)
_json = click.option("--json", "json_", is_flag=True, help="Print one JSON object on stdout.")


class InItsFlags(click.Group):
    """Commands whose errors name the flags that they themselves have."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what an error says of settings is told with the command's flags."""
        try:
            return super().invoke(ctx)
        except ChainruleError as error:
            command = self.commands[str(ctx.invoked_subcommand)]
            error.expected = in_flags(error.expected, command, self)
            error.remedy = in_flags(error.remedy, command, self)
            raise


@click.group(cls=InItsFlags)
def words() -> None:
    """Vectors of words: train them on a text, and ask them."""


@words.command()
@click.argument("text", help="A file, gzip-ed or not, or a folder of such; a line is a sentence.")
@click.option("--units", default=100, show_default=True, help="Numbers in a vector.")
@click.option("--model", type=click.Choice(["skipgram", "cbow"]), default="skipgram", show_default=True)
@click.option("--window", default=5, show_default=True, help="How far around a word others are near.")
@click.option("--min-count", default=5, show_default=True, help="A word that is there less often has no vector.")
@click.option("--most-words", type=int, help="Of more words than this the most frequent have a vector.")
@click.option("--negative", default=5, show_default=True, help="Noise words for each pair.")
@click.option("--shared", default=16, show_default=True, help="Noise words that 16 words in a row share.")
@click.option(
    "--subsample", default=1e-3, show_default=True, help="Thins the words that are more frequent; 0 keeps all."
)
@click.option("--phrases", default=0, show_default=True, help="How often words are joined to phrases, as new_york.")
@click.option("--phrase-score", default=100.0, show_default=True, help="Times as often as by chance, for a phrase.")
@click.option("--epochs", default=5, show_default=True)
@click.option("--learning-rate", type=float, help="Of a single pair; 0.025 for skipgram, 0.05 for cbow.")
@click.option("--batch-words", default=256, show_default=True, help="Words of text in a step.")
@click.option("--engine", type=click.Choice(["numpy", "jax"]), default="numpy", show_default=True)
@click.option("--encoding", default="utf-8", show_default=True, help="Of the text.")
@click.option("--seed", default=0, show_default=True, help="Names every random number that is drawn.")
@click.option("--out", help="Folder of the run; by default runs/NAME, or the next free one.")
@click.option("--force", is_flag=True, help="Replace what is in the folder.")
@click.option("--word2vec", type=click.Choice(["text", "binary"]), help="Write word2vec's format beside our own.")
@_json
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def train(
    text: str, seed: int, out: str | None, force: bool, word2vec: str | None, json_: bool, quiet: bool, **settings: Any
) -> None:
    """Learn vectors of the words of a text."""
    from contextlib import nullcontext

    from chainrule.cli.progress import Reading, observer
    from chainrule.job.words import WordsJob

    reading, shown = Reading(), observer(quiet=quiet)

    def told(count: int) -> None:
        if not quiet:
            reading.tell(f"{count:,} words read")

    job = WordsJob(text, settings | {"random_state": seed}, out=out, force=force, word2vec=word2vec)
    with shown or nullcontext():
        done = job.train(see=() if shown is None else (shown.see,), tell=told)
    if json_:
        answer(json.dumps(done.to_json()))
    elif not quiet:
        tell(
            f"{done.reason}: {len(done.vectors):,} words with {done.vectors.units} units each, "
            f"from {done.n_words:,} words of text, in {done.seconds:.3g} s"
        )
        say(f"vectors  {done.path}\nnext     chainrule words nearest {done.path.parent} {done.vectors.words[0]}")


@words.command()
@click.argument("run", help=_RUN)
@click.argument("word", nargs=-1, required=True, help="One word or several, to be near to all of them.")
@click.option("--not", "negative", multiple=True, metavar="WORD", help="A word to be far from.")
@_most
@_method
@_json
def nearest(run: str, word: tuple[str, ...], negative: tuple[str, ...], most: int, method: str, json_: bool) -> None:
    """Print the words nearest to some."""
    _tell(_vectors(run).most_similar(word, negative, most=most, method=method), json_)


@words.command()
@click.argument("run", help=_RUN)
@click.argument("a")
@click.argument("b")
@click.argument("c")
@_most
@_method
@_json
def analogy(run: str, a: str, b: str, c: str, most: int, method: str, json_: bool) -> None:
    """Print what A - B + C comes near to: king man woman asks for the queen."""
    _tell(_vectors(run).analogy(a, b, c, most=most, method=method), json_)


@words.command()
@click.argument("run", help=_RUN)
@click.argument("word", nargs=-1, required=True, help="Three words or more.")
@_json
def odd(run: str, word: tuple[str, ...], json_: bool) -> None:
    """Print the word that does not match the others."""
    found = _vectors(run).doesnt_match(word)
    answer(json.dumps({"word": found}) if json_ else found)


@words.command()
@click.argument("run", help=_RUN)
@click.argument("questions", help="Lines of four words, below lines `: section`.")
@click.option("--most-words", default=30_000, show_default=True, help="Words that are asked about and chosen from.")
@_method
@_json
def evaluate(run: str, questions: str, most_words: int, method: str, json_: bool) -> None:
    """Ask a file of analogies, and print how many are answered rightly."""
    from chainrule.cli.table import align
    from chainrule.models.analogies import ask

    found = ask(_vectors(run), questions, method=method, most_words=most_words)
    if json_:
        answer(json.dumps(found.to_json()))
        return
    rows = [
        [each.name, "–" if each.accuracy is None else f"{each.accuracy:.1%}", f"{each.right:,}", f"{each.asked:,}",
         f"{each.left_out:,}"]
        for each in (*found.sections, found.total)
    ]  # fmt: skip
    answer(align(["", "right", "answers", "asked", "left out"], rows))


@words.command()
@click.argument("run", help=_RUN)
@click.argument("path")
@click.option("--binary", is_flag=True, help="Binary, not text.")
def export(run: str, path: str, binary: bool) -> None:
    """Write vectors in word2vec's format, for other tools."""
    _vectors(run).write_word2vec(path, binary=binary)


def _vectors(run: str) -> WordVectors:
    from chainrule.models.vectors import vectors_in

    return vectors_in(run)


def _tell(found: list[tuple[str, float]], json_: bool) -> None:
    from chainrule.cli.table import align

    if json_:
        answer(json.dumps([{"word": word, "score": score} for word, score in found]))
    else:
        answer(align(["word", "score"], [[word, f"{score:.4f}"] for word, score in found]))
