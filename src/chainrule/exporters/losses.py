"""Losses as lines: the cost of each row from its logits, the link, and for the script by hand the derivative."""

from __future__ import annotations

from dataclasses import dataclass, field

from chainrule.exporters.table import Table
from chainrule.nn import BinaryCrossEntropy, Huber, Loss, Pinball, Poisson, SoftmaxCrossEntropy, SquaredError


@dataclass(frozen=True)
class Lines:
    """The bodies of `costs(a, t)` of each row, of `link(a)`, and of `slope(a, t)` = ∂Jₙ/∂a where it is by hand."""

    costs: list[str]
    link: list[str]
    slope: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        """The functions."""
        named = {"link(a)": self.link, "costs(a, t)": self.costs, "slope(a, t)": self.slope}
        return "\n\n\n".join(
            "\n".join([f"def {head}:", *(f"    {line}" for line in body)]) for head, body in named.items() if body
        )


# An entry takes the loss and returns its Lines.
NUMPY = Table("numpy", "loss")
TORCH = Table("pytorch", "loss")
TENSORFLOW = Table("tensorflow", "loss")

_SAME = ["return a"]
_CEILING = Poisson._ceiling


def _smooth(loss: SoftmaxCrossEntropy, k: str) -> str:
    return f"(1 - {loss.smoothing!r}) * t + {loss.smoothing!r} / {k}" if loss.smoothing else "t"


@NUMPY.entry(SoftmaxCrossEntropy)
def softmax(loss: SoftmaxCrossEntropy) -> Lines:
    """-Σ s log y; y - s."""
    smoothed = [f"t = {_smooth(loss, 't.shape[-1]')}"] if loss.smoothing else []
    shifted = "a = a - a.max(axis=-1, keepdims=True)"
    return Lines(
        [*smoothed, shifted, "return np.log(np.exp(a).sum(axis=-1)) - (t * a).sum(axis=-1)"],
        ["y = np.exp(a - a.max(axis=-1, keepdims=True))", "return y / y.sum(axis=-1, keepdims=True)"],
        [*smoothed, "return link(a) - t"],
    )


@NUMPY.entry(BinaryCrossEntropy)
def binary(loss: Loss) -> Lines:
    """log(1 + eᵃ) - t a; y - t."""
    return Lines(
        ["return (np.logaddexp(0, a) - t * a).sum(axis=-1)"],
        ["return np.exp(-np.logaddexp(0, -a))"],
        ["return link(a) - t"],
    )


@NUMPY.entry(SquaredError)
def squared(loss: Loss) -> Lines:
    """½ Σ (a - t)²; a - t."""
    return Lines(["return 0.5 * ((a - t) ** 2).sum(axis=-1)"], _SAME, ["return a - t"])


@NUMPY.entry(Huber)
def huber(loss: Huber) -> Lines:
    """C (e - ½ c), c = clip(e)."""
    clip = f"np.clip(a - t, -{loss.delta!r}, {loss.delta!r})"
    return Lines([f"c = {clip}", "return (c * (a - t - 0.5 * c)).sum(axis=-1)"], _SAME, [f"return {clip}"])


@NUMPY.entry(Poisson)
def poisson(loss: Loss) -> Lines:
    """T log t - t a - t + y; y - t."""
    return Lines(
        [
            "entropy = t * np.log(np.where(t > 0, t, 1))",
            f"tangent = link(a) * np.maximum(a - {_CEILING}, 0)",
            "return (entropy - t * a - t + link(a) + tangent).sum(axis=-1)",
        ],
        [f"return np.exp(np.minimum(a, {_CEILING}))"],
        ["return link(a) - t"],
    )


@NUMPY.entry(Pinball)
def pinball(loss: Pinball) -> Lines:
    """Q max(e, 0) + (1 - q) max(-e, 0), e = t - a; 1 - q above the target, -q below it."""
    q = f"q = np.tile(np.array({list(loss.quantiles)}, a.dtype), a.shape[-1] // {len(loss.quantiles)})"
    return Lines(
        [q, "return (q * np.maximum(t - a, 0) + (1 - q) * np.maximum(a - t, 0)).sum(axis=-1)"],
        _SAME,
        [q, "return np.where(a > t, 1 - q, np.where(a < t, -q, 0))"],
    )


@TORCH.entry(SoftmaxCrossEntropy)
def torch_softmax(loss: SoftmaxCrossEntropy) -> Lines:
    """PyTorch's own, of distributions."""
    more = f", label_smoothing={loss.smoothing!r}" if loss.smoothing else ""
    return Lines(
        [f'return nn.functional.cross_entropy(a, t, reduction="none"{more})'], ["return torch.softmax(a, dim=-1)"]
    )


