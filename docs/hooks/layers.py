"""Writes docs/layers.md from the layers themselves: `python docs/hooks/layers.py`. A test sees that it is current."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path

from chainrule.nn import LAYERS, Layer

PAGE = Path(__file__).parents[1] / "layers.md"

CHAPTERS: dict[str, tuple[str, ...]] = {
    "Weighted sums": ("Dense", "Embedding", "Conv2D", "Conv1D", "DepthwiseConv2D", "ConvTranspose2D"),
    "Recurrence": ("SimpleRNN", "LSTM", "GRU"),
    "Attention": ("SelfAttention", "Positions"),
    "Bends": ("Identity", "Sigmoid", "Tanh", "Relu", "LeakyRelu", "Elu", "Softplus", "Silu", "Gelu", "SmoothClip"),
    "Numbers of a table": ("PiecewiseLinear", "Periodic", "Scale"),
    "Pools": ("MaxPool2D", "AvgPool2D", "GlobalAvgPool", "GlobalMaxPool"),
    "Normalisation": ("BatchNorm", "LayerNorm", "GroupNorm"),
    "Noise": ("Dropout", "SpatialDropout", "DropConnect"),
    "Shape": ("Flatten", "Reshape", "ZeroPad", "UpSample"),
    "Compositions": ("Sequential", "Residual", "Bidirectional", "Columns", "Ensemble"),
}

HEAD = """# Layers

Every layer with its formula and its derivative. The formulas on this page are the `equations` field of each layer, which
is also what the derivation panel and the worksheets are made from; the page is written by `python docs/hooks/layers.py`.
That each derivative is right is proven by number, for every layer on both engines, in `tests/contracts/test_layers.py`.

x is what a layer reads, y what it gives, J the cost. Images are (N, H, W, C): samples, rows, columns, channels. A backward
pass sums over the batch; only the loss averages.

## One worked by hand

`Conv2D(1, 2)`: one filter of 2 × 2 on one image of 3 × 3, stride 1, no padding.

$$x = \\begin{pmatrix} 1 & 2 & 0 \\\\ 3 & 1 & -1 \\\\ 0 & 2 & 4 \\end{pmatrix} \\quad W = \\begin{pmatrix} 1 & -1 \\\\ 2 & 0.5 \\end{pmatrix} \\quad b = 10$$

**Forward.** The window stands at four places. At the top left it sees 1, 2, 3 and 1:

$$y_{00} = 1 \\cdot 1 + 2 \\cdot (-1) + 3 \\cdot 2 + 1 \\cdot 0.5 + 10 = 15.5 \\qquad y = \\begin{pmatrix} 15.5 & 13.5 \\\\ 13 & 18 \\end{pmatrix}$$

**Backward.** Say that the layers behind it found

$$\\frac{\\partial J}{\\partial y} = \\begin{pmatrix} 1 & 0 \\\\ 2 & -1 \\end{pmatrix}$$

W₀₀ was multiplied by the top left value of each window, so it collects those values, each times what its window's y is worth:

$$\\frac{\\partial J}{\\partial W_{00}} = 1 \\cdot 1 + 2 \\cdot 0 + 3 \\cdot 2 + 1 \\cdot (-1) = 6 \\qquad \\frac{\\partial J}{\\partial W} = \\begin{pmatrix} 6 & 5 \\\\ 1 & 1 \\end{pmatrix} \\qquad \\frac{\\partial J}{\\partial b} = 1 + 0 + 2 - 1 = 2$$

The middle pixel was seen by all four windows, each time through another weight. It collects over these four paths:

$$\\frac{\\partial J}{\\partial x_{11}} = 1 \\cdot 0.5 + 0 \\cdot 2 + 2 \\cdot (-1) + (-1) \\cdot 1 = -2.5 \\qquad \\frac{\\partial J}{\\partial x} = \\begin{pmatrix} 1 & -1 & 0 \\\\ 4 & -2.5 & 1 \\\\ 4 & -1 & -0.5 \\end{pmatrix}$$

The same in Python:

```python
import numpy as np

from chainrule.engine import engine_by_name
from chainrule.nn import Conv2D
from chainrule.types import PREDICT

xp = engine_by_name("numpy", "float64").xp
x = np.array([[1.0, 2, 0], [3, 1, -1], [0, 2, 4]]).reshape(1, 3, 3, 1)
p = {"W": np.array([[1.0, -1], [2, 0.5]]).reshape(2, 2, 1, 1), "b": np.array([10.0])}
y, cache = Conv2D(1, 2).forward(xp, p, x, PREDICT)
dx, grads = Conv2D(1, 2).backward(xp, p, cache, np.array([[1.0, 0], [2, -1]]).reshape(1, 2, 2, 1))
print(y[0, :, :, 0], dx[0, :, :, 0], grads["W"][:, :, 0, 0], grads["b"], sep="\\n")
```
"""

TAIL = """
## State

