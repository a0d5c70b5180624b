"""The page of a table's preparation: what each column becomes, drawn and proven as scikit-learn's own transformers."""

from __future__ import annotations

import warnings
from typing import Any

from chainrule.encode.transformer import column_transformer, diagram, largest_difference
from chainrule.job.prepare import Prepared
from chainrule.report.pipeline import render

# Numbers of the training inputs that scikit-learn is fitted on, too, to compare.
_MOST_VALUES = 200_000_000


def render_pipeline(prepared: Prepared) -> str:
    """Return the page, or an empty text where the inputs are no rows of a table."""
    encoders = prepared.preparation.encoders
    if not encoders:
        return ""
    transformer, proof = _proven(prepared)
    rows = [(encoder.name, encoder.kind, encoder.describe(), len(encoder.features)) for encoder in encoders]
    return render(prepared.source.name, rows, diagram(transformer), proof)


def _proven(prepared: Prepared) -> tuple[Any, str]:
    """Return the ColumnTransformer, fitted where that can be, and what the comparison came to."""
    part = prepared.parts["train"]
    unfitted, _ = column_transformer(prepared.preparation.encoders)
    if part.stream is not None:
        return unfitted, "It is not fitted here: the training rows are streamed from the disk."
    if part.batch.x.shape[0] * part.batch.x.shape[1] > _MOST_VALUES and not prepared.preparation.encoding.is_sparse:
        return unfitted, "It is not fitted here: there are too many training rows to compare in a moment."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = largest_difference(prepared.preparation.encoders, part.batch.x, part.frame)
    except (ValueError, ArithmeticError) as error:
        return unfitted, f"It is not fitted here: scikit-learn refuses these rows ({str(error).splitlines()[0]:.200})."
    transformer, difference = found
    return transformer, (
        f"Fitted by scikit-learn on the {part.n:,} training rows and compared with the inputs that the network was "
        f"trained on, number by number: the largest difference is {difference:.1e}."
    )