@TORCH.entry(BinaryCrossEntropy)
def torch_binary(loss: Loss) -> Lines:
    """PyTorch's own, summed over the outputs."""
    own = 'nn.functional.binary_cross_entropy_with_logits(a, t, reduction="none")'
    return Lines([f"return {own}.sum(dim=-1)"], ["return torch.sigmoid(a)"])


@TORCH.entry(SquaredError)
def torch_squared(loss: Loss) -> Lines:
    """Half the square: PyTorch's MSELoss has no ½ and takes the mean over the outputs."""
    return Lines(["return 0.5 * ((a - t) ** 2).sum(dim=-1)"], _SAME)


@TORCH.entry(Huber)
def torch_huber(loss: Huber) -> Lines:
    """PyTorch's own, summed over the outputs."""
    own = f'nn.functional.huber_loss(a, t, delta={loss.delta!r}, reduction="none")'
    return Lines([f"return {own}.sum(dim=-1)"], _SAME)


@TORCH.entry(Poisson)
def torch_poisson(loss: Loss) -> Lines:
    """The deviance, with the tangent beyond the ceiling."""
    return Lines(
        [
            f"tangent = link(a) * torch.clamp(a - {_CEILING}, min=0)",
            "return (torch.xlogy(t, t) - t * a - t + link(a) + tangent).sum(dim=-1)",
        ],
        [f"return torch.exp(torch.clamp(a, max={_CEILING}))"],
    )


@TORCH.entry(Pinball)
def torch_pinball(loss: Pinball) -> Lines:
    """Q max(e, 0) + (1 - q) max(-e, 0), e = t - a; the slope of PyTorch's relu at 0 is 0."""
    q = f"q = torch.tensor({list(loss.quantiles)}, dtype=a.dtype, device=a.device).repeat(a.shape[-1] // {len(loss.quantiles)})"
    return Lines([q, "return (q * torch.relu(t - a) + (1 - q) * torch.relu(a - t)).sum(dim=-1)"], _SAME)


@TENSORFLOW.entry(SoftmaxCrossEntropy)
def tf_softmax(loss: SoftmaxCrossEntropy) -> Lines:
    """TensorFlow's own, of distributions."""
    lines = [f"t = {_smooth(loss, 't.shape[-1]')}"] if loss.smoothing else []
    return Lines(
        [*lines, "return tf.nn.softmax_cross_entropy_with_logits(labels=t, logits=a)"], ["return tf.nn.softmax(a)"]
    )


@TENSORFLOW.entry(BinaryCrossEntropy)
def tf_binary(loss: Loss) -> Lines:
    """TensorFlow's own, summed over the outputs."""
    own = "tf.nn.sigmoid_cross_entropy_with_logits(labels=t, logits=a)"
    return Lines([f"return tf.reduce_sum({own}, axis=-1)"], ["return tf.sigmoid(a)"])


@TENSORFLOW.entry(SquaredError)
def tf_squared(loss: Loss) -> Lines:
    """Half the square: Keras' MeanSquaredError has no ½ and takes the mean over the outputs."""
    return Lines(["return 0.5 * tf.reduce_sum((a - t) ** 2, axis=-1)"], _SAME)


@TENSORFLOW.entry(Huber)
def tf_huber(loss: Huber) -> Lines:
    """C (e - ½ c), c = clip(e)."""
    return Lines(
        [
            f"c = tf.clip_by_value(a - t, -{loss.delta!r}, {loss.delta!r})",
            "return tf.reduce_sum(c * (a - t - 0.5 * c), axis=-1)",
        ],
        _SAME,
    )


@TENSORFLOW.entry(Poisson)
def tf_poisson(loss: Loss) -> Lines:
    """The deviance, with the tangent beyond the ceiling."""
    return Lines(
        [
            f"tangent = link(a) * tf.maximum(a - {_CEILING}, 0)",
            "return tf.reduce_sum(tf.math.xlogy(t, t) - t * a - t + link(a) + tangent, axis=-1)",
        ],
        [f"return tf.exp(tf.minimum(a, {_CEILING}))"],
    )


@TENSORFLOW.entry(Pinball)
def tf_pinball(loss: Pinball) -> Lines:
    """Q max(e, 0) + (1 - q) max(-e, 0), e = t - a; the slope of TensorFlow's relu at 0 is 0."""
    q = f"q = tf.tile(tf.constant({list(loss.quantiles)}, a.dtype), [a.shape[-1] // {len(loss.quantiles)}])"
    return Lines([q, "return tf.reduce_sum(q * tf.nn.relu(t - a) + (1 - q) * tf.nn.relu(a - t), axis=-1)"], _SAME)
