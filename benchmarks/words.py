"""Word vectors against gensim's: words per CPU second, paired, and analogies answered at equal epochs.

    python benchmarks/words.py TEXT QUESTIONS [--epochs 5] [--seeds 3] [--engine numpy] [--set shared=32] [--no-rival]

Needs gensim, in an environment of its own. Both are given the same lists of words and fit from them, vocabulary and all,
on one thread; ours and gensim's take turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from typing import Any

from chainrule.models.analogies import ask
from chainrule.models.vectors import WordVectors
from chainrule.models.word2vec import Word2Vec
from chainrule.sources.sentences import sentences_of


def ours(sentences: list[list[str]], seed: int, epochs: int, settings: dict[str, Any]) -> tuple[WordVectors, float]:
    started = time.process_time()
    model = Word2Vec(epochs=epochs, random_state=seed, **settings).fit(sentences)
    return model.vectors_, time.process_time() - started


def gensims(sentences: list[list[str]], seed: int, epochs: int, settings: dict[str, Any]) -> tuple[WordVectors, float]:
    import gensim

    started = time.process_time()
    cbow = settings.get("model") == "cbow"
    model = gensim.models.Word2Vec(
        sentences, vector_size=settings.get("units", 100), window=settings.get("window", 5), min_count=5, sg=not cbow,
        negative=5, sample=1e-3, epochs=epochs, seed=seed, workers=1, alpha=0.05 if cbow else 0.025,
    )  # fmt: skip
    return WordVectors(model.wv.index_to_key, model.wv.vectors), time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("text")
    parser.add_argument("questions")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--no-rival", action="store_true")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    given = parser.parse_args()
    settings: dict[str, Any] = {}
    for each in given.set:
        name, _, value = each.partition("=")
        try:
            settings[name] = json.loads(value)
        except ValueError:
            settings[name] = value
    sentences = [*sentences_of(given.text)]
    n_words = sum(map(len, sentences))
    rivals = {"ours": ours} | ({} if given.no_rival else {"gensim": gensims})
    speeds: dict[str, list[float]] = {name: [] for name in rivals}
    answered: dict[str, list[float]] = {name: [] for name in rivals}
    for seed in range(given.seeds):
        for name, fit in rivals.items():
            vectors, seconds = fit(sentences, seed, given.epochs, settings)
            total = ask(vectors, given.questions).total
            speeds[name].append(n_words * given.epochs / seconds)
            answered[name].append(100 * (total.accuracy or 0.0))
            print(
                f"{name:<7} seed {seed} {settings}: {answered[name][-1]:.2f} % of {total.asked:,}, {seconds:.1f} CPU s, "
                f"{speeds[name][-1]:,.0f} words per CPU s",
                flush=True,
            )
    for name in rivals:
        print(
            f"{name:<7} {statistics.mean(answered[name]):.2f} % on average, {statistics.median(speeds[name]):,.0f} words/s"
        )
    if not given.no_rival:
        ratios = [a / b for a, b in zip(speeds["ours"], speeds["gensim"], strict=True)]
        print(
            f"speed: {statistics.median(ratios):.2f} times gensim's ({', '.join(f'{ratio:.2f}' for ratio in ratios)})"
        )


if __name__ == "__main__":
    sys.exit(main())
