"""The page of an answer: what a cross-validation, a comparison or a search found, put into words and pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.job.choosing import Question
from chainrule.job.config import config_from
from chainrule.job.run_report import versions
from chainrule.job.settings import to_toml
from chainrule.report import choice_plots as plots
from chainrule.report.choice import ChoiceData, Section, render_choice
from chainrule.report.plots import BLUE, ORANGE
from chainrule.select import Comparison, CrossValidation, Search
from chainrule.select.compare import WARNING, probability
from chainrule.select.space import Span, shown

_MOST_ROWS = 100
_BEST = 10
_MOST_SLICES = 4


def cross_validation_page(question: Question, found: CrossValidation) -> str:
    """Return the page of a cross-validation."""
    rows = [
        [f"{i + 1}", f"{found.scores[i]:.4f}", f"{found.train_scores[i]:.4f}", f"{found.seconds[i]:.2f}"]
        for i in range(min(len(found.scores), _MOST_ROWS))
    ]
    gap = float((found.train_scores - found.scores).mean())
    sections = [
        Section(
            "How it does on rows that it has not seen",
            "Each dot is one fold: trained on the others, measured on this. The heavy line is the mean, the band one "
            "standard deviation to each side.",
            plots.fold_scores(
                {"test rows": found.scores, "training rows": found.train_scores}, found.metric, (ORANGE, BLUE)
            ),
            more=f"On the rows that it was trained on it does better by {gap:.4f}: "
            + ("it has begun to learn their noise." if gap > 2 * found.std and gap > 0.02 else "hardly any different.")
            if gap > 0
            else "",
        ),
        Section(
            "Fold by fold", f"{found.folds}.", header=("fold", "test", "training", "seconds"), rows=rows,
            more=f"… and {len(found.scores) - _MOST_ROWS} more." if len(found.scores) > _MOST_ROWS else "",
        ),
    ]  # fmt: skip
    facts = [
        (f"mean {found.metric}", f"{found.mean:.4f}"),
        ("standard deviation over the folds", f"{found.std:.4f}"),
        ("trainings", f"{len(found.folds)}"),
        ("seconds a training", f"{found.seconds.mean():.2f}"),
    ]
    return _page(question, "Cross-validation", str(found.folds), facts, sections, {"": {}}, found.folds.notes)


def comparison_page(question: Question, found: Comparison, changes: dict[str, dict[str, Any]]) -> str:
    """Return the page of a comparison."""
    metric = found.models[0].metric
    differences = [
        plots.Difference(
            f"{pair.a} − {pair.b}",
            pair.differences,
            (pair.corrected.low, pair.corrected.high),
            (pair.plain.low, pair.plain.high),
        )
        for pair in found.pairs
    ]
    several = len(found.pairs) > 1
    header = ["", "difference", "interval", "effect size", "corrected p", *(["by Holm"] if several else []), "plain p"]
    rows = [
        [
            f"{pair.a} − {pair.b}",
            f"{pair.corrected.difference:+.4f}",
            f"{pair.corrected.low:+.4f} to {pair.corrected.high:+.4f}",
            f"{pair.effect:.2f}",
            probability(pair.corrected.p).removeprefix("p = ").removeprefix("p "),
            *([probability(pair.p).removeprefix("p = ").removeprefix("p ")] if several else []),
            probability(pair.plain.p).removeprefix("p = ").removeprefix("p "),
        ]
        for pair in found.pairs
    ]
    confidence = found.pairs[0].corrected.confidence
    sections = [
        Section(
            "How each does",
            "All were trained and measured on the same folds. The band is one standard deviation to each side of the "
            "mean.",
            plots.fold_scores({model.name: model.scores for model in found.models}, metric),
        ),
        Section(
            "How they differ",
            "The differences fold by fold. An interval that does not reach 0 is more than chance; the plain one is "
            "too narrow.",
            plots.fold_differences(differences, metric, confidence),
        ),
        Section(
            "Is it more than chance?",
            "The corrected resampled t-test (Nadeau and Bengio, 2003) allows for folds that share training rows"
            + ("; Holm's rule for there being several comparisons." if several else "."),
            header=header,
            rows=rows,
            more=WARNING,
        ),
    ]
    best = found.models[0]
    facts = [
        (f"best mean {metric}: {best.name}", f"{best.mean:.4f}"),
        ("its lead over the next", f"{found.pairs[0].corrected.difference:+.4f}"),
        ("corrected p", probability(found.pairs[0].p).removeprefix("p = ").removeprefix("p ")),
        ("trainings", f"{len(best.folds) * len(found.models)}"),
    ]
    return _page(
        question, "Comparison", str(best.folds), facts, sections, changes, best.folds.notes, advice=found.verdicts
    )


def search_page(question: Question, found: Search) -> str:
    """Return the page of a search."""
    done = sorted(found.done, key=lambda trial: trial.number)
    scores = np.array([trial.score for trial in done], float)
    names = list(found.space)
    axes = [
        plots.Axis(
            name, np.array([dimension.place(trial.settings[name]) for trial in done]), dimension.ticks
        )
        for name, dimension in found.space.items()
    ]  # fmt: skip
    numeric = [
        (name, np.array([trial.settings[name] for trial in done], float), bool(dimension.log))
        for name, dimension in found.space.items()
        if isinstance(dimension, Span)
    ]
    tried = [trial for trial in found.trials if trial.state != "lost"]
    sections = [
        Section(
            "How the search went",
            "A trial that falls behind the median of the others is ended early.",
            plots.search_history([t.number for t in tried], [t.score for t in tried], found.metric),
        ),
        Section(
            "Which settings do well",
            "Each line is a trial that was measured on all folds; follow the bright ones from axis to axis.",
            plots.parallel_coordinates([*axes], scores, found.metric) if len(names) > 1 and len(done) > 1 else "",
        ),
        Section(
            "Each setting by itself",
            "If the best, in red, lies at an end, search further there.",
            plots.slices(numeric[:_MOST_SLICES], scores, found.metric) if numeric and len(done) > 1 else "",
        ),
        Section(
            "What mattered",
            "The share of each setting in how much the score varies over the space (functional analysis of variance, "
            "Hutter et al., 2014).",
            plots.importance(found.importance) if found.importance else "",
        ),
        Section(
            "The best trials", f"Of {len(found.trials)}, on {found.folds}.",
            header=("trial", found.metric, "± std", *names, "seconds"),
            rows=[
                [f"{t.number}", f"{t.score:.4f}", f"{t.std:.4f}", *(shown(t.settings[name]) for name in names), f"{t.seconds:.1f}"]
                for t in found.done[:_BEST]
            ],
        ),
    ]  # fmt: skip
    counts = {state: sum(t.state == state for t in found.trials) for state in ("pruned", "lost")}
    facts = [
        (f"tuned {found.metric}: optimistic, it was chosen for being the best", f"{found.best.score:.4f}"),
        *(
            [(f"held-out {found.metric}, on {found.n_held_out} rows that no trial saw", f"{found.held_out:.4f}")]
            if found.held_out is not None
            else []
        ),
        ("trials", f"{len(found.trials)}"),
        ("of them ended early", f"{counts['pruned']}"),
        *([("lost with their worker and tried again", f"{counts['lost']}")] if counts["lost"] else []),
    ]
    kept = [section for section in sections if section.picture or section.rows]
    changes = {"best": found.best.settings}
    return _page(question, "Search", str(found.folds), facts, kept, changes, found.folds.notes, advice=found.advice)


def _page(
    question: Question,
    what: str,
    how: str,
    facts: list[tuple[str, str]],
    sections: list[Section],
    changes: dict[str, dict[str, Any]],
    notes: tuple[str, ...],
    advice: Any = (),
) -> str:
    configs = {
        f"Every setting of {name}" if name else "Every setting": to_toml(
            config_from(question.estimator(settings).settings)
        )
        for name, settings in changes.items()
    }
    return render_choice(
        ChoiceData(
            title=question.title,
            subtitle=f"{what} · {len(question.source):,} rows · {how}",
            facts=facts,
            sections=sections,
            advice=advice,
            notes=[*question.notes, *notes],
            configs=configs,
            versions=versions(question.settings.get("engine", "auto")),
        )
    )