`BatchNorm` has a running mean m and variance v beside the weights that it learns. They lie in the parameters' tree like
weights (`norm1.m`), so that checkpoints, model files and best weights hold them, but are declared `Param(trained=False)`:
their gradient is zero while learning, and no penalty, clipping or weight decay moves them. After the rule has moved the
weights, the training step puts in their place what `layer.update_state` makes of the old state and the batch. With L-BFGS,
which sees all data at once, they are after each iteration the mean and variance of the whole training data.

A sample of weight zero is no sample: it is left out of a batch's mean and variance. JAX pads the last, shorter batch of an
epoch with such rows, and so both engines see the same statistics.

## Time and padding

Sequences are (N, T, D): samples, steps, values. Shorter ones are padded, and a mask (N, T) says with 1 which steps there are:
`network.fit(x, t, mask=mask)`, and likewise `evaluate` and `predict`. What is padded changes no number: recurrent layers keep
their state and write 0 there, attention neither asks nor answers there, the global pools, `Conv1D`, `BatchNorm` and `GroupNorm`
leave it out, and whatever handles each step on its own need not know. One does not know and would mix it in: `Flatten`. After
a layer that makes a sequence shorter the mask no longer fits, and the next layer that asks for it refuses.

```python
import numpy as np

from chainrule.network import Network
from chainrule.nn import GRU, Bidirectional, Dense, Embedding, SoftmaxCrossEntropy

words = np.array([[3, 1, 2, 0], [2, 0, 0, 0], [1, 3, 3, 2]])  # 0 is padding
network = Network([Embedding(4, 8, padding=0), Bidirectional(GRU(6)), Dense(2)], (4,), SoftmaxCrossEntropy())
fitted = network.fit(words, np.array([0, 1, 0]), mask=words != 0, epochs=5, engine="numpy")
print(fitted.predict(words, mask=words != 0).shape)
```

## Randomness

The noise of step t comes from the key fold(key(seed, 2), t), 2 being the number that `Purpose` gives to noise
(`seeds.Purpose`). A layer inside a layer folds its number, from 0, into the key that the outer one has
(`ctx.child(xp, number)`), so that each has noise of its own: in a stack its position, in a Residual 0, and 1 for the
shortcut. Augmentation (`encode.augment.Augment`) folds 1,000,033 and then the number of the kind of change: flip 0, shift 1,
rotation 2, zoom 3, brightness 4, cutout 5, mixup 6; switching one off therefore leaves what the others draw. The same seed gives the same noise again on the same engine; the generators of NumPy and JAX differ.
"""


def page() -> str:
    """Return the page as Markdown."""
    listed = [name for names in CHAPTERS.values() for name in names]
    own = [kind for kind, layer in LAYERS.items() if layer.__module__.startswith("chainrule.")]
    missing = sorted(set(own) - set(listed))
    chapters = dict(CHAPTERS)
    if missing:
        # A layer that is new gets a place here until somebody gives it a better one above.
        chapters["Others"] = tuple(missing)
    parts = [HEAD]
    for title, names in chapters.items():
        parts.append(f"\n## {title}\n")
        parts += [_layer(LAYERS[name]) for name in names if name in LAYERS]
    return "".join([*parts, TAIL])


def _layer(layer: type[Layer]) -> str:
    equations = layer.equations
    lines = [f"\n### {layer.__name__}\n", _words(layer), ""]
    lines += [f"$${formula}$$\n" for formula in equations.forward]
    lines += [f"$${formula}$$\n" for formula in equations.backward.values()]
    if equations.where:
        lines += [f"- ${symbol}$: {words}" for symbol, words in equations.where.items()]
        lines.append("")
    settings = [
        field.name + ("" if field.default is dataclasses.MISSING else f"={field.default!r}")
        for field in dataclasses.fields(layer)
    ]
    lines.append(f"`{layer.__name__}({', '.join(settings)})`" + (f" · {equations.source}" if equations.source else ""))
    return "\n".join(lines) + "\n"


def _words(layer: type[Layer]) -> str:
    """Return the docstring up to its equations, which follow in a better form."""
    text = inspect.getdoc(layer) or ""
    text = re.split(r"\n\s*::\n|\nParameters\n-", text)[0]
    return re.sub(r"\s*\n(?!\n)", " ", re.sub(r"\n\n+", "\n\n", text.strip())).replace("\n ", "\n\n").strip()


if __name__ == "__main__":
    PAGE.write_text(page())
