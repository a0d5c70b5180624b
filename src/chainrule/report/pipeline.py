"""The page beside the report that shows how a row of a table becomes numbers."""

from __future__ import annotations

from collections.abc import Sequence

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{{ name }} – from columns to numbers</title>
<style>
body { margin: 0; background: #f4f6f8; color: #20242a;
       font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
header { background: #12304a; color: #fff; padding: 24px 0 20px; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 18px; margin: 0 0 4px; }
header p { color: #c9d8e6; margin: 4px 0 0; }
.wrap { margin: 0 auto; padding: 0 20px; }
/* These need the script that is left out. */
.copy-paste-icon, .image-container { display: none !important; }
.card { background: #fff; border: 1px solid #e0e4e9; border-radius: 10px; padding: 18px 22px 20px; margin: 16px 0; }
.card > p { color: #5d6570; margin: 0 0 12px; max-width: 100ch; }
.scroll { overflow-x: auto; }
.card table.columns { border-collapse: collapse; font-size: 14px; }
.columns th, .columns td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid #e0e4e9;
                           vertical-align: top; }
.columns th { color: #5d6570; font-weight: 600; } .columns .n { text-align: right; }
pre.code { background: #f4f6f8; border-radius: 8px; padding: 12px 14px; overflow-x: auto; margin: 0;
           font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
</style>
</head>
<body>
<header><div class="wrap"><h1>{{ name }}: from columns to numbers</h1>
<p>{{ rows | length }} columns become {{ "{:,}".format(width) }} inputs</p></div></header>
<main class="wrap">
<section class="card">
<h2>As scikit-learn draws it</h2>
<p>A ColumnTransformer of scikit-learn's own transformers that learns the same numbers. Click a box to see its settings.
{{ proof }}</p>
<div class="scroll">{{ drawing | safe }}</div>
</section>
<section class="card">
<h2>What each column becomes</h2>
<div class="scroll"><table class="columns">
<tr><th>column</th><th>prepared as</th><th>becomes</th><th class="n">inputs</th></tr>
{% for column, kind, text, inputs in rows[:500] %}
<tr><td>{{ column }}</td><td>{{ kind }}</td><td>{{ text }}</td><td class="n">{{ "{:,}".format(inputs) }}</td></tr>
{% endfor %}
</table></div>
</section>
<section class="card">
<h2>In your own code</h2>
<pre class="code">from chainrule.saved.file import load_model

transformer, features = load_model("model.chainrule").preparation.as_column_transformer()
x = transformer.fit_transform(your_training_rows)</pre>
</section>
</main>
</body>
</html>
"""


def render(name: str, rows: Sequence[tuple[str, str, str, int]], drawing: str, proof: str) -> str:
    """Return the page as HTML: no script, nothing from outside.

    Parameters
    ----------
    name : str
        Of the data.
    rows : sequence of (column, kind, what a cell becomes, number of inputs)
    drawing : str
        The transformer as HTML.
    proof : str
        A sentence on how it compares.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    width = sum(row[3] for row in rows)
    return environment.from_string(_PAGE).render(name=name, rows=rows, width=width, drawing=drawing, proof=proof)
