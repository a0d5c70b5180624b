"""From samples to arrays: what was measured on the training part turns every part into inputs x and targets t.

- `preparation`: an encoding of the inputs and a target, fitted together, kept in the model file.
- Encodings of samples: `table`, `images`, `sounds`; what each is: `encoding`.
- Encoders of columns: `numeric`, `category`, `dates`, `words`; which a column gets: `columns`, `choices`.
- `split` (which rows train), `augment` (pictures changed while a network learns), `transformer` (scikit-learn's words).
"""
