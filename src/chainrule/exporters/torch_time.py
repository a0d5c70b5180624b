"""Layers along time as PyTorch's modules: its own recurrent layers and attention, in Chainrule's terms."""

from __future__ import annotations

import numpy as np

from chainrule.errors import ConfigError
from chainrule.exporters.torch_build import COMPOSITIONS, Built, brought
from chainrule.exporters.torch_layers import LAST, LAYERS, Module
from chainrule.exporters.torch_tables import build
from chainrule.nn import GRU, LSTM, Bidirectional, Positions, SelfAttention, SimpleRNN
from chainrule.nn.recurrent.recurrent import Recurrent
from chainrule.types import Params, Shape

__all__ = ["build"]

# PyTorch's class, and where each of its blocks of H rows stands among Chainrule's of H columns.
_CELLS = {"SimpleRNN": ("RNN", (0,)), "LSTM": ("LSTM", (0, 1, 3, 2)), "GRU": ("GRU", (0, 1, 2))}


@LAYERS.entry(SimpleRNN, LSTM, GRU)
def recurrent(layer: Recurrent, shape: Shape, p: Params) -> Module:
    """PyTorch's blocks are i, f, g, o of LSTM and r, z, n of GRU, and each has a bias beside W and one beside U."""
    if layer.recurrent_dropout:
        raise ConfigError(
            "a layer that pytorch can express",
            f"{type(layer).__name__} with recurrent_dropout={layer.recurrent_dropout}, which PyTorch does not have",
            "Use `to=numpy`, or `to=onnx` to predict.",
        )
    kind, order = _CELLS[type(layer).__name__]
    blocks = {name: np.split(np.asarray(p[name]), layer.gates, axis=-1) for name in ("W", "U", "b")}
    W, U, b = (np.concatenate([blocks[name][i] for i in order], axis=-1) for name in ("W", "U", "b"))
    second = np.zeros_like(b)
    if "c" in p:
        second[-layer.units :] = p["c"]
    given = ", every=True" * layer.return_sequences + ", reverse=True" * layer.reverse
    weights = {"weight_ih_l0": W.T, "weight_hh_l0": U.T, "bias_ih_l0": b, "bias_hh_l0": second}
    return Module(
        f"Recurrent(nn.{kind}({shape[-1]}, {layer.units}, batch_first=True){given})",
        {f"layer.{name}": value for name, value in weights.items()},
        LAST,
        sources={"Recurrent": _RECURRENT},
        penalised={"W": "layer.weight_ih_l0", "U": "layer.weight_hh_l0"},
    )


@LAYERS.entry(SelfAttention)
def attention(layer: SelfAttention, shape: Shape, p: Params) -> Module:
    """PyTorch has q, k and v in the same order, and its matrices are transposed."""
    line = f"SelfAttention({shape[-1]}, {layer.heads}{', causal=True' if layer.causal else ''})"
    weights = {
        "in_proj_weight": np.asarray(p["W"]).T,
        "in_proj_bias": np.asarray(p["b"]),
        "out_proj.weight": np.asarray(p["V"]).T,
        "out_proj.bias": np.asarray(p["c"]),
    }
    penalised = {"W": "in_proj_weight", "V": "out_proj.weight"}
    return Module(line, weights, LAST, sources={"SelfAttention": _ATTENTION}, penalised=penalised)


@LAYERS.entry(Positions)
def positions(layer: Positions, shape: Shape, p: Params) -> Module:
    """Weights, or waves."""
    if layer.learned:
        return Module(f"LearnedPositions{shape!r}", {"P": p["P"]}, LAST, sources={"LearnedPositions": _LEARNED})
    return Module("Positions()", layout=LAST, sources={"Positions": _WAVES})


@COMPOSITIONS.entry(Bidirectional)
def bidirectional(layer: Bidirectional, shape: Shape, p: Params, layout: str) -> Built:
    """Both layers; what they say has its values last."""
    lines = ["Bidirectional("]
    whole = Built(lines, {}, {"Bidirectional": _BIDIRECTIONAL}, LAST, {})
    for name, child in layer.children().items():
        built = brought(build(child, shape, p[name], layout), LAST, child.output_shape(shape))
        lines += [f"    {line}" for line in built.lines]
        lines[-1] += ","
        whole.weights |= {f"{name}.{key}": np.asarray(value) for key, value in built.weights.items()}
        whole.sources = built.sources | whole.sources
        whole.penalised |= {f"{name}.{own}": f"{name}.{theirs}" for own, theirs in built.penalised.items()}
    lines.append(")")
    return whole


_RECURRENT = '''
class Recurrent(nn.Module):
    """A recurrent layer read from either end: every state, or the last. Its second bias stays 0 where one is enough."""

    def __init__(self, layer, every=False, reverse=False):
        super().__init__()
        self.layer, self.every, self.reverse = layer, every, reverse
        moves = torch.zeros_like(layer.bias_hh_l0)
        moves[moves.numel() - layer.hidden_size * isinstance(layer, nn.GRU) :] = 1
        layer.bias_hh_l0.register_hook(lambda slope: slope * moves)

    def forward(self, x):
        y, _ = self.layer(x.flip(1) if self.reverse else x)
        if not self.every:
            return y[:, -1]
        return y.flip(1) if self.reverse else y
'''

_BIDIRECTIONAL = '''
class Bidirectional(nn.Module):
    """What two layers say, side by side."""

    def __init__(self, ahead, back):
        super().__init__()
        self.ahead, self.back = ahead, back

    def forward(self, x):
        return torch.cat([self.ahead(x), self.back(x)], dim=-1)
'''

_ATTENTION = '''
class SelfAttention(nn.MultiheadAttention):
    """Attention of a sequence to itself; causal: to no place that is behind."""

    def __init__(self, values, heads, causal=False):
        super().__init__(values, heads, batch_first=True)
        self.causal = causal

    def forward(self, x):
        hidden = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1) if self.causal else None
        return super().forward(x, x, x, need_weights=False, attn_mask=hidden)[0]
'''

_LEARNED = '''
class LearnedPositions(nn.Module):
    """A vector of each place, added to its values."""

    def __init__(self, steps, values):
        super().__init__()
        self.P = nn.Parameter(torch.zeros(steps, values))

    def forward(self, x):
        return x + self.P
'''

_WAVES = '''
class Positions(nn.Module):
    """Waves of each place, added to its values."""

    def forward(self, x):
        i = torch.arange(x.shape[2], dtype=torch.float64)
        turns = torch.arange(x.shape[1])[:, None] / 10000 ** (i // 2 * 2 / x.shape[2])
        return x + torch.where(i % 2 == 1, turns.cos(), turns.sin()).to(x.dtype)
'''
