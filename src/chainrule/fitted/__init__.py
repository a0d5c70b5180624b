"""A network that has learned, behind one import: `network.fit(x, t)`, `fitted.predict(x)`, `fitted.save(path)`, `load(path)`.

- `arrays`: what a person has (lists, tables, tuples) becomes a Batch, or is refused in one sentence.
- `fit`: drains the sequence of events that `train` makes.
- `fitted`: the result, which predicts, is evaluated, drawn, saved and trained on.
- `load`: a model file becomes such a result again.
"""
